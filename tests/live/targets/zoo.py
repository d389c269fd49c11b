# SPDX-License-Identifier: Apache-2.0
"""A heap with every container and every type of the standard library that can be made without a network.

Arguments after the three pipes: scale (how often the plain part is repeated, default 1). Each recipe is one function;
one that fails is listed in the truth as skipped, with the reason, and never stops the others.
"""
import abc
import array
import asyncio
import base64
import bisect
import collections
import contextlib
import contextvars
import copy
import csv
import ctypes
import datetime
import decimal
import enum
import fractions
import functools
import gc
import hashlib
import hmac
import importlib
import io
import itertools
import json
import mmap
import operator
import os
import pickle
import pkgutil
import queue
import random
import re
import select
import selectors
import socket
import string
import struct
import sys
import tempfile
import threading
import time
import types
import unicodedata
import uuid
import weakref
import zlib

import truth

RECIPES = []


def recipe(function):
    RECIPES.append(function)
    return function


# --- classes ---------------------------------------------------------------------------------------------------

class Plain:
    def __init__(self, n):
        self.number = n
        self.name = "plain-%d" % n

    def method(self):
        return self.number

    @classmethod
    def make(cls):
        return cls(0)

    @staticmethod
    def nothing():
        return None

    @property
    def twice(self):
        return 2 * self.number


class Many:
    def __init__(self, n):
        for i in range(n):
            setattr(self, "attribute_%d" % i, [i])


class Slots:
    __slots__ = ("left", "right", "unset")

    def __init__(self, left, right):
        self.left = left
        self.right = right


class SlotsAndDict(Slots):
    def __init__(self, left, right):
        super().__init__(left, right)
        self.extra = (left, right)


class SlotsWeak:
    __slots__ = ("value", "__weakref__")


class Meta(type):
    def __new__(mcs, name, bases, namespace):
        cls = super().__new__(mcs, name, bases, namespace)
        cls.made_by = mcs
        return cls


class WithMeta(metaclass=Meta):
    pass


class Abstract(abc.ABC):
    @abc.abstractmethod
    def act(self):
        """To be given by subclasses."""


class Concrete(Abstract):
    def act(self):
        return self


class Finalized:
    count = 0

    def __del__(self):
        Finalized.count += 1


class Descriptor:
    def __get__(self, instance, owner):
        return self

    def __set__(self, instance, value):
        pass


class WithDescriptor:
    field = Descriptor()


class SizeOf:
    def __sizeof__(self):
        return 12345


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


# --- recipes: builtins -------------------------------------------------------------------------------------------

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


# --- recipes: code and calls --------------------------------------------------------------------------------------

@recipe
def functions():
    def outer(n):
        captured = [n]
        unset = None

        def inner(a, b=(1, 2), *args, key: int = 3, **kwargs) -> str:
            """Doc."""
            return captured, unset, a, b, args, key, kwargs
        return inner
    lambdas = [lambda x, n=n: x + n for n in range(200)]
    closures = [outer(n) for n in range(200)]
    with_dict = outer(1)
    with_dict.attribute = "set"
    namespace = {}
    exec("def made(x):\n    return [x, 'const', 3.25, (1, 2), {4}]\n" * 3, namespace)
    plain = Plain(1)
    return [lambdas, closures, with_dict, namespace, plain.method, Plain.make, [].append, "x".join, len, str.upper, dict.get,
            int.__add__, (3).__add__, object.__init__, type.__call__, dict.__dict__["fromkeys"], Plain.twice, Plain.__dict__["make"],
            Plain.__dict__["nothing"], Slots.left, types.FunctionType.__code__, [Plain(i).method for i in range(100)],
            compile("x = 1; y = 'a' + str(x)", "made-file.py", "exec"), types.MethodType(len, [1])]


def _generator(n):
    held = [n]
    for i in range(n):
        sent = yield (i, held)
        if sent:
            held.append(sent)


def _delegating(n):
    yield from _generator(n)


@types.coroutine
def _pause():
    yield "paused"


async def _coroutine(n):
    local = {"n": n}
    await _pause()
    return local


async def _async_generator(n):
    for i in range(n):
        await _pause()
        yield [i]


