# SPDX-License-Identifier: Apache-2.0
"""A deque with a maxlen that is not reached yet, in an attribute."""
import collections

import service


class Monitor:
    def __init__(self):
        self.samples = collections.deque(maxlen=20000)

    def record(self, request):
        self.samples.append(request)


MONITOR = Monitor()


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1000, verdict="bounded", kind="deque", root_kind="module", container="MONITOR.samples",
                  owner=["MONITOR", "MONITOR.samples"])
    for arrived in service.requests():
        MONITOR.record(arrived)
