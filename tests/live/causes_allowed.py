# SPDX-License-Identifier: Apache-2.0
"""Where heapspy may differ from what a process says of itself about collector, cycles, memory and lines: one list a subject.

Everything that stands here is read by the tests; what does not stand here is a failure.
"""


class Allowed:
    """One kind of difference."""

    def __init__(self, what, since, until, reason, most):
        self.what = what                       # as the test names it
        self.since, self.until = since, until  # minor versions of Python 3, inclusive
        self.reason = reason
        self.most = most                       # differences at most

    def applies(self, minor):
        return self.since <= minor <= self.until


MOST_ENTRIES = 20

# Places whose traced bytes or blocks heapspy and tracemalloc give differently.
LINES = []
