# SPDX-License-Identifier: Apache-2.0
"""No leak: a thread for each request, which ends, and tells its result through a queue."""
import queue
import threading

import service

RESULTS = queue.Queue()


def work(request):
    RESULTS.put([request, request.body * 10])


def handle(request):
    worker = threading.Thread(target=work, args=(request,))
    worker.start()
    worker.join()
    return RESULTS.get()


if __name__ == "__main__":
    service.start(rate=20, item_bytes=0, verdict="none", backlog=50)
    for arrived in service.requests():
        handle(arrived)
