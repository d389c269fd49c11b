# SPDX-License-Identifier: Apache-2.0
"""Retained is true: as an independent implementation of dominators computes it from the exported graph, and as the target
shows when it deletes what is held."""
import collections
import json

import pytest

import graph_compare
import heapspy
from test_census import dump_of

networkx = pytest.importorskip("networkx", reason="needs python3-networkx")

ALL = 10 ** 9
TOLERANCE = 0.005
LEAST_CONTAINERS = 30
ROOT = 0  # no object has this address


def refs(pid, address, *options):
    return heapspy.run("refs", pid, "0x%x" % address, "--retained", "-f", "json", *options).json()


def objects(pid, name, *options):
    return heapspy.run("objects", pid, name, "-n", ALL, "-f", "json", *options).json()["objects"]


# --- against an independent implementation --------------------------------------------------------------------------

def graph_of(export):
    """What holds what: owned references and those found by scanning, under one root."""
    graph = networkx.DiGraph()
    graph.add_node(ROOT)
    graph.add_edges_from((ROOT, root["to"]) for root in export.roots if not root["weak"])
    for i, address in enumerate(export.addresses):
        for ref in export.refs(i):
            scanned = export.label(ref) == "scan"
            if not export.flags[ref] & graph_compare.WEAK and (scanned or export.flags[ref] & graph_compare.OWNED):
                graph.add_edge(address, export.targets[ref])
    return graph


def retained_of(export):
    """{address: (bytes, objects)}, by networkx."""
    dominators = networkx.immediate_dominators(graph_of(export), ROOT)
    below = collections.defaultdict(list)
    for node, dominator in dominators.items():
        if node != dominator:
            below[dominator].append(node)
    order, stack = [], [ROOT]
    while stack:
        node = stack.pop()
        order.append(node)
        stack.extend(below[node])
    own = {address: size for address, size in zip(export.addresses, export.bytes)}
    found = {}
    for node in reversed(order):
        parts = [found[child] for child in below[node]]
        found[node] = (own.get(node, 0) + sum(part[0] for part in parts), 1 + sum(part[1] for part in parts))
    return found


def assert_dominators(live, least):
    # Several looks, which must be at the same heap: not while the target still returns from its answer.
    live.wait_blocked()
    export = graph_compare.export_of(live.pid)
    wanted = retained_of(export)
    assert len(wanted) >= least
    # Whatever no root reaches has a root line of its own: nothing is left out.
    assert len(wanted) == len(export) + 1, "%d objects, %d reached" % (len(export), len(wanted) - 1)
    checked, wrong = 0, []
    for name, _ in collections.Counter(export.types).most_common(12):
        for row in objects(live.pid, name):
            address = int(row["address"], 16)
            checked += 1
            if wanted[address] != (row["retained"], row["retained_objects"]):
                wrong.append((name, row["address"], wanted[address], (row["retained"], row["retained_objects"])))
    assert not wrong, "%d of %d, such as %s" % (len(wrong), checked, wrong[:10])
    assert checked >= least / 2


@pytest.mark.parametrize("seed, n, degree", [(1, 3000, 1), (2, 3000, 3), (3, 1000, 20)])
def test_dominators_of_random_graphs(debian, start, seed, n, degree):
    live = start(debian, "random_graphs.py", seed, n, degree)
    live.command("u")
    assert_dominators(live, 20000)


def test_dominators_of_real_heaps(two_interpreter, start):
    assert_dominators(start(two_interpreter, "planted.py"), 50000)


def test_result_does_not_depend_on_threads(debian, start):
    live = start(debian, "random_graphs.py", 4, 3000, 3)
    live.wait_blocked()
    tables = [objects(live.pid, "builtins.list", "-j", n) for n in (1, 2, 5)]
    assert tables[0] == tables[1] == tables[2]


def test_unreachable_is_retained_by_itself(debian, start):
    """A cycle that nothing holds has no path; it retains its parts, and nothing that is held elsewhere."""
    live = start(debian, "random_graphs.py", 5, 1000, 2)
    pair, alone, edges = map(int, live.command("u").split())
    live.wait_blocked()  # words that its last call left on the stack may hold them
    for address in (pair, alone):
        told = heapspy.run("why", live.pid, "0x%x" % address, "-f", "json").json()
        assert told["paths"] == [] or {path["root"]["kind"] for path in told["paths"]} == {"unreachable"}, told
    # The node, its dict, its two lists and 1000 strings; of a cycle that nothing enters, the member that is first in memory stands for all.
    row = max((refs(live.pid, address)["object"] for address in (alone, edges)), key=lambda row: row["retained_objects"])
    assert 1002 <= row["retained_objects"] <= 1004 and row["retained"] > 50000
    assert refs(live.pid, pair)["object"]["retained_objects"] <= 6


