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
EDGES = []

# What an object owns without its tp_traverse saying so, and that heapspy does not show.
STORED = []

# Reference counts: "more" references were found than counted, or "fewer".
COUNTS = []

# Steps of a path that no gc.get_referents and no attribute confirms: (type, name of the step).
UNCONFIRMED = {
    ("builtins.code", "co_localsplusnames"),
    ("builtins.code", "co_localspluskinds"),
}
