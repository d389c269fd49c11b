# SPDX-License-Identifier: Apache-2.0
"""C code allocates and forgets: nothing of it is Python's."""
import ctypes

import service

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]


def compress(request):
    libc.memset(libc.malloc(5000), request.number % 256, 5000)


if __name__ == "__main__":
    service.start(rate=100, item_bytes=0, verdict="native")
    for arrived in service.requests():
        compress(arrived)
