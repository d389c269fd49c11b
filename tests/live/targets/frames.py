# SPDX-License-Identifier: Apache-2.0
"""Calls of every shape, running and suspended, held still; on demand a child tells what Python itself says about them.

Worker threads block in C calls below nested functions; generators, coroutines and asynchronous generators wait in every state;
frames have outlived their calls. The truth comes from a forked child (see truth.py), so that asking changes nothing.
"""
import asyncio
import ctypes
import gc
import inspect
import json
import os
import sys
import threading
import types

import truth

GENERATORS = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
PREFIXES = {types.GeneratorType: "gi_", types.CoroutineType: "cr_", types.AsyncGeneratorType: "ag_"}
OPTIMIZED = 1


class Value:
    """Something to refer to."""


def never():
    reader, _ = os.pipe()
    return reader


# --- running calls -----------------------------------------------------------------------------------------------------

def innermost(arrived, fd):
    own = Value()
    arrived.append(own)
    return (Value(),
            os.read(fd, 1),
            Value())


def with_closure(arrived, fd):
    kept, shared = Value(), Value()

    def inner(parameter, *rest, word=None, **words):
        nonlocal shared
        table = {"kept": kept, "parameter": parameter}
        shared = Value()
        unbound = 1
        del unbound
        return [table,
                innermost(arrived,
                          fd), shared]
    return inner(Value(), Value(), word=Value(), more=Value())


def from_c(arrived, fd):
    numbers = [2, 1]
    return sorted(numbers,
                  key=lambda number: with_closure(arrived, fd) if number == 1 else number)


def in_with(arrived, fd):
    lock = threading.Lock()
    lock.acquire()
    arrived.append(lock)
    try:
        raise KeyError("handled")
    except KeyError as error:
        kept = error
        with lock:
            return kept


def running_generator(arrived, fd):
    mine = Value()
    for value in (mine, mine):
        got = yield value
        if got is None:
            from_c(arrived, fd)


def drive_generator(arrived, fd):
    for value in running_generator(arrived, fd):
        last = value


async def running_coroutine(arrived, fd):
    mine = Value()
    await nested_coroutine(arrived, fd, mine)


async def nested_coroutine(arrived, fd, parameter):
    with_closure(arrived, fd)


def drive_loop(arrived, fd):
    asyncio.run(running_coroutine(arrived, fd))


def comprehension(arrived, fd):
    outer = Value()
    return [(outer, innermost(arrived, fd)) for _ in range(1)]


def in_exec(arrived, fd):
    text = "def run(arrived, fd):\n    own = [arrived]\n    return work(arrived,\n        fd)\nrun(arrived, fd)\n"
    exec(compile(text, "<made up>", "exec"), {"work": innermost, "arrived": arrived, "fd": fd})


class WithMethod:
    def run(self, arrived, fd):
        class Local:
            attribute = Value()
            result = innermost(arrived, fd)
        return Local


def long_function(arrived, fd):
    """More than 127 lines between two calls, and jumps back."""
    total = 0
    for i in range(3):
        if i == 2:
            innermost(arrived, fd)
        elif i == 1:
            total += 1
        else:
            total += 0
            total += 1
            total += 2
            total += 3
            total += 4
            total += 5
            total += 6
            total += 7
            total += 8
            total += 9
            total += 10
            total += 11
            total += 12
            total += 13
            total += 14
            total += 15
            total += 16
            total += 17
            total += 18
            total += 19
            total += 20
            total += 21
            total += 22
            total += 23
            total += 24
            total += 25
            total += 26
            total += 27
            total += 28
            total += 29
            total += 30
            total += 31
            total += 32
            total += 33
            total += 34
            total += 35
            total += 36
            total += 37
            total += 38
            total += 39
            total += 40
            total += 41
            total += 42
            total += 43
            total += 44
            total += 45
            total += 46
            total += 47
            total += 48
            total += 49
            total += 50
            total += 51
            total += 52
            total += 53
            total += 54
            total += 55
            total += 56
            total += 57
            total += 58
            total += 59
            total += 60
            total += 61
            total += 62
            total += 63
            total += 64
            total += 65
            total += 66
            total += 67
            total += 68
            total += 69
            total += 70
            total += 71
            total += 72
            total += 73
            total += 74
            total += 75
            total += 76
            total += 77
            total += 78
            total += 79
            total += 80
            total += 81
            total += 82
            total += 83
            total += 84
            total += 85
            total += 86
            total += 87
            total += 88
            total += 89
            total += 90
            total += 91
            total += 92
            total += 93
            total += 94
            total += 95
            total += 96
            total += 97
            total += 98
            total += 99
            total += 100
            total += 101
            total += 102
            total += 103
            total += 104
            total += 105
            total += 106
            total += 107
            total += 108
            total += 109
            total += 110
            total += 111
            total += 112
            total += 113
            total += 114
            total += 115
            total += 116
            total += 117
            total += 118
            total += 119
            total += 120
            total += 121
            total += 122
            total += 123
            total += 124
            total += 125
            total += 126
            total += 127
            total += 128
            total += 129
            total += 130
            total += 131
            total += 132
            total += 133
            total += 134
            total += 135
            total += 136
            total += 137
            total += 138
            total += 139
    return total


# --- suspended calls ---------------------------------------------------------------------------------------------------

def plain_generator(parameter):
    first = Value()
    yield first
    second = [Value(),
              (yield Value())]
    del first
    yield second


