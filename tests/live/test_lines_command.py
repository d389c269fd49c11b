# SPDX-License-Identifier: Apache-2.0
"""heapspy lines against tracemalloc of the process itself: every grouping, filters, growth, joins, on every interpreter."""
import collections
import fnmatch
import json
import pickle
import subprocess
import tracemalloc

import pytest

import causes_allowed
import heapspy
from target import wait_until

GROUPS = ["lineno", "filename", "traceback"]


class Traces:
    """What the process's own tracemalloc has."""

    def __init__(self, live):
        live.truth_file.seek(0)
        live.truth_file.truncate()
        assert live.command("s") == "told"
        live.wait_blocked()
        live.truth_file.seek(0)
        traces, self.memory, self.limit = pickle.loads(live.truth_file.read())
        # 3.8 does not tell how many frames there were.
        self.snapshot = tracemalloc.Snapshot([trace if len(trace) == 4 else (*trace, len(trace[2])) for trace in traces], self.limit)
        self.n = len(traces)
        self.content = collections.Counter(traces)


def settle(live):
    """
    The question itself allocates a list, or takes one that was kept for reuse: after some questions the next one changes nothing any
    more. Returns the traces.
    """
    before = Traces(live)
    for _ in range(20):
        after = Traces(live)
        if after.content == before.content:
            return after
        before = after
    raise AssertionError("the traces change with every question")


def ask(pid, *options, status=heapspy.DONE):
    done = heapspy.run("lines", pid, "-f", "json", *options)
    assert done.status == status, done
    return json.loads(done.output)


def key_of(frames):
    """Of a tracemalloc.Traceback, which has the innermost frame last."""
    return tuple((frame.filename, frame.lineno) for frame in reversed(frames))


def statistics(snapshot, group, cumulative=False):
    return {key_of(row.traceback): (row.size, row.count) for row in snapshot.statistics(group, cumulative)}


def groups(told):
    """{frames: (bytes, count)}"""
    table = {}
    for row in told["groups"]:
        frames = row["traceback"] if told["group"] == "traceback" else [row]
        key = tuple((frame["file"], frame["line"] or 0) for frame in frames)
        assert key not in table
        table[key] = (row["bytes"], row["count"])
        assert row["average"] == row["bytes"] // row["count"]
    assert told["n_groups"] == len(table)
    return table


def assert_same(interpreter, mine, its):
    different = {key: (mine.get(key), its.get(key)) for key in mine.keys() | its.keys() if mine.get(key) != its.get(key)}
    minor = int(interpreter.minor.split(".")[1])
    most = sum(entry.most for entry in causes_allowed.LINES if entry.since <= minor <= entry.until)
    assert len(different) <= most, different


@pytest.fixture
def traced(start):
    def begin(interpreter, n_frames, scale=2):
        live = start(interpreter, "traced.py", n_frames, scale, 0)
        live.wait_blocked()
        if n_frames:
            settle(live)
        return live, json.loads(live.ready.partition(" ")[2])
    return begin


def test_the_list_is_short():
    assert len(causes_allowed.LINES) <= 20
    assert all(entry.reason and entry.most for entry in causes_allowed.LINES)


@pytest.mark.parametrize("n_frames", [1, 5, 40])
def test_statistics(few_interpreter, traced, n_frames):
    live, _ = traced(few_interpreter, n_frames)
    for group in GROUPS:
        for cumulative in (False, True) if group != "traceback" else (False,):
            told = ask(live.pid, "--group", group, *(["--cumulative"] if cumulative else []))
            its = Traces(live)
            assert told["tracing"] is True and told["nframe"] == n_frames == its.limit
            assert_same(few_interpreter, groups(told), statistics(its.snapshot, group, cumulative))
            assert told["traces"] == its.n and told["count"] == its.n
            assert (told["traced_bytes"], told["peak_bytes"]) == its.memory
            assert told["bytes"] == its.memory[0]


FILTERS = [
    (["--filter", "/srv/shop/*"], [tracemalloc.Filter(True, "/srv/shop/*")]),
    (["--filter", "*/orders.py:2", "--filter", "*/tree.py"], [tracemalloc.Filter(True, "*/orders.py", 2), tracemalloc.Filter(True, "*/tree.py")]),
    (["--exclude", "/srv/shop/cache.py", "--exclude", "*:4"], [tracemalloc.Filter(False, "/srv/shop/cache.py"), tracemalloc.Filter(False, "*", 4)]),
    (["--filter", "/srv/*", "--exclude", "*/tree.py:4"], [tracemalloc.Filter(True, "/srv/*"), tracemalloc.Filter(False, "*/tree.py", 4)]),
    (["--filter", "*/traced.py", "--all-frames"], [tracemalloc.Filter(True, "*/traced.py", all_frames=True)]),
    (["--domain", 7], [tracemalloc.DomainFilter(True, 7)]),
    (["--filter", "*gr\u00f6\u00dfe*"], [tracemalloc.Filter(True, "*gr\u00f6\u00dfe*")]),
]


