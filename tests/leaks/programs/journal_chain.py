# SPDX-License-Identifier: Apache-2.0
"""Each entry points to the one before it, and the journal to the last."""
import service


class Entry:
    def __init__(self, request, previous):
        self.request = request
        self.previous = previous


class Journal:
    def __init__(self):
        self.last = None
        self.length = 0

    def append(self, request):
        self.last = Entry(request, self.last)  # leak
        # repaired: self.last = Entry(request, None)
        self.length += 1


JOURNAL = Journal()


if __name__ == "__main__":
    service.start(rate=100, item_bytes=1100, kind="chain", root_kind="module", container="JOURNAL", owner=["JOURNAL", "JOURNAL.last"],
                  writers=["Journal.append"], count="JOURNAL.length if JOURNAL.last.previous else 0")
    for arrived in service.requests():
        JOURNAL.append(arrived)
