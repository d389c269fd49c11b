# SPDX-License-Identifier: Apache-2.0
"""Something to be done at the end of the program is noted for every upload."""
import atexit

import service


def clean(request):
    return request.path


def upload(request):
    atexit.register(clean, request)  # leak
    # repaired: clean(request)


if __name__ == "__main__":
    service.start(rate=80, item_bytes=1100, kind="registry", root_kind="interpreter", owner="atexit", writers=["upload"],
                  count="atexit._ncallbacks()")
    for arrived in service.requests():
        upload(arrived)
