# SPDX-License-Identifier: Apache-2.0
"""Threads, frames, lines, variables, and what frames and generators refer to: what the target itself says about them."""
import collections
import json
import os
import subprocess

import pytest

import heapspy
from target import Target

FRAMES_DUMP = os.environ.get("FRAMES_DUMP") or os.path.join(heapspy.BUILD, "tests", "live", "frames_dump")
STATES = ["suspended", "running", "ended"]


class Calls:
    """One target, with what it says and what heapspy reads."""

    def __init__(self, interpreter, *options):
        self.live = Target(interpreter, "frames.py")
        self.live.__enter__()
        # once for practice: the first look fills caches
        self._ask()
        self.truth = self._ask()
        self.told = self.dump(*options)
        self.objects = {o["address"]: o for o in self.told["objects"]}

    def dump(self, *options):
        done = subprocess.run([FRAMES_DUMP, *options, str(self.live.pid)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def _ask(self):
        self.live.truth_file.seek(0)
        self.live.truth_file.truncate()
        assert self.live.command("c") == "told"
        self.live.wait_blocked()
        self.live.truth_file.seek(0)
        truth = json.loads(self.live.truth_file.read())
        for key in ("frames", "referents", "generators", "threads", "names"):
            truth[key] = {int(address): value for address, value in truth[key].items()}
        return truth


_calls = {}


@pytest.fixture
def calls(few_interpreter):
    if few_interpreter not in _calls:
        for other in list(_calls):
            _calls.pop(other).live.kill()
        _calls[few_interpreter] = Calls(few_interpreter)
    yield _calls[few_interpreter]
    _calls[few_interpreter].live.assert_unharmed()


@pytest.fixture(scope="module", autouse=True)
def calls_end_with_the_module():
    yield
    for calls in _calls.values():
        calls.live.kill()
    _calls.clear()


def shown(frames):
    return [f for f in frames if f["complete"]]


def differences(told, wanted, where):
    """Two frames: function, file, line, variables."""
    found = []
    for key in ("function", "file", "line"):
        if told[key] != wanted[key]:
            found.append((where, wanted["function"], key, told[key], wanted[key]))
    if wanted["locals"] is not None and told["locals"] != wanted["locals"]:
        names = set(told["locals"]) ^ set(wanted["locals"])
        found.append((where, wanted["function"], "locals", sorted(names), [n for n in told["locals"] if told["locals"][n] != wanted["locals"].get(n)]))
    return found


def test_threads_and_frames(calls):
    told = {t["ident"]: t for t in calls.told["threads"]}
    assert set(told) == set(calls.truth["threads"])
    found, n = [], 0
    for ident, frames in calls.truth["threads"].items():
        mine = shown(told[ident]["frames"])
        if ident == calls.truth["main"]:
            # the child went on in this thread: from serve() on its callers are as before
            frames = frames[[f["function"] for f in frames].index("serve") + 1:]
            mine = mine[[f["function"] for f in mine].index("serve") + 1:]
        assert [f["function"] for f in mine] == [f["function"] for f in frames]
        for a, b in zip(mine, frames):
            found += differences(a, b, ident)
            n += 1
    assert not found, found[:10]
    assert n > 40


def test_names_of_threads(calls):
    told = {t["ident"]: [t["name"], t["native"]] for t in calls.told["threads"]}
    for ident, (name, native) in calls.truth["names"].items():
        assert told[ident] == [name, native]


def test_generators(calls):
    found = []
    for address, wanted in calls.truth["generators"].items():
        mine = calls.objects[address]
        assert STATES[mine["state"]] == wanted["state"], (mine, wanted)
        assert mine["qualname"] == wanted["qualname"]
        assert ("frame" in mine) == (wanted["frame"] is not None), (mine, wanted)
        if wanted["frame"]:
            wanted["frame"]["function"] = mine["frame"]["function"]
            found += differences(mine["frame"], wanted["frame"], address)
    assert not found, found[:10]
    assert len(calls.truth["generators"]) > 20


def visited(entry):
    return collections.Counter(r["to"] for r in entry["refs"] if r["visited"])


def test_what_the_collector_visits(calls):
    """Of every generator and frame object, exactly what gc.get_referents says, with multiplicity."""
    found = []
    for address, referents in {**calls.truth["referents"], **calls.truth["frames"]}.items():
        if address not in calls.objects:
            continue  # a frame of the child's own
        mine, wanted = visited(calls.objects[address]), collections.Counter(referents)
        if mine != wanted:
            found.append((address, calls.objects[address]["kind"], calls.objects[address].get("state"), "missing", [
                a for a in wanted - mine], "invented", [(r["name"], r["kind"]) for r in calls.objects[address]["refs"] if r["to"] in mine - wanted]))
    assert not found, (len(found), found[:6])


def test_roots(calls):
    roots = calls.told["roots"]
    kinds = collections.Counter(r["root"] for r in roots)
    assert kinds["module"] > 30 and kinds["codecs"] >= 3 and kinds["type"] > 50 and kinds["frame"] > 40, kinds
    assert {"app", "sys", "threading", "__main__"} - {r["name"] for r in roots if r["root"] == "module"} == {"app"}
    # a variable of a running call is a root (3.11+), or its frame object is
    own = [r for r in roots if r["root"] == "frame" and r["function"] and r["function"].endswith("with_closure.<locals>.inner" if
           calls.truth["version"] >= [3, 11] else "inner")]
    assert own and all(r["line"] > 0 and r["thread"] for r in own)
    if calls.truth["version"] >= [3, 11]:
        assert {"parameter", "kept", "shared", "table", "rest", "words"} <= {r["name"] for r in own}


def test_without_debug_information(calls):
    """The shipped tables say what DWARF says."""
    told = calls.dump("--no-dwarf")
    assert "table" in told["layout"]
    assert told["threads"] == calls.told["threads"] and told["interned"] == calls.told["interned"]
    # between the two the target has worked: what may be stale in its main thread's frames has changed
    known = [[{**o, "refs": [r for r in o["refs"] if r["owned"] or r["visited"]]} for o in t["objects"]] for t in (told, calls.told)]
    assert known[0] == known[1]
    named = [[r for r in t["roots"] if r["root"] != "static" and r["name"]] for t in (told, calls.told)]
    assert named[0] == named[1]


def test_command(calls):
    """`heapspy threads` tells the same, with module names, and types of the variables."""
    told = heapspy.run("threads", calls.live.pid, "-f", "json")
    assert told.status in (heapspy.DONE, heapspy.INCOMPLETE), told
    told = json.loads(told.output)
    assert [t["name"] for t in told["threads"]][0] == "MainThread"
    for thread in told["threads"]:
        frames = calls.truth["threads"][thread["tid"]]
        if thread["tid"] == calls.truth["main"]:
            continue
        assert [f["line"] for f in thread["frames"]] == [f["line"] for f in frames]
        for mine, wanted in zip(thread["frames"], frames):
            assert mine["function"] == wanted["function"]
            if wanted["locals"] is not None:
                assert {v["name"]: int(v["address"], 16) for v in mine["locals"]} == wanted["locals"]
    suspended = {int(s["address"], 16): s for s in told["suspended"]}
    assert set(suspended) == {a for a, g in calls.truth["generators"].items() if g["state"] == "suspended"}
    for address, mine in suspended.items():
        assert mine["name"] == calls.truth["generators"][address]["qualname"]
    values = [v for s in told["suspended"] for v in s["locals"] if v["type"] == "__main__.Value"]
    assert values and all(v["repr"].startswith("<__main__.Value") for v in values)
    text = heapspy.run("threads", calls.live.pid, "-n", "3")
    assert text.status in (heapspy.DONE, heapspy.INCOMPLETE)
    assert "__main__.innermost" in text.output and "works in from_c" in text.output and "coroutine" in text.output
