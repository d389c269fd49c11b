# SPDX-License-Identifier: Apache-2.0
"""A bound that is none: a million pages would take a gigabyte and months."""
import functools

import service


@functools.lru_cache(maxsize=1000000)  # leak
# repaired: @functools.lru_cache(maxsize=200)
def page(path, number):
    return {"path": path, "body": "line %d\n" % number * 60}


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1000, verdict=["bounded", "leak"], kind="lru_cache", root_kind="module",
                  containers="[page, *[part for part in gc.get_referents(page) if type(part) is dict]]", owner="page",
                  count="page.cache_info().currsize")
    for arrived in service.requests():
        page(arrived.path, arrived.number)
