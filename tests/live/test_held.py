# SPDX-License-Identifier: Apache-2.0
"""objects, refs, why and export on one target: each object is found where it is, by its name."""
import collections
import json

import pytest

import heapspy
from target import Target


class Held:
    def __init__(self, interpreter):
        self.live = Target(interpreter, "held.py")
        self.live.__enter__()
        self.live.wait_blocked()
        self.pid = self.live.pid
        self.at = json.loads(self.live.ready.partition(" ")[2])

    def ask(self, command, *arguments):
        return heapspy.run(command, self.pid, *arguments, "-f", "json").json()


_held = {}


@pytest.fixture
def held(few_interpreter):
    if few_interpreter not in _held:
        _held[few_interpreter] = Held(few_interpreter)
    yield _held[few_interpreter]
    _held[few_interpreter].live.assert_unharmed()


@pytest.fixture(scope="module", autouse=True)
def targets_end_with_the_module():
    yield
    for one in _held.values():
        one.live.kill()
    _held.clear()


def test_each_place_is_named(held):
    places = sorted(held.at["places"].items())
    told = held.ask("why", *[hex(address) for _, address in places])["results"]
    assert [result["paths"][0]["expression"] for result in told] == [expression for expression, _ in places]
    assert all(result["paths"][0]["evaluable"] for result in told)


def test_what_python_cannot_say(held):
    path = held.ask("why", hex(held.at["set"]))["paths"][0]
    assert path["expression"].startswith("__main__.SEEN<item ") and not path["evaluable"]
    path = held.ask("why", hex(held.at["call"]))["paths"][0]
    assert path["root"]["kind"] == "frame" and path["root"]["function"] == "main" and path["root"]["file"].endswith("held.py")
    assert path["expression"].startswith("<frame __main__.main held.py:") and path["expression"].endswith(">.held_by_a_call")


def test_what_a_thread_was_started_with(held):
    told = held.ask("why", hex(held.at["given"]))["paths"]
    assert told[0]["root"]["kind"] == "thread" and told[0]["root"]["name"] == "args", told


def test_paths_of_a_type(held):
    told = held.ask("why", "__main__.Marker")
    counts = {path["expression"]: path["count"] for path in told["paths"]}
    assert counts["__main__.EVENTS[*]['request']"] == 500 and counts["__main__.CACHE[*]"] == 3
    assert told["unreachable"] == 0 and sum(counts.values()) == told["instances"] or told["n_paths"] > len(told["paths"])


def test_a_chain_is_one_path(held):
    told = held.ask("why", "dict", "--max-paths", "1000")
    counts = {path["expression"]: path["count"] for path in told["paths"]}
    assert counts["__main__.CHAIN['next']\u2026"] == 1999


def test_exclude(held):
    """What is left may be words outside Python, which nobody can exclude."""
    address = held.at["places"]["__main__.EVENTS[17]['request']"]
    for excluded in ("__main__.EVENTS", "__main__", "list"):
        paths = held.ask("why", hex(address), "--exclude", excluded)["paths"]
        assert all(path["root"]["kind"] in ("static", "stack", "native") for path in paths), paths
    assert held.ask("why", hex(address), "--exclude", "json*")["paths"][0]["root"]["kind"] == "module"


def test_objects_with_conditions(held):
    told = held.ask("objects", "__main__.Marker")
    assert told["matching"] == len(told["objects"]) == 515 and told["n_types"] == 1
    row = next(row for row in told["objects"] if row["address"] == hex(held.at["call"]))
    assert row["repr"].startswith("<__main__.Marker ") and "number=15" in row["repr"] and "label='marker-15'" in row["repr"]
    assert row["refcount"] >= 1 and row["retained"] >= row["bytes"]
    assert held.ask("objects", "Marker", "--where", "repr~*marker-117*")["matching"] == 1
    assert held.ask("objects", "collections.deque", "--where", "len=2", "--where", "refcount>0")["objects"][0]["address"] == hex(held.at["queue"])


def test_refs_in_both_directions(held):
    told = held.ask("refs", hex(held.at["places"]["__main__.EVENTS[17]['request']"]), "--depth", "2")
    assert {(field["kind"], field["name"], field["repr"]) for field in told["object"]["fields"]} == \
        {("attribute", "number", "117"), ("attribute", "label", "'marker-117'")}
    assert [(row["kind"], row["name"], row["type"]) for row in told["referrers"]] == [("value", "'request'", "builtins.dict")]
    assert [(row["kind"], row["name"]) for row in told["referrers"][0]["referrers"]] == [("index", "17")]
    assert held.ask("refs", hex(held.at["call"]))["roots"][0]["name"] == "held_by_a_call"


def test_export_has_every_object_once(held):
    done = heapspy.run("export", held.pid, "-f", "jsonl", "--roots")
    assert done.status == heapspy.DONE, done
    lines = [json.loads(line) for line in done.output.splitlines()]
    objects = {line["address"]: line for line in lines if "address" in line}
    assert len(objects) + sum("root" in line for line in lines) == len(lines)
    types = collections.Counter(line["type"] for line in objects.values())
    assert types["__main__.Marker"] == 515
    assert all(reference["to"] in objects for line in objects.values() for reference in line["refs"])
    events = objects[hex(held.at["places"]["__main__.EVENTS"])]
    assert events["len"] == 500 and [reference["name"] for reference in events["refs"] if reference["kind"] == "index"] == list(map(str, range(500)))


def test_text_ends_in_a_next_step(held):
    address = hex(held.at["call"])
    for arguments in (("objects", held.pid, "__main__.Marker"), ("refs", held.pid, address), ("why", held.pid, address), ("why", held.pid, "Marker")):
        done = heapspy.run(*arguments)
        last = done.output.splitlines()[-1]
        assert done.status == heapspy.DONE and last.startswith("next: ") and str(held.pid) in last, done


def test_dot_is_a_graph(held):
    done = heapspy.run("export", held.pid, "-f", "dot", "--from", hex(held.at["places"]["__main__.EVENTS[17]['request']"]))
    assert done.status == heapspy.DONE and done.output.startswith("digraph ") and done.output.endswith("}\n")
    assert hex(held.at["places"]["__main__.EVENTS"]) in done.output


def test_report_names_what_holds_most(held):
    told = heapspy.report(held.pid)
    paths = {row["path"]: row for row in told["retainers"]}
    assert paths["__main__.EVENTS"]["retained"] > 500 * 100 and paths["__main__.EVENTS"]["address"] == hex(held.at["places"]["__main__.EVENTS"])
    assert not any(row["path"].endswith(".__dict__") for row in told["retainers"] + told["containers"])
    assert all(row["len"] >= 0 and row["bytes"] > 0 for row in told["containers"])


def test_report_by_holder(held):
    told = heapspy.report(held.pid, "--by", "holder")["census"]
    rows = {row["holder"]: row for row in told["holders"]}
    assert rows["dict at __main__.EVENTS[*]"]["count"] == 500 and rows["list at __main__.EVENTS"]["count"] == 1
    assert rows["__main__.Marker (+dict)"]["count"] == 515 and "__main__.Slots (+dict)" not in rows
    assert sum(row["bytes"] for row in told["holders"]) == told["bytes"]


def test_report_of_types_only(held):
    told = heapspy.report(held.pid, "--types-only")
    assert "retainers" not in told and told["census"]["types"]
    assert heapspy.run("report", held.pid, "--types-only", "--by", "holder").status == heapspy.USAGE