@recipe
def generators():
    started = [_generator(5) for _ in range(100)]
    for generator in started:
        next(generator)
    delegating = [_delegating(5) for _ in range(20)]
    for generator in delegating:
        next(generator)
    finished = [_generator(1) for _ in range(5)]
    for generator in finished:
        list(generator)
    closed = _generator(3)
    next(closed)
    closed.close()
    with_frame = _generator(3)
    next(with_frame)
    coroutines = [_coroutine(i) for i in range(20)]
    for coroutine in coroutines:
        coroutine.send(None)
    async_generators = [_async_generator(3) for _ in range(10)]
    sends = [generator.asend(None) for generator in async_generators]
    for send in sends[:5]:
        send.send(None)
    throwing = _async_generator(3).athrow(ValueError)
    wrapper = _coroutine(1).__await__()
    return [started, [_generator(3) for _ in range(10)], delegating, finished, closed, with_frame, with_frame.gi_frame, coroutines,
            async_generators, sends, _async_generator(2).aclose(), throwing, wrapper, (x for x in range(10)),
            ((x, y) for x in range(3) for y in range(3))]


@recipe
def async_helpers():
    made = [_async_generator(2).__anext__()]
    if sys.version_info >= (3, 10):
        made.append(anext(_async_generator(2), "default"))  # noqa: F821  (3.10+)
        stepped = anext(_async_generator(2), "default").__await__()  # noqa: F821
        stepped.send(None)
        made.append(stepped)
    return made


def _raise(depth):
    local = ["local", depth]
    if depth == 0:
        raise ValueError("deep", local)
    _raise(depth - 1)


@recipe
def exceptions():
    made = []
    for depth in (0, 1, 5, 50):
        try:
            _raise(depth)
        except ValueError as error:
            made.append(error)
    try:
        try:
            _raise(1)
        except ValueError as error:
            raise KeyError("chained") from error
    except KeyError as error:
        made.append(error)
    made += [OSError(2, "no such", "file"), SyntaxError("bad", ("f", 1, 2, "text")), UnicodeDecodeError("utf-8", b"x", 0, 1, "why"),
             UnicodeEncodeError("utf-8", "x", 0, 1, "why"), UnicodeTranslateError("x", 0, 1, "why"), ImportError("x", name="n", path="p"),
             StopIteration(5), SystemExit(3), AttributeError("x"), NameError("x"), KeyError("k"), BlockingIOError(1, "x", 5)]
    pending = [BaseException]
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        if cls.__module__ == "builtins":
            try:
                made.append(cls("made"))
            except TypeError:
                pass
    if sys.version_info >= (3, 11):
        made.append(ExceptionGroup("group", [ValueError(1), TypeError(2)]))  # noqa: F821
        made.append(BaseExceptionGroup("base", [KeyboardInterrupt()]))  # noqa: F821
    return made


@recipe
def tracebacks_and_frames():
    try:
        _raise(10)
    except ValueError as error:
        traceback = error.__traceback__
    frames = []
    while traceback:
        frames.append((traceback, traceback.tb_frame, traceback.tb_frame.f_locals))
        traceback = traceback.tb_next
    return frames


# --- recipes: iterators -------------------------------------------------------------------------------------------

@recipe
def iterators():
    data = list(range(50))
    text = "é€x"
    table = {"a": 1, 2: 3}
    made = [iter(data), reversed(data), iter(tuple(data)), iter(range(10)), iter(range(10 ** 20)), iter(text), iter("ascii"), iter(b"x"),
            iter(bytearray(b"x")), iter(table), iter(table.values()), iter(table.items()), iter(set(data)), iter({1: 2}.keys()),
            enumerate(data), enumerate(data, 10 ** 30), zip(data, text), map(str, data), filter(None, data), iter(lambda: 1, 2),
            iter(memoryview(b"abc")), iter(array.array("i", [1])), reversed(range(5)), iter(collections.deque([1])),
            reversed(collections.deque([1])), iter(collections.OrderedDict(a=1)), reversed(collections.OrderedDict(a=1)),
            iter(csv.reader(["a,b"])), re.finditer("a", "banana"), struct.iter_unpack("i", bytes(8)), os.scandir("/"),
            iter(type("Indexed", (), {"__getitem__": lambda self, i: i})()), iter(decimal.Decimal(1).as_tuple())]
    if sys.version_info >= (3, 8):
        made += [reversed(table), reversed(table.values()), reversed(table.items())]
    for iterator in made[:20]:
        next(iterator, None)
    return made


