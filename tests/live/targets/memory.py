# SPDX-License-Identifier: Apache-2.0
"""Memory of one kind each. Arguments after the three pipes: the shape's name, its size.

Commands: g takes more of that kind of memory, and answers with how many bytes; r gives most of it back. d writes what
sys._debugmallocstats() says to the truth file. m answers with mallinfo2() as JSON, or "none". s answers with what
sys.getallocatedblocks() says.
"""
import ctypes
import gc
import json
import mmap
import os
import sys
import threading

import truth

KIB, MIB = 1 << 10, 1 << 20
HELD = []


class MallocInfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]


LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
LIBC.malloc.argtypes = [ctypes.c_size_t]
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
LIBC.sbrk.restype = ctypes.c_void_p
LIBC.sbrk.argtypes = [ctypes.c_ssize_t]
LIBC.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]


# --- each takes about n bytes, and returns what will be held ---------------------------------------------------------------

def objects(n):
    """Many small ones: pymalloc's pools."""
    return [[i, (i, float(i))] for i in range(n // 170)]


def fragmented(n):
    return [object() for i in range(n // 16)]


def large(n):
    """Each in a chunk of malloc's."""
    return [bytes([i & 255]) * (3 * KIB) for i in range(n // (3 * KIB))]


def huge(n):
    """Each in a mapping of malloc's."""
    return [bytearray(b"x" * (2 * MIB)) for i in range(n // (2 * MIB))]


def numpy_arrays(n):
    import numpy
    sizes = (100, 5000, 100000, 1000000)
    return [numpy.full(size, 1.5) for _ in range(max(1, n // (8 * sum(sizes)))) for size in sizes]


def untouched(n):
    """Memory that was only asked for takes none; nor does what was read and never written to."""
    import numpy
    arrays = [numpy.zeros(n // 8) for _ in range(4)]
    assert sum(float(array[::512].sum()) for array in arrays[:2]) == 0
    return arrays


def take_in_thread(n, result, gate):
    result.append([bytes([7]) * (2 * KIB) for _ in range(n // (2 * KIB))])
    gate.wait()


def threads(n):
    """Each takes memory from an arena of its own."""
    gate, held = threading.Event(), []
    HELD.append(gate)
    for _ in range(32):
        result = []
        thread = threading.Thread(target=take_in_thread, args=(n // 32, result, gate), daemon=True)
        thread.start()
        held.append(result)
        while not result:
            pass
    return held


def one_thread(n):
    """More than one heap of its arena holds."""
    result, gate = [], threading.Event()
    HELD.append(gate)
    threading.Thread(target=take_in_thread, args=(n, result, gate), daemon=True).start()
    while not result:
        pass
    return result[0]


def interrupted(n):
    """Others take a part of the data segment in between."""
    held = []
    for _ in range(3):
        LIBC.sbrk(12345)
        held += large(n // 3)
    return held


def leak(n):
    """Taken by C code, and known to nobody."""
    for _ in range(n // KIB):
        LIBC.memset(LIBC.malloc(KIB - 16), 1, KIB - 16)


def leak_mapped(n):
    for _ in range(n // (4 * MIB)):
        LIBC.memset(LIBC.malloc(4 * MIB), 1, 4 * MIB)


def mapping(n):
    address = LIBC.mmap(None, n, 3, 0x22, -1, 0)
    LIBC.memset(address, 1, n)


def shared(n):
    held = mmap.mmap(-1, n)
    for at in range(0, n, 4096):
        held[at] = 1
    return held


def file(n):
    path = sys.executable
    with open(path, "rb") as opened:
        held = [mmap.mmap(opened.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ) for _ in range(1 + n // os.path.getsize(path))]
    for one in held:
        for at in range(0, len(one), 4096):
            one[at]
    return held


def stacks(n):
    """Threads that went deep."""
    gate, ready = threading.Event(), threading.Semaphore(0)

    def deep(depth):
        if depth:
            return sorted([depth], key=lambda d: deep(d - 1) or 0)
        ready.release()
        gate.wait()
    HELD.append(gate)
    threading.stack_size(16 * MIB)
    sys.setrecursionlimit(3000)
    for _ in range(n // (2 * MIB) + 1):
        threading.Thread(target=deep, args=(600,), daemon=True).start()
        ready.acquire()


SHAPES = {function.__name__: function for function in
          (objects, fragmented, large, huge, numpy_arrays, untouched, threads, one_thread, interrupted, leak, leak_mapped, mapping, shared, file, stacks)}


def give_back():
    for i, held in enumerate(HELD):
        if isinstance(held, list) and held:
            kept = held[::10]
            held[:] = kept
    gc.collect()
    return "gave back"


def mallinfo():
    try:
        function = LIBC.mallinfo2
    except AttributeError:
        return "none"
    function.restype = MallocInfo
    function()
    info = function()
    return json.dumps({name: getattr(info, name) for name, _ in MallocInfo._fields_})


def main():
    _, _, truth_fd, (shape, size) = truth.arguments()
    make = SHAPES[shape]
    HELD.append(make(int(size)))
    stderr = os.dup(2)

    def debug_stats():
        sys.stderr.flush()
        os.ftruncate(truth_fd, 0)
        os.lseek(truth_fd, 0, os.SEEK_SET)
        os.dup2(truth_fd, 2)
        sys._debugmallocstats()
        os.dup2(stderr, 2)
        return "told"

    def grow():
        HELD.append(make(int(size)))
        return size

    debug_stats()
    mallinfo()
    truth.serve(actions={b"g": grow, b"r": give_back, b"d": debug_stats, b"m": mallinfo})


main()
