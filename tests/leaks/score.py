# SPDX-License-Identifier: Apache-2.0
"""What a run of `heapspy growth` is worth, against what the program says of itself. Pure functions of plain data.

A suspect is true when its address is one that the program published, or its owner_path, evaluated in the program, yields
the owner. Words in hints, kinds and types do not count.
"""
import collections
import re

HELD = ("leak", "garbage")  # verdicts of programs that have something to be found
N_SHOWN = 3                 # a reader looks at so many suspects

# name, what it counts, the least share that is wanted
Bound = collections.namedtuple("Bound", "name what share")
BOUNDS = (
    Bound("first", "true holder first", 0.90),
    Bound("three", "true holder among three", 1.00),
    Bound("high", "true holder with high confidence", 0.80),
    Bound("true", "of all high suspects true", 0.95),
    Bound("verdict", "verdict right", 0.90),
    Bound("innocent", "twins and programs without a leak not accused", 1.00),
    Bound("writers", "writers right", 0.80),
)


class Outcome:
    """One run, judged: the figures of each bound as (good, of so many), and what a table shows of it."""

    def __init__(self, told, truth, twin, is_owner):
        self.truth, self.twin = truth, twin
        self.verdict = told["verdict"]
        self.suspects = told["suspects"]
        self.is_true = [is_hit(suspect, truth, is_owner) for suspect in self.suspects]
        self.rank = self.is_true.index(True) + 1 if True in self.is_true else None

    @property
    def holds(self):
        """Whether the program has something to be found."""
        return not self.twin and self.truth["verdict"][0] in HELD

    @property
    def true_suspect(self):
        return self.suspects[self.rank - 1] if self.rank else None

    @property
    def n_high(self):
        return sum(suspect["confidence"] == "high" for suspect in self.suspects)

    @property
    def accused(self):
        """In a program without a leak: a suspect of high confidence, or the verdict that it leaks."""
        return self.n_high > 0 or (self.verdict == "leak" and (self.twin or "leak" not in self.truth["verdict"]))

    def counts(self):
        """{name of the bound: (good, of so many)}; what does not apply is left out."""
        if not self.holds:
            found = {"innocent": (int(not self.accused), 1)}
            return found if self.twin else dict(found, verdict=(int(self.verdict in self.truth["verdict"]), 1))
        true = self.true_suspect
        found = {
            "first": (int(self.rank == 1), 1),
            "three": (int(self.rank is not None and self.rank <= N_SHOWN), 1),
            "high": (int(true is not None and true["confidence"] == "high"), 1),
            "true": (sum(is_true and suspect["confidence"] == "high" for suspect, is_true in zip(self.suspects, self.is_true)), self.n_high),
            "verdict": (int(self.verdict in self.truth["verdict"]), 1),
        }
        if self.truth["writers"]:
            found["writers"] = (int(true is not None and names_writer(true, self.truth["writers"])), 1)
        return found

    def faults(self):
        """What is short of the bounds, by name."""
        return [name for name, (good, of) in self.counts().items() if good < of]


class Failure:
    """A run that gave no result: it misses all that is asked of the program, or of its twin."""

    def __init__(self, verdict, twin, reason):
        self.holds = not twin and verdict in HELD
        self.twin, self.reason = twin, reason

    def counts(self):
        if self.holds:
            return {name: (0, 1) for name in ("first", "three", "high", "verdict", "writers")}
        return {"innocent": (0, 1)} if self.twin else {"innocent": (0, 1), "verdict": (0, 1)}

    def faults(self):
        return [self.reason]


def is_hit(suspect, truth, is_owner):
    """`is_owner(expression)` asks the program."""
    address = suspect.get("address")
    if address and int(address, 16) in truth["container_ids"]:
        return True
    path = suspect.get("owner_path")
    return bool(path) and is_owner(path)


def writer_name(writer):
    """`app.process_event` of `app.process_event (app.py:12)`, or of an object with the function's name."""
    text = writer if isinstance(writer, str) else writer.get("function") or writer.get("name") or ""
    return re.split(r" ?\((?!<)", text)[0].strip()


def names_writer(suspect, writers):
    names = [writer_name(writer) for writer in suspect.get("writers") or ()]
    return any(name == wanted or name.endswith("." + wanted) for name in names for wanted in writers)


def add_up(outcomes):
    """{name of the bound: (good, of so many)} over all."""
    totals = {bound.name: (0, 0) for bound in BOUNDS}
    for outcome in outcomes:
        for name, (good, of) in outcome.counts().items():
            totals[name] = (totals[name][0] + good, totals[name][1] + of)
    return totals


def missed(totals):
    """The bounds that are not reached. What was not asked is not missed."""
    return [bound for bound in BOUNDS if totals[bound.name][0] < bound.share * totals[bound.name][1]]
