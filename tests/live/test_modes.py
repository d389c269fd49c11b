# SPDX-License-Identifier: Apache-2.0
"""Situations in which a target is met: other allocators, many threads, collecting, allocating, asleep in a system call."""
import collections
import json

import pytest

import compare
import heapspy
from target import wait_until
from test_census import wrong_sizes, assert_equal, dump_of

MARKED = 20000


def marked(told):
    return heapspy.count(told, "__main__.Marked")


@pytest.mark.parametrize("allocator", ["malloc", "debug", "malloc_debug", "pymalloc_debug"])
def test_allocators(few_interpreter, start, allocator):
    """PYTHONMALLOC: without pymalloc no sweep is possible; with the debug hooks each block has 16 bytes before it."""
    live = start(few_interpreter, "zoo.py", environment={"PYTHONMALLOC": allocator})
    truth = live.truth()
    told = heapspy.report(live.pid)
    assert told["complete"] is True, told["warnings"]
    assert told["census"]["bytes"] <= told["coverage"]["in_use_bytes"] <= told["process"]["rss_bytes"]
    if allocator in ("debug", "pymalloc_debug"):
        assert_equal(truth, dump_of(live), live.pid)
        return
    # Nothing but references leads to an object: those that none of the collector's objects refers to may be left out.
    difference = compare.Difference(truth, dump_of(live))
    assert not difference.wrong_type and not wrong_sizes(truth, difference) and not difference.n_twice, difference.text()
    assert not difference.missing, difference.text()


@pytest.mark.parametrize("situation", ["read", "epoll", "poll", "select", "sleep", "asyncio"])
def test_blocked(debian, start, situation):
    live = start(debian, "modes.py", situation, 0)
    live.wait_blocked()
    for _ in range(3):
        told = heapspy.report(live.pid)
        assert told["complete"] is True, told["warnings"]
        assert marked(told) == MARKED


def test_64_threads(few_interpreter, start):
    live = start(few_interpreter, "modes.py", "threads", 64)
    truth = live.truth()
    difference = compare.Difference(truth, dump_of(live))
    assert not difference.missing and not difference.wrong_type, difference.text()
    told = heapspy.report(live.pid)
    assert told["complete"] is True and marked(told) == MARKED
    assert heapspy.count(told, "threading.Thread") == 64


def test_busy_threads(debian, start):
    live = start(debian, "modes.py", "busy_threads", 8)
    for _ in range(5):
        told = heapspy.report(live.pid)
        assert told["complete"] is True and marked(told) == MARKED


def test_attaches_while_collecting(few_interpreter, start, full):
    """A collection runs at nearly every stop: the lists are torn apart then, and nothing may be lost."""
    live = start(few_interpreter, "modes.py", "collecting", 0)
    tables = []
    for _ in range(200 if full else 20):
        told = heapspy.report(live.pid)
        assert told["complete"] is True, told["warnings"]
        assert marked(told) == MARKED
        tables.append({name: row["count"] for name, row in heapspy.counts(told).items() if row["count"] > 100})
    # The loop itself makes and drops a list and a few numbers.
    for name, n in tables[0].items():
        assert max(abs(n - table.get(name, 0)) for table in tables) <= 4, name


@pytest.mark.parametrize("situation", ["allocating", "growing"])
def test_allocating_all_the_time(few_interpreter, start, situation):
    live = start(few_interpreter, "modes.py", situation, 0)
    for _ in range(8):
        told = heapspy.report(live.pid)
        assert told["complete"] is True, told["warnings"]
        assert marked(told) == MARKED
        assert told["coverage"]["explained_bytes"] >= 0.99 * told["coverage"]["in_use_bytes"]


def test_pages_given_back(few_interpreter, start):
    """Pages of .data that the kernel has dropped are part of the picture: not resident does not mean not there."""
    live = start(few_interpreter, "modes.py", "paged_out", 0)
    if not int(live.command("x")):
        pytest.skip("no /proc in %s" % few_interpreter.root)
    truth = live.truth()
    live.command("x")
    difference = compare.Difference(truth, dump_of(live))
    assert not difference.missing and not difference.wrong_type, difference.text()


def test_subinterpreters(few_interpreter, start):
    live = start(few_interpreter, "modes.py", "subinterpreters", 4)
    if live.ready.startswith("skipped"):
        pytest.skip(live.ready)
    tables = json.loads(live.ready.partition(" ")[2])
    told = heapspy.report(live.pid)
    assert told["complete"] is True, told["warnings"]
    # Each has a class of the same name with 1000 instances; the main one has its own 20,000.
    assert marked(told) == MARKED + 1000 * len(tables)
    assert heapspy.counts(told)["__main__.Marked"]["n_types"] == 1 + len(tables)
    inside = collections.Counter()
    for table in tables:
        inside.update(table)
    if few_interpreter.minor != "3.8":  # there all interpreters shared one collector
        for kind in ("builtins.function", "builtins.module", "builtins.type"):
            assert heapspy.counts(told)[kind]["gc_tracked"] >= inside[kind]


def test_nonblocking(few_interpreter, start):
    """Nothing is stopped; with a target at rest the picture is whole."""
    live = start(few_interpreter, "modes.py", "read", 0)
    live.wait_blocked()
    told = heapspy.report(live.pid, "--nonblocking")
    assert told["process"]["pause_ns"] == 0 and told["process"]["pauses_ns"] == []
    assert marked(told) == MARKED


def test_nonblocking_while_allocating(debian, start):
    """A torn picture may end in an error or in an incomplete result, never in a crash."""
    live = start(debian, "modes.py", "growing", 0)
    for _ in range(10):
        done = heapspy.run("report", live.pid, "--nonblocking", "-f", "json")
        assert done.status in (heapspy.DONE, heapspy.FAILED, heapspy.UNSUPPORTED, heapspy.INCOMPLETE), done
        if done.status == heapspy.DONE:
            assert abs(marked(done.json()) - MARKED) < MARKED * 0.01


def test_deleted_binaries(found, start, tmp_path):
    """Upgraded while it runs: the interpreter's files are gone from the disk."""
    interpreter = next((i for i in found.all if i.flavour == "stripped"), None)
    if interpreter is None:
        pytest.skip("needs a stripped copy: tests/interpreters")
    import os
    import shutil
    from matrix import Interpreter
    origin = os.path.dirname(os.path.dirname(interpreter.path))
    shutil.copytree(origin, tmp_path / "copy", symlinks=True)
    copied = Interpreter(interpreter.version, "deleted", str(tmp_path / "copy" / "bin" / os.path.basename(interpreter.path)),
                         library_path=str(tmp_path / "copy" / "lib"))
    live = start(copied, "zoo.py")
    truth = live.truth()
    shutil.rmtree(tmp_path / "copy")
    wait_until(lambda: "(deleted)" in open("/proc/%d/maps" % live.pid).read(), what="deleted file")
    assert_equal(truth, dump_of(live, "--no-cache"), live.pid)
