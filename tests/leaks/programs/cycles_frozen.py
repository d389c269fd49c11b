# SPDX-License-Identifier: Apache-2.0
"""gc.freeze() after each batch, meant for a fork that never comes: frozen garbage is never collected."""
import gc
import weakref  # of the twin

import service


class Node:
    def __init__(self, request):
        self.request = request
        self.children = []

    def add(self, child):
        self.children.append(child)
        child.parent = self  # leak
        # repaired: child.parent = weakref.ref(self)


def handle(request):
    Node(request).add(Node(request.headers))
    if request.number % 20 == 0:
        gc.freeze()


if __name__ == "__main__":
    service.start(rate=80, item_bytes=1300, verdict="garbage", kind="cycles", root_kind="none",
                  members="[gc.unfreeze()] + [found for found in gc.get_objects() if type(found) is Node]",
                  count="gc.unfreeze() or sum(type(found) is Node for found in gc.get_objects()) / 2")
    for arrived in service.requests():
        handle(arrived)
