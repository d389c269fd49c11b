# SPDX-License-Identifier: Apache-2.0
"""The census equals the truth that the target computes itself, object by object and type by type."""
import collections

import pytest

import compare
import heapspy
import referrers
from allowed import ALLOWED, SIZES
from target import Target

MINIMUM = 200000
COVERAGE = 0.995
GHOSTS = 1e-5  # raw memory may hold by chance what no rule tells from an object: 0.001 %


def dump_of(live, *options):
    status, dump, errors = compare.run_dump(heapspy.CENSUS_DUMP, live.pid, *options)
    assert status == 0, errors
    return dump


def assert_equal(truth, dump, pid, warned=""):
    """No object missing, twice, of the wrong type or size; none too many but those that no collector reaches. Types named in
    `warned` may have another size: heapspy itself says that it does not read them."""
    difference = compare.Difference(truth, dump)
    assert len(truth) >= MINIMUM
    wrong = (difference.missing or difference.wrong_type or difference.wrong_name or difference.wrong_tracked)
    assert not wrong and not difference.n_twice, difference.text()
    sizes = wrong_sizes(truth, difference, warned)
    assert not sizes, sizes[:20]
    assert not beyond_allowed(truth, difference), difference.text()
    ghosts = referrers.ghosts(pid, difference.surplus)
    assert len(ghosts) <= GHOSTS * len(dump), ghosts[:20]


def wrong_sizes(truth, difference, warned=""):
    """Of difference.wrong_size, those that neither the list nor a warning of heapspy's names."""
    minor = truth.version_info[1]
    left = {entry.kind: entry.most for entry in SIZES if entry.since <= minor <= entry.until}
    wrong = []
    for address, text in difference.wrong_size:
        kind = text.split(":")[0]
        left[kind] = left.get(kind, 0) - 1
        if left[kind] < 0 and kind not in warned:
            wrong.append((address, text))
    return wrong


def beyond_allowed(truth, difference):
    """[(type, surplus, maximum)] of the types with more surplus objects than the list allows."""
    minor = truth.version_info[1]
    counts = collections.Counter(truth.names())
    allowed = {kind: entry for entry in ALLOWED if entry.since <= minor <= entry.until for kind in (entry.kind, entry.alias)}
    beyond = []
    for kind, n in difference.surplus_by_type().items():
        maximum = allowed[kind].maximum(counts, minor) if kind in allowed else 0
        if n > maximum:
            beyond.append((kind, n, maximum))
    return beyond


def own_table(interpreter):
    """The name of the shipped table of this very interpreter."""
    return "%s-%s" % (interpreter.version, "upstream" if interpreter.flavour in ("dwarf", "stripped") else "debian")


def test_allow_list_is_short():
    assert len(ALLOWED) <= 20 and len(SIZES) <= 20
    assert all(entry.reason for entry in ALLOWED + SIZES)


class Zoo:
    """One target with its truth, for the tests that only look."""

    def __init__(self, interpreter):
        self.live = Target(interpreter, "zoo.py")
        self.live.__enter__()
        self.truth = self.live.truth()


_zoos = {}


@pytest.fixture
def zoo(every_interpreter):
    """Kept from test to test of one interpreter; unharmed after each."""
    if every_interpreter not in _zoos:
        for other in list(_zoos):
            _zoos.pop(other).live.kill()
        _zoos[every_interpreter] = Zoo(every_interpreter)
    yield _zoos[every_interpreter]
    _zoos[every_interpreter].live.assert_unharmed()


@pytest.fixture(scope="module", autouse=True)
def zoos_end_with_the_module():
    yield
    for zoo in _zoos.values():
        zoo.live.kill()
    _zoos.clear()


def test_every_object(every_interpreter, zoo, tell):
    truth = zoo.truth
    tell("%s: %d objects of %d types; C types without an instance: %s; skipped: %s" % (
        every_interpreter, len(truth), len(truth.types), " ".join(truth.without_instance["c"]), "; ".join(truth.skipped) or "nothing"))
    assert_equal(truth, dump_of(zoo.live), zoo.live.pid)


def test_report_tells_the_same(every_interpreter, zoo):
    told = heapspy.report(zoo.live.pid)
    dump = dump_of(zoo.live)
    wanted = collections.Counter(dump.types[address] for address in dump.type_addresses)
    assert {name: row["count"] for name, row in heapspy.counts(told).items() if row["count"]} == wanted
    assert told["complete"] is True, told["warnings"]
    assert told["census"]["objects"] == len(dump)
    coverage = told["coverage"]
    # Besides the objects' own blocks and storage there is what types share, and C structures.
    assert sum(dump.bytes) <= told["census"]["bytes"] <= coverage["in_use_bytes"] <= told["process"]["rss_bytes"]
    assert coverage["explained_bytes"] >= COVERAGE * coverage["in_use_bytes"], coverage
    assert told["process"]["python"].startswith(".".join(map(str, zoo.truth.version_info[:3])))


def test_without_debug_information(every_interpreter, zoo):
    """As found in production: no debug information, so that the shipped tables must do. They say what DWARF says."""
    assert_equal(zoo.truth, dump_of(zoo.live, "--no-dwarf", "--no-cache"), zoo.live.pid)
    told = heapspy.report(zoo.live.pid, "--no-dwarf", "--no-cache")
    assert "table" in told["process"]["layout_source"]
    assert every_interpreter.version in told["process"]["layout_source"]


def test_own_table_left_out(every_interpreter, zoo, tell):
    """The nearest table of the minor version and a search fill in, or there is no layout; in no case are numbers wrong."""
    options = ["--no-dwarf", "--no-cache", "--without-table", own_table(every_interpreter)]
    done = heapspy.run("report", zoo.live.pid, "-f", "json", *options)
    tell("%s without its table: %s" % (every_interpreter, done.errors.splitlines()[0] if done.status else
                                         done.json()["process"]["layout_source"]))
    if done.status == heapspy.UNSUPPORTED:
        assert every_interpreter.version in done.errors or every_interpreter.minor in done.errors, done.errors
        assert "try:" in done.errors
        return
    told = done.json()
    assert own_table(every_interpreter) not in told["process"]["layout_source"]
    assert told["warnings"], "another version's table was taken without a word"
    assert_equal(zoo.truth, dump_of(zoo.live, *options), zoo.live.pid, " ".join(told["warnings"]))


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
