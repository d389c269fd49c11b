# SPDX-License-Identifier: Apache-2.0
"""A finalizer for each request, on an object that lives as long as the program."""
import weakref

import service


class Pool:
    pass


POOL = Pool()


def release(request):
    return request.path


def handle(request):
    finalizer = weakref.finalize(POOL, release, request)
    finalizer.peek()  # leak
    # repaired: finalizer.detach()


if __name__ == "__main__":
    service.start(rate=80, item_bytes=1300, kind="registry", root_kind="class", container="weakref.finalize._registry",
                  owner=["weakref.finalize._registry", "weakref.finalize"], writers=["finalize.__init__"])
    for arrived in service.requests():
        handle(arrived)
