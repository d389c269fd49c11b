# SPDX-License-Identifier: Apache-2.0
"""Marker objects in every kind of place that can hold one. Each has one holder; the ready line tells them as JSON.

    name        what the place is called
    id          the marker's address
    module, expression   what reaches it in Python, where Python can say it
    roots       the kinds of root that its path may begin at
    steps       [kind, name] of steps that its path must have; null stands for any
    thread      [native id, ident] of the thread that the root belongs to
    function    whose frame it is
"""
import asyncio
import atexit
import builtins
import codecs
import collections
import contextvars
import functools
import itertools
import json
import os
import queue
import signal
import sys
import threading
import types
import weakref

import edges
import truth

PLACES = []


class Marker:
    def method(self):
        return self


def plant(name, expression=None, *, cls=Marker, module="__main__", roots=("module",), steps=(), thread=None, function=None):
    """A new marker; only its address is noted here."""
    marker = cls()
    if expression and module == "__main__":
        expression = "__main__." + expression
    PLACES.append({"name": name, "id": id(marker), "module": module, "expression": expression, "roots": list(roots),
                   "steps": [list(step) for step in steps], "thread": thread, "function": function})
    return marker


# --- globals and containers ------------------------------------------------------------------------------------------

GLOBAL = plant("global", "GLOBAL")
NESTED = {"list": [0, ({"deep": plant("nested containers", "NESTED['list'][1][0]['deep']", steps=[("value", "'deep'")])},)]}
LIST = [None] * 1204 + [plant("item of a list", "LIST[1204]", steps=[("index", "1204")])]
TUPLE = (1, plant("item of a tuple", "TUPLE[1]", steps=[("index", "1")]))
BY_NUMBER = {5: plant("value of a number", "BY_NUMBER[5]", steps=[("value", "5")])}
BY_TUPLE = {(1, "two"): plant("value of a tuple", "BY_TUPLE[(1, 'two')]")}
BY_OTHER_TEXT = {"é'\n\"": plant("value of an odd string", "BY_OTHER_TEXT['é\\'\\n\"']")}
DEQUE = collections.deque([1, 2, 3, plant("deque", "DEQUE[3]", steps=[("index", "3")])])
ORDERED = collections.OrderedDict(first=1, second=plant("OrderedDict", "ORDERED['second']"))
DEFAULT = collections.defaultdict(list, key=plant("defaultdict", "DEFAULT['key']"))
CHAINED = collections.ChainMap({}, {"key": plant("ChainMap", "CHAINED.maps[1]['key']")})
SET = {1, plant("item of a set", steps=[("item", None)])}
FROZEN = frozenset({plant("item of a frozenset", steps=[("item", None)])})
KEYED = {plant("key of a dict", steps=[("key", None)]): 1}
PROXY = types.MappingProxyType({"key": plant("mappingproxy", "PROXY['key']")})
SLICE = slice(None, plant("slice", "SLICE.stop", steps=[("field", "stop")]))
QUEUE = queue.Queue()
QUEUE.put(plant("queue.Queue", "QUEUE.queue[0]"))
SIMPLE_QUEUE = queue.SimpleQueue()
SIMPLE_QUEUE.put(plant("SimpleQueue"))
WEAK_VALUES = weakref.WeakValueDictionary()
STRONG = [plant("weak-valued dict", "STRONG[0]")]
WEAK_VALUES["key"] = STRONG[0]
WEAK_KEYS = weakref.WeakKeyDictionary()
WEAK_KEYS[STRONG[0]] = plant("value of a weak-keyed dict", steps=[("value", None)])
CYCLE = itertools.cycle([plant("itertools.cycle")])
NAMESPACE = types.SimpleNamespace(inside=plant("SimpleNamespace", "NAMESPACE.inside", steps=[("attribute", "inside")]))


# --- instances and classes -------------------------------------------------------------------------------------------

class Holder:
    class_attribute = plant("class attribute", "Holder.class_attribute", steps=[("attribute", "class_attribute")])

    @property
    def computed(self, default=plant("default argument of a property", "Holder.computed.fget.__defaults__[0]")):
        return default

    @classmethod
    def of_class(cls, default=plant("default argument of a classmethod", "Holder.of_class.__func__.__defaults__[0]")):
        return default

    @staticmethod
    def of_none(default=plant("default argument of a staticmethod", "Holder.of_none.__defaults__[0]")):
        return default


class Below(Holder):
    class Inner:
        deep = plant("attribute of a nested class", "Below.Inner.deep")


class Slotted:
    __slots__ = ("first", "second")


class SlottedBelow(Slotted):
    __slots__ = ("third",)


class Meta(type):
    pass


class Made(metaclass=Meta):
    pass


class WithSelf(dict):
    pass


class Numbered(int):
    pass


Meta.of_metaclass = plant("attribute of a metaclass", "Meta.of_metaclass")
INSTANCE = Holder()
INSTANCE.attribute = plant("attribute", "INSTANCE.attribute", steps=[("attribute", "attribute")])
SEEN_DICT = Holder()
SEEN_DICT.__dict__["attribute"] = plant("attribute in a dict that has been asked for", "SEEN_DICT.attribute")
MANY = Holder()
for _number in range(50):
    setattr(MANY, "attribute_%d" % _number, _number)
