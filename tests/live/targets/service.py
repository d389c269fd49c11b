# SPDX-License-Identifier: Apache-2.0
"""What an application holds, in the shapes that the commands are asked about. The ready line tells addresses as JSON.

    n   ten more instances of Fresh, which no collection has seen
    f   freezes, as truth.py has it
"""
import ctypes
import gc
import json
import weakref

import edges
import truth

N = 1000


class Request:
    def __init__(self, n):
        self.headers = {"host": "host-%d" % n, "x-id": n}
        self.body = b"x" * (n % 100)


class Room:
    def __init__(self, n):
        self.name = "room-%d" % n
        self.history = ["said %d" % i for i in range(n % 60)]


class Session:
    def __init__(self, n):
        self.user = "user-%d" % n
        self.number = n + 1000000


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


class Padded:
    """Large enough for blocks of a size that nothing else uses."""
    __slots__ = tuple("slot%d" % i for i in range(40))


class Fresh:
    pass


class Mixin:
    pass


class Idle:
    """Has no objects but those of a class that inherits from it, by its second base."""


class Busy(Mixin, Idle):
    pass


class Unused(Idle):
    pass


def twin():
    class Twin:
        pass
    Twin.__qualname__ = "Twin"
    return Twin


class Shared:
    pass


EVENTS = [{"id": n, "request": Request(n)} for n in range(N)]
ELSEWHERE = {"kept": [Request(n) for n in range(5)]}
ROOMS = [Room(n) for n in range(300)]
CACHE = {"key %d" % n: {"value": [n]} for n in range(N)}
SESSIONS = {n: Session(n) for n in range(N)}
POINTS = [Point(n + 0.5, n) for n in range(N)]
LENGTHS = [list(range(1000, 1000 + n)) for n in (99, 100, 101, 500)]
LARGE = ["x" * (1 << 20), bytearray(2 << 20), b"y" * (3 << 20)]
TWINS = [twin()(), twin()(), twin()()]
FRESH = []
BUSY = Busy()
FIRST = {"shared": Shared()}
SECOND = Shared()
SECOND.shared = FIRST["shared"]
SECRETS = {"password of bob": ["hunter2"] * 50000, "identifier": ["swordfish"] * 50000, "x" * 41: ["sesame"] * 50000}
MANY_HOLDERS = Shared()
HOLDERS = [[MANY_HOLDERS] for _ in range(5)]
WEAKLY_HELD = Shared()
WEAK_HOLDERS = [weakref.ref(WEAKLY_HELD, print), weakref.proxy(WEAKLY_HELD)]


def make_fresh():
    FRESH.extend(Fresh() for _ in range(10))
    return len(FRESH)


def freed_block():
    """The address of a block that has been freed between two that are in use."""
    padded = [Padded() for _ in range(60)]
    address = id(padded.pop(31))
    EVENTS.append(padded)
    return address


def main():
    items = ctypes.c_void_p.from_address(id(LENGTHS) + 24).value
    told = {"shared": id(FIRST["shared"]), "events": id(EVENTS), "event": id(EVENTS[7]), "request": id(EVENTS[7]["request"]),
            "point": id(POINTS[3]), "session": id(SESSIONS[8]), "lengths": id(LENGTHS), "items of lengths": items, "large": [id(x) for x in LARGE],
            "many holders": id(MANY_HOLDERS), "room": id(ROOMS[59]), "history": id(ROOMS[59].history), "function": id(make_fresh),
            "class": id(Session), "weakly held": id(WEAKLY_HELD), "weak holders": [id(x) for x in WEAK_HOLDERS], "second": id(SECOND), "secrets": [id(x) for x in SECRETS.values()]}
    gc.collect()
    told["free"] = freed_block()
    truth.serve(actions={b"n": make_fresh, **edges.ACTIONS}, ready="ready " + json.dumps(told))


if __name__ == "__main__":
    main()
