# SPDX-License-Identifier: Apache-2.0
"""attrs keeps the source that it generates in linecache: once for every class that is made by request."""
import attr

import service


def load(request):
    name = "Row%d" % request.number  # leak
    # repaired: name = "Row%d" % (request.number % 10)
    if name not in KNOWN:
        KNOWN[name] = attr.make_class(name, ["number", "path"], slots=False)
    return KNOWN[name](request.number, request.path)


KNOWN = {}


if __name__ == "__main__":
    service.start(rate=8, item_bytes=16000, kind="classes", root_kind="module", containers="[KNOWN, sys.modules['linecache'].cache]",
                  owner=["KNOWN", "sys.modules['linecache'].cache"], writers=["load"], count="len(KNOWN)", backlog=50)
    for arrived in service.requests():
        load(arrived)
