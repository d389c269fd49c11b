# SPDX-License-Identifier: Apache-2.0
"""The request: what leaks in most programs, and what turns over in all of them, so that no type by itself gives a leak away."""
import itertools
import random

SECTIONS = ("orders", "baskets", "stock", "users", "search")
AGENTS = tuple("shop-client/%d.%d" % (major, minor) for major in range(3) for minor in range(10))

_numbers = itertools.count(1)
_random = random.Random()


def seed(number):
    """From here on the requests are those of this seed."""
    _random.seed(number)


class Request:
    """Some nine objects in about a kilobyte."""

    def __init__(self, number, unique):
        self.number = number
        self.path = "/%s/%d" % (SECTIONS[number % len(SECTIONS)], number)
        self.headers = {
            "Host": "shop%d.example" % (number % 50),
            "User-Agent": AGENTS[number % len(AGENTS)],
            "X-Request-Id": "%032x" % unique,
        }
        self.cookies = (number, "session=%016x" % (unique & 0xffffffffffffffff))
        self.body = "item=%d&" % number * 30


def new_request():
    return Request(next(_numbers), _random.getrandbits(128))
