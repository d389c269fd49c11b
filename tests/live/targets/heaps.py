# SPDX-License-Identifier: Apache-2.0
"""Heaps of one shape each. Arguments after the three pipes: the shape's name, its size.

The ready line is "ready <objects>": how many objects the shape promises at least, of which types: a JSON table.
Commands: x answers with the longest gap, in nanoseconds, that a heartbeat thread has seen since the last x, and starts
that thread if it does not run; s stops it. o counts by objgraph.typestats (where that is installed) and answers with the
nanoseconds it took; b looks by objgraph for a chain from a module to one object in the midst of a mix, and answers with
the object's address, the nanoseconds it took, the chain's length.
"""
import array
import ctypes
import json
import sys
import threading
import time
import types

import truth


class Typed:
    """Its first attribute is a type: in a slot right behind the object's header."""
    __slots__ = ("cls", "other")


class TypedInDict:
    def __init__(self, cls, other):
        self.cls = cls
        self.other = other


class Node:
    __slots__ = ("value", "next")


class Session:
    def __init__(self, n):
        self.id = n
        self.user = "user-%d" % n
        self.tags = ["tag%d" % (n % 50), n % 50]
        self.position = (float(n), n * 0.5)


class Point:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y


def forged(type_of, gc_head):
    """The words of an object of a fixed-size type: one reference, and something in its one or two members."""
    return ([0, 0] if gc_head else []) + [1, id(type_of), 0, id(type_of)]


def ghosts(n):
    """Blocks whose words look like an object's header: a refcount, then a type."""
    pairs = [[5, str] for _ in range(n)]
    late = [[5, 5, None, dict] for _ in range(n)]
    slotted = []
    for i in range(n):
        made = Typed()
        made.cls, made.other = (str, dict, list, Typed)[i % 4], None
        slotted.append(made)
    in_dict = [TypedInDict((int, tuple)[i % 2], None) for i in range(n)]
    keyed = [{1: str} for _ in range(n)]
    # Types of which these few words would be a whole object.
    iterator = type(iter([]))
    fitting = [[5, object] for _ in range(n // 5)] + [[5, float, None] for _ in range(n // 5)]
    fitting += [[None, None, 5, iterator, None, None] for _ in range(n // 5)]
    # Raw memory that says the same, with a plausible refcount.
    raw = []
    for words in (forged(float, False), forged(object, False), forged(complex, False), forged(iterator, True)):
        raw += [array.array("Q", words) for _ in range(n // 20)]
        raw += [bytearray(array.array("Q", words)) for _ in range(n // 20)]
        raw += [(ctypes.c_uint64 * len(words))(*words) for _ in range(n // 100)]
    # What is freed now stays on the freelists, its type word often intact.
    for shape in (lambda i: i + 0.5, lambda i: [i], lambda i: (i, i, i), lambda i: {i: i}, lambda i: slice(i), lambda i: [[]] * 5):
        freed = [shape(i) for i in range(3000)]
        del freed
    return [pairs, late, slotted, in_dict, keyed, fitting, raw], {"__main__.Typed": n, "__main__.TypedInDict": n}


def untracked(n):
    return {"key %d" % i: (i + 1000000, "value %d" % i) for i in range(n)}, {"builtins.tuple": n, "builtins.str": 2 * n, "builtins.int": n}


def mix(n):
    """What a service holds: records of dicts, lists, objects and strings; about 15 objects a record."""
    records = []
    for i in range(n):
        records.append({"id": i + 1000000, "session": Session(i), "items": [{"sku": "sku-%d" % i, "price": i * 0.25}, "note %d" % i],
                        "point": Point(i + 0.5, i + 500)})
    return records, {"__main__.Session": n, "__main__.Point": n, "builtins.dict": 2 * n}


def classes(n):
    """A mix, and 5,000 classes with an instance each."""
    records, promised = mix(n)
    return [records, [type("Kind%d" % i, (), {"__slots__": ()})() for i in range(5000)]], promised


def wide(n):
    """Few containers, each with very many small objects."""
    return [["%d-%d" % (k, i) for i in range(n // 50)] for k in range(50)], {"builtins.str": n}


def linked(n):
    head = None
    for i in range(n):
        node = Node()
        node.value, node.next = None, head
        head = node
    return head, {"__main__.Node": n}


class Link:
    __slots__ = ("previous", "next")


def doubly_linked(n):
    head = last = Link()
    head.previous = None
    for _ in range(n - 1):
        link = Link()
        link.previous, last.next = last, link
        last = link
    last.next = None
    return head, {"__main__.Link": n}


def nones(n):
    return [None] * n, {}


def floats(n):
    return [i + 0.5 for i in range(n)], {"builtins.float": n}


def small(n):
    return [[i] for i in range(n)], {"builtins.list": n}


def payload(n):
    """A heap of about 110 MiB beside a bytearray of n MiB."""
    return [mix(75000)[0], bytearray(n << 20)], {"__main__.Session": 75000}


SHAPES = {function.__name__: function for function in (ghosts, untracked, mix, classes, wide, linked, doubly_linked, nones, floats, small, payload)}


class Heartbeat:
    """A thread that does nothing but look at the clock."""

    def __init__(self):
        self.longest = 0
        self.beats = False
        self.thread = None

    def beat(self):
        clock = time.perf_counter_ns
        last = clock()
        while self.beats:
            now = clock()
            gap = now - last
            if gap > 100000 and gap > self.longest:
                self.longest = gap
            last = now

    def longest_since(self):
        longest = self.longest
        if not self.beats:
            self.beats = True
            self.thread = threading.Thread(target=self.beat, daemon=True)
            self.thread.start()
        self.longest = 0
        return longest

    def stop(self):
        self.beats = False
        if self.thread:
            self.thread.join()
        return 0


def count_by_objgraph():
    try:
        import objgraph
    except ImportError:
        return 0
    begin = time.perf_counter_ns()
    objgraph.typestats()
    return time.perf_counter_ns() - begin


def chain_by_objgraph(records):
    try:
        import objgraph
    except ImportError:
        return "0 0 0"
    wanted = records[len(records) // 2]["session"].tags
    begin = time.perf_counter_ns()
    chain = objgraph.find_backref_chain(wanted, objgraph.is_proper_module)
    return "%d %d %d" % (id(wanted), time.perf_counter_ns() - begin, len(chain))


def main():
    shape, n = truth.arguments()[3]
    heap, promised = SHAPES[shape](int(n))
    heartbeat = Heartbeat()
    module = sys.modules["heap_of_the_bench"] = types.ModuleType("heap_of_the_bench")
    module.heap = heap
    truth.serve(keep=heap, actions={b"x": heartbeat.longest_since, b"s": heartbeat.stop, b"o": count_by_objgraph, b"b": lambda: chain_by_objgraph(heap)}, ready="ready %s" % json.dumps(promised))


if __name__ == "__main__":
    main()
