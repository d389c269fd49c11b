# SPDX-License-Identifier: Apache-2.0
"""A monitor's samples in a deque that somebody forgot to give a maxlen."""
import collections
import time

import service


class Monitor:
    def __init__(self):
        self.samples = collections.deque()

    def record(self, request):
        self.samples.append((time.monotonic(), request.path, len(request.body)))
        self.trim(10000000)  # leak
        # repaired: self.trim(1000)

    def trim(self, limit):
        while len(self.samples) > limit:
            self.samples.popleft()


MONITOR = Monitor()


if __name__ == "__main__":
    service.start(rate=300, item_bytes=180, kind="deque", root_kind="module", container="MONITOR.samples", owner=["MONITOR", "MONITOR.samples"],
                  writers=["Monitor.record"])
    for arrived in service.requests():
        MONITOR.record(arrived)
