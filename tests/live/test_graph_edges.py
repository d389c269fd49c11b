# SPDX-License-Identifier: Apache-2.0
"""Edges are true: what `export -f jsonl` writes as visited is what the target's gc.get_referents says, as often as it
says it; what the collector does not visit is there as owned."""
import collections
import json
import re
import subprocess
import unicodedata

import pytest

import graph_allowed
import graph_compare
import graph_truth
import heapspy

MINIMUM = 500000  # edges
MOST_MISSING = MOST_INVENTED = 1e-4
ADDRESS = re.compile(r"0x[1-9a-f][0-9a-f]*$")
KINDS = {"attribute", "slot", "key", "value", "index", "item", "local", "stack", "cell", "field", "scan"}
ROOTS = {"module", "builtins", "frame", "thread", "interpreter", "type", "codecs", "atexit", "context", "async", "interned", "static", "stack", "native",
         "unreachable"}
TEXT, NUMBER, BOOLEAN = str, int, bool
OBJECT = {"address": TEXT, "type": TEXT, "bytes": NUMBER, "getsizeof": NUMBER, "tracked": BOOLEAN, "repr": TEXT, "refs": list}
OBJECT_OR_NULL = {"refcount": NUMBER, "len": NUMBER}
REF = {"to": TEXT, "kind": TEXT, "owned": BOOLEAN, "visited": BOOLEAN, "weak": BOOLEAN, "count": NUMBER}
REF_OR_NULL = {"name": TEXT}
ROOT = {"root": TEXT, "to": TEXT, "kind": TEXT, "owned": BOOLEAN, "weak": BOOLEAN}
ROOT_OR_NULL = {"thread": NUMBER, "function": TEXT, "file": TEXT, "line": NUMBER, "name": TEXT}


def test_allow_lists_are_short():
    assert len(graph_allowed.EDGES) + len(graph_allowed.STORED) <= 20 and len(graph_allowed.COUNTS) <= 20
    assert len(graph_allowed.UNCONFIRMED) <= 20
    assert all(entry.reason for entry in graph_allowed.EDGES + graph_allowed.STORED + graph_allowed.COUNTS + graph_allowed.UNCONFIRMED)


def assert_edges(live, *options, minimum=MINIMUM):
    """Of all edges; returns the difference, for what it says of the run."""
    truth = graph_truth.tell_edges(live)
    difference = graph_compare.EdgeDifference(truth, graph_compare.export_of(live.pid, *options))
    minor = truth.version_info[1]
    assert difference.n_truth >= minimum
    assert difference.share_missing() <= MOST_MISSING and difference.share_invented() <= MOST_INVENTED, difference.text()
    assert_listed(difference, minor)
    return difference


def assert_listed(difference, minor):
    """Whatever differs stands in the list, by type and kind, with a reason and a limit."""
    beyond = difference.table.beyond(graph_allowed.EDGES, minor, difference.edges_by_type)
    assert not beyond.counts, "not in the list:\n" + beyond.text()
    stored = difference.stored.beyond(graph_allowed.STORED, minor, difference.stored_by_type)
    assert not stored.counts, "not visited, and not shown as owned:\n" + stored.text()


def test_every_edge(few_interpreter, start, tell):
    difference = assert_edges(start(few_interpreter, "graph_zoo.py"))
    tell("%s: %d edges; missing %d, invented %d; owned besides %d, missing %d" % (
        few_interpreter, difference.n_truth, difference.table.total("missing"), difference.table.total("invented"),
        sum(difference.stored_by_type.values()), difference.stored.total()))


def test_without_debug_information(debian, start):
    assert_edges(start(debian, "graph_zoo.py"), "--no-dwarf", "--no-cache")


@pytest.mark.parametrize("allocator", ["malloc", "debug"])
def test_allocators(debian, start, allocator):
    assert_edges(start(debian, "graph_zoo.py", environment={"PYTHONMALLOC": allocator}))


def test_frozen_objects(debian, start):
    live = start(debian, "graph_zoo.py")
    assert live.command("f") == "frozen"
    assert_edges(live)


def test_planted_places(few_interpreter, start):
    """Frames of several threads, suspended ones, contexts, registries: a heap unlike the zoo's."""
    assert_edges(start(few_interpreter, "planted.py"), minimum=10000)


