# SPDX-License-Identifier: Apache-2.0
"""A cache on a method: it is the class's, and it holds every instance that was ever asked."""
import functools

import service


class Account:
    def __init__(self, request):
        self.request = request

    @functools.lru_cache(maxsize=None)  # leak
    # repaired: @functools.lru_cache(maxsize=100)
    def statement(self, month):
        return [month, self.request.number]


if __name__ == "__main__":
    service.start(rate=60, item_bytes=1200, kind="lru_cache", root_kind="class",
                  containers="[Account.statement, *[part for part in gc.get_referents(Account.statement) if type(part) is dict]]",
                  owner=["Account.statement", "Account"], count="Account.statement.cache_info().currsize")
    for arrived in service.requests():
        Account(arrived).statement(11)
