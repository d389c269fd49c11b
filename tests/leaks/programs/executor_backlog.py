# SPDX-License-Identifier: Apache-2.0
"""More work is submitted to a pool than its threads can do."""
import concurrent.futures
import time

import service

POOL = concurrent.futures.ThreadPoolExecutor(2)


def resize(request):
    time.sleep(1)  # leak
    # repaired: time.sleep(0)
    return len(request.body)


def submit(request):
    POOL.submit(resize, request)


if __name__ == "__main__":
    service.start(rate=80, item_bytes=2900, kind="queue", root_kind="module",
                  containers="[POOL._work_queue, *[part for part in gc.get_referents(POOL._work_queue) if type(part) is list]]",
                  owner=["POOL", "POOL._work_queue"], count="POOL._work_queue.qsize()", backlog=1000)
    for arrived in service.requests():
        submit(arrived)
