# SPDX-License-Identifier: Apache-2.0
"""A process whose objects are held in known places. It says where each is: expression, as Python gives it, to id."""
import _thread
import collections
import json
import threading

import truth


class Marker:
    def __init__(self, number):
        self.number = number
        self.label = "marker-%d" % number


class Slots:
    __slots__ = ("inside",)


class Holder:
    shared = Marker(1)


def outer(captured):
    def inner(default=Marker(2)):
        return captured, default
    return inner


def generate():
    suspended = Marker(3)
    yield suspended
    yield suspended


EVENTS = [{"id": i, "request": Marker(100 + i)} for i in range(500)]
CACHE = {(1, "a"): Marker(4), b"raw": Marker(5), 2.5: Marker(6)}
QUEUE = collections.deque([0, Marker(7)], maxlen=5)
ORDERED = collections.OrderedDict(first=Marker(8))
SLOTS = Slots()
SLOTS.inside = Marker(9)
INSTANCE = Marker(10)
INSTANCE.other = Marker(11)
CLOSURE = outer(Marker(12))
BOUND = Marker(13).__repr__
GENERATOR = generate()
next(GENERATOR)
SEEN = {Marker(14)}
CHAIN = None
for _ in range(2000):
    CHAIN = {"next": CHAIN, "end": None}

EXPRESSIONS = [
    "EVENTS[17]['request']", "CACHE[(1, 'a')]", "CACHE[b'raw']", "CACHE[2.5]", "QUEUE[1]", "ORDERED['first']", "SLOTS.inside", "INSTANCE.other",
    "Holder.shared", "CLOSURE.__closure__[0].cell_contents", "CLOSURE.__defaults__[0]", "GENERATOR.gi_frame.f_locals['suspended']",
    "EVENTS", "Marker", "outer",
]


class Given:
    """Nobody has it but C code, for as long as the thread runs that was started with it."""


def run(given, told, gate):
    told["given"] = id(given)
    del given
    told["is_known"].set()
    gate.wait()


def start_thread():
    told = {"is_known": threading.Event()}
    _thread.start_new_thread(run, (Given(), told, threading.Event()))
    told["is_known"].wait()
    return told["given"]


def main():
    held_by_a_call = Marker(15)  # noqa: F841
    places = {"__main__." + text: id(eval(text)) for text in EXPRESSIONS}
    told = {"places": places, "set": id(next(iter(SEEN))), "call": id(held_by_a_call), "queue": id(QUEUE), "given": start_thread()}
    truth.serve(ready="ready %s" % json.dumps(told))


if __name__ == "__main__":
    main()
