# SPDX-License-Identifier: Apache-2.0
"""A bounded deque that fills, and an index over the same objects, which has no bound of its own."""
import collections

import service


class Recent:
    def __init__(self):
        self.in_order = collections.deque(maxlen=20000)
        self.by_number = {}

    def add(self, request):
        if len(self.in_order) == self.in_order.maxlen:
            del self.by_number[self.in_order[0].number]
        self.in_order.append(request)
        self.by_number[request.number] = request


RECENT = Recent()


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1000, verdict="bounded", kind="deque", root_kind="module", containers="[RECENT.in_order, RECENT.by_number]",
                  owner=["RECENT", "RECENT.in_order", "RECENT.by_number"], count="len(RECENT.in_order)")
    for arrived in service.requests():
        RECENT.add(arrived)
