# SPDX-License-Identifier: Apache-2.0
"""A WeakKeyDictionary whose values hold their keys: nothing in it can ever die."""
import weakref

import service

PROFILES = weakref.WeakKeyDictionary()


class User:
    def __init__(self, request):
        self.name = request.path
        self.headers = request.headers


class Profile:
    def __init__(self, of):
        self.of = of


def visit(request):
    user = User(request)
    PROFILES[user] = Profile(user)  # leak
    # repaired: PROFILES[user] = Profile(user.name)


if __name__ == "__main__":
    service.start(rate=100, item_bytes=640, kind="dict", root_kind="module", containers="[PROFILES, PROFILES.data]", owner=["PROFILES", "PROFILES.data"],
                  count="len(PROFILES.data)", writers=["visit", "WeakKeyDictionary.__setitem__"])
    for arrived in service.requests():
        visit(arrived)
