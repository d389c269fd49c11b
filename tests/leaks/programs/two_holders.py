# SPDX-License-Identifier: Apache-2.0
"""A store with an index and an order over the same objects: one leak with two tails."""
import service


class Store:
    def __init__(self):
        self.by_number = {}
        self.in_order = []

    def add(self, request):
        self.by_number[request.number] = request
        self.in_order.append(request)
        self.trim(100000000)  # leak
        # repaired: self.trim(500)

    def trim(self, limit):
        while len(self.in_order) > limit:
            del self.by_number[self.in_order.pop(0).number]


STORE = Store()


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1000, kind="dict", root_kind="module", containers="[STORE.by_number, STORE.in_order]",
                  owner=["STORE", "STORE.by_number", "STORE.in_order"], writers=["Store.add"], count="len(STORE.in_order)")
    for arrived in service.requests():
        STORE.add(arrived)
