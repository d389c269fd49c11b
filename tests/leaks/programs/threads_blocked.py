# SPDX-License-Identifier: Apache-2.0
"""A thread for each upload, all waiting for an event that never comes; each has its payload in a local."""
import threading

import service

DONE = threading.Event()


def watch(request):
    payload = [request, request.body * 100]
    DONE.wait(100000)  # leak
    # repaired: DONE.wait(0.05)
    return payload


if __name__ == "__main__":
    service.start(rate=5, item_bytes=28000, verdict=["leak", "native"], kind="threads", root_kind="interpreter",
                  containers="[threading._active, *threading._active.values()]", owner=["threading._active", "DONE"],
                  count="len(threading._active)", backlog=30)
    for arrived in service.requests():
        threading.Thread(target=watch, args=(arrived,), daemon=True).start()
