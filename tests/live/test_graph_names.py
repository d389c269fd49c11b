# SPDX-License-Identifier: Apache-2.0
"""Names are true: the path that `why` prints leads to the object, in Python's own terms where Python can say it."""
import collections
import fnmatch
import json
import random

import pytest

import graph_allowed
import graph_compare
import graph_truth
import heapspy
from target import Target
from test_graph_edges import ADDRESS, KINDS, ROOTS, assert_members

N_RANDOM = 1000
N_RANDOM_FULL = 20000
N_ASKED = 4000  # addresses that `why` takes at once
STEP = {"to": str, "kind": str}
STEP_OR_NULL = {"from": str, "name": str}
PATH = {"expression": str, "evaluable": bool, "cost": int, "count": int, "root": dict, "steps": list}
ROOT = {"kind": str}
ROOT_OR_NULL = {"name": str, "thread": int, "function": str, "file": str, "line": int}


def text(address):
    return "0x%x" % address


def why(pid, address, *options):
    return heapspy.run("why", pid, text(address), "-f", "json", *options).json()


def check_path(path, address):
    """Its members, and that each step begins where the last ended."""
    assert_members(path, PATH, {})
    assert_members(path["root"], ROOT, ROOT_OR_NULL)
    assert path["root"]["kind"] in ROOTS and path["expression"].isprintable(), path
    at = None
    for step in path["steps"]:
        assert_members(step, STEP, STEP_OR_NULL)
        assert step["from"] == at and ADDRESS.match(step["to"]) and step["kind"] in KINDS, path
        at = step["to"]
    assert at == text(address), path


class Planted:
    """One target with its places, and what `why` says of all, asked when the first test wants to know."""

    def __init__(self, interpreter):
        self.live = Target(interpreter, "planted.py")
        self.live.__enter__()
        self.live.wait_blocked()
        self.places = json.loads(self.live.ready.partition(" ")[2])
        self.truth = graph_truth.tell_edges(self.live)
        self._answers = None

    def ask(self, *options):
        """{name: what `why` says of the place}"""
        results = heapspy.run("why", self.live.pid, *(text(place["id"]) for place in self.places), "-f", "json", *options).json()["results"]
        return {place["name"]: told for place, told in zip(self.places, results)}

    def answer(self, place):
        if not self._answers:
            self._answers = self.ask()
        return self._answers[place["name"]]

    def told(self):
        """[(place, its first path)] of those that have one; test_each_place_has_a_path fails for the others."""
        return [(place, self.answer(place)["paths"][0]) for place in self.places if self.answer(place)["paths"]]


_planted = {}


@pytest.fixture
def planted(few_interpreter):
    """Kept from test to test; unharmed after each."""
    if few_interpreter not in _planted:
        _planted[few_interpreter] = Planted(few_interpreter)
    yield _planted[few_interpreter]
    _planted[few_interpreter].live.assert_unharmed()


@pytest.fixture(scope="module", autouse=True)
def targets_end_with_the_module():
    yield
    for one in _planted.values():
        one.live.kill()
    _planted.clear()


def test_the_places_are_what_they_say(planted):
    """The target itself reaches each marker by the expression that this test expects."""
    said = [place for place in planted.places if place["expression"]]
    values = graph_truth.evaluate(planted.live, [(place["module"], place["expression"]) for place in said])
    assert [place["name"] for place, value in zip(said, values) if value != place["id"]] == []
    counts = graph_truth.refcounts(planted.live.pid, [place["id"] for place in planted.places], planted.truth.version_info)
    assert [place["name"] for place in planted.places if counts[place["id"]] > 1] == []


def test_each_place_has_a_path(planted):
    without = [place["name"] for place in planted.places if not planted.answer(place)["paths"]]
    assert not without
    for place in planted.places:
        told = planted.answer(place)
        assert told["target"]["address"] == text(place["id"]) and told["target"]["type"].startswith("__main__."), place
        for path in told["paths"]:
            check_path(path, place["id"])


def test_expressions_give_the_same_object(planted):
    """Wherever Python can say it, it is said; and whatever is called evaluable, is."""
    unsaid = [(place["name"], path["expression"]) for place, path in planted.told() if place["expression"] and not path["evaluable"]]
    evaluable = [(place, path) for place in planted.places for path in planted.answer(place)["paths"] if path["evaluable"]]
    values = graph_truth.evaluate(planted.live, [(path["root"]["name"], path["expression"]) for _, path in evaluable])
    wrong = ["%s: %s gives %s" % (place["name"], path["expression"], value) for (place, path), value in zip(evaluable, values) if value != place["id"]]
    assert not wrong, "\n".join(wrong)
    assert not unsaid, "Python can say these, heapspy does not: %s" % unsaid
    assert len(evaluable) >= len([place for place in planted.places if place["expression"]])


def test_roots_of_the_places(planted):
    wrong = []
    for place, path in planted.told():
        root = path["root"]
        if root["kind"] not in place["roots"] or place["thread"] and root["thread"] not in place["thread"] and root["kind"] != "module":
            wrong.append((place["name"], place["roots"], root))
    assert not wrong, wrong


def test_steps_of_the_places(planted):
    """By the name that Python has for the place: attribute, slot, key, index, variable."""
    wrong = []
    for place, path in planted.told():
        steps = [(step["kind"], step["name"]) for step in path["steps"]]
        for kind, name in place["steps"]:
            if not any(kind in (None, step[0]) and name in (None, step[1]) for step in steps):
                wrong.append((place["name"], [kind, name], steps))
    assert not wrong, wrong


