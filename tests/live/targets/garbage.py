# SPDX-License-Identifier: Apache-2.0
"""Garbage that waits: random graphs, a hundred thousand small cycles, and special cases, each told by address.

Arguments after the three pipes: what to make ("random SEED N", "many N", "planted", "running"), and where the extension `lossy` is,
for "planted", or "". Commands besides those of truth.serve():

    m   makes it; the collector is off
    c   gc.collect() under DEBUG_SAVEALL: the ids of what it lists go to the truth pipe
    r   gives that back, and collects for good

Runs on Python 3.8 to 3.15, standard library only (and `lossy`), and knows nothing of heapspy.
"""
import array
import datetime
import gc
import importlib.util
import json
import os
import random
import sys
import threading
import weakref

import truth


class Node:
    pass


class Slotted:
    __slots__ = ("left", "right", "__weakref__")


class Zone(datetime.tzinfo):
    pass


class Frozen:
    pass


def _node(chance, i):
    kind = chance.randrange(8)
    if kind < 3:
        return Node()
    return [Slotted, list, dict, set, Slotted][kind - 3]() if kind < 7 else [[], (), {i: None}]


def _refer(chance, source, target, i):
    """Adds a reference of whatever kind the object can have."""
    if isinstance(source, Node):
        setattr(source, "edge%d" % chance.randrange(12), target)
    elif isinstance(source, Slotted):
        setattr(source, chance.choice(("left", "right")), target)
    elif isinstance(source, list):
        source.append((target, i) if chance.random() < 0.2 else target)
    elif isinstance(source, dict):
        source[i] = target
    else:
        source.add(target if isinstance(target, (Node, Slotted)) else (id(target), Wrapped(target)))


class Wrapped:
    """Makes an unhashable object hashable."""

    def __init__(self, held):
        self.held = held


KEPT = []
REFERENCES = []
CALLED = []


