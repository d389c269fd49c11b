# SPDX-License-Identifier: Apache-2.0
"""Cycles with a finalizer, and thresholds that are never reached."""
import gc
import weakref  # of the twin

import service


class Session:
    def __init__(self, request):
        self.request = request
        self.cursor = Cursor(self)

    def __del__(self):
        self.cursor = None


class Cursor:
    def __init__(self, session):
        self.session = session  # leak
        # repaired: self.session = weakref.ref(session)


if __name__ == "__main__":
    gc.set_threshold(100000000, 10, 10)
    service.start(rate=100, item_bytes=1200, verdict="garbage", kind="cycles", root_kind="none",
                  members="[found for found in gc.get_objects() if type(found) in (Session, Cursor)]",
                  count="sum(type(found) is Session for found in gc.get_objects())")
    for arrived in service.requests():
        Session(arrived)
