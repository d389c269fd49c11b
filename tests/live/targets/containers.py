# SPDX-License-Identifier: Apache-2.0
"""Containers of all kinds, each of which holds what nothing else holds. The ready line tells {name: id} as JSON.

    d   deletes the next container, and collects; its name comes back

What the interpreter itself allocates for that is allocated once before, for practice.
"""
import array
import asyncio
import collections
import contextvars
import ctypes
import datetime
import decimal
import fractions
import functools
import gc
import io
import itertools
import json
import pickle
import queue
import threading
import types
import weakref
import xml.etree.ElementTree

import edges
import truth

N = 2000
HELD = {}
MAKERS = []


def container(function):
    MAKERS.append(function)
    return function


class Plain:
    def __init__(self, i):
        self.number = i + 100000
        self.name = "name %d" % i

    def method(self):
        return self


class Slots:
    __slots__ = ("value", "next", "previous", "__weakref__")

    def __init__(self, value=None):
        self.value = value


def number(i):
    return 1000000 + i


def text(i):
    return "text %d" % i


# --- builtins --------------------------------------------------------------------------------------------------------

@container
def list_of_ints():
    return [number(i) for i in range(N)]


@container
def list_of_lists():
    return [[number(i)] * 3 for i in range(N)]


@container
def tuple_of_strings():
    return tuple([text(i) for i in range(N)])


@container
def nested_tuples():
    return tuple((number(i), (text(i), i / 7)) for i in range(N))


@container
def dict_of_strings():
    return {text(i): text(-i) for i in range(N)}


@container
def dict_of_dicts():
    return {number(i): {"id": number(-i), "tags": [text(i)]} for i in range(N)}


@container
def dict_by_tuple():
    return {(number(i), text(i)): None for i in range(N)}


@container
def set_of_strings():
    return {text(i) for i in range(N)}


@container
def frozenset_of_tuples():
    return frozenset((number(i), i / 3) for i in range(N))


@container
def bytes_and_bytearrays():
    return [[b"%d" % i, bytearray(b"x" * (i % 700))] for i in range(N)]


@container
def large_blocks():
    return [bytes(100000), bytearray(200000), "x" * 300000, [0] * 50000, array.array("d", bytes(80000))]


@container
def memoryviews():
    return [memoryview(bytearray(50 + i % 600)) for i in range(N)]


@container
def slices_and_ranges():
    return [(slice(number(i), text(i)), range(number(i), number(2 * i + 5))) for i in range(N)]


@container
def numbers():
    return [(i / 7, complex(i, 1), 10 ** (50 + i % 300)) for i in range(N)]


# --- collections -----------------------------------------------------------------------------------------------------

@container
def deque():
    return collections.deque([number(i)] for i in range(N))


@container
def ordered_dict():
    return collections.OrderedDict((text(i), [i]) for i in range(N))


@container
def default_dict():
    made = collections.defaultdict(list)
    for i in range(N):
        made[number(i)].append(text(i))
    return made


@container
def counter():
    return collections.Counter({text(i): number(i) for i in range(N)})


@container
def chain_map():
    return collections.ChainMap({text(i): [i] for i in range(N)}, {i: text(i) for i in range(N)})


@container
def user_dict():
    return collections.UserDict({text(i): [i] for i in range(N)})


@container
def named_tuples():
    point = collections.namedtuple("Point", "x y")
    return [point(number(i), text(i)) for i in range(N)]


# --- instances, classes, functions -----------------------------------------------------------------------------------

@container
def instances():
    return [Plain(i) for i in range(N)]


@container
def instances_with_dict():
    made = [Plain(i) for i in range(N)]
    for instance in made:
        instance.__dict__["extra"] = [instance.number]
    return made


@container
def one_large_instance():
    made = Plain(0)
    # Not by setattr(): the interpreter's cache of attributes would keep some of the names.
    made.__dict__.update({"attribute_%d" % i: [i] for i in range(N)})
    return made


@container
def linked_list():
    head = None
    for i in range(N):
        node = Slots(number(i))
        node.next, head = head, node
    return head


@container
def doubly_linked_list():
    head = Slots(number(0))
    last = head
    for i in range(N):
        node = Slots(text(i))
        last.next, node.previous, last = node, last, node
    return head


@container
def binary_tree():
    def tree(depth):
        return [depth / 7, tree(depth - 1), tree(depth - 1)] if depth else [text(depth)]
    return tree(10)


@container
def shared_and_crossed():
    rows = [[number(i)] for i in range(N)]
    return {"by number": {number(-i): row for i, row in enumerate(rows)}, "rows": rows, "backwards": rows[::-1]}


@container
def cyclic():
    made = [[number(i)] for i in range(N)]
    for left, right in zip(made, made[1:] + made[:1]):
        left.append(right)
    return made[0]


@container
def a_class():
    return type("Generated", (Plain,), {text(i): [i] for i in range(N)})


@container
def closures():
    def closing(i):
        captured = [number(i)]
        return lambda: captured
    return [closing(i) for i in range(N)]