MANY.last = plant("attribute of a large instance", "MANY.last")
SLOTTED = Slotted()
SLOTTED.second = plant("slot", "SLOTTED.second", steps=[("slot", "second")])
SLOTTED_BELOW = SlottedBelow()
SLOTTED_BELOW.first = plant("slot of a base", "SLOTTED_BELOW.first", steps=[("slot", "first")])
SLOTTED_BELOW.third = plant("slot beside a base's", "SLOTTED_BELOW.third", steps=[("slot", "third")])
SUBCLASS = WithSelf(key=plant("value of a dict's subclass", "SUBCLASS['key']"))
SUBCLASS.attribute = plant("attribute of a dict's subclass", "SUBCLASS.attribute")
NUMBERED = Numbered(5)
NUMBERED.attribute = plant("attribute of an int's subclass", "NUMBERED.attribute")


# --- functions -------------------------------------------------------------------------------------------------------

def _closing():
    captured = plant("closure", "CLOSURE.__closure__[0].cell_contents", steps=[("cell", "captured")])
    return lambda: captured


def with_default(first=None, second=plant("default argument", "with_default.__defaults__[1]")):
    return first, second


def with_keyword(*, keyword=plant("default of a keyword", "with_keyword.__kwdefaults__['keyword']")):
    return keyword


def with_attribute():
    return None


CLOSURE = _closing()
with_attribute.kept = plant("attribute of a function", "with_attribute.kept")
CALLBACKS = [None, plant("bound method in a list", "CALLBACKS[1].__self__", steps=[("field", "__self__")]).method]
BUILTIN_CALLBACKS = [[plant("bound builtin method", "BUILTIN_CALLBACKS[0].__self__[0]")].append]
PARTIAL = functools.partial(print, plant("argument of a partial", "PARTIAL.args[0]"),
                            file=plant("keyword of a partial", "PARTIAL.keywords['file']"))


class Service(Marker):
    @functools.lru_cache(maxsize=None)
    def answer(self, n):
        return n

    @functools.lru_cache(maxsize=100)
    def bounded(self, n):
        return n


plant("lru_cache on a method", cls=Service, steps=[(None, "answer")]).answer(1)
plant("bounded lru_cache on a method", cls=Service, steps=[(None, "bounded")]).bounded(1)


# --- suspended frames ------------------------------------------------------------------------------------------------

def _generator():
    held_by_generator = plant("local of a suspended generator", "GENERATOR.gi_frame.f_locals['held_by_generator']",
                              steps=[("local", "held_by_generator")])
    yield 1
    return held_by_generator


def _generator_in_generator():
    yield from _inner_generator()


def _inner_generator():
    held_inside = plant("local of a generator that another awaits", "DELEGATING.gi_yieldfrom.gi_frame.f_locals['held_inside']",
                        steps=[("local", "held_inside")])
    yield 1
    return held_inside


@types.coroutine
def _pause():
    yield


async def _coroutine():
    held_by_coroutine = plant("local of a suspended coroutine", "COROUTINE.cr_frame.f_locals['held_by_coroutine']",
                              steps=[("local", "held_by_coroutine")])
    await _pause()
    return held_by_coroutine


async def _async_generator():
    held_by_async = plant("local of a suspended async generator", "ASYNC_GENERATOR.ag_frame.f_locals['held_by_async']",
                          steps=[("local", "held_by_async")])
    await _pause()
    yield held_by_async


async def _worker():
    held_by_task = plant("local of a task's coroutine", "TASKS[0].get_coro().cr_frame.f_locals['held_by_task']",
                         steps=[("local", "held_by_task")])
    await asyncio.sleep(100000)
    return held_by_task


async def _forgotten():
    held_by_forgotten = plant("local of a task that only its loop knows", steps=[("local", "held_by_forgotten")])
    await asyncio.sleep(100000)
    return held_by_forgotten


async def _start_tasks():
    asyncio.get_running_loop().create_task(_forgotten())
    tasks = [asyncio.get_running_loop().create_task(_worker())]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


GENERATOR = _generator()
next(GENERATOR)
DELEGATING = _generator_in_generator()
next(DELEGATING)
COROUTINE = _coroutine()
COROUTINE.send(None)
ASYNC_GENERATOR = _async_generator()
STEP = ASYNC_GENERATOR.__anext__()
STEP.send(None)
LOOP = asyncio.new_event_loop()
TASKS = LOOP.run_until_complete(_start_tasks())


# --- exceptions ------------------------------------------------------------------------------------------------------

def _fail():
    lost = plant("exception chain, traceback, local of a frame",
                 "ERROR.__context__.__traceback__.tb_next.tb_frame.f_locals['lost']", steps=[("local", "lost")])
    raise ValueError(len([lost]))


def _fail_twice():
    try:
        try:
            _fail()
        except ValueError:
            raise KeyError("second")
    except KeyError as error:
        return error


ERROR = _fail_twice()
CAUSED = KeyError("caused")
CAUSED.__cause__ = ValueError(plant("argument of an exception's cause", "CAUSED.__cause__.args[0]"))