@recipe
def itertools_all():
    data = [[i] for i in range(10)]
    first, second = itertools.tee(iter(range(200)))
    for _ in range(120):
        next(first)
    grouped = itertools.groupby([1, 1, 2, 2])
    group = next(grouped)
    made = [first, second, grouped, group, itertools.count(), itertools.count(10 ** 30, 3), itertools.count(0.5), itertools.cycle(data),
            itertools.repeat(data), itertools.repeat(data, 5), itertools.accumulate(range(5)), itertools.chain(data, data),
            itertools.chain.from_iterable([data]), itertools.compress(data, [1, 0, 1]), itertools.dropwhile(bool, data),
            itertools.filterfalse(bool, data), itertools.islice(data, 1, 5), itertools.starmap(print, data), itertools.takewhile(bool, data),
            itertools.zip_longest(data, [1]), itertools.product(data, repeat=2), itertools.permutations(data, 2),
            itertools.combinations(data, 2), itertools.combinations_with_replacement(data, 2)]
    for iterator in made[7:]:
        if not isinstance(iterator, itertools.starmap):
            next(iterator, None)
    if hasattr(itertools, "pairwise"):
        made.append(itertools.pairwise(data))
        next(made[-1])
    if hasattr(itertools, "batched"):
        made.append(itertools.batched(data, 3))
        next(made[-1])
    return made


# --- recipes: standard library --------------------------------------------------------------------------------------

@recipe
def collections_all():
    deques = [collections.deque(), collections.deque([1]), collections.deque(range(64)), collections.deque(range(1000)),
              collections.deque(range(100), maxlen=10), collections.deque([[i] for i in range(300)])]
    rotated = collections.deque(range(200))
    rotated.rotate(77)
    drained = collections.deque(range(2000))
    for _ in range(1990):
        drained.popleft()
    ordered = collections.OrderedDict((i, [i]) for i in range(100))
    for i in range(50):
        del ordered[i]
    ordered.move_to_end(60)
    with_attributes = collections.OrderedDict(a=1)
    with_attributes.note = [1]
    point = collections.namedtuple("Point", "x y")
    counted = collections.Counter("abracadabra" * 10)
    default = collections.defaultdict(list)
    for i in range(200):
        default[i % 50].append(i)
    return [deques, rotated, drained, ordered, with_attributes, collections.OrderedDict(), [point(i, i) for i in range(100)], counted,
            default, collections.ChainMap({}, {1: 2}), collections.UserDict(a=1), collections.UserList([1]), collections.UserString("x"),
            ordered.keys(), ordered.values(), ordered.items()]


@recipe
def functools_all():
    @functools.lru_cache(maxsize=50)
    def bounded(x):
        return [x]

    @functools.lru_cache(maxsize=None)
    def unbounded(x):
        return [x]

    @functools.lru_cache(maxsize=0)
    def uncached(x):
        return [x]

    @functools.singledispatch
    def dispatched(x):
        return x

    dispatched.register(int, lambda x: x)
    for i in range(80):
        bounded(i), unbounded(i), uncached(i), unbounded("s%d" % i)
    partials = [functools.partial(print, i, end="") for i in range(100)]
    partials[0].attribute = 1

    class Cached:
        @functools.cached_property
        def value(self):
            return [1]

        def method(self, x):
            return x

        part = functools.partialmethod(method, 5)
    cached = Cached()
    return [bounded, unbounded, uncached, dispatched, partials, cached, cached.value, Cached.part,
            functools.cmp_to_key(lambda a, b: 0), functools.cmp_to_key(lambda a, b: 0)(5),
            sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: a - b)), operator.itemgetter(1), operator.itemgetter(1, "x"),
            operator.attrgetter("a.b", "c"), operator.methodcaller("m", 1, key=[2])]


@recipe
def weakrefs():
    kept = [Plain(i) for i in range(100)]
    references = [weakref.ref(obj) for obj in kept] + [weakref.ref(obj, lambda ref: None) for obj in kept]
    dead = weakref.ref(Plain(1))
    values = weakref.WeakValueDictionary({i: obj for i, obj in enumerate(kept)})
    keys = weakref.WeakKeyDictionary({obj: [obj.number] for obj in kept})
    return [kept, references, dead, values, keys, weakref.WeakSet(kept), weakref.proxy(kept[0]), weakref.proxy(max),
            weakref.WeakMethod(kept[0].method), weakref.finalize(kept[1], print, "bye"), weakref.ref(Plain), weakref.ref(set(), None)]


