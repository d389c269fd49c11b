# SPDX-License-Identifier: Apache-2.0
"""The collector was turned off to save its pauses, and orders point to their lines, which point back."""
import gc
import weakref  # of the twin

import service


class Line:
    def __init__(self, order):
        self.order = order


class Order:
    def __init__(self, request):
        self.request = request
        self.line = Line(self)  # leak
        # repaired: self.line = Line(weakref.ref(self))


if __name__ == "__main__":
    gc.disable()
    service.start(rate=100, item_bytes=1200, verdict="garbage", kind="cycles", root_kind="none",
                  members="[found for found in gc.get_objects() if type(found) in (Order, Line)]",
                  count="sum(type(found) is Order for found in gc.get_objects())")
    for arrived in service.requests():
        Order(arrived)
