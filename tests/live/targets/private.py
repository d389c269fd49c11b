# SPDX-License-Identifier: Apache-2.0
"""Secrets in every kind of value. The ready line tells as JSON, in hex, each form in which one must not be found, and names that must stay.

Every secret is made here and appears in no other form: a test that finds one knows what it has found. Made by computing, so that no
constant of this file's code holds it.
"""
import ctypes
import io
import json
import os
import socket
import struct
import sys
import threading
import time

import truth

FORMS = {}
N = 0


def text_of(kind):
    """A new secret text; `kind` makes it take 1, 2 or 4 bytes a character."""
    global N
    N += 1
    letters = {1: "abcdefghijklmnop", 2: "абвгдежзийклмноп", 4: "".join(map(chr, range(0x10330, 0x10340)))}[kind]
    number = int.from_bytes(os.urandom(10), "little")
    return "".join(letters[number >> 4 * i & 15] for i in range(20))


def forget(what, *forms):
    FORMS.setdefault(what, []).extend(form.hex() for form in forms)


def hash_of(value):
    return struct.pack("<q", hash(value))


def as_stored(text):
    """The characters as a str has them, and as UTF-8."""
    width = 1 if max(text) < "\u0100" else 2 if max(text) < "\U00010000" else 4
    stored = {1: text.encode("latin-1", "replace"), 2: text.encode("utf-16-le"), 4: text.encode("utf-32-le")}[width]
    return stored, text.encode()


