# SPDX-License-Identifier: Apache-2.0
"""Objects that the census may show although the target's own truth does not: kinds that no collector and no attribute
reaches. Each must still be referred to by something in the target's memory (see referrers.py).
"""


class Allowed:
    def __init__(self, kind, since, until, reason, most=0, per=None, alias=None):
        self.kind = kind            # module.qualname
        self.since, self.until = since, until  # minor versions of Python 3, inclusive
        self.reason = reason
        self.most = most            # objects, besides …
        self.alias = alias          # what an older version calls the same type
        self.per = per              # … as many as this, an expression over `n`, the truth's counts by type, and `minor`

    def maximum(self, counts, minor):
        return self.most + (eval(self.per, {"n": lambda kind: counts.get(kind, 0), "minor": minor}) if self.per else 0)


ALLOWED = [
    Allowed("builtins.bytes", 8, 10, "buffers that C objects share: BytesIO, Struct's format, re's charset", 200),
    Allowed("builtins.bytes", 11, 15, "co_localspluskinds, one for each code object; buffers that C objects share; from 3.15 what a bytearray "
            "holds", 300, "n('builtins.code') + (n('builtins.bytearray') if minor >= 15 else 0)"),
    Allowed("builtins.tuple", 8, 10, "ht_slots of classes with __slots__; re's indexgroup; rows of sqlite3", 450),
    Allowed("builtins.tuple", 11, 15, "co_localsplusnames, one for each code object; ht_slots of classes", 300, "n('builtins.code')"),
    Allowed("builtins.str", 8, 15, "names in C structures: qualified names of descriptors, mangled slots, the names that C modules keep", 1500),
    Allowed("builtins.int", 8, 15, "the interpreter's small integers; constants that C modules keep; lengths of ranges", 350),
    Allowed("builtins.dict", 8, 15, "the table of interned strings; copies of C modules' dicts in their definitions; poll's table", 40),
    Allowed("builtins.moduledef", 8, 15, "the definition of each C module, which modules point to", 150),
    Allowed("builtins.code", 11, 13, "frozen modules that nobody has imported: static code objects in the interpreter's own table", 300),
    Allowed("_thread._localdummy", 8, 15, "thread locals: held by the thread state's dict, itself untracked", 120),
    Allowed("builtins._RunningLoopHolder", 8, 11, "held by the thread state's dict", 1),
    Allowed("builtins.type", 8, 15, "types that no collector sees: no instance that it sees, not in __subclasses__", 12),
    Allowed("datetime.timedelta", 9, 15, "zoneinfo's transitions, in a C array", 16),
    Allowed("datetime.datetime", 8, 15, "the epoch that the C module keeps in static memory", 1),
    Allowed("_struct.Struct", 8, 9, "formats of ctypes' types and of the module's cache", 40, alias="builtins.Struct"),
    Allowed("sqlite3.Cache", 8, 9, "the statement cache, held by its connection in C", 2),
    Allowed("sqlite3.Statement", 8, 9, "prepared statements, held by their cursor in C", 8),
    Allowed("builtins.sqlite3Node", 8, 9, "the nodes of sqlite3's statement cache", 8),
    Allowed("builtins.hamt_bitmap_node", 12, 15, "the empty node, static", 1),
    Allowed("builtins.object", 8, 9, "the marker object of a C module", 1),
]

# Kinds of the standard library whose sys.getsizeof is not reproduced.
SIZES = [
    Allowed("parser.st", 8, 9, "__sizeof__ adds up a tree of nodes, of a module that 3.10 dropped", 1),
]
