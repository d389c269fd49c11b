# SPDX-License-Identifier: Apache-2.0
"""Weak references of every form. The ready line is JSON: of each object what weakref.getweakrefs() says, and what else is known."""
import json
import weakref

import truth


class Plain:
    def __init__(self, number=0):
        self.number = number

    def act(self, *_):
        return self.number


class Deleted(Plain):
    def __del__(self):
        pass


class Called(Plain):
    def __call__(self):
        pass


class Marked(weakref.ref):
    """A reference of the program's own."""
    __slots__ = ("mark",)


class Dictionary(weakref.WeakValueDictionary):
    pass


def gone(reference):
    pass


def close(*arguments, **keywords):
    pass


NOBODY = Plain(0)
BY_REF, BY_PROXY, CALLED, BY_CALLBACK, DELETED, IN_VALUES, IN_KEYS, IN_SET, BY_METHOD, FINALIZED, MANY = (
    Plain(1), Plain(2), Called(3), Plain(4), Deleted(5), Plain(6), Plain(7), Plain(8), Plain(9), Plain(10), Plain(11))
REF = weakref.ref(BY_REF)
MARKED = Marked(BY_REF)
PROXY = weakref.proxy(BY_PROXY)
CALLABLE_PROXY = weakref.proxy(CALLED)
WITH_CALLBACK = [weakref.ref(BY_CALLBACK, gone), weakref.proxy(BY_CALLBACK, gone), weakref.ref(BY_CALLBACK, NOBODY.act)]
TO_DELETED = weakref.ref(DELETED)
VALUES, OTHER_VALUES, KEYS, SET = weakref.WeakValueDictionary(), Dictionary(), weakref.WeakKeyDictionary(), weakref.WeakSet()
VALUES["the key"] = IN_VALUES
OTHER_VALUES[17, "x"] = IN_VALUES
KEYS[IN_KEYS] = {"the": "value"}
SET.add(IN_SET)
METHOD = weakref.WeakMethod(BY_METHOD.act)
FINALIZER = weakref.finalize(FINALIZED, close, "argument", 4711, flag=True)
SILENT = weakref.finalize(FINALIZED, close)
SILENT.atexit = False
DETACHED = weakref.finalize(FINALIZED, close)
DETACHED.detach()
MANY_REFS = [weakref.ref(MANY, lambda _: None) for _ in range(20)]

# Of a type of their own: 100 in a WeakValueDictionary, 30 of them also with a callback, 12 whose object is dead.


class Item(Plain):
    pass


ITEMS = [Item(n) for n in range(100)]
BY_NUMBER = weakref.WeakValueDictionary((item.number, item) for item in ITEMS)
WATCHED = [weakref.ref(item, gone) for item in ITEMS[:30]]
DEAD = [Marked(Item(n)) for n in range(12)]
DEAD_PROXY = weakref.proxy(Item())

OBJECTS = {"nobody": NOBODY, "ref": BY_REF, "proxy": BY_PROXY, "callable proxy": CALLED, "callback": BY_CALLBACK, "deleted": DELETED, "values": IN_VALUES,
           "keys": IN_KEYS, "set": IN_SET, "method": BY_METHOD, "finalized": FINALIZED, "many": MANY, "class": Plain}


def describe(reference):
    callback = reference.__callback__ if isinstance(reference, weakref.ref) else None
    return [id(reference), truth.type_name(type(reference)), id(callback) if callback is not None else None]


def main():
    told = {name: {"id": id(obj), "count": weakref.getweakrefcount(obj), "references": [describe(ref) for ref in weakref.getweakrefs(obj)]}
            for name, obj in OBJECTS.items()}
    told["containers"] = {"values": id(VALUES), "other values": id(OTHER_VALUES), "keys": id(KEYS), "set": id(SET)}
    told["dead"] = [id(reference) for reference in DEAD]
    told["gone"] = id(gone)
    truth.serve(ready="ready " + json.dumps(told))


if __name__ == "__main__":
    main()
