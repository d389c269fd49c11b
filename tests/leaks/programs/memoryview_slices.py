# SPDX-License-Identifier: Apache-2.0
"""Sixty-four bytes are wanted of each message; the view of them keeps all sixteen thousand."""
import service


class Gateway:
    def __init__(self):
        self.headers = []

    def receive(self, request):
        message = request.body.encode() * 40
        view = memoryview(message)[:64]
        self.headers.append(view)
        del self.headers[:-10000000]  # leak
        # repaired: del self.headers[:-20]


GATEWAY = Gateway()


if __name__ == "__main__":
    service.start(rate=40, item_bytes=11000, kind="buffer", root_kind="module", container="GATEWAY.headers", owner=["GATEWAY", "GATEWAY.headers"],
                  writers=["Gateway.receive"], backlog=500)
    for arrived in service.requests():
        GATEWAY.receive(arrived)
