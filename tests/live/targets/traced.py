# SPDX-License-Identifier: Apache-2.0
"""
A process that traces its allocations. Arguments after the three pipes: frames kept (0: it does not trace), the table's scale, threads
that allocate and free all the time.

The ready line is "ready <JSON>": addresses of objects. Commands:

    p   as truth.serve()
    s   a child writes the raw traces, as _tracemalloc._get_traces() gives them, to the truth pipe: pickled
    m   more is allocated, some of it anew at other lines, some is freed
"""
import ctypes
import gc
import io
import json
import os
import pickle
import threading
import tracemalloc

from _tracemalloc import _get_traces

import truth

# Modules that are no files: name, lines. Each line is a def that allocates.
MODULES = {
    "/srv/shop/orders.py": ["def order(n):", "    return {'n': n, 'items': ['item%d' % n, float(n)]}", "def orders(n):", "    return [order(i) for i in range(n)]"],
    "/srv/shop/cache.pyc": ["CACHE = {}", "def remember(key):", "    CACHE[key] = bytearray(key)", "    return CACHE"],
    "/srv/lib/tree.py": ["def tree(depth):", "    if not depth:", "        return []", "    return [tree(depth - 1), tree(depth - 1)]"],
    "/srv/lib/gr\u00f6\u00dfe \u20ac\U0001f600;x.py": ["def wide(n):", "    return [object() for _ in range(n)]"],
    "relative.py": ["class Marked:", "    __slots__ = ('n', 'more')", "def marked(n):", "    return [Marked() for _ in range(n)]"],
}


def load():
    namespaces = {}
    for name, lines in MODULES.items():
        namespaces[name] = {"__name__": os.path.basename(name).split(".")[0]}
        exec(compile("\n".join(lines) + "\n", name, "exec"), namespaces[name])
    return {name: value for namespace in namespaces.values() for name, value in namespace.items() if not name.startswith("__")}


def track(domain, n):
    """Blocks of a domain of their own, as an extension reports them."""
    call = ctypes.pythonapi.PyTraceMalloc_Track
    call.argtypes = [ctypes.c_uint, ctypes.c_size_t, ctypes.c_size_t]
    for i in range(n):
        assert call(domain, 0x1000 * domain + 64 * i, 100 + i) == 0


def build(calls, scale):
    kept = [calls["orders"](100 * scale), calls["tree"](6), calls["wide"](50 * scale), calls["marked"](40 * scale)]
    for key in range(200, 240):
        calls["remember"](key)
    return kept


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def serve(ready, more):
    """As truth.serve(), but the traces are read in the very frame that waits: nothing is allocated for the question."""
    control, reply, truth_fd, _ = truth.arguments()
    readinto = io.FileIO(control, closefd=False).readinto
    fork = ctypes.PyDLL(None).fork
    command = bytearray(1)
    truth.compute()
    for _ in range(2):  # once for practice: what is made at the first time stays
        if not fork():
            os._exit(0)
        os.wait()
    gc.collect()
    gc.disable()
    write_all(reply, b"ready %s\n" % json.dumps(ready).encode())
    while readinto(command) == 1 and command != b"q":
        if command == b"s":
            traces = _get_traces()
            memory = tracemalloc.get_traced_memory()
            if not fork():
                write_all(truth_fd, pickle.dumps((traces, memory, tracemalloc.get_traceback_limit()), 2))
                os._exit(0)
            del traces, memory
            write_all(reply, b"told\n" if os.wait()[1] == 0 else b"failed\n")
        elif command == b"m":
            more()
            write_all(reply, b"more\n")
        else:
            write_all(reply, b"pong %d\n" % truth.compute())


def churn(kept):
    n = 0
    while True:
        kept[n % 5000] = [str(n), {"n": n}]
        n += 1


def main():
    n_frames, scale, n_threads = map(int, truth.arguments()[3])
    calls = load()
    early = calls["marked"](3)
    if n_frames:
        tracemalloc.start(n_frames)
    kept = build(calls, scale)
    if n_frames:
        track(7, 30)
        track(389047, 5)
    late = []
    for _ in range(n_threads):
        threading.Thread(target=churn, args=({},), daemon=True).start()

    def more():
        late.append(calls["tree"](4))
        late.append(calls["orders"](50 * scale))
        kept[2] = calls["wide"](20 * scale)
        del kept[3][10:]

    serve({"marked": id(kept[3][-1]), "early": id(early[0]), "order": id(kept[0][-1]), "list": id(kept[0][-1]["items"])}, more)


if __name__ == "__main__":
    main()