# --- modules and the interpreter -------------------------------------------------------------------------------------

def _package():
    """A package with a module in it, as an import leaves them."""
    shop, stock = types.ModuleType("shop"), types.ModuleType("shop.stock")
    shop.__path__ = []
    shop.stock = stock
    sys.modules.update({"shop": shop, "shop.stock": stock})
    stock.HELD = plant("attribute of a module in a package", "shop.stock.HELD", module="shop.stock")
    stock.CACHE = {"k": [plant("container in a module of a package", "shop.stock.CACHE['k'][0]", module="shop.stock")]}


def _search(name, held=plant("codec search function", roots=("codecs", "interpreter"))):
    return None


def _on_signal(number, frame, held=plant("signal handler", roots=("static", "interpreter", "native", "module"))):
    return held


def _at_exit(held):
    return held


def _excepthook(*arguments, held=plant("sys.excepthook", "sys.excepthook.__kwdefaults__['held']", module="sys",
                                       roots=("module", "builtins", "interpreter"))):
    return held


def _firstiter(generator, held=plant("hook of async generators", roots=("async", "thread"))):
    return held


def _before_fork(held=plant("function before a fork", roots=("interpreter",))):
    return held


json.decoder.PLANTED = plant("attribute of a foreign module", "json.decoder.PLANTED", module="json.decoder")
builtins.planted = plant("attribute of builtins", "builtins.planted", module="builtins", roots=("module", "builtins"))
sys.planted = plant("attribute of sys", "sys.planted", module="sys", roots=("module", "interpreter", "builtins"))
_package()
codecs.register(_search)
atexit.register(_at_exit, plant("argument of an atexit function", roots=("atexit", "interpreter")))
signal.signal(signal.SIGUSR2, _on_signal)
sys.excepthook = _excepthook
sys.set_asyncgen_hooks(firstiter=_firstiter)
os.register_at_fork(before=_before_fork)
VARIABLE = contextvars.ContextVar("VARIABLE")
VARIABLE.set(plant("context variable", roots=("context", "thread", "module")))
WITH_DEFAULT = contextvars.ContextVar("WITH_DEFAULT", default=plant("default of a context variable"))
CONTEXT = contextvars.Context()
CONTEXT.run(lambda: WITH_DEFAULT.set(plant("value in a copied context", "CONTEXT[__main__.WITH_DEFAULT]")))
LOCAL = threading.local()
LOCAL.marker = plant("thread local", roots=("thread", "module"), steps=[(None, "marker")])
REFERENCES = [weakref.ref(Holder, functools.partial(print, plant("callback of a weak reference", "REFERENCES[0].__callback__.args[0]")))]
# Functions that are handed over are reached by that, not by their own names.
del _search, _on_signal, _excepthook, _firstiter, _before_fork, _at_exit


# --- running frames --------------------------------------------------------------------------------------------------

def _thread():
    return [threading.get_native_id(), threading.get_ident()]


GATE = threading.Event()
ARRIVED = queue.Queue()


def waiting():
    held_by_thread = plant("local of another thread's frame", roots=("frame",), steps=[("local", "held_by_thread")],
                           thread=_thread(), function="waiting")
    LOCAL.other = plant("thread local of another thread", roots=("thread", "module"), steps=[(None, "other")])
    VARIABLE.set(plant("context variable of another thread", roots=("context", "thread", "module")))
    ARRIVED.put(1)
    GATE.wait()
    return held_by_thread


def building(kind):
    """A C function makes a container out of a generator; what is in it already, nothing else knows."""
    def items():
        for i in range(20):
            yield plant("in a %s that is being built" % kind.__name__, roots=("stack", "frame"), thread=_thread()) if i == 15 else i
        ARRIVED.put(1)
        GATE.wait()
        yield None
    return kind(items())


def extending():
    """The same by the interpreter itself: a list on the value stack of a frame."""
    def items():
        yield plant("in a list display that is being built", roots=("frame", "stack"), thread=_thread())
        ARRIVED.put(1)
        GATE.wait()
        yield None
    return [*items()]


def _start_threads():
    made = [threading.Thread(target=waiting, daemon=True, name="waiting"), threading.Thread(target=extending, daemon=True)]
    made += [threading.Thread(target=building, args=(kind,), daemon=True) for kind in (tuple, list, set, sorted)]
    for thread in made:
        thread.start()
    for _ in made:
        ARRIVED.get()


def _cell():
    in_a_cell = plant("cell of a running frame", roots=("frame",), steps=[(None, "in_a_cell")], function="_cell")

    def inside():
        return in_a_cell
    return running(), inside


def running():
    held_by_frame = plant("local of a running frame", roots=("frame",), steps=[("local", "held_by_frame")], thread=_thread(), function="running")
    return [plant("temporary of a running frame", roots=("frame",), steps=[("stack", None)], function="running"),
            truth.serve(actions=edges.ACTIONS, ready="ready " + json.dumps(PLACES))]


def main():
    if len(truth.arguments()[3]) == 0:
        _start_threads()
    _cell()


if __name__ == "__main__":
    main()
