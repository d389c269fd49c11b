# SPDX-License-Identifier: Apache-2.0
"""No leak: buffers of a megabyte and more come and go, so that the resident size is never the same twice."""
import collections

import service

FRAMES = collections.deque()


def receive(request):
    FRAMES.append(bytearray(request.number % 7 * 300000 + 1000))
    if len(FRAMES) > 12:
        FRAMES.popleft()


if __name__ == "__main__":
    service.start(rate=10, item_bytes=0, verdict="none", backlog=50)
    for arrived in service.requests():
        receive(arrived)