def make_random(seed, n):
    """Clusters without a reference from outside, but for a few nodes that are kept; weak references of all kinds."""
    chance = random.Random(seed)
    nodes = [_node(chance, i) for i in range(n)]
    for i, node in enumerate(nodes):
        for _ in range(chance.randrange(4)):
            near = max(0, min(n - 1, i + chance.randint(-8, 8)))
            _refer(chance, node, nodes[near if chance.random() < 0.95 else chance.randrange(n)], i)
    for node in nodes:
        if isinstance(node, (Node, Slotted)) and chance.random() < 0.1:
            REFERENCES.append(weakref.ref(node, CALLED.append if chance.random() < 0.5 else None))
        if isinstance(node, Node) and chance.random() < 0.1:
            node.reference = weakref.ref(node, id)
        if isinstance(node, Node) and chance.random() < 0.05:
            # No generators here: they are finalized first, and then what they held is gone.
            node.method, node.closure, node.iterator = node.__init__, lambda held=node: (held, node), iter([node])
    KEPT.extend(chance.sample(nodes, n // 200))
    return ""


def make_many(n):
    """Pairs that refer to each other, each with a string of its own."""
    for i in range(n):
        left, right = Node(), Node()
        left.partner, right.partner = right, left
        left.text = "text %d" % i
    return ""


def _load(path):
    spec = importlib.util.spec_from_file_location("lossy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _datetime_and_zone():
    zone = Zone()
    zone.moment = datetime.datetime(2026, 11, 21, tzinfo=zone)
    return {"zone": id(zone)}


def _code_constant():
    held = []

    def function():
        return None
    function.__code__ = function.__code__.replace(co_consts=(None, held))
    held.append(function)
    return {"constant": id(held)}


def _of_extension(path):
    """A type without tp_traverse, one with, one with a finalizer of the old kind."""
    lossy = _load(path)
    untraversed, traversed, legacy = [], [], []
    untraversed.append(lossy.Holder(untraversed))
    traversed.append(lossy.Box(traversed))
    legacy.append(lossy.Legacy(legacy))
    return {"untraversed": id(untraversed), "traversed": id(traversed), "legacy": id(legacy)}


def _frozen():
    """Garbage that is frozen before it is found."""
    lost = Frozen()
    lost.itself = lost
    return {"frozen": id(lost)}


def _small():
    """A dict and a tuple that hold nothing the collector cares for."""
    owner = Node()
    owner.itself = owner
    owner.small_dict = dict(zip(range(2), range(2)))
    owner.small_tuple = tuple(int(word) for word in "1 2".split())
    return {"small": id(owner), "small_dict": id(owner.small_dict), "small_tuple": id(owner.small_tuple),
            "dict_is_tracked": gc.is_tracked(owner.small_dict), "tuple_is_tracked": gc.is_tracked(owner.small_tuple)}


def _suspended():
    def generator():
        me = yield
        yield me
    waiting = generator()
    next(waiting)
    waiting.send(waiting)
    return {"suspended": id(waiting)}


def _finalized():
    class Finalized:
        def __del__(self):
            CALLED.append(1)
    held = Finalized()
    held.itself = held
    return {"finalized": id(held)}


def _watched():
    held = Node()
    held.itself = held
    REFERENCES.append(weakref.ref(held, CALLED.append))
    return {"watched": id(held)}


INSIDE = """
import gc, os
gc.disable()
class Inside:
    pass
made = Inside()
made.itself = made
made.other = [made]
os.write(%d, ("%%d %%d\\n" %% (id(made), id(made.other))).encode())
del made
"""


# Its collection waits in a finalizer, while what it found is on lists of its own.
COLLECTING = """
import gc, os
gc.disable()
class Inside:
    pass
class Waiting:
    def __del__(self):
        os.write(%d, ("%%d %%d\\n" %% addresses).encode())
        os.read(os.pipe()[0], 1)
made, waiting = Inside(), Waiting()
made.itself = made
made.other = [made]
waiting.itself = waiting
addresses = id(made), id(made.other)
del made, waiting
gc.collect()
"""


def _other_interpreter(program=INSIDE, thread=None):
    module = next((found for found in map(_imported, ("_interpreters", "_xxsubinterpreters")) if found), None)
    if not module or sys.version_info < (3, 9):  # 3.8 has one collector for all
        return {}
    reader, writer = os.pipe()
    made = module.create("legacy") if sys.version_info >= (3, 13) else module.create()
    KEPT.append(made)
    if thread:
        thread(target=module.run_string, args=(made, program % writer), daemon=True).start()
    else:
        failed = module.run_string(made, program % writer)
        if failed:
            raise RuntimeError(failed)
    data = b""
    while not data.endswith(b"\n"):
        data += os.read(reader, 4096)
    return {"inside": [int(word) for word in data.split()]}


def _imported(name):
    try:
        return __import__(name)
    except ImportError:
        return None


def make_planted(path):
    told = _frozen()
    gc.freeze()
    for plant in (_datetime_and_zone, _code_constant, _small, _suspended, _finalized, _watched, _other_interpreter):
        told.update(plant())
    if path:
        told.update(_of_extension(path))
    return json.dumps(told)


def collect():
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    addresses = array.array("Q", map(id, gc.garbage))
    gc.set_debug(0)
    os.ftruncate(truth.arguments()[2], 0)
    os.pwrite(truth.arguments()[2], addresses.tobytes(), 0)
    return "collected"


def give_back():
    gc.garbage.clear()
    gc.collect()
    return "gone"


def make():
    words = truth.arguments()[3]
    if words[0] == "random":
        return "made " + make_random(int(words[1]), int(words[2]))
    if words[0] == "inside":
        return "made " + json.dumps(_other_interpreter(COLLECTING, threading.Thread))
    if words[0] == "many":
        return "made " + make_many(int(words[1]))
    return "made " + (make_planted(words[1]) if words[0] == "planted" else "")


ACTIONS = {b"m": make, b"c": collect, b"r": give_back}


def run_inside(box):
    """A generator that runs while it is looked at, and refers to itself."""
    me = box.pop()
    truth.serve(actions=ACTIONS, ready="ready %d" % id(me))
    yield me


def main():
    if truth.arguments()[3][0] != "running":
        truth.serve(actions=ACTIONS)
    box = []
    box.append(run_inside(box))
    next(box[0])


if __name__ == "__main__":
    main()
