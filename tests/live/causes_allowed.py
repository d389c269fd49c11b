# SPDX-License-Identifier: Apache-2.0
"""Differences between what heapspy says of causes (collector, cycles, memory, lines) and what the target says, that are known and have a
reason. One list for each kind of comparison, of at most 20 entries; an entry names the type, the versions, the reason and the most
that is allowed.
"""


class Allowed:
    def __init__(self, kind, since, until, reason, most):
        self.kind = kind                       # module.qualname, or the figure
        self.since, self.until = since, until  # minor versions of Python 3, inclusive
        self.reason = reason
        self.most = most                       # objects


# The simulated collection against gc.collect() under DEBUG_SAVEALL, by address: tracked objects in one and not in the other.
COLLECTION = [
]

# mallinfo2() against the walk of malloc: bytes.
MALLOC = [
    Allowed("hblkhd", 14, 15, "glibc 2.43 counts 16 bytes too many each time that realloc resizes a mapped chunk", 160),
]

# Places whose traced bytes or blocks heapspy and tracemalloc give differently.
LINES = [
]

# References that nobody has, in a process with an object of every type: objects.
LOST = [
    Allowed("builtins.str", 8, 10, "a warning's first look for importlib's frames counts two names twice", 2),
    Allowed("builtins.module", 8, 8, "sys and _warnings, as the interpreter starts", 2),
    Allowed("builtins.int", 8, 9, "multiprocessing's SEM_VALUE_MAX; and no object: where expat has the name of a tag, one was", 2),
    Allowed("builtins.type", 9, 9, "select.poll", 1),
    Allowed("decimal.Context", 11, 11, "3.11.7 loses one to ExtendedContext", 1),
]
