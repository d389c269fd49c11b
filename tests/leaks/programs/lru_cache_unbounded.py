# SPDX-License-Identifier: Apache-2.0
"""functools.lru_cache(maxsize=None) on a function whose arguments never come again."""
import functools

import service


class Quote:
    def __init__(self, number, currency):
        self.number = number
        self.text = "%d.00 %s" % (number, currency)
        self.parts = [number, currency]


@functools.lru_cache(maxsize=None)  # leak
# repaired: @functools.lru_cache(maxsize=256)
def quote(number, currency):
    return Quote(number, currency)


if __name__ == "__main__":
    service.start(rate=200, item_bytes=400, kind="lru_cache", root_kind="module",
                  containers="[quote, *[part for part in gc.get_referents(quote) if type(part) is dict]]", owner="quote",
                  count="quote.cache_info().currsize")
    for arrived in service.requests():
        quote(arrived.number, "eur")
        quote(arrived.number, "eur")