@recipe
def input_and_output():
    directory = tempfile.mkdtemp(prefix="heapspy-zoo-")
    path = os.path.join(directory, "file")
    with open(path, "wb") as file:
        file.write(b"line one\nline two\n" * 1000)
    binary = open(path, "rb")
    binary.read(10)
    text = open(path, encoding="utf-8")
    text.readline()
    writer = open(path + "2", "w", encoding="utf-8")
    writer.write("pending")
    random_access = open(path, "r+b")
    random_access.read(5)
    raw = io.FileIO(path)
    fresh = io.BytesIO(b"initial")
    written = io.BytesIO()
    written.write(b"x" * 1000)
    exported = io.BytesIO(b"view")
    view = exported.getbuffer()
    string_io = io.StringIO("initial")
    accumulated = io.StringIO()
    for i in range(100):
        accumulated.write("part %d " % i)
    reader, other = os.pipe()
    pair = io.BufferedRWPair(io.FileIO(reader), io.FileIO(other, "w"))
    decoder = io.IncrementalNewlineDecoder(None, True)
    made = [binary, text, writer, random_access, raw, fresh, written, exported, view, string_io, accumulated, pair, decoder,
            io.TextIOWrapper(io.BytesIO(b"a\r\nb"), "utf-16"), tempfile.TemporaryFile(), tempfile.NamedTemporaryFile(),
            os.scandir(directory), os.stat(path), os.statvfs("/"), os.terminal_size((80, 24))]
    entries = list(os.scandir(directory))
    for entry in entries:
        entry.stat()
    mapped = [mmap.mmap(-1, 4096), mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ)]
    os.unlink(path)
    os.unlink(path + "2")
    os.rmdir(directory)
    return [made, entries, mapped]


@recipe
def arrays_and_structs():
    arrays = [array.array(code, range(10)) for code in "bBhHiIlLqQfd"] + [array.array("i"), array.array("d", range(100000))]
    appended = array.array("i")
    for i in range(1000):
        appended.append(i)
    return [arrays, appended, struct.Struct("<IQ4s"), struct.Struct(b"i" * 100), struct.unpack("ii", bytes(8))]


@recipe
def regular_expressions():
    patterns = [re.compile("a+(?P<name>b*)|c{%d}" % i) for i in range(1, 60)] + [re.compile(b"bytes")]
    matches = [re.match("(a)(?P<n>b)(c)?", "abab"), re.search(b"x", b"yx")]
    scanner = patterns[0].scanner("aab")
    template = None
    if sys.version_info >= (3, 12):
        template = importlib.import_module("re")._compile_template(patterns[0], r"\g<name>x")
    return [patterns, matches, scanner, template, re.finditer("a", "aaa"), re.Scanner([("a", None)])]


@recipe
def dates_and_numbers():
    zone = datetime.timezone(datetime.timedelta(hours=3), "made zone")
    context = decimal.Context(prec=50)
    return [[datetime.datetime(2020, 1, 1, 1, i % 60, tzinfo=zone) for i in range(200)], [datetime.datetime(2020, 1, 1 + i) for i in range(28)],
            [datetime.date(2020, 1, 1 + i) for i in range(28)], [datetime.time(1, i) for i in range(50)], datetime.time(1, tzinfo=zone),
            [datetime.timedelta(days=i) for i in range(100)], zone, datetime.timezone.utc,
            [decimal.Decimal(i) / 7 for i in range(200)], decimal.Decimal(10) ** 500, context, decimal.localcontext(context),
            [fractions.Fraction(i, 7) for i in range(100)], random.Random(5), random.SystemRandom(), time.localtime(), time.gmtime(),
            time.get_clock_info("monotonic"), [uuid.uuid4() for _ in range(20)], datetime.datetime.now().isocalendar(),
            contextlib.ExitStack(), sys.float_info, sys.hash_info]


@recipe
def zones():
    zoneinfo = importlib.import_module("zoneinfo")
    made = [zoneinfo.ZoneInfo(key) for key in ("UTC", "Europe/Berlin", "America/New_York")]
    return made + [zoneinfo.ZoneInfo.no_cache("Asia/Tokyo"), [zone.utcoffset(datetime.datetime(2020, 6, 1)) for zone in made]]


class Colour(enum.Enum):
    RED = 1
    GREEN = "g"


class Flags(enum.Flag):
    A = 1
    B = 2


@recipe
def enums_and_dataclasses():
    dataclasses = importlib.import_module("dataclasses")
    made = dataclasses.make_dataclass("Made", [("x", int), ("y", list)])
    typing = importlib.import_module("typing")
    generics = [typing.List[int], typing.Optional[str], typing.TypeVar("T"), typing.Callable[[int], str], typing.NamedTuple("N", [("a", int)])]
    if sys.version_info >= (3, 9):
        generics += [list[int], dict[str, list[int]]]
    if sys.version_info >= (3, 10):
        generics += [int | str, typing.ParamSpec("P"), typing.ParamSpec("P").args, typing.ParamSpec("P").kwargs]
    if sys.version_info >= (3, 11):
        namespace = {}
        exec("Ts = __import__('typing').TypeVarTuple('Ts'); u = tuple[*Ts]; it = iter(list[int])", namespace)
        generics.append(namespace)
    if sys.version_info >= (3, 12):
        namespace = {}
        exec("type Alias[T] = list[T]\nclass G[T]:\n    def f[U: int](self, x: U) -> T: ...\n"
             "type Late = list[G]\nLate.__value__", namespace)
        generics.append(namespace)
    return [Colour.RED, Flags.A | Flags.B, [made(i, [i]) for i in range(50)], generics]