@container
def functions():
    namespace = {}
    exec("".join("def f%d(a=[%d]):\n    return a, 'const %d'\n" % (i, number(i), i) for i in range(N // 4)), namespace)
    return namespace


@container
def bound_methods():
    return [Plain(i).method for i in range(N)]


@container
def partials():
    return [functools.partial(print, [i], end=text(i)) for i in range(N)]


@container
def cached_function():
    @functools.lru_cache(maxsize=None)
    def cached(x):
        return [x]
    for i in range(N):
        cached(text(i))
    return cached


@container
def bounded_cached_function():
    @functools.lru_cache(maxsize=N)
    def cached(x, y):
        return (x, y)
    for i in range(N + 100):
        cached(text(i), number(i))
    return cached


# --- frames ----------------------------------------------------------------------------------------------------------

def _generator(i):
    held = [number(i)]
    yield held


@container
def generators():
    made = [_generator(i) for i in range(N)]
    for generator in made:
        next(generator)
    return made


@container
def fresh_generators():
    return [_generator(number(i)) for i in range(N)]


@types.coroutine
def _pause():
    yield


async def _coroutine(i):
    held = {text(i): [number(i)]}
    await _pause()
    return held


@container
def coroutines():
    made = [_coroutine(i) for i in range(N)]
    for coroutine in made:
        coroutine.send(None)
    return made


@container
def futures():
    loop = asyncio.new_event_loop()
    made = [loop.create_future() for _ in range(N)]
    for i, future in enumerate(made):
        future.set_result([number(i)])
    loop.close()
    return made


def _raise(i):
    local = [number(i)]
    raise ValueError(text(i), len(local))


@container
def exceptions():
    made = []
    for i in range(N):
        try:
            _raise(i)
        except ValueError as error:
            made.append(error)
    return made


# --- the library -----------------------------------------------------------------------------------------------------

@container
def queues():
    made = [queue.Queue(), queue.SimpleQueue(), queue.PriorityQueue()]
    for i in range(N):
        for one in made:
            one.put((number(i), text(i)))
    return made


@container
def iterators():
    return [itertools.chain(iter([number(i)]), itertools.cycle([text(i)]), zip([i / 7], map(str, [number(-i)]))) for i in range(N)]


@container
def tee():
    made = itertools.tee(iter([[number(i)] for i in range(N)]), 2)
    for _ in range(N // 2):
        next(made[0])
    return made


@container
def weak_keys():
    made = weakref.WeakKeyDictionary()
    made.kept = [Slots(number(i)) for i in range(N)]
    for node in made.kept:
        made[node] = [node.value]
    return made


@container
def weak_values():
    made = weakref.WeakValueDictionary()
    made.kept = [Slots(number(i)) for i in range(N)]
    for node in made.kept:
        made[text(node.value)] = node
    return made


@container
def context():
    made = contextvars.Context()
    variables = [contextvars.ContextVar(text(i)) for i in range(N)]
    for variable in variables:
        made.run(variable.set, [variable.name])
    return made


@container
def module():
    made = types.ModuleType("made")
    made.__dict__.update({text(i): [i] for i in range(N)})
    return made


@container
def namespaces():
    return [types.SimpleNamespace(a=number(i), b=[i]) for i in range(N)]


@container
def thread_local():
    made = threading.local()
    made.values = [[number(i)] for i in range(N)]
    return made


@container
def elements():
    root = xml.etree.ElementTree.Element("root")
    for i in range(N):
        child = xml.etree.ElementTree.SubElement(root, "child", {"n": text(i)})
        child.text = text(-i)
    return root


@container
def dates():
    zone = datetime.timezone(datetime.timedelta(hours=3), text(3))
    return [(datetime.datetime(2020, 1, 1 + i % 28, tzinfo=zone), datetime.timedelta(days=i)) for i in range(N)]


@container
def decimals():
    return [(decimal.Decimal(number(i)) / 7, decimal.Decimal(10) ** (i % 50), fractions.Fraction(number(i), 7)) for i in range(N)]


@container
def buffers():
    made = []
    for i in range(N):
        made += [io.BytesIO(b"x" * (i % 500)), io.StringIO(text(i))]
    return made


@container
def pickler():
    made = pickle.Pickler(io.BytesIO())
    made.dump([[number(i)] for i in range(N)])
    return made


class Record(ctypes.Structure):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p)]


@container
def ctypes_structures():
    return [Record(i, b"name %d" % i) for i in range(N)]


def build():
    for make in MAKERS:
        HELD[make.__name__] = make()
    return {make.__name__: id(HELD[make.__name__]) for make in MAKERS}


def delete_next(names):
    try:
        name = names.pop()
        del HELD[name]
        gc.collect()
        return name
    except IndexError:
        return "none"


def main():
    HELD["practice"] = []
    told = build()
    names = list(told)[::-1] + ["practice"]
    delete_next(names)
    truth.serve(actions={b"d": lambda: delete_next(names), **edges.ACTIONS}, ready="ready " + json.dumps(told))


if __name__ == "__main__":
    main()
