# SPDX-License-Identifier: Apache-2.0
"""A cache with a bound, in the wrong unit: it was meant in entries and is taken in thousands of them."""
import collections

import service


class ResponseCache:
    def __init__(self, limit):
        self.limit = limit
        self.entries = collections.OrderedDict()

    def put(self, request):
        self.entries[request.path] = request.headers
        if len(self.entries) > self.limit * 1000:  # leak
        # repaired: if len(self.entries) > self.limit:
            self.entries.popitem(last=False)


CACHE = ResponseCache(1000)


if __name__ == "__main__":
    service.start(rate=120, item_bytes=420, kind="odict", root_kind="module", container="CACHE.entries", owner=["CACHE", "CACHE.entries"],
                  writers=["ResponseCache.put"])
    for arrived in service.requests():
        CACHE.put(arrived)
