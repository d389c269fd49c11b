# SPDX-License-Identifier: Apache-2.0
"""heapspy gc against the gc module of the process itself, on every interpreter."""
import json

import pytest

import heapspy

GENERATION = {"threshold", "count", "objects", "collections", "collected", "uncollectable"}
STATES = ["plain", "off", "saved", "frozen", "never"]
NOTES = {"off": "the collector is off", "saved": "DEBUG_SAVEALL", "frozen": "are frozen", "never": "never runs by itself"}


def ask(pid, *options):
    told = heapspy.run("gc", pid, "-f", "json", *options).json()
    assert told["command"] == "gc" and told["schema"] == 1 and told["complete"] is True
    return told


def column(told, name):
    return [generation[name] for generation in told["generations"]]


@pytest.mark.parametrize("state", STATES)
def test_equals_the_gc_module(few_interpreter, start, state):
    live = start(few_interpreter, "collector.py", state)
    live.wait_blocked()
    told = ask(live.pid)
    truth = json.loads(live.command("g"))
    assert told["enabled"] is truth["enabled"] and told["collecting"] is False
    assert column(told, "threshold") == truth["threshold"]
    assert column(told, "count") == truth["count"]
    assert column(told, "objects") == truth["objects"]
    for name in ("collections", "collected", "uncollectable"):
        assert column(told, name) == [stats[name] for stats in truth["stats"]]
    if "duration" in truth["stats"][0]:
        assert told["seconds"] == pytest.approx(sum(stats["duration"] for stats in truth["stats"]))
    else:
        assert told["seconds"] is None
    assert told["debug"] == truth["debug"] and told["frozen"] == truth["frozen"]
    assert [[row["address"], row["type"].rpartition(".")[2]] for row in told["garbage"]] == truth["garbage"]
    assert told["n_garbage"] == len(truth["garbage"])
    assert [row["address"] for row in told["callbacks"]] == truth["callbacks"]
    for name, words in NOTES.items():
        assert any(words in note for note in told["notes"]) is (name == state), told["notes"]


def test_inside_a_collection(few_interpreter, start):
    """A callback runs before the first list is touched: all figures are those of that moment."""
    live = start(few_interpreter, "collector.py", "collecting")
    live.wait_blocked()
    told = ask(live.pid)
    truth = json.loads(live.command("g"))
    assert told["collecting"] is True and any("a collection is running" in note for note in told["notes"])
    assert column(told, "objects") == truth["objects"]


def test_while_it_collects(two_interpreter, start):
    """Stopped at any moment of a collection, it says so or gives whole lists; what it has seen only grows."""
    live = start(two_interpreter, "modes.py", "collecting", 0)
    collections = 0
    for _ in range(10):
        told = heapspy.run("gc", live.pid, "-f", "json")
        assert told.status in (heapspy.DONE, heapspy.INCOMPLETE), told
        told = json.loads(told.output)
        assert told["collecting"] or told["complete"]
        assert told["complete"] or any("lower bounds" in note for note in told["notes"])
        assert collections <= told["generations"][2]["collections"]
        collections = told["generations"][2]["collections"]
    assert collections > 0


def test_subinterpreters(two_interpreter, start):
    """Since 3.9 each has a collector of its own."""
    live = start(two_interpreter, "modes.py", "subinterpreters", 2)
    told = ask(live.pid)
    assert len(told["interpreters"]) == 2
    for other in told["interpreters"]:
        assert other["id"] > 0 and other["enabled"] is False and set(other["generations"][0]) == GENERATION
        assert sum(column(other, "objects")) > 1000
    assert sum(column(told, "objects")) > 1000


def test_text(two_interpreter, start):
    live = start(two_interpreter, "collector.py", "saved")
    done = heapspy.run("gc", live.pid, "-n", 3)
    assert done.status == heapspy.DONE
    assert "collector  on" in done.output and "DEBUG_SAVEALL" in done.output and "2 (old)" in done.output
    assert done.output.count("__main__.Node  ") == 3 and "more (-n)" in done.output
    assert "next: " in done.output and "cycles %d" % live.pid in done.output
    assert ask(live.pid, "-n", 3)["n_garbage"] > 3 == len(ask(live.pid, "-n", 3)["garbage"])
