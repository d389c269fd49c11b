# SPDX-License-Identifier: Apache-2.0
"""A queue with a maxsize, on its way to it."""
import queue

import service

JOBS = queue.Queue(maxsize=20000)


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1000, verdict="bounded", kind="queue", root_kind="module", containers="[JOBS, JOBS.queue]", owner="JOBS",
                  count="JOBS.qsize()")
    for arrived in service.requests():
        JOBS.put(arrived, timeout=0)