def closing_generator(parameter):
    cell = Value()

    def use():
        return cell
    with open(os.devnull) as file:
        try:
            raise ValueError("while handled")
        except ValueError:
            yield use, file


def delegating(parameter):
    own = Value()
    got = yield from plain_generator(parameter)
    return got, own


class Awaitable:
    def __await__(self):
        inside = Value()
        yield inside


async def coroutine(parameter):
    own = Value()
    await Awaitable()
    return own


async def outer_coroutine(parameter):
    other = Value()
    await coroutine(other)


async def asynchronous(parameter):
    own = Value()
    yield own
    await Awaitable()
    yield parameter


def suspended():
    made = []
    for function in (plain_generator, closing_generator, delegating):
        for steps in range(3):
            generator = function(Value())
            for _ in range(steps):
                next(generator)
                if function is closing_generator:
                    break
            made.append(generator)
    ended = plain_generator(Value())
    list(ended)
    made.append(ended)
    framed = plain_generator(Value())
    next(framed)
    made.append(framed)
    made.append(framed.gi_frame)
    for function in (coroutine, outer_coroutine):
        made.append(function(Value()))
        made.append(function(Value()))
        made[-1].send(None)
    sys.set_coroutine_origin_tracking_depth(3)
    made.append(coroutine(Value()))
    sys.set_coroutine_origin_tracking_depth(0)
    agen = asynchronous(Value())
    try:
        agen.asend(None).send(None)
    except StopIteration:
        pass
    made.append(agen)
    waiting = agen.asend(None)
    waiting.send(None)
    made.append(waiting)
    made.append(asynchronous(Value()))
    made.append(i * j for i in range(3) for j in (1, 2))
    next(made[-1])
    made.append(iter(Awaitable().__await__()))
    return made


# --- calls that have ended ---------------------------------------------------------------------------------------------

def own_frame(parameter):
    kept = Value()

    def inner():
        return kept
    return sys._getframe(), inner


def failing(parameter):
    local = [Value(), parameter]
    return [local, {}["missing"]]


def failed():
    try:
        failing(Value())
    except KeyError as error:
        return error


def cleared():
    frame, _ = own_frame(Value())
    frame.clear()
    return frame


def ended():
    traced = own_frame(Value())[0]
    traced.f_trace = Value()
    looked_at = own_frame(Value())[0]
    return [own_frame(Value()), failed(), cleared(), traced, looked_at, dict(looked_at.f_locals)]


# --- the truth -----------------------------------------------------------------------------------------------------------

def name_of(code):
    return getattr(code, "co_qualname", code.co_name)


def frame_truth(frame):
    told = {"function": name_of(frame.f_code), "file": frame.f_code.co_filename, "line": frame.f_lineno, "locals": None}
    if frame.f_code.co_flags & OPTIMIZED:
        told["locals"] = {name: id(value) for name, value in frame.f_locals.items()}
    return told


def thread_truth():
    told = {}
    for ident, frame in sys._current_frames().items():
        frames = told[ident] = []
        while frame:
            frames.append(frame_truth(frame))
            frame = frame.f_back
    return told


def generator_truth(generator):
    prefix = PREFIXES[type(generator)]
    frame = getattr(generator, prefix + "frame")
    # ag_running says that somebody waits for it, not that its frame runs; none here runs
    is_running = prefix != "ag_" and getattr(generator, prefix + "running")
    state = "ended" if frame is None else "running" if is_running else "suspended"
    return {"state": state, "qualname": generator.__qualname__, "frame": None if frame is None else frame_truth(frame)}


def tell(out, objects):
    frame_type = type(sys._getframe())
    # before anything makes a frame object of its own
    referents = {id(o): [id(r) for r in gc.get_referents(o)] for o in objects if isinstance(o, GENERATORS)}
    generators = [o for o in objects if isinstance(o, GENERATORS)]
    frames = {id(o): [id(r) for r in gc.get_referents(o)] for o in objects if type(o) is frame_type}
    told = {"frames": frames, "referents": referents, "main": threading.main_thread().ident, "version": sys.version_info[:3],
            "names": {t.ident: [t.name, getattr(t, "native_id", 0)] for t in threading.enumerate()},
            "generators": {id(g): generator_truth(g) for g in generators}, "threads": thread_truth()}
    os.lseek(out, 0, 0)
    data = json.dumps(told).encode()
    while data:
        data = data[os.write(out, data):]


def truth_line(out, fork):
    child = fork()
    if child == 0:
        status = 1
        try:
            tell(out, gc.get_objects())
            status = 0
        finally:
            os._exit(status)
    return "told" if os.waitpid(child, 0)[1] == 0 else "failed"


WORKS = [innermost, with_closure, from_c, in_with, drive_generator, drive_loop, comprehension, in_exec, WithMethod().run, long_function]


def main():
    arrived, fd = [], never()
    threads = [threading.Thread(target=work, args=(arrived, fd), name="☃ works in %s" % work.__name__, daemon=True) for work in WORKS]
    for thread in threads:
        thread.start()
    while len(arrived) < len(WORKS):
        pass
    held = [suspended(), ended()]
    _, _, out, _ = truth.arguments()
    fork = ctypes.PyDLL(None).fork
    truth.serve(keep=[held, threads], actions={b"c": lambda: truth_line(out, fork)})


if __name__ == "__main__":
    main()
