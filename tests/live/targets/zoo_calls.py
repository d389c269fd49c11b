# SPDX-License-Identifier: Apache-2.0
"""Recipes: functions, generators, coroutines, exceptions, frames, iterators."""
import array
import collections
import csv
import decimal
import itertools
import os
import re
import struct
import sys
import types

from recipes import recipe
from zoo_classes import Plain, Slots


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
