# SPDX-License-Identifier: Apache-2.0
"""Where the edges of heapspy may differ from gc.get_referents, and references counted that no structure shows.

Everything that stands here is read by the tests; what does not stand here is a failure beyond the figures of the issue.
"""


class Allowed:
    """One kind of difference, of objects of one type."""

    def __init__(self, kind, what, since, until, reason, most=0, share=0.0):
        self.kind = kind                       # module.qualname of the object that refers; "*": any, for what the others leave
        self.what = what                       # as graph_compare names it: "missing …" or "invented …"; for a count "fewer", "more"
        self.since, self.until = since, until  # minor versions of Python 3, inclusive
        self.reason = reason
        self.most = most                       # differences, besides …
        self.share = share                     # … this part of that type's edges (or objects)

    def applies(self, minor):
        return self.since <= minor <= self.until


# Edges of an object: missing, or invented.
EDGES = [
    Allowed("builtins.module", "invented scan", 8, 15, "kept in the module's state, left out by its m_traverse: _random's int.__abs__, _datetime's "
            "epoch, None in _asyncio, the type of _curses_panel", 2),
    Allowed("builtins.module", "missing to builtins.type", 9, 15, "_curses_panel and _hmac report their module's type, which is static and counts "
            "nobody", 2),
    Allowed("builtins.PyCapsule", "missing to builtins.type", 13, 15, "_socket and _curses give their capsules a tp_traverse of their own, which "
            "reports one type in a C struct", 2),
    Allowed("builtins.PyCapsule", "missing visited at: scan", 13, 15, "the same, where the struct was found to be the capsule's", 2),
    Allowed("builtins.dict", "invented value", 14, 15, "the table of interned strings: names that only the type cache held, until the target's "
            "account of itself looked up others", 3),
    Allowed("sqlite3.Cache", "missing to sqlite3.Node", 10, 10, "the chain of nodes, which the cache reports and does not own", 8),
]

# What an object owns without its tp_traverse saying so, and that heapspy does not show.
STORED = [
    Allowed("sqlite3.Connection", "missing to builtins.type", 8, 15, "its exceptions, members that it borrows of the module", 0, 1.0),
]

# Reference counts: "more" references were found than counted, or "fewer".
COUNTS = [
    Allowed("builtins.type", "more", 8, 10, "C variables of the interpreter and of extensions that name a type and do not count it", 24),
    Allowed("builtins.type", "more", 11, 13, "C variables that name a heap type and do not count it: of _tkinter, _decimal", 5),
    Allowed("builtins.dict", "more", 8, 13, "C variables that borrow a module's dict: of _curses, _ssl, _ctypes, _sqlite3", 6),
    Allowed("builtins._RunningLoopHolder", "more", 8, 11, "_asyncio's C variable for the loop that ran last, borrowed", 1),
    Allowed("builtins.str", "more", 8, 11, "two C variables for one interned name, '__bool__', of which one counts", 2),
    Allowed("builtins.method_descriptor", "more", 10, 13, "the interpreter's C variable for object.__reduce__, borrowed", 1),
    Allowed("builtins.module", "more", 8, 9, "the interpreter's word for the atexit module, borrowed", 1),
    Allowed("datetime.timezone", "more", 8, 9, "UTC: twice in C variables, once counted", 1),
    Allowed("*", "more", 11, 15, "an executable at a fixed address, Debian's, has its heap where numbers are: one that equals an address", 1),
    Allowed("builtins.int", "more", 10, 10, "C variables for 0 and 1, borrowed", 2),
]

# Objects that no root reaches.
LOST = [
    Allowed("*", "lost", 8, 8, "the first _warnings module, which 3.8 makes at its start and forgets, with all that hangs on it", 7),
]


class Unconfirmed:
    """A kind of step on a path of which the target's gc.get_referents and attributes know nothing."""

    def __init__(self, kind, what, most, reason):
        self.kind = kind      # pattern of fnmatch for the type that refers; "-": any that takes no part in collection; "?": an object that
        #                       the target's Python knows nothing of itself
        self.what = what      # pattern for kind and name of the step
        self.most = most      # among 1,000 random paths
        self.reason = reason


UNCONFIRMED = [
    Unconfirmed("-", "field *", 60, "nothing lists what an uncollected type refers to: links of lru_cache, patterns and _abc_data up to 3.9, DirEntry"),
    Unconfirmed("*", "field __subclasses__", 40, "the dict of weak references behind type.__subclasses__()"),
    Unconfirmed("*", "field ht_slots", 5, "the tuple of names that type() made of a class's __slots__"),
    Unconfirmed("*", "key *", 10, "a class's table of its instances' attributes"),
    Unconfirmed("*", "field md_name", 10, "a module's name, once more"),
    Unconfirmed("?", "index *", 60, "in a code object's tuple of variables, which Python shows by copies; in __slots__ and others of the above"),
    Unconfirmed("?", "field *", 40, "the copy of a module's dict in its definition (moduledef), for a second import; code that is built in; a thread local's "
                "dummy; a static type without instances"),
    Unconfirmed("?", "value *", 40, "in that copy"),
    Unconfirmed("functools._lru_cache_wrapper", "field link", 20, "the cache's tp_traverse reports what its links hold in their place"),
    Unconfirmed("_pickle.*", "field memo*", 10, "the memo, visited from 3.13 on"),
    Unconfirmed("builtins.StgDict", "field *", 10, "what ctypes keeps about a type up to 3.12, left out by the tp_traverse of a dict"),
    Unconfirmed("_io.*", "field *", 20, "decoders, buffers that are shown, streams, texts that were not joined yet: left out by tp_traverse up to 3.11"),
    Unconfirmed("zoo_builtins.Deep*io", "field *", 10, "the same of classes derived of these"),
    Unconfirmed("_ssl._SSLSocket", "field ctx", 10, "left out by its tp_traverse"),
    Unconfirmed("_sre.SRE_Scanner", "field string", 10, "left out by its tp_traverse, which it has from 3.12 on"),
    Unconfirmed("*", "field wr_callback", 10, "of a thread local, called when its thread ends"),
    Unconfirmed("*", "field key", 10, "of a thread local up to 3.12: where a thread's dict has its own"),
    Unconfirmed("zoneinfo.ZoneInfo", "field *", 15, "offsets and names of a zone: its tp_traverse, from 3.12 on, reports its type and no more"),
    Unconfirmed("builtins.frame", "stack *", 5, "a temporary of a running call, up to 3.10"),
    Unconfirmed("*", "scan *", 5, "a word of C code's memory that may be a reference, where no other way leads: sqlite3's registered classes"),
]
