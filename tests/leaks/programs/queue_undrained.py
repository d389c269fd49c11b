# SPDX-License-Identifier: Apache-2.0
"""Producers fill a queue whose consumer waits for something else."""
import queue
import threading

import service

JOBS = queue.Queue()
DELIVERED = threading.Event()


def deliver(job):
    DELIVERED.wait(100000)  # leak
    # repaired: DELIVERED.wait(0)
    return job


def consume():
    while True:
        deliver(JOBS.get())


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1000, kind="queue", root_kind="module", containers="[JOBS, JOBS.queue]", owner="JOBS",
                  count="JOBS.qsize()", writers=["<module>", "Queue._put"])
    threading.Thread(target=consume, daemon=True).start()
    for arrived in service.requests():
        JOBS.put(arrived)
