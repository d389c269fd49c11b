# SPDX-License-Identifier: Apache-2.0
"""A process whose garbage collector is in some state. Arguments after the three pipes: the state's name.

Command g answers with what the gc module says, as one line of JSON: counts first, before anything is allocated for the answer.
In the state "collecting" the process waits inside a collection, in a callback, and obeys from there.
"""
import gc
import io
import json
import os

import truth


class Node:
    """A cycle of two."""

    def __init__(self):
        self.other = None


def cycles(n):
    for _ in range(n):
        a, b = Node(), Node()
        a.other, b.other = b, a


def first_callback(phase, info):
    pass


class Callback:
    def __call__(self, phase, info):
        pass


def told(count, objects):
    return json.dumps({
        "enabled": gc.isenabled(), "threshold": gc.get_threshold(), "count": count, "objects": objects, "stats": gc.get_stats(),
        "debug": gc.get_debug(), "frozen": gc.get_freeze_count(), "garbage": [[hex(id(o)), type(o).__name__] for o in gc.garbage],
        "callbacks": [hex(id(o)) for o in gc.callbacks],
    })


def serve():
    """As truth.serve(), but the collector stays as it is, and counts are taken before anything else happens."""
    control, reply, _, _ = truth.arguments()
    readinto = io.FileIO(control, closefd=False).readinto
    command = bytearray(1)
    get_count, get_objects = gc.get_count, gc.get_objects
    truth.compute()
    os.write(reply, b"ready\n")
    while True:
        if readinto(command) != 1 or command == b"q":
            os._exit(0)
        young, middle, old = len(get_objects(0)), len(get_objects(1)), len(get_objects(2))
        count = get_count()
        os.write(reply, (told(count, [young, middle, old]) if command == b"g" else
                         "pong %d" % truth.compute()).encode() + b"\n")


def plain():
    cycles(50)
    gc.collect(0)
    cycles(30)
    gc.collect()
    gc.callbacks.extend([first_callback, Callback()])
    cycles(20)


def off():
    gc.disable()
    gc.set_debug(gc.DEBUG_UNCOLLECTABLE)
    cycles(3000)


def saved():
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    cycles(40)
    gc.collect()


def frozen():
    gc.freeze()
    gc.set_threshold(123, 7, 5)
    cycles(40)


def never():
    gc.set_threshold(0)
    cycles(1000)


def collecting():
    def inside(phase, info):
        if phase == "start":
            serve()
    gc.callbacks.append(inside)
    gc.collect()


STATES = {"plain": plain, "off": off, "saved": saved, "frozen": frozen, "never": never, "collecting": collecting}


if __name__ == "__main__":
    STATES[truth.arguments()[3][0]]()
    serve()
