# SPDX-License-Identifier: Apache-2.0
"""Every form of lru_cache, used. The ready line has what cache_info() says of each, as JSON, by the address of the cache."""
import functools
import json

import truth


@functools.lru_cache(maxsize=None)
def unbounded(n):
    return [n] * 10


@functools.lru_cache(maxsize=16)
def bounded(n):
    return str(n) * 3


@functools.lru_cache(maxsize=32, typed=True)
def typed(n):
    return n


@functools.lru_cache(maxsize=0)
def never(n):
    return n


@functools.lru_cache
def plain(n):
    return n


@functools.lru_cache(maxsize=None)
def unused():
    return None


@functools.lru_cache(maxsize=None)
def heavy(n):
    return bytes(1 << 20)


class Session:
    def __init__(self, number):
        self.number = number

    @functools.lru_cache(maxsize=None)
    def load(self, what):
        return [self.number, what]

    @staticmethod
    @functools.lru_cache(maxsize=8)
    def shared(n):
        return n

    @classmethod
    @functools.lru_cache(maxsize=8)
    def made(cls, n):
        return n


class Derived(Session):
    @functools.lru_cache(maxsize=4)
    def load(self, what):
        return what


class Instance:
    """Has a cache of its own: of a bound method."""

    def __init__(self):
        self.find = functools.lru_cache(maxsize=5)(self.find)

    def find(self, n):
        return n


def within():
    @functools.lru_cache(maxsize=2)
    def inner(n):
        return n
    return inner


INNER = within()
LENGTH = functools.lru_cache(maxsize=3)(len)
PARTIAL = functools.lru_cache(maxsize=3)(functools.partial(int, base=16))
INSTANCE = Instance()
SESSIONS = [Session(n) for n in range(10)]


def use():
    for n in range(100):
        unbounded(n % 70)
        bounded(n)
        bounded(n % 3)
        never(n % 5)
        plain(n=n % 9)
        typed(n % 4)
        typed(float(n % 4))
        Session.shared(n % 11)
        Session.made(n % 3)
        INSTANCE.find(n % 7)
        INNER(n % 2)
        LENGTH("x" * (n % 6))
        PARTIAL("%x" % n)
    for n in range(3):
        heavy(n)
    for session in SESSIONS:
        session.load("a")
        session.load("b")
    Derived(1).load("c")
    plain.cache_clear()
    plain(1)


def main():
    use()
    # by name, whether a class has it as an attribute, and the cache
    caches = [("unbounded", False, unbounded), ("bounded", False, bounded), ("typed", False, typed), ("never", False, never), ("plain", False, plain),
              ("unused", False, unused), ("heavy", False, heavy), ("Session.load", True, Session.__dict__["load"]),
              ("Session.shared", False, Session.__dict__["shared"].__func__), ("Session.made", False, Session.__dict__["made"].__func__),
              ("Derived.load", True, Derived.__dict__["load"]), ("Instance.find", False, INSTANCE.find), ("within.<locals>.inner", False, INNER),
              (None, False, LENGTH), (None, False, PARTIAL)]
    told = {id(cache): [name, method, list(cache.cache_info()), cache is typed] for name, method, cache in caches}
    del caches
    truth.serve(ready="ready " + json.dumps(told))


if __name__ == "__main__":
    main()