@recipe
def threads_and_queues():
    local = threading.local()
    local.value = [1]
    condition = threading.Condition()
    simple = queue.SimpleQueue()
    for i in range(20):
        simple.put([i])
    full = queue.Queue()
    for i in range(20):
        full.put([i])
    recursive = threading.RLock()
    recursive.acquire()
    timer = threading.Timer(1000, print)
    return [local, condition, simple, queue.SimpleQueue(), full, queue.PriorityQueue(), threading.Lock(), recursive, threading.Event(),
            threading.Semaphore(3), threading.Barrier(2), timer, threading.Thread(target=print, args=(1,))]


@recipe
def waiting_threads():
    gate = threading.Event()
    gate.others = []

    def wait(n):
        held = {"thread": n}
        gate.others.append(held)
        gate.wait()
        return held
    made = [threading.Thread(target=wait, args=(n,), daemon=True) for n in range(3)]
    for thread in made:
        thread.start()
    while len(gate.others) < 3 or len(gate._cond._waiters) < 3:
        time.sleep(0.001)
    return [gate, made]


@recipe
def context_variables():
    variable = contextvars.ContextVar("variable", default=[0])
    others = [contextvars.ContextVar("v%d" % i) for i in range(60)]
    tokens = [variable.set([1])] + [other.set([other.name]) for other in others]
    context = contextvars.copy_context()
    return [variable, others, tokens, context, contextvars.Context(), iter(context), context.keys(), context.items(), context.values(),
            iter(context.values())]


@recipe
def asyncio_all():
    loop = asyncio.new_event_loop()

    async def worker(n):
        held = [n]
        await asyncio.sleep(1000)
        return held

    async def main():
        event = asyncio.Event()
        tasks = [loop.create_task(worker(i)) for i in range(20)]
        tasks.append(loop.create_task(event.wait()))
        futures = [loop.create_future() for _ in range(20)]
        for future in futures[:5]:
            future.add_done_callback(print)
            future.add_done_callback(len)
        futures[6].set_result([1])
        futures[7].set_exception(ValueError(1))
        futures[7].exception()
        futures[8].cancel()
        gathered = asyncio.gather(*futures[10:15])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return [event, tasks, futures, gathered, asyncio.Lock(), asyncio.Queue(), loop.call_later(1000, print), iter(futures[0]),
                tasks[0].get_coro()]
    made = loop.run_until_complete(main())
    return [loop, made]


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double), ("name", ctypes.c_char_p), ("bits", ctypes.c_int, 3)]


class Either(ctypes.Union):
    _fields_ = [("integer", ctypes.c_int), ("real", ctypes.c_double)]


@recipe
def ctypes_all():
    point = Point(1, 2.0, b"name")
    big = (ctypes.c_char * 1000)()
    pointers = (ctypes.POINTER(Point) * 5)()
    pointers[0] = ctypes.pointer(point)
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x)
    return [point, Either(1), big, pointers, callback, ctypes.c_int(5), ctypes.c_char_p(b"kept"), ctypes.byref(point), ctypes.pointer(point),
            ctypes.py_object([1]), Point.x, (ctypes.c_int * 3)(1, 2, 3), ctypes.create_string_buffer(b"x" * 50), ctypes.CDLL(None).getpid,
            ctypes.cast(big, ctypes.c_void_p), [ctypes.c_long(i) for i in range(100)], ctypes.c_wchar_p("wide"),
            ctypes.BigEndianStructure]


@recipe
def pickles():
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream)
    pickler.dump([{"a": [i]} for i in range(50)])
    unpickler = pickle.Unpickler(io.BytesIO(stream.getvalue()))
    unpickler.load()
    return [pickler, unpickler, pickler.memo, unpickler.memo, pickle.PickleBuffer(b"x"), stream,
            pickle._Pickler(io.BytesIO()), pickle._Unpickler(io.BytesIO())]


