# SPDX-License-Identifier: Apache-2.0
"""The census equals the truth that the target computes itself, object by object and type by type."""
import collections

import compare
import heapspy
import referrers
from allowed import ALLOWED

MINIMUM = 200000
COVERAGE = 0.995


def dump_of(live, *options):
    status, dump, errors = compare.run_dump(heapspy.CENSUS_DUMP, live.pid, *options)
    assert status == 0, errors
    return dump


def assert_equal(truth, dump, pid):
    """No object missing, twice, of the wrong type or size; none too many but those that no collector reaches."""
    difference = compare.Difference(truth, dump)
    assert len(truth) >= MINIMUM
    wrong = (difference.missing or difference.wrong_type or difference.wrong_name or difference.wrong_size or difference.wrong_tracked)
    assert not wrong and not difference.n_twice, difference.text()
    assert not beyond_allowed(truth, difference), difference.text()
    ghosts = referrers.ghosts(pid, difference.surplus)
    assert not ghosts, ghosts[:20]


def beyond_allowed(truth, difference):
    """[(type, surplus, maximum)] of the types with more surplus objects than the list allows."""
    minor = truth.version_info[1]
    counts = collections.Counter(truth.names())
    allowed = {entry.kind: entry for entry in ALLOWED if entry.since <= minor <= entry.until}
    beyond = []
    for kind, n in difference.surplus_by_type().items():
        maximum = allowed[kind].maximum(counts) if kind in allowed else 0
        if n > maximum:
            beyond.append((kind, n, maximum))
    return beyond


def test_allow_list_is_short():
    assert len(ALLOWED) <= 20
    assert all(entry.reason for entry in ALLOWED)


def test_every_object(every_interpreter, start, capsys):
    live = start(every_interpreter, "zoo.py")
    truth = live.truth()
    with capsys.disabled():
        print("\n%s: %d objects of %d types; C types without an instance: %s; skipped: %s" % (
            every_interpreter, len(truth), len(truth.types), " ".join(truth.without_instance["c"]), "; ".join(truth.skipped) or "nothing"))
    assert_equal(truth, dump_of(live), live.pid)


def test_report_tells_the_same(every_interpreter, start):
    live = start(every_interpreter, "zoo.py")
    truth = live.truth()
    told = heapspy.report(live.pid)
    dump = dump_of(live)
    wanted = collections.Counter(dump.types[address] for address in dump.type_addresses)
    assert {name: row["count"] for name, row in heapspy.counts(told).items() if row["count"]} == wanted
    assert told["complete"] is True and not told["missing"], told["warnings"]
    assert told["census"]["objects"] == len(dump)
    assert told["census"]["bytes"] == sum(dump.bytes)
    coverage = told["coverage"]
    assert coverage["explained_bytes"] >= COVERAGE * coverage["in_use_bytes"], coverage
    assert told["process"]["python"].startswith(".".join(map(str, truth.version_info[:3])))


def test_without_debug_information(debian, start):
    """Debian's interpreter as it is found in production: no -dbg package, so tables and search must do."""
    live = start(debian, "zoo.py")
    truth = live.truth()
    assert_equal(truth, dump_of(live, "--no-dwarf"), live.pid)
    told = heapspy.report(live.pid, "--no-dwarf")
    assert "table" in told["process"]["layout_source"]


def test_frozen_objects(few_interpreter, start):
    """gc.freeze() moves everything to the permanent generation."""
    live = start(few_interpreter, "zoo.py")
    truth = live.truth()
    assert live.command("f") == "frozen"
    assert_equal(truth, dump_of(live), live.pid)


def test_result_does_not_depend_on_threads(debian, start):
    live = start(debian, "zoo.py")
    tables = [heapspy.report(live.pid, "-j", n)["census"] for n in (1, 2, 5)]
    assert tables[0] == tables[1] == tables[2]


def test_repeated_attaches_agree(debian, start):
    """What one attach does to the target must not show in the next."""
    live = start(debian, "zoo.py")
    first = dump_of(live)
    second = dump_of(live)
    assert sorted(first.addresses) == sorted(second.addresses)
