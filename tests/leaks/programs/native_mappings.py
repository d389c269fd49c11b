# SPDX-License-Identifier: Apache-2.0
"""Anonymous mappings that C code makes and keeps."""
import ctypes

import service

libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
READ_WRITE, PRIVATE_ANONYMOUS = 3, 0x22
SIZE = 128 << 10


def decode(request):
    libc.memset(libc.mmap(None, SIZE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0), request.number % 256, SIZE)


if __name__ == "__main__":
    service.start(rate=5, item_bytes=0, verdict="native", backlog=50)
    for arrived in service.requests():
        decode(arrived)
