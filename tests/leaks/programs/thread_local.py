# SPDX-License-Identifier: Apache-2.0
"""A cache in a thread-local of a worker that lives as long as the program."""
import threading

import service

LOCAL = threading.local()


def lookup(request):
    LOCAL.cache[request.path] = request
    return LOCAL.cache[request.path]


def work():
    LOCAL.cache = {}
    service.publish(container=id(LOCAL.cache))
    for request in service.requests():
        lookup(request)
        LOCAL.cache.get(request.path)  # leak
        # repaired: LOCAL.cache.pop(request.path)


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1000, kind="dict", root_kind="thread_local", owner="LOCAL", writers=["lookup"])
    worker = threading.Thread(target=work, name="worker")
    worker.start()
    worker.join()