def test_frames_are_named_with_file_and_line(planted):
    frames = [frame for thread in planted.truth.threads for frame in thread["frames"]]
    checked = 0
    for place, path in planted.told():
        root = path["root"]
        if root["kind"] != "frame":
            continue
        found = [frame for frame in frames if root["function"] in (frame["name"], frame["qualname"]) and frame["file"] == root["file"] and
                 frame["line"] == root["line"]]
        assert found, (place["name"], root)
        assert place["function"] is None or place["function"] == root["function"], (place["name"], root)
        checked += 1
    assert checked >= 3


def test_weak_references_hold_nothing(planted):
    place = next(place for place in planted.places if place["name"] == "weak-valued dict")
    for path in planted.answer(place)["paths"]:
        assert "WEAK" not in path["expression"], path


def test_no_two_paths_are_one(planted):
    for name, answer in planted.ask("--max-paths", 5).items():
        told = [json.dumps(path["steps"]) for path in answer["paths"]]
        assert len(set(told)) == len(told) <= 5, name


def test_exclude(debian, start):
    """An object with two holders: the second path is left when the first is excluded."""
    live = start(debian, "service.py")
    told = json.loads(live.ready.partition(" ")[2])
    paths = why(live.pid, told["shared"], "--max-paths", 5)["paths"]
    assert {path["expression"] for path in paths} == {"__main__.FIRST['shared']", "__main__.SECOND.shared"}
    for excluded, left in (("__main__.FIRST*", "__main__.SECOND.shared"), ("__main__.SECOND*", "__main__.FIRST['shared']")):
        paths = why(live.pid, told["shared"], "--exclude", excluded)["paths"]
        assert [path["expression"] for path in paths] == [left]


# --- any object ------------------------------------------------------------------------------------------------------

def _is_root(truth, root, step):
    """Whether the target confirms where the path begins."""
    to = int(step["to"], 16)
    if root["kind"] == "module":
        module = truth.modules.get(root["name"])
        return module is not None and (to in module or any(truth.confirms(holder, to) for holder in module))
    if root["kind"] == "frame":
        return any(_is_in_frame(truth, frame, root, step, to) for thread in truth.threads if root["thread"] in (thread["thread"], thread["native_id"])
                   for frame in thread["frames"])
    return root["kind"] in ROOTS


def _is_in_frame(truth, frame, root, step, to):
    if frame["line"] not in (None, root["line"]) or frame["file"] != root["file"] or root["function"] not in (frame["name"], frame["qualname"]):
        return False
    if step["kind"] != "local":
        return True
    value = frame["locals"].get(step["name"])
    return value == to or truth.confirms(to, value)  # directly, or through its cell


def unconfirmed(truth, path):
    """The steps that the target knows nothing of, as (type that refers, name)."""
    steps = path["steps"]
    found = [] if _is_root(truth, path["root"], steps[0]) else [("root " + path["root"]["kind"], str(path["root"]))]
    for step in steps[1:]:
        source, to = int(step["from"], 16), int(step["to"], 16)
        if not truth.confirms(source, to):
            found.append((truth.type_of(source), "%s %s" % (step["kind"], step["name"])))
    return found


def assert_allowed(doubtful, uncollected, n):
    """Each kind of them stands in the list, and is no more frequent than it says. `n`: objects asked for."""
    left, seen = graph_compare.Table(), collections.Counter()
    for (kind, what), count in doubtful.counts.items():
        fitting = [entry for entry in graph_allowed.UNCONFIRMED if fnmatch.fnmatchcase(what, entry.what) and
                   (kind in uncollected if entry.kind == "-" else fnmatch.fnmatchcase(kind, entry.kind))]
        if fitting:
            seen[fitting[0]] += count
        if not fitting or seen[fitting[0]] > fitting[0].most * n / 1000:
            left.add(kind, what, count, doubtful.examples[kind, what])
    assert not left.counts, "the target knows nothing of:\n" + left.text()


def test_random_objects(few_interpreter, start, full):
    """Of random objects of the heap: the root exists, and the target confirms every edge of the path.

    The seed is fixed, the addresses are not: each run chooses others. What is rare in 1,000 shows in 20,000 (--full).
    """
    n = N_RANDOM_FULL if full else N_RANDOM
    live = start(few_interpreter, "graph_zoo.py")
    truth = graph_truth.tell_edges(live)
    chosen = random.Random(1).sample(sorted(truth.addresses), n)
    results = [told for i in range(0, n, N_ASKED)
               for told in heapspy.run("why", live.pid, *map(text, chosen[i:i + N_ASKED]), "-f", "json").json()["results"]]
    assert [told["target"]["address"] for told in results] == [text(address) for address in chosen]
    without = [told["target"] for told in results if not told["paths"]]
    n_lost = sum(entry.most for entry in graph_allowed.LOST if entry.applies(truth.version_info[1]))
    assert len(without) <= n_lost, "nothing holds %d, such as %s" % (len(without), without[:5])
    doubtful = graph_compare.Table()
    evaluable = []
    for told in results:
        address = int(told["target"]["address"], 16)
        assert told["target"]["type"] == truth.type_of(address)
        for path in told["paths"]:
            check_path(path, address)
            for kind, what in unconfirmed(truth, path):
                doubtful.add(kind, what, 1, path["expression"])
        evaluable += [(path["root"]["name"], path["expression"], address) for path in told["paths"] if path["evaluable"]]
    assert_allowed(doubtful, truth.uncollected, n)
    values = graph_truth.evaluate(live, [entry[:2] for entry in evaluable])
    wrong = [(entry[1], text(entry[2]), value) for entry, value in zip(evaluable, values) if value != entry[2]]
    assert not wrong, "\n".join(map(str, wrong[:10]))
    assert len(evaluable) >= n // 4