@recipe
def compressors():
    compress = zlib.compressobj()
    compress.compress(b"x" * 1000)
    decompress = zlib.decompressobj()
    decompress.decompress(zlib.compress(b"y" * 100) + b"unused data")
    return [compress, decompress, zlib.compressobj(zdict=b"dictionary")]


@recipe
def compressors_bz2():
    bz2 = importlib.import_module("bz2")
    done = bz2.BZ2Decompressor()
    done.decompress(bz2.compress(b"x") + b"unused")
    return [bz2.BZ2Compressor(), bz2.BZ2Decompressor(), done]


@recipe
def compressors_lzma():
    lzma = importlib.import_module("lzma")
    done = lzma.LZMADecompressor()
    done.decompress(lzma.compress(b"x") + b"unused")
    return [lzma.LZMACompressor(), lzma.LZMADecompressor(), done]


@recipe
def compressors_zstd():
    if sys.version_info < (3, 14):
        return []
    zstd = importlib.import_module("compression.zstd")
    dictionary = zstd.ZstdDict(b"raw dictionary content", is_raw=True)
    return [zstd.ZstdCompressor(), zstd.ZstdDecompressor(), dictionary]


@recipe
def hashes():
    return [[hashlib.new(name) for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "blake2s", "sha3_256")],
            hashlib.shake_128(b"x"), hmac.new(b"k", b"m", "sha256")]


@recipe
def hashes_builtin():
    made = []
    for module, names in (("_md5", ["md5"]), ("_sha1", ["sha1"]), ("_sha256", ["sha224", "sha256"]), ("_sha512", ["sha384", "sha512"]),
                          ("_sha2", ["sha224", "sha256", "sha384", "sha512"]), ("_blake2", ["blake2b", "blake2s"]),
                          ("_sha3", ["sha3_224", "sha3_256", "sha3_384", "sha3_512", "shake_128", "shake_256"])):
        try:
            loaded = importlib.import_module(module)
        except ImportError:
            continue
        made += [getattr(loaded, name)() for name in names if hasattr(loaded, name)]
    hashlib_c = importlib.import_module("_hashlib")
    if hasattr(hashlib_c, "hmac_new"):
        made.append(hashlib_c.hmac_new(b"key", digestmod="sha256"))
    if hasattr(hashlib_c, "openssl_shake_128"):
        made.append(hashlib_c.openssl_shake_128())
    if sys.version_info >= (3, 14):
        made.append(importlib.import_module("_hmac").new(b"key", digestmod="sha256"))
    return made


@recipe
def csv_and_json():
    reader = csv.reader(["a,b,c", "1,2,3"])
    next(reader)
    writer = csv.writer(io.StringIO())
    writer.writerow(["x", 1])
    decoder = json.JSONDecoder()
    encoder = json.JSONEncoder(indent=None)
    scanner_c = importlib.import_module("json.scanner").c_make_scanner
    make_encoder = importlib.import_module("json.encoder").c_make_encoder
    made = [reader, writer, reader.dialect, csv.DictReader(["a,b"]), csv.Sniffer(), decoder, encoder, json.loads('{"a": [1, 2.5, null]}')]
    if scanner_c:
        made.append(scanner_c(decoder))
    if make_encoder:
        made.append(make_encoder({}, str, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True))
    return made


@recipe
def descriptors_and_sockets():
    epoll = select.epoll()
    poll = select.poll()
    left, right = socket.socketpair()
    epoll.register(left.fileno(), select.EPOLLIN)
    poll.register(left.fileno())
    poll.register(right.fileno())
    selector = selectors.DefaultSelector()
    selector.register(left, selectors.EVENT_READ, data=[1])
    listening = socket.socket(socket.AF_UNIX)
    return [epoll, poll, left, right, selector, listening, selectors.PollSelector(), selectors.SelectSelector(), left.makefile("rb")]


@recipe
def xml_trees():
    tree = importlib.import_module("xml.etree.ElementTree")
    expat = importlib.import_module("xml.parsers.expat")
    dom = importlib.import_module("xml.dom.minidom")
    root = tree.fromstring("<root a='1'><child>text</child>tail<child b='2'/></root>" * 1)
    for i in range(50):
        child = tree.SubElement(root, "made", {"n": str(i)})
        child.text = "text %d" % i
        child.tail = "tail"
        for _ in range(i % 8):
            tree.SubElement(child, "inner")
    bare = tree.Element("bare")
    iterator = root.iter()
    next(iterator), next(iterator)
    partly = tree.XMLParser()
    partly.feed("<a><b>open")
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: None
    parser.Parse("<a b='c'>", False)
    pull = tree.XMLPullParser(["start", "end"])
    pull.feed("<a><b/>")
    return [root, bare, iterator, root.itertext(), partly, parser, pull, tree.TreeBuilder(), tree.ElementTree(root),
            dom.parseString("<a><b c='d'>text</b></a>"), root.iterfind("child")]