# --- against what the target does ------------------------------------------------------------------------------------

def census(live):
    """{(address, type): bytes}"""
    live.wait_blocked()
    dump = dump_of(live)
    return dict(zip(zip(dump.addresses, dump.type_addresses), dump.bytes)), dump.types


def freed_by_deletion(live):
    """{container: {(address, type): bytes} that went away with it}, and the names of the types."""
    freed = {}
    before, types = census(live)
    while True:
        name = live.command("d")
        if name == "none":
            return freed, types
        after, _ = census(live)
        freed[name] = {key: before[key] for key in before.keys() - after.keys()}
        before = after


def is_near(wanted, got):
    return abs(wanted - got) <= TOLERANCE * wanted


def test_deletion_frees_what_is_retained(two_interpreter, start, tell):
    live = start(two_interpreter, "containers.py")
    containers = json.loads(live.ready.partition(" ")[2])
    live.wait_blocked()
    told = {name: refs(live.pid, address)["object"] for name, address in containers.items()}
    freed, types = freed_by_deletion(live)
    assert len(freed) == len(containers) >= LEAST_CONTAINERS
    wrong = []
    for name, gone in freed.items():
        assert containers[name] in {address for address, _ in gone}, "%s was not freed" % name
        row, n_bytes = told[name], sum(gone.values())
        if not (is_near(n_bytes, row["retained"]) and is_near(len(gone), row["retained_objects"])):
            kinds = collections.Counter(types.get(key[1]) for key in gone).most_common(5)
            wrong.append("%s: freed %d objects, %d bytes; retained %d objects, %d bytes; freed: %s" % (
                name, len(gone), n_bytes, row["retained_objects"], row["retained"], kinds))
    tell("%s: %d of %d containers retain what their deletion frees" % (two_interpreter, len(freed) - len(wrong), len(freed)))
    assert not wrong, "\n".join(wrong)


def test_objects_and_refs_tell_the_same(debian, start):
    live = start(debian, "containers.py")
    containers = json.loads(live.ready.partition(" ")[2])
    by_address = {row["address"]: row for name in ("builtins.list", "builtins.dict", "__main__.Slots", "collections.deque")
                  for row in objects(live.pid, name)}
    for name in ("list_of_lists", "dict_of_dicts", "linked_list", "deque"):
        row = refs(live.pid, containers[name])["object"]
        assert {key: value for key, value in row.items() if key != "fields"} == by_address["0x%x" % containers[name]]


# --- deep structures --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("shape, most", [("linked", 3000000), ("doubly_linked", 3000000), ("ring", 1000000), ("nested_lists", 1000000),
                                         ("nested_tuples", 1000000), ("nested_dicts", 1000000)])
def test_deep_structures(debian, start, full, shape, most):
    """The outermost node retains all of them, the innermost itself; the innermost has a path as well."""
    n = most if full else 100000
    live = start(debian, "deep.py", shape, n, seconds=300)
    told = json.loads(live.ready.partition(" ")[2])
    live.wait_blocked()
    slow = ["--max-pause", 20000]
    outermost = refs(live.pid, told["outermost"], *slow)["object"]
    assert outermost["type"] == told["type"]
    assert n <= outermost["retained_objects"] <= n + 2
    assert is_near(n * outermost["bytes"], outermost["retained"])
    if shape != "ring":
        innermost = refs(live.pid, told["innermost"], *slow)["object"]
        assert innermost["retained_objects"] <= 2
    done = heapspy.run("why", live.pid, "0x%x" % told["innermost"], "-f", "json", *slow, seconds=600)
    path = done.json()["paths"][0]
    assert path["root"]["kind"] == "module" and int(path["steps"][-1]["to"], 16) == told["innermost"]
    assert len(path["expression"]) < 10000, "an expression of %d characters" % len(path["expression"])


@pytest.mark.parametrize("shape, most", [("linked", 3000000), ("doubly_linked", 3000000), ("nested_lists", 1000000), ("nested_dicts", 1000000)])
def test_deep_structures_in_the_report(debian, start, full, shape, most):
    """A chain has no place where it spreads out: its beginning is what retains it."""
    live = start(debian, "deep.py", shape, most if full else 100000, seconds=300)
    told = heapspy.report(live.pid, "--max-pause", 20000, seconds=600)
    head = json.loads(live.ready.partition(" ")[2])["outermost"]
    assert any(int(row["address"], 16) == head or "HELD" in row["path"] for row in told["retainers"][:3])
    if shape == "linked":
        listed = heapspy.run("objects", live.pid, "__main__.Node", "--sort", "retained", "-n", 1, "-f", "json", "--max-pause", 20000).json()
        assert int(listed["objects"][0]["address"], 16) == head