def digits_of(number):
    return b"".join(struct.pack("<I", number >> 30 * i & (1 << 30) - 1) for i in range((number.bit_length() + 29) // 30))


def secret_bytes():
    return os.urandom(24)


class Holder:
    pass


class Slotted:
    __slots__ = ("kept_slot",)


HOLDER = Holder()
SLOTTED = Slotted()
TEXTS = []
for its_kind in (1, 2, 4):
    its_text = text_of(its_kind)
    HOLDER.kept_attribute = its_text
    TEXTS.append(its_text)
    hash(its_text)
    forget("str of %d" % its_kind, *as_stored(its_text), hash_of(its_text))
# the UTF-8 of a str, which is kept beside it
UTF8 = text_of(2)
UTF8_ADDRESS = ctypes.pythonapi.PyUnicode_AsUTF8
UTF8_ADDRESS.argtypes, UTF8_ADDRESS.restype = [ctypes.py_object], ctypes.c_void_p
UTF8_ADDRESS(UTF8)
forget("utf-8 of a str", *as_stored(UTF8))
SUBCLASS = type("KeptText", (str,), {})(text_of(2))
forget("subclass of str", *as_stored(str(SUBCLASS)))

BYTES = [secret_bytes(), secret_bytes()]
hash(BYTES[1])
forget("bytes", *BYTES, hash_of(BYTES[1]))
BYTEARRAY = bytearray(secret_bytes())
forget("bytearray", bytes(BYTEARRAY))

INTS = [int.from_bytes(os.urandom(16), "little") | 1 << 127, int.from_bytes(os.urandom(5), "little") | 1 << 39]
for its_int in INTS:
    forget("int", digits_of(its_int), its_int.to_bytes(16, "little"), str(its_int).encode())
FLOAT = struct.unpack("<d", b"\x13\x57\x9b\xdf\x24\x68\x2c\x40")[0] + int.from_bytes(os.urandom(2), "little")
forget("float", struct.pack("<d", FLOAT))
COMPLEX = complex(FLOAT * 3, FLOAT * 5)
forget("complex", struct.pack("<d", COMPLEX.real), struct.pack("<d", COMPLEX.imag))

KEY, KEY_OF_NUMBER = text_of(1), int.from_bytes(os.urandom(7), "little") | 1 << 55
DICT = {KEY: 1, KEY_OF_NUMBER: 2}
forget("dict key", *as_stored(KEY), hash_of(KEY), digits_of(KEY_OF_NUMBER), hash_of(KEY_OF_NUMBER))
MEMBER, IN_TUPLE = text_of(1), (text_of(1), 5)
SET = {MEMBER, IN_TUPLE}
FROZEN = frozenset([text_of(2)])
hash(FROZEN)
forget("set member", *as_stored(MEMBER), hash_of(MEMBER), *as_stored(IN_TUPLE[0]), hash_of(IN_TUPLE), hash_of(FROZEN), hash_of(next(iter(FROZEN))))

# freed: small and large, with what stands in a freed block besides
for size in (24, 400, 5000, 300000):
    its_bytes = os.urandom(24) * (size // 24)
    forget("freed object", its_bytes[:24])
    its_list = [its_bytes, bytearray(its_bytes)]
    del its_list, its_bytes
FREED_TEXT = text_of(1)
forget("freed object", *as_stored(FREED_TEXT))
del FREED_TEXT

os.environ["HEAPSPY_SECRET_ADDED"] = text_of(1)
forget("environment", os.environ["HEAPSPY_SECRET_ADDED"].encode(), b"HEAPSPY_SECRET_ADDED", os.environ["HEAPSPY_SECRET"].encode())
forget("argument", sys.argv[-1].encode())

RAW = ctypes.create_string_buffer(secret_bytes() * 4)
forget("ctypes buffer", RAW.raw[:24])
LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
NATIVE = secret_bytes() * 10
NATIVE_ADDRESS = LIBC.malloc(240)
ctypes.memmove(NATIVE_ADDRESS, NATIVE, 240)
forget("native memory", NATIVE[:24])

READER, WRITER = os.pipe()
FILE = os.fdopen(WRITER, "wb", buffering=8192)
IN_BUFFER = secret_bytes()
FILE.write(IN_BUFFER)
forget("io buffer", IN_BUFFER)
MEMORY, STRINGS = io.BytesIO(secret_bytes() * 3), io.StringIO()
STRINGS.write(text_of(1))
STRINGS.write(text_of(2))
forget("io.BytesIO", MEMORY.getvalue()[:24])
for its_text in STRINGS.getvalue()[:20], STRINGS.getvalue()[20:]:
    forget("io.StringIO", *as_stored(its_text), its_text.encode("utf-32-le"))
LEFT, RIGHT = socket.socketpair()
RECEIVED = bytearray(24)
SENT = secret_bytes()
LEFT.send(SENT)
RIGHT.recv_into(RECEIVED)
forget("socket buffer", SENT)
SOCKET_FILE = RIGHT.makefile("rb", 4096)
LEFT.send(SENT[::-1])
SOCKET_FILE.peek(1)
forget("socket buffer", SENT[::-1])


def documented():
    """Of this the file has to say nothing: heapspydocumentsecret."""
    return "heapspyconstantsecret", 0x123456789abcdef123456789


forget("docstring", b"heapspydocumentsecret")
forget("constant", b"heapspyconstantsecret", digits_of(documented()[1]))

STACK_SECRET = secret_bytes()
forget("C stack", STACK_SECRET)
STARTED = threading.Event()


class Argument(ctypes.Structure):
    _fields_ = [("characters", ctypes.c_char * 96)]


def never_ends(argument):
    # a struct that is passed by value lies on the stack of the C code that calls this
    STARTED.set()
    while True:
        time.sleep(3600)


CALLBACK = ctypes.CFUNCTYPE(None, Argument)(never_ends)
ARGUMENT = Argument.from_buffer_copy(STACK_SECRET * 4)
threading.Thread(target=CALLBACK, args=(ARGUMENT,), name="thread_name", daemon=True).start()
STARTED.wait()

USER = text_of(1)
exec(compile("def kept_at_home(): pass", "/srv/home/%s/kept_project/kept_file.py" % USER, "exec"))
forget("home path", *as_stored(USER))


def kept_function(kept_argument):
    kept_variable = kept_argument
    return kept_variable


KEPT = ["Holder", "kept_attribute", "kept_slot", "KeptText", "kept_function", "kept_argument", "kept_variable", "SUBCLASS", "never_ends",
        "private.py", "kept_at_home", "kept_project/kept_file.py"]


def main():
    truth.serve(ready=json.dumps({"forms": FORMS, "kept": KEPT}))


main()
