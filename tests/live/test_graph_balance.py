# SPDX-License-Identifier: Apache-2.0
"""Balance: what owns an object, added up, is its reference count. No missing and no invented edge survives this."""
import pytest

import graph_allowed
import graph_compare
import graph_truth

LEAST_EVEN = 0.999
MINIMUM = 200000  # mortal objects


def balance_of(live, minimum, has_many_calls=False):
    """The target sleeps in read(2); its counts are read out of its memory.

    `has_many_calls`: in so small a process the temporaries of running calls, of which up to 3.13 no top of a stack tells which are in
    use, and what C keeps of each started thread weigh: words that may be references count as far as they are missing.
    """
    live.wait_blocked()
    export = graph_compare.export_of(live.pid)
    version_info = list(map(int, live.interpreter.minor.split(".")))
    balance = graph_compare.Balance(export, graph_truth.refcounts(live.pid, export.addresses, version_info))
    assert balance.n_mortal >= minimum
    assert not balance.n_wrong_count, balance.text()
    assert (balance.share_with_words() if has_many_calls else balance.share_even()) >= LEAST_EVEN, balance.text()
    assert_none_exceeded(balance, version_info[1])
    return balance


def assert_none_exceeded(balance, minor):
    beyond = balance.table.beyond([entry for entry in graph_allowed.COUNTS if entry.what == "more"], minor, balance.objects_by_type)
    more = [key for key in beyond.counts if key[1] == "more"]
    assert not more, "more references found than counted:\n" + beyond.text()


def test_every_count(few_interpreter, start, tell):
    balance = balance_of(start(few_interpreter, "graph_zoo.py"), MINIMUM)
    tell("%s: %d of %d even (%.4f %%); more %d, fewer %d" % (
        few_interpreter, balance.n_even, balance.n_mortal, 100 * balance.share_even(), balance.table.total("more"), balance.table.total("fewer")))


def test_after_a_working_life(debian, start):
    """Counts in a process that has collected, frozen, computed and told its edges before."""
    live = start(debian, "graph_zoo.py")
    for letter in "ptfp":
        live.command(letter, 600)
    balance_of(live, MINIMUM)


def test_planted_places(few_interpreter, start):
    """Threads, suspended frames, contexts, registries of the interpreter. Small, so that one count too many weighs."""
    balance_of(start(few_interpreter, "planted.py"), 5000, has_many_calls=few_interpreter.minor in ("3.8", "3.9", "3.10"))


def test_many_threads(few_interpreter, start):
    balance_of(start(few_interpreter, "modes.py", "threads", 64), 20000, has_many_calls=True)
