# SPDX-License-Identifier: Apache-2.0
"""A heap whose structures contradict themselves: pointers into nowhere, sizes beyond memory, chains that bite their tail.

    c   does the damage that the argument after the three pipes names ("all": each of them); nothing touches it afterwards
"""
import ctypes
import itertools
import sys

import edges
import truth

TUPLE_ITEMS = 32 if sys.version_info >= (3, 14) else 24
HELD = []


class Plain:
    def __init__(self):
        self.a = self.b = [1]


class Slots:
    __slots__ = ("a", "b")


def word(obj, offset):
    return ctypes.c_uint64.from_address(id(obj) + offset)


def kept(obj):
    """With references enough that nobody ever frees it."""
    word(obj, 0).value += 1000
    HELD.append(obj)
    return obj


def list_items():
    word(kept([1, 2, 3]), 24).value = 0x10


def list_length():
    word(kept([1, 2, 3]), 16).value = 1 << 60


def negative_length():
    word(kept([1, 2, 3]), 16).value = (1 << 64) - 5


def tuple_length():
    word(kept(tuple([[], []])), 16).value = 1 << 40


def tuple_item():
    word(kept(tuple([[], []])), TUPLE_ITEMS).value = 0xdeadbeef0


def misaligned_item():
    made = kept(tuple([[], []]))
    word(made, TUPLE_ITEMS).value += 1


def dict_keys():
    word(kept({"a": []}), 32).value = 8


def dict_values():
    word(kept({"a": []}), 40).value = 0x7fffffff0000


def dict_keys_are_its_own():
    made = kept({"a": []})
    word(made, 32).value = id(made)


def set_table():
    made = kept(set(range(100)))
    word(made, 40).value = 0x7fffffff0008


def set_mask():
    word(kept(set(range(100))), 32).value = (1 << 62) - 1


def string_length():
    word(kept("some text %d" % len(HELD)), 16).value = 1 << 62


def number_of_digits():
    word(kept(10 ** 30 + len(HELD)), 16).value = 1 << 50


def slot():
    made = kept(Slots())
    made.a = made.b = None
    word(made, 16).value = 0x1234567890


def instance_attributes():
    made = kept(Plain())
    word(made, 16).value = 0x41
    if sys.version_info >= (3, 11):
        word(made, -24).value = 0x41


def type_name():
    made = kept(type("Broken", (), {}))
    HELD.append(made())
    word(made, 24).value = 0x99


def deque_links():
    import collections
    made = kept(collections.deque(range(200)))
    word(made, 24).value = 0x20


def linked_to_itself():
    made = kept([])
    made.append(made)
    made.append(made)


def cell():
    word(kept((lambda x: lambda: x)([1]).__closure__[0]), 16).value = 0x31


def function():
    made = kept(lambda: None)
    for offset in range(16, 80, 8):
        word(made, offset).value ^= 0x5555555000


def code():
    made = kept(compile("a = [x for x in (1, 2)]", "made", "exec"))
    word(made, 24).value = 0x10


def generator():
    made = kept((x for x in [1, 2]))
    next(made)
    for offset in range(16, 160, 8):
        word(made, offset).value ^= 0xffff000


def iterator():
    word(kept(itertools.chain([1], [2])), 16).value = 0x51


def exception():
    made = kept(ValueError("x"))
    for offset in range(16, 64, 8):
        word(made, offset).value = 0x61


DAMAGES = [list_items, list_length, negative_length, tuple_length, tuple_item, misaligned_item, dict_keys, dict_values, dict_keys_are_its_own,
           set_table, set_mask, string_length, number_of_digits, slot, instance_attributes, type_name, deque_links, linked_to_itself, cell, function,
           code, generator, iterator, exception]


def damage(name):
    for one in DAMAGES:
        if name in ("all", one.__name__):
            one()
    return "done"


def main():
    name = truth.arguments()[3][0]
    names = " ".join(one.__name__ for one in DAMAGES)
    truth.serve(actions={b"c": lambda: damage(name), **edges.ACTIONS}, ready="ready " + names)


if __name__ == "__main__":
    main()