@recipe
def databases():
    sqlite3 = importlib.import_module("sqlite3")

    class Adding:
        def __init__(self):
            self.total = 0

        def step(self, value):
            self.total += value

        def finalize(self):
            return self.total
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.create_function("double", 1, lambda x: 2 * x)
    connection.create_aggregate("adding", 1, Adding)
    connection.create_collation("reverse", lambda a, b: (a < b) - (a > b))
    connection.set_progress_handler(lambda: 0, 100000)
    connection.execute("create table t (a, b)")
    connection.executemany("insert into t values (?, ?)", [(i, "text %d" % i) for i in range(200)])
    cursor = connection.cursor()
    cursor.execute("select a, b from t")
    rows = cursor.fetchmany(20)
    made = [connection, cursor, rows]
    if sys.version_info >= (3, 11):
        connection.execute("create table blobs (data)")
        connection.execute("insert into blobs values (zeroblob(100))")
        made.append(connection.blobopen("blobs", "data", 1))
    return made


@recipe
def ssl_all():
    ssl = importlib.import_module("ssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped = context.wrap_bio(incoming, outgoing, server_hostname="example.org")
    with contextlib.suppress(ssl.SSLWantReadError):
        wrapped.do_handshake()
    default = ssl.create_default_context()
    return [context, incoming, outgoing, wrapped, default, default.sni_callback]


@recipe
def text_tools():
    template = string.Template("$a")
    return [unicodedata.ucd_3_2_0, template, string.Formatter(), list(string.Formatter().parse("{a!r:>{w}} x {b[0].c}")),
            iter(string.Formatter().parse("{a}")), importlib.import_module("_string").formatter_field_name_split("a.b[0]")[1],
            base64.b64encode(b"x" * 100), bisect.bisect_left, importlib.import_module("codecs").getincrementaldecoder("utf-8")(),
            importlib.import_module("codecs").getincrementalencoder("shift_jis")(),
            importlib.import_module("codecs").getincrementaldecoder("gb18030")(),
            importlib.import_module("codecs").getreader("euc_jp")(io.BytesIO(b"x")),
            importlib.import_module("codecs").getwriter("big5")(io.BytesIO()),
            importlib.import_module("codecs").lookup("shift_jis"),
            importlib.import_module("_codecs_jp").getcodec("shift_jis"), str.maketrans("abc", "xyz"),
            importlib.import_module("codecs").charmap_build("".join(map(chr, range(256))))]


@recipe
def interpreter_parts():
    ast = importlib.import_module("ast")
    symtable = importlib.import_module("symtable")
    tree = ast.parse("def f(a, *b, c=1):\n    return [x for x in a if x > 1]\nclass C(object):\n    y: int = 2\n")
    table = importlib.import_module("_symtable").symtable("def f(a):\n  return a\n", "made", "exec")
    tokens = importlib.import_module("tokenize").generate_tokens(io.StringIO("a = 1 + 2\n").readline)
    next(tokens)
    inspect = importlib.import_module("inspect")
    return [tree, table, tokens, symtable, inspect.signature(print), inspect.signature(_raise),
            importlib.import_module("dis").Bytecode(_raise), sys.flags, sys.version_info, sys.thread_info,
            sys.implementation, importlib.import_module("importlib.machinery").ModuleSpec("x", None),
            importlib.import_module("_lsprof").Profiler(), gc.callbacks, sys.get_asyncgen_hooks(), os.times(), os.uname(),
            importlib.import_module("resource").getrusage(0), importlib.import_module("pwd").getpwuid(0),
            importlib.import_module("grp").getgrgid(0), os.sched_param(0), sys.exc_info()]


@recipe
def version_parts():
    made = []
    if sys.version_info >= (3, 10):
        made.append(_raise.__code__.co_lines())
    if sys.version_info >= (3, 11):
        made.append(_raise.__code__.co_positions())
        made.append(importlib.import_module("_typing") and importlib.import_module("typing").Any)
    if sys.version_info >= (3, 12):
        made.append(memoryview(type("Buffer", (), {"__buffer__": lambda self, flags: memoryview(b"made")})()))
    if sys.version_info >= (3, 13):
        def outer():
            inside = 1
            return sys._getframe(), inside
        frame = outer()[0]
        made += [frame, frame.f_locals, importlib.import_module("types").CapsuleType and
                 importlib.import_module("datetime").datetime_CAPI]
    if sys.version_info >= (3, 14):
        namespace = {}
        exec("x = 5\nt = t'a {x} b {x!r:>5}'\nit = iter(t)\ndef f(a: Undefined): ...\n", namespace)
        made += [namespace, importlib.import_module("annotationlib").ForwardRef("x")]
    return made


@recipe
def capsules_and_managers():
    return [importlib.import_module("_socket").CAPI, importlib.import_module("unicodedata").__dict__.get("_ucnhash_CAPI"),
            contextlib.suppress(ValueError), contextlib.redirect_stdout(io.StringIO()), importlib.import_module("warnings").catch_warnings(),
            importlib.import_module("subprocess").Popen.__init__, importlib.import_module("logging").getLogger("made"),
            importlib.import_module("argparse").ArgumentParser(), importlib.import_module("configparser").ConfigParser(),
            importlib.import_module("email.message").Message(), importlib.import_module("http.cookies").SimpleCookie("a=b"),
            importlib.import_module("pathlib").Path("/a/b").parent, importlib.import_module("types").DynamicClassAttribute(len),
            importlib.import_module("ipaddress").ip_network("10.0.0.0/30"), importlib.import_module("urllib.parse").urlsplit("a://b/c"),
            importlib.import_module("multiprocessing").Lock(), importlib.import_module("curses") and None]


@recipe
def metaclass_tricks():
    """Types whose names, modules and attributes lie."""
    liar = type("dict", (), {"__module__": "builtins"})
    deque = type("deque", (), {"__module__": "collections"})
    return [[liar() for _ in range(5)], [deque() for _ in range(5)], type("With Space", (), {})(), type("Ünï", (), {})()]


# --- the standard library ------------------------------------------------------------------------------------------

# Importing these prints, opens a browser or a display, needs a terminal or is a test.
UNSUITABLE = {"antigravity", "this", "idlelib", "test", "tests", "turtle", "turtledemo", "tkinter", "lib2to3", "__main__", "ensurepip", "venv",
              "__phello__", "__hello__", "_bootlocale", "msilib", "winreg", "winsound", "msvcrt", "nt", "ntpath_", "crypt_", "pip", "setuptools",
              "_testcapi", "_testbuffer", "_testimportmultiple", "_testinternalcapi", "_testmultiphase", "_testclinic", "_testexternalinspection",
              "_testlimitedcapi", "_testsinglephase", "_testclinic_limited", "_ctypes_test", "xxlimited", "xxlimited_35", "xxsubtype", "sitecustomize",
              "usercustomize", "pyrepl", "_pyrepl", "rlcompleter", "site-packages", "dist-packages", "apt_pkg"}


def import_standard_library():
    names = set(sys.builtin_module_names)
    folders = [os.path.dirname(os.__file__)]
    folders += [path for path in sys.path if path.endswith("lib-dynload")]
    for module in pkgutil.iter_modules(folders):
        names.add(module.name)
    loaded = []
    for name in sorted(names - UNSUITABLE):
        if name.startswith("_test") or name.startswith("xx"):
            continue
        try:
            loaded.append(importlib.import_module(name))
        except BaseException as error:  # a module of another platform, or one that wants a display
            truth.SKIPPED.append("import %s: %s" % (name, type(error).__name__))
    for name in ("xml.sax", "email.mime.text", "concurrent.futures", "multiprocessing.pool", "logging.handlers", "urllib.request", "http.server",
                 "unittest.mock", "importlib.metadata", "xml.etree.ElementTree", "json.tool", "asyncio.subprocess", "wsgiref.simple_server"):
        try:
            loaded.append(importlib.import_module(name))
        except BaseException as error:
            truth.SKIPPED.append("import %s: %s" % (name, type(error).__name__))
    return loaded


def build(scale):
    made = []
    for function in RECIPES:
        try:
            made.append(function())
        except Exception as error:
            truth.SKIPPED.append("%s: %s: %s" % (function.__name__, type(error).__name__, error))
    bulk = [(i, "bulk %d" % i, [i], {"id": i, "next": None}, Plain(i), float(i)) for i in range(8000 * scale)]
    for left, right in zip(bulk, bulk[1:]):
        left[3]["next"] = right
    return made, bulk


def main():
    scale = int(truth.arguments()[3][0]) if truth.arguments()[3] else 1
    import warnings
    warnings.simplefilter("ignore")
    modules = import_standard_library()
    heap = build(scale)
    warnings.resetwarnings()
    truth.serve(keep=(modules, heap))


if __name__ == "__main__":
    main()