@pytest.mark.parametrize("options, filters", FILTERS, ids=[" ".join(map(str, options)) for options, _ in FILTERS])
def test_filters(few_interpreter, traced, options, filters):
    live, _ = traced(few_interpreter, 10)
    mine = groups(ask(live.pid, "--group", "traceback", *options))
    its = statistics(Traces(live).snapshot.filter_traces(filters), "traceback")
    assert_same(few_interpreter, mine, its)
    assert its


@pytest.mark.parametrize("group", GROUPS)
def test_growth(two_interpreter, traced, group):
    """Two samples, and what happened between them."""
    live, _ = traced(two_interpreter, 6)
    before = settle(live)
    process = subprocess.Popen([heapspy.HEAPSPY, "lines", str(live.pid), "-f", "json", "--group", group, "--growth", "5"],
                               stdout=subprocess.PIPE, text=True)
    nanosleep = "230"  # clock_nanosleep: the first sample is taken
    wait_until(lambda: open("/proc/%d/syscall" % process.pid).read().split()[0] == nanosleep, what="first sample")
    assert live.command("m") == "more"
    settle(live)
    told = json.loads(process.communicate(timeout=120)[0])
    after = Traces(live)
    assert process.returncode == 0 and told["interval_s"] == 5 and len(told["process"]["pauses_ns"]) == 2
    mine = {}
    for row in told["groups"]:
        frames = row["traceback"] if group == "traceback" else [row]
        mine[tuple((frame["file"], frame["line"] or 0) for frame in frames)] = (row["bytes"], row["bytes_change"], row["count"], row["count_change"])
    its = {key_of(row.traceback): (row.size, row.size_diff, row.count, row.count_diff)
           for row in after.snapshot.compare_to(before.snapshot, group)}
    assert_same(two_interpreter, mine, its)
    changes = [abs(row["bytes_change"]) for row in told["groups"]]
    assert changes == sorted(changes, reverse=True) and changes[0] > 0
    if group == "traceback":
        assert any(count == 0 and change < 0 for _, _, count, change in mine.values())


def test_by_type_and_address(few_interpreter, traced):
    live, at = traced(few_interpreter, 5)
    told = ask(live.pid, "--type", "relative.Marked")
    assert told["n_objects"] == 83 and told["count"] == 80, "three are older than the tracing"
    assert [(row["file"], row["line"], row["count"]) for row in told["groups"]] == [("relative.py", 4, 80)]
    assert ask(live.pid, "--type", "relative.Marked", "--filter", "/srv/*")["groups"] == []
    for name, place in (("marked", ("relative.py", 4)), ("order", ("/srv/shop/orders.py", 2)), ("list", ("/srv/shop/orders.py", 2))):
        told = ask(live.pid, "--at", hex(at[name]))
        assert (told["groups"][0]["file"], told["groups"][0]["line"]) == place
        block = told["block"]
        assert int(block["address"], 16) <= at[name] < int(block["address"], 16) + block["bytes"] and block["domain"] == 0
        assert block["type"] is not None and told["groups"][0]["count"] == 1
        assert len(told["groups"][0]["traceback"]) >= 3
    told = ask(live.pid, "--at", hex(at["early"]))
    assert told["block"] is None and told["groups"] == []


def test_folded(two_interpreter, traced):
    live, _ = traced(two_interpreter, 12)
    done = heapspy.run("lines", live.pid, "-f", "folded")
    its = statistics(Traces(live).snapshot, "traceback")
    assert done.status == heapspy.DONE
    mine = collections.Counter()
    for line in done.output.splitlines():
        stack, _, size = line.rpartition(" ")
        assert " " not in stack
        mine[tuple(reversed(stack.split(";")))] += int(size)
    wanted = collections.Counter()
    for key, (size, _) in its.items():
        wanted[tuple("%s:%d" % (name.replace(" ", "_").replace(";", "_"), line) for name, line in key)] += size
    assert mine == wanted


def test_source_lines(two_interpreter, start):
    """Through the target's own root; of a file that is not there, nothing."""
    live = start(two_interpreter, "traced.py", 3, 1, 0)
    told = ask(live.pid, "--filter", "*/traced.py")
    texts = {row["text"] for row in told["groups"]}
    assert any("calls[" in text for text in texts), texts
    assert all(row["text"] is None for row in ask(live.pid, "--filter", "/srv/*")["groups"])