def test_arrays_of_objects(debian, start):
    """numpy: an array of dtype object has an edge for each item, a view one to its base; neither is visited."""
    live = start(debian, "arrays.py")
    if live.ready.startswith("skipped"):
        pytest.skip(live.ready)
    wanted = json.loads(live.ready.partition(" ")[2])
    export = graph_compare.export_of(live.pid)
    owned = collections.Counter()
    for ref in export.refs(export.index[wanted["objects"]]):
        if export.label(ref) == "index":
            assert export.flags[ref] == graph_compare.OWNED
            owned[export.targets[ref]] += export.counts[ref]
    assert owned == collections.Counter(wanted["items"])
    for view, base in wanted["views"]:
        refs = [ref for ref in export.refs(export.index[view]) if export.label(ref) == "field base"]
        assert [export.targets[ref] for ref in refs] == [base] and export.flags[refs[0]] == graph_compare.OWNED
    counts = graph_truth.refcounts(live.pid, wanted["counted"], list(map(int, live.interpreter.minor.split("."))))
    found = graph_compare.Balance(export).found
    assert {address: found[address] for address in counts} == counts


def test_types_of_extensions(debian, start):
    """lxml, pandas: what their objects refer to is found by a scan, is marked as that, and leads on."""
    live = start(debian, "extensions.py")
    if live.ready.startswith("skipped"):
        pytest.skip(live.ready)
    wanted = json.loads(live.ready.partition(" ")[2])
    export = graph_compare.export_of(live.pid)
    missing = []
    for source, target, what in wanted["edges"]:
        labels = [export.label(ref) for ref in export.refs(export.index[source]) if export.targets[ref] == target]
        if not labels or what not in labels:
            missing.append((export.types[export.index[source]], export.type_of(target), what, labels))
    assert not missing
    for address in wanted["objects"]:
        told = heapspy.run("why", live.pid, "0x%x" % address, "-f", "json").json()
        assert told["paths"] and told["paths"][0]["root"]["kind"] == "module", told


def assert_members(row, members, or_null):
    assert set(row) == set(members) | set(or_null), row
    for name, kind in members.items():
        assert type(row[name]) is kind, (name, row)
    for name, kind in or_null.items():
        assert row[name] is None or type(row[name]) is kind or type(kind) is tuple and type(row[name]) in kind, (name, row)


def is_printable(text):
    """To the Unicode of this interpreter, which may be older than the target's: what it does not know is test_repr's."""
    return all(letter.isprintable() or unicodedata.category(letter) == "Cn" for letter in text)


def check_line(row):
    if "root" in row:
        assert_members(row, ROOT, ROOT_OR_NULL)
        assert row["root"] in ROOTS and row["kind"] in KINDS and ADDRESS.match(row["to"]), row
        return
    assert_members(row, OBJECT, OBJECT_OR_NULL)
    assert ADDRESS.match(row["address"]) and len(row["repr"]) < 1000 and is_printable(row["repr"]), row
    before = None
    for ref in row["refs"]:
        assert_members(ref, REF, REF_OR_NULL)
        assert ref["kind"] in KINDS and ADDRESS.match(ref["to"]) and ref["count"] >= 1, ref
        assert not (ref["weak"] and (ref["owned"] or ref["visited"])), ref
        same = [ref[name] for name in REF.keys() | REF_OR_NULL.keys() if name != "count"]
        assert same != before, "equal neighbours are not one: %s" % ref
        before = same


def test_lines(few_interpreter, start):
    """An object a line, with all its members and no others; roots behind them."""
    live = start(few_interpreter, "graph_zoo.py")
    done = subprocess.run([heapspy.HEAPSPY, "export", str(live.pid), "-f", "jsonl", "--roots"], capture_output=True, text=True, timeout=600)
    assert done.returncode == heapspy.DONE, done.stderr
    seen_root, addresses = False, set()
    for line in done.stdout.splitlines():
        row = json.loads(line)
        check_line(row)
        assert not seen_root or "root" in row
        seen_root = "root" in row
        if not seen_root:
            assert row["address"] not in addresses
            addresses.add(row["address"])
    assert seen_root


def test_export_is_the_census(debian, start):
    """The same objects of the same types and sizes as the report counts; without --roots, objects only."""
    live = start(debian, "modes.py", "read", 0)
    told = heapspy.report(live.pid)
    done = heapspy.run("export", live.pid, "-f", "jsonl")
    assert done.status == heapspy.DONE, done
    rows = [json.loads(line) for line in done.output.splitlines()]
    assert all("address" in row for row in rows)
    by_type = collections.Counter(row["type"] for row in rows)
    assert by_type == {name: row["count"] for name, row in heapspy.counts(told).items() if row["count"]}
    # What a type's instances share is counted with the type, not with an object.
    assert sum(row["bytes"] for row in rows) <= told["census"]["bytes"]


def test_result_does_not_depend_on_threads(debian, start):
    live = start(debian, "modes.py", "read", 0)
    outputs = [heapspy.run("export", live.pid, "-f", "jsonl", "--roots", "-j", n).output for n in (1, 2, 5)]
    assert outputs[0] and outputs[0] == outputs[1] == outputs[2]
