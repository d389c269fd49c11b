# SPDX-License-Identifier: Apache-2.0
"""Every connection subscribes to a bus and none unsubscribes: bound methods keep the connections."""
import service


class Bus:
    def __init__(self):
        self.subscribers = {"order": [], "stock": []}

    def subscribe(self, topic, callback):
        self.subscribers[topic].append(callback)

    def unsubscribe(self, topic, callback):
        self.subscribers[topic].remove(callback)


class Connection:
    def __init__(self, request):
        self.request = request

    def on_order(self, order):
        return self.request, order


BUS = Bus()


def connect(request):
    connection = Connection(request)
    BUS.subscribe("order", connection.on_order)
    connection.on_order(None)  # leak
    # repaired: BUS.unsubscribe("order", connection.on_order)


if __name__ == "__main__":
    service.start(rate=80, item_bytes=1200, kind="registry", root_kind="module", container="BUS.subscribers['order']",
                  owner=["BUS", "BUS.subscribers", "BUS.subscribers['order']"], writers=["Bus.subscribe"])
    for arrived in service.requests():
        connect(arrived)