def test_off(few_interpreter, traced):
    """Then it says so, and shows definitions instead."""
    live, _ = traced(few_interpreter, 0)
    told = ask(live.pid)
    assert told["tracing"] is False and told["groups"] == [] and told["traced_bytes"] is None
    rows = {(row["kind"], row["name"].rpartition(".")[2]): row for row in told["definitions"]
            if not row["file"] or row["file"].endswith(("traced.py", "orders.py"))}
    assert rows["class", "Holder"]["file"].endswith("/traced.py") and rows["class", "Holder"]["count"] == 1
    # Since 3.13 a class knows its line.
    assert rows["class", "Holder"]["text"] == ("class Holder:" if int(few_interpreter.minor.split(".")[1]) >= 13 else None)
    marked = rows["class", "Marked"]
    assert marked["count"] == 83 and marked["bytes"] > 83 * 32
    assert rows["function", "order"]["file"] == "/srv/shop/orders.py" and rows["function", "order"]["line"] == 1
    assert rows["function", "load"]["file"].endswith("/traced.py") and rows["function", "load"]["text"] == "def load():"
    serve = rows["frame", "serve"]
    assert "readinto" in serve["text"] and serve["count"] == 1
    done = heapspy.run("lines", live.pid, "-f", "folded")
    assert done.status == heapspy.FAILED and "tracemalloc is off" in done.errors and "PYTHONTRACEMALLOC" in done.errors


def test_text(two_interpreter, traced):
    live, at = traced(two_interpreter, 8)
    for options, wanted in (([], "WHERE"), (["--group", "traceback"], "blocks"), (["--type", "Marked"], "80 of them traced"),
                            (["--at", hex(at["order"])], "orders.py:2"), (["--at", hex(at["early"])], "knows no block there"),
                            (["--filter", "/srv/*"], "chosen"), (["-n", "1"], "more (-n)")):
        done = heapspy.run("lines", live.pid, *options)
        assert done.status == heapspy.DONE and "traced" in done.output and wanted in done.output, (options, done)
    off, _ = traced(two_interpreter, 0)
    done = heapspy.run("lines", off.pid)
    assert done.status == heapspy.DONE and "PYTHONTRACEMALLOC=1" in done.output and "slower" in done.output


@pytest.mark.parametrize("options", [
    ["--group", "size"], ["--cumulative", "--group", "traceback"], ["--growth", "0"], ["--at", "x"], ["--at", "0x10", "--type", "int"],
    ["-f", "folded", "--growth", "1"], ["-f", "folded", "--group", "lineno"], ["--filter", ""], ["--filter", ":5"], ["--limit", "0"], ["--domain", "x"],
])
def test_wrong_usage(debian, traced, options):
    live, _ = traced(debian, 1, 1)
    done = heapspy.run("lines", live.pid, *options)
    assert done.status == heapspy.USAGE and not done.output


def test_filter_patterns_are_those_of_fnmatch():
    """What heapspy takes from fnmatch(3) means the same in Python."""
    assert fnmatch.fnmatch("/a/b.py", "/*.py") and fnmatch.fnmatch("/a/.b.py", "/a/*")


def test_while_tables_change(few_interpreter, start):
    """Caught half-changed, they are read from one more stop; what is called complete adds up."""
    live = start(few_interpreter, "traced.py", 2, 1, 3)
    n_complete = n_again = 0
    for _ in range(10):
        done = heapspy.run("lines", live.pid, "-f", "json")
        assert done.status in (heapspy.DONE, heapspy.INCOMPLETE), done
        told = json.loads(done.output)
        assert len(told["process"]["pauses_ns"]) <= 6
        n_again += len(told["process"]["pauses_ns"]) > 1
        n_complete += told["complete"]
        assert told["complete"] is (done.status == heapspy.DONE)
        assert told["traces"] == told["count"] == sum(row["count"] for row in told["groups"]) > 1000
        assert not told["complete"] or told["traced_bytes"] == sum(row["bytes"] for row in told["groups"])
    assert n_complete >= 5 and n_again >= 1


@pytest.mark.parametrize("hidden", ["names", "table"])
def test_found_by_search(few_interpreter, traced, hidden):
    """Without a name that leads to them, and with the table of another release, the tables are found in the process."""
    live, _ = traced(few_interpreter, 3)
    options = ["--no-dwarf", "--no-cache"]
    if hidden == "table":
        options += ["--without-table", few_interpreter.version + "-*"]
    done = heapspy.run("lines", live.pid, "-f", "json", *options)
    if hidden == "table" and done.status == heapspy.UNSUPPORTED:
        pytest.skip("no other table fits this interpreter: %s" % done.errors.splitlines()[0])
    assert done.status == heapspy.DONE, done
    told = json.loads(done.output)
    its = Traces(live)
    assert_same(few_interpreter, groups(told), statistics(its.snapshot, "lineno"))
    assert (told["traced_bytes"], told["peak_bytes"]) == its.memory
