# SPDX-License-Identifier: Apache-2.0
"""Something to be done at the end of the program is noted for every upload."""
import atexit
import gc

import service


def clean(request):
    return request.path


def upload(request):
    atexit.register(clean, request)  # leak
    # repaired: clean(request)


def callbacks():
    """From 3.13 on the module keeps a list, which it shows to nobody; before, an array that is no object."""
    lists = (found for found in gc.get_objects() if type(found) is list and found)
    return [found for found in lists if type(found[0]) is tuple and found[0][:1] == (clean,)]


if __name__ == "__main__":
    service.start(rate=80, item_bytes=1100, kind="registry", root_kind="interpreter", containers="callbacks()", owner="atexit",
                  writers=["upload"], count="atexit._ncallbacks()")
    for arrived in service.requests():
        upload(arrived)
