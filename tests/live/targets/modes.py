# SPDX-License-Identifier: Apache-2.0
"""A process in one of the situations that heapspy meets. Arguments after the three pipes: the situation, its number.

Each holds 20,000 instances of Marked in a list, which no situation touches: the part of the truth that never moves.
"""
import asyncio
import ctypes
import gc
import json
import mmap
import os
import re
import select
import sys
import threading
import time

import truth


class Marked:
    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number


MARKED = 20000


# --- ways to wait for the control pipe -----------------------------------------------------------------------------

def wait_in_epoll(fd):
    with select.epoll() as epoll:
        epoll.register(fd, select.EPOLLIN)
        epoll.poll()


def wait_in_poll(fd):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    poll.poll()


def wait_in_select(fd):
    select.select([fd], [], [])


def wait_in_sleep(fd):
    """Sleeps in short naps; a stop must not cut them short in a way that the program sees."""
    while not select.select([fd], [], [], 0)[0]:
        before = time.monotonic()
        time.sleep(0.05)
        assert time.monotonic() - before >= 0.0499


def wait_in_asyncio(fd):
    async def readable():
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_reader(fd, ready.set_result, None)
        await ready
        loop.remove_reader(fd)
    asyncio.run(readable())


def wait_collecting(fd):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while not poll.poll(0):
        gc.collect()


def wait_allocating(fd):
    """A saw-tooth: grows to 200,000 objects and falls, over and over."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    while True:
        teeth = []
        for i in range(2000):
            teeth.append([{"i": i, "s": str(i)} for _ in range(30)])
            if poll.poll(0):
                return


def wait_growing(fd):
    """Resizes dicts, lists and sets all the time, so that a copy without a stop meets them half done."""
    while not select.select([fd], [], [], 0)[0]:
        table, items, names = {}, [], set()
        for i in range(20000):
            table[i] = items
            items.append(i)
            names.add(str(i))


def wait_reserving(fd):
    """Much address space comes and goes beside the arenas, as a large array's: mappings that merge with them have many sizes."""
    reserve = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000  # MAP_NORESERVE
    while not select.select([fd], [], [], 0.002)[0]:
        with mmap.mmap(-1, (6 << 30) + 4096, flags=reserve):
            time.sleep(0.002)


# --- situations ------------------------------------------------------------------------------------------------------

def threads(n):
    """n threads, half waiting for a lock, half for a pipe, each with a frame of its own."""
    gate = threading.Lock()
    gate.acquire()
    reader, _ = os.pipe()
    arrived = []

    def run(number):
        local = [number, "thread-local"]
        arrived.append(local)
        if number % 2:
            with gate:
                return local
        return os.read(reader, 1)
    started = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(n)]
    for thread in started:
        thread.start()
    while len(arrived) < n:
        time.sleep(0.001)
    return [gate, started, arrived]


def busy_threads(n):
    """n threads that compute for ever."""
    def run():
        while True:
            sum(range(1000))
    started = [threading.Thread(target=run, daemon=True) for _ in range(n)]
    for thread in started:
        thread.start()
    return started


def _interpreter_module():
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            return __import__(name)
        except ImportError:
            continue
    return None


INSIDE = """
import gc, json, os
class Marked:
    pass
kept = [Marked() for _ in range(1000)]
gc.collect()
gc.disable()
objects = gc.get_objects()
table = {}
for o in objects:
    t = type(o)
    name = type.__dict__["__module__"].__get__(t) + "." + type.__dict__["__qualname__"].__get__(t)
    table[name] = table.get(name, 0) + 1
del objects, o, t, name
text = json.dumps(table)
os.write(%d, (text + "\\n").encode())
del table, text
"""


def subinterpreters(n):
    """n subinterpreters, with an allocator of their own where this version has that; each tells its tracked objects."""
    module = _interpreter_module()
    reader, writer = os.pipe()
    made = []
    tables = []
    for i in range(n):
        if sys.version_info >= (3, 13):
            made.append(module.create("legacy" if i % 2 else "isolated"))
        elif sys.version_info >= (3, 12):
            made.append(module.create(isolated=not i % 2))
        else:
            made.append(module.create())
        failed = module.run_string(made[-1], INSIDE % writer)
        if failed:
            raise RuntimeError(failed)
        data = b""
        while not data.endswith(b"\n"):
            data += os.read(reader, 65536)
        tables.append(json.loads(data))
    return made, tables


def paged_out(_):
    """Gives back the pages of the writable file mappings: clean ones are then read from the file again."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    pageout = 21
    done = 0
    if not os.path.exists("/proc/self/maps"):  # a root of its own without /proc
        return 0
    with open("/proc/self/maps") as file:
        for line in file:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) r[w-]-p \S+ \S+ [1-9]", line)
            if found:
                start, end = int(found.group(1), 16), int(found.group(2), 16)
                done += madvise(start, end - start, pageout) == 0
    return done


def nothing(_):
    return None


SITUATIONS = {"read": (nothing, None), "epoll": (nothing, wait_in_epoll), "poll": (nothing, wait_in_poll), "select": (nothing, wait_in_select),
              "sleep": (nothing, wait_in_sleep), "asyncio": (nothing, wait_in_asyncio), "collecting": (nothing, wait_collecting),
              "allocating": (nothing, wait_allocating), "growing": (nothing, wait_growing), "reserving": (nothing, wait_reserving), "threads": (threads, None),
              "busy_threads": (busy_threads, None), "subinterpreters": (subinterpreters, None), "paged_out": (nothing, None)}


def main():
    name, n = truth.arguments()[3]
    prepare, wait = SITUATIONS[name]
    marked = [Marked(i) for i in range(MARKED)]
    if name == "subinterpreters" and _interpreter_module() is None:
        truth.serve(ready="skipped: this version has no subinterpreters for Python code")
    held = prepare(int(n))
    ready = "ready"
    if name == "subinterpreters":
        held, tables = held
        ready = "ready " + json.dumps(tables)
    truth.serve(keep=[marked, held], wait=wait, ready=ready, actions={b"x": lambda: paged_out(0)})


if __name__ == "__main__":
    main()
