# SPDX-License-Identifier: Apache-2.0
"""Where the edges of heapspy may differ from gc.get_referents, and references counted that no structure shows.

Everything that stands here is read by the tests; what does not stand here is a failure beyond the figures of the issue.
"""


class Allowed:
    """One kind of difference, of objects of one type."""

    def __init__(self, kind, what, since, until, reason, most=0, share=0.0):
        self.kind = kind                       # module.qualname of the object that refers
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
STORED = []

# Reference counts: "more" references were found than counted, or "fewer".
COUNTS = [
    Allowed("builtins.type", "more", 8, 10, "C variables of the interpreter and of extensions that name a type and do not count it", 20),
    Allowed("builtins.type", "more", 11, 13, "C variables that name a heap type and do not count it: of _tkinter, _decimal", 5),
    Allowed("builtins.dict", "more", 8, 13, "C variables that borrow a module's dict: of _curses, _ssl, _ctypes, _sqlite3", 6),
    Allowed("builtins._RunningLoopHolder", "more", 8, 11, "_asyncio's C variable for the loop that ran last, borrowed", 1),
    Allowed("builtins.str", "more", 8, 11, "two C variables for one interned name, '__bool__', of which one counts", 2),
    Allowed("builtins.method_descriptor", "more", 10, 11, "the interpreter's C variable for object.__reduce__, borrowed", 1),
    Allowed("builtins.module", "more", 8, 9, "the interpreter's word for the atexit module, borrowed", 1),
    Allowed("datetime.timezone", "more", 8, 9, "UTC: twice in C variables, once counted", 1),
    Allowed("builtins.int", "more", 10, 10, "C variables for 0 and 1, borrowed", 2),
]

# Steps of a path that the target cannot confirm: (type of the object that refers, kind and name of the step, reason). "?": an object
# of which the target's Python knows nothing itself. Patterns as of fnmatch.
UNCONFIRMED = [
    ("*", "field __subclasses__", "the dict of weak references behind type.__subclasses__()"),
    ("*", "key *", "a class's table of its instances' attributes"),
    ("builtins.code", "field co_localsplus*", "shown by copies: co_varnames, co_freevars, co_cellvars"),
    ("builtins.code", "field _co_cached*", "what the attributes of a code object return, kept"),
    ("?", "index *", "a name in such a tuple; a constant of frozen code"),
    ("?", "field m_copy", "the copy of a module's dict in its definition (moduledef), for a second import"),
    ("functools._lru_cache_wrapper", "field link", "a link of the ring, of a type that the collector does not know; the cache reports what it holds"),
    ("functools._lru_list_elem", "field *", "the same: the link's key and result"),
    ("_pickle.*", "field memo*", "the memo, visited from 3.13 on"),
    ("*", "field md_name", "a module's name, once more"),
    ("*_abc_data", "field _abc_*", "registries and caches of abstract classes, whose type the collector does not know up to 3.9"),
    ("re.Pattern", "field *group*", "likewise: groupindex is shown by a proxy, indexgroup by nothing"),
    ("_io.IncrementalNewlineDecoder", "field decoder", "left out by its tp_traverse up to 3.11"),
    ("posix.DirEntry", "field *stat", "the results of stat(), kept"),
    ("*", "field wr_callback", "of a thread local, called when its thread ends"),
]
