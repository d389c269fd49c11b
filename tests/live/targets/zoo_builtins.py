# SPDX-License-Identifier: Apache-2.0
"""Recipes: numbers, strings, containers, instances, classes."""
import array
import collections
import copy
import ctypes
import datetime
import decimal
import functools
import io
import random
import sys
import threading
import types
import weakref

from recipes import recipe
from zoo_classes import (Concrete, Finalized, Many, Plain, SizeOf, Slots, SlotsAndDict, SlotsWeak, WithDescriptor, WithMeta)


def _subclasses_of(base, arguments):
    """Instances of four subclasses: plain, with __dict__ used, with empty __slots__, and two levels deep."""
    name = base.__name__.title()
    plain = type("Sub" + name, (base,), {"__module__": __name__})
    bare = plain if base is property else type("Bare" + name, (base,), {"__slots__": (), "__module__": __name__})
    deep = type("Deep" + name, (plain,), {"__module__": __name__})
    made = []
    for i in range(20):
        first, second, third = plain(*arguments(i)), bare(*arguments(i)), deep(*arguments(i))
        first.note = ["note", i]
        third.one = third.two = i
        made += [first, second, third, plain(*arguments(i))]
    return made


@recipe
def numbers():
    return [[0, 1, -1, 255, 2 ** 29, 2 ** 30, 2 ** 31, -(2 ** 60), 2 ** 64, 10 ** 100, -(10 ** 1000), 7 ** 10000],
            [i * 1000003 for i in range(2000)], [-i * 10 ** 12 for i in range(500)],
            [0.0, 1.5, float("inf"), float("nan")], [i / 7 for i in range(2000)],
            [complex(i, -i) for i in range(100)], True, False, None, Ellipsis, NotImplemented]


@recipe
def strings():
    made = ["", "a", "é", "ascii only", "latin-1 é" * 3, "two bytes €" * 3, "four bytes \U0001f600" * 3]
    made += ["s%d" % i for i in range(3000)]
    made += ["é%d" % i for i in range(300)] + ["€%d" % i for i in range(300)] + ["\U0001f600%d" % i for i in range(300)]
    made += ["x" * n for n in (10, 100, 460, 500, 512, 513, 5000, 10 ** 6)]
    made += ["€" * n for n in (100, 250, 10 ** 5)] + ["\U0001f600" * n for n in (100, 10 ** 5)]
    made += [sys.intern("interned_%d" % i) for i in range(500)]
    cached = ["utf8 cached é%d" % i for i in range(200)]
    for text in cached:
        ctypes.pythonapi.PyUnicode_AsUTF8(ctypes.py_object(text))
    return made + cached


@recipe
def legacy_strings():
    """Not-ready strings and wchar_t caches: gone in 3.12."""
    if sys.version_info >= (3, 12):
        return []
    made = []
    new = ctypes.pythonapi.PyUnicode_FromUnicode
    new.restype = ctypes.py_object
    new.argtypes = [ctypes.c_wchar_p, ctypes.c_ssize_t]
    for i in range(50):
        text = "legacy %d" % i
        made.append(new(text, len(text)))
    get = ctypes.pythonapi.PyUnicode_AsUnicode
    get.restype = ctypes.c_void_p
    get.argtypes = [ctypes.py_object]
    for i in range(50):
        text = "wide cache %d é" % i
        get(text)
        made.append(text)
    return made


@recipe
def byte_strings():
    made = [b"", b"a", b"bytes", bytes(100), bytes(600), bytes(10 ** 6)] + [b"b%d" % i for i in range(1000)]
    made += [bytearray(), bytearray(b"abc"), bytearray(1000), bytearray(10 ** 5)]
    shifted = bytearray(range(200))
    del shifted[:50]
    grown = bytearray()
    for i in range(1000):
        grown.append(i & 255)
    return made + [shifted, grown, memoryview(b"view"), memoryview(grown)[10:20], memoryview(array.array("i", range(10)))]


@recipe
def tuples_and_lists():
    made = [(), (1,), tuple(range(1000)), tuple([i] for i in range(100))]
    made += [(i, "t%d" % i) for i in range(3000)] + [(i, [i]) for i in range(1000)]
    made += [[], [1], list(range(10000)), [[] for _ in range(1000)], [[i] for i in range(1000)], [None] * 70000]
    appended = []
    for i in range(777):
        appended.append(i)
    shrunk = list(range(1000))
    del shrunk[10:]
    nested = []
    for _ in range(3000):
        nested = [nested]
    cycle = []
    cycle.append(cycle)
    sorted_list = sorted(range(100), reverse=True)
    return made + [appended, shrunk, nested, cycle, sorted_list, [5, str], [5, 5, None, dict]]


@recipe
def dicts():
    made = [{}, {1: 2}, {"a": 1}, {"a": []}, {None: None}, {(1, 2): [3]}, dict.fromkeys(range(1000))]
    made += [{"k%d" % i: i for i in range(n)} for n in (1, 5, 6, 10, 11, 100, 1000, 70000)]
    made += [{i: [i] for i in range(n)} for n in (1, 5, 6, 10, 11, 100, 1000)]
    made += [{"id": i, "data": "x%d" % i} for i in range(1000)]
    mixed = {"s%d" % i: i for i in range(50)}
    mixed[3.5] = "float key"
    deleted = {i: i for i in range(1000)}
    for i in range(0, 1000, 2):
        del deleted[i]
    cleared = {i: i for i in range(100)}
    cleared.clear()
    copied = copy.copy(made[5])
    return made + [mixed, deleted, cleared, copied, {"view": mixed}, mixed.keys(), mixed.values(), mixed.items()]


@recipe
def sets():
    made = [set(), {1}, {1, 2, 3, 4}, set(range(5)), set(range(1000)), {"s%d" % i for i in range(3000)}]
    made += [frozenset(), frozenset({1}), frozenset(range(100)), frozenset({(1, 2), frozenset({3})})]
    made += [{i, "x%d" % i} for i in range(1000)]
    dummies = set(range(200))
    for i in range(150):
        dummies.discard(i)
    emptied = set(range(100))
    emptied.clear()
    return made + [dummies, emptied]


@recipe
def small_builtins():
    return [range(5), range(10 ** 10, 10 ** 12, 12345), slice(1, 2, 3), slice(None, "x", [1]), object(), type("Made", (), {}),
            types.MappingProxyType({"a": 1}), types.SimpleNamespace(a=1, b=[2]), super(SlotsAndDict, SlotsAndDict(1, 2)),
            property(lambda self: 1, doc="x"), classmethod(len), staticmethod(len), memoryview(bytearray(10)).toreadonly(),
            types.ModuleType("made_module", "doc"), types.CellType([1]) if hasattr(types, "CellType") else None]


@recipe
def instances():
    made = [Plain(i) for i in range(3000)] + [Many(n) for n in (0, 1, 5, 29, 30, 31, 40, 100)]
    made += [Slots(i, [i]) for i in range(1000)] + [SlotsAndDict(i, i) for i in range(500)]
    for _ in range(50):
        weak = SlotsWeak()
        weak.value = weakref.ref(weak)
        made.append(weak)
    with_dict = [Plain(i) for i in range(300)]
    dicts_of = [instance.__dict__ for instance in with_dict[:200]]
    for instance in with_dict[100:150]:
        instance.__dict__["added %d" % id(instance)] = 1
    replaced = Plain(1)
    replaced.__dict__ = {"other": [1]}
    removed = Plain(2)
    del removed.name
    out_of_order = [Plain.__new__(Plain) for _ in range(20)]
    for instance in out_of_order:
        instance.name = "first"
        instance.number = 1
    return made + with_dict + [dicts_of, replaced, removed, out_of_order, WithMeta(), Concrete(), Finalized(),
                               WithDescriptor(), SizeOf(), [Finalized() for _ in range(20)]]


@recipe
def class_hierarchies():
    made = []
    for i in range(200):
        made.append(type("Generated%d" % i, (Plain,), {"value": i, "__doc__": "d%d" % i}))
    deep = Plain
    for i in range(50):
        deep = type("Deep%d" % i, (deep,), {"__slots__": ("slot%d" % i,)})
    diamond = type("Diamond", (type("Left", (Plain,), {}), type("Right", (Plain,), {})), {})
    slotted = type("ManySlots", (), {"__slots__": tuple("s%d" % i for i in range(40))})
    filled = slotted()
    for i in range(0, 40, 2):
        setattr(filled, "s%d" % i, [i])
    return [made, [cls(1) for cls in made], deep(1), diamond(2), filled]


@recipe
def subclasses_of_builtins():
    return [_subclasses_of(str, lambda i: ("text %d é" % i,)), _subclasses_of(str, lambda i: ("ascii%d" % i,)),
            _subclasses_of(int, lambda i: (i ** 20,)),
            _subclasses_of(float, lambda i: (i / 3,)), _subclasses_of(complex, lambda i: (i, i)),
            _subclasses_of(bytes, lambda i: (b"b" * i,)), _subclasses_of(bytearray, lambda i: (b"b" * i,)),
            _subclasses_of(tuple, lambda i: (range(i),)), _subclasses_of(list, lambda i: (range(i),)),
            _subclasses_of(dict, lambda i: ({str(k): k for k in range(i)},)), _subclasses_of(set, lambda i: (range(i),)),
            _subclasses_of(frozenset, lambda i: (range(i),)), _subclasses_of(collections.OrderedDict, lambda i: ([(i, i)],)),
            _subclasses_of(collections.deque, lambda i: (range(i),)), _subclasses_of(collections.defaultdict, lambda i: (list,)),
            _subclasses_of(Exception, lambda i: (i, "text")), _subclasses_of(types.ModuleType, lambda i: ("m%d" % i,)),
            _subclasses_of(datetime.datetime, lambda i: (2000 + i, 1, 1)), _subclasses_of(decimal.Decimal, lambda i: (i,)),
            _subclasses_of(array.array, lambda i: ("i", range(i))), _subclasses_of(random.Random, lambda i: (i,)),
            _subclasses_of(functools.partial, lambda i: (print, i)), _subclasses_of(io.BytesIO, lambda i: (b"x" * i,)),
            _subclasses_of(io.StringIO, lambda i: ("x" * i,)), _subclasses_of(property, lambda i: (len,)),
            _subclasses_of(weakref.ref, lambda i: (Plain,)), _subclasses_of(threading.local, lambda i: ())]
