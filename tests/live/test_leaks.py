# SPDX-License-Identifier: Apache-2.0
"""The corpus of leaks (tests/leaks): that it is one, that its scorer can tell right from wrong, and that heapspy finds a few of its leaks.

All of it, with the bounds that are wanted, is `tests/leaks/run --full`.
"""
import concurrent.futures
import os
import re
import sys

import pytest

import heapspy
import matrix

sys.path.insert(0, os.path.join(matrix.CHECKOUT, "tests", "leaks"))

import corpus  # noqa: E402
import generate  # noqa: E402
import leak_target  # noqa: E402
import runs  # noqa: E402
import score  # noqa: E402
import self_test  # noqa: E402

INTERVAL = 4
STABLE = 50000
LIBRARIES = {"aiohttp", "asyncio", "attr", "concurrent", "contextlib", "django", "flask", "functools", "logging", "lxml", "numpy", "queue", "requests",
             "sqlalchemy", "sqlite3", "tornado", "twisted", "unittest", "weakref", "xml"}
KINDS = {"list", "dict", "set", "deque", "odict", "array", "buffer", "chain", "lru_cache", "registry", "frames", "tasks", "threads", "queue",
         "generators", "cycles", "classes", "unexplained", "aggregate"}
ROOT_KINDS = {"module", "class", "closure", "default", "local", "thread_local", "contextvar", "interpreter", "none"}


# --- the corpus --------------------------------------------------------------------------------------------------------

def said(pattern):
    return {found for program in corpus.load() for found in re.findall(pattern, program.text)}


def test_the_corpus_covers_every_kind_and_root():
    programs = corpus.load()
    assert len(programs) >= 30
    assert said(r'[( ]kind="(\w+)"') >= KINDS
    assert said(r'root_kind="(\w+)"') >= ROOT_KINDS
    assert {program.verdict for program in programs} == {"leak", "garbage", "none", "bounded", "native", "fragmentation"}
    assert len(said(r"\n(?:from|import) (\w+)") & LIBRARIES) >= 8


def test_a_twin_differs_in_the_leaking_line_alone():
    for program in corpus.load():
        if program.twin_text is None:
            assert program.verdict in ("none", "bounded", "native", "fragmentation"), program.name
            continue
        lines, twin = program.text.split("\n"), program.twin_text.split("\n")
        differing = [line for line, other in zip(lines, twin) if line != other]
        assert len(lines) == len(twin)
        assert len(differing) == 2 and differing[0].endswith("# leak") and "# repaired:" in differing[1], program.name


def test_a_file_with_two_leaking_lines_is_refused():
    leaking = "a = 1  # leak\n# repaired: a = 2\n"
    assert corpus.repaired(leaking) == "a = 2\n\n"
    with pytest.raises(corpus.BadProgram):
        corpus.repaired(leaking * 2)


def test_a_seed_makes_the_same_program_twice_and_another_seed_another():
    texts = {generate.program(seed).text for seed in range(50)}
    assert len(texts) == 50
    assert generate.program(7).text == generate.program(7).text
    for seed in range(50):
        compile(generate.program(seed).twin_text, "twin", "exec")


# --- the scorer ----------------------------------------------------------------------------------------------------------

def truth(**changes):
    return {"verdict": ["leak"], "container_ids": [0x1000], "writers": ["Store.add"], **changes}


def suspect(address="0x1000", confidence="high", owner_path=None, writers=("app.Store.add (app.py:12)",)):
    return {"address": address, "confidence": confidence, "owner_path": owner_path, "writers": list(writers)}


def outcome(*suspects, verdict="leak", twin=False, owner="app.STORE", **changes):
    return score.Outcome({"verdict": verdict, "suspects": list(suspects)}, truth(**changes), twin, lambda path: path == owner)


def test_a_true_suspect_is_one_by_address_or_by_its_owner():
    assert outcome(suspect()).faults() == []
    assert outcome(suspect("0x2000", owner_path="app.STORE")).faults() == []
    assert outcome(suspect("0x2000", owner_path="app.OTHER")).rank is None
    assert outcome(suspect("0x2000"), suspect()).rank == 2


def test_each_bound_is_missed_by_what_it_is_for():
    assert "first" in outcome(suspect("0x2000"), suspect()).faults()
    assert "three" in outcome(*[suspect("0x2000")] * 3, suspect()).faults()
    assert outcome(suspect(confidence="medium")).faults() == ["high"]
    assert outcome(suspect(), suspect("0x2000")).faults() == ["true"]
    assert outcome(suspect(), verdict="none").faults() == ["verdict"]
    assert outcome(suspect(writers=["app.Store.remove (app.py:20)"])).faults() == ["writers"]
    assert outcome(suspect(), twin=True).faults() == ["innocent"]
    assert outcome(verdict="leak", twin=True).faults() == ["innocent"]
    assert outcome(suspect(confidence="medium"), verdict="none", twin=True).faults() == []


def test_a_bounded_cache_must_not_be_called_a_leak():
    bounded = {"verdict": ["bounded"]}
    told = {"verdict": "bounded", "suspects": [suspect(confidence="medium")]}
    assert score.Outcome(told, truth(**bounded), False, lambda path: False).faults() == []
    told["suspects"][0]["confidence"] = "high"
    assert score.Outcome(told, truth(**bounded), False, lambda path: False).faults() == ["innocent"]
    told = {"verdict": "leak", "suspects": []}
    assert score.Outcome(told, truth(**bounded), False, lambda path: False).faults() == ["innocent", "verdict"]


def test_names_of_writers():
    assert score.writer_name("app.Store.add (app.py:12)") == "app.Store.add"
    assert score.writer_name("app.make.<locals>.record (app.py:12)") == "app.make.<locals>.record"
    assert score.writer_name({"function": "app.f", "file": "app.py", "line": 3}) == "app.f"
    assert not score.names_writer({"writers": ["app.readd (app.py:1)"]}, ["add"])


def test_totals_are_compared_with_the_bounds():
    good, bad = outcome(suspect()), outcome(suspect("0x2000"))
    assert score.missed(score.add_up([good])) == []
    assert {bound.name for bound in score.missed(score.add_up([good] * 8 + [bad]))} >= {"first", "three"}
    assert "first" not in {bound.name for bound in score.missed(score.add_up([good] * 18 + [bad]))}
    assert score.missed(score.add_up([score.Failure("leak", False, "exit 2")]))


# --- programs, running -----------------------------------------------------------------------------------------------------

@pytest.fixture
def begin(debian):
    """begin(name, twin=False): the program, running on the system's interpreter; unharmed when the test ends."""
    started = []

    def start(name, twin=False):
        live = leak_target.LeakTarget(debian, corpus.load([name])[0], twin, arguments=("--stable", STABLE, "--period", INTERVAL))
        started.append(live)
        return live.__enter__()
    try:
        yield start
        for live in started:
            live.assert_unharmed()
    finally:
        for live in started:
            live.kill()


def test_a_program_tells_owners_from_others(begin):
    live = begin("nested_attributes")
    assert live.is_owner("__main__.APP.state.regions['eu'][3].audit")
    assert live.is_owner("sys.modules['__main__'].APP.state.regions['eu'][3].audit.log")
    assert not live.is_owner("__main__.APP.state.regions['eu'][2].audit")
    assert not live.is_owner("__main__.APP")
    assert not live.is_owner("<frame f>.nothing that Python could evaluate")
    rooms = begin("rooms")
    assert rooms.is_owner("__main__.ROOMS[*].history")
    assert not rooms.is_owner("__main__.ROOMS[*].name")


@pytest.mark.parametrize("name", corpus.FEW)
@pytest.mark.skipif(heapspy.has_sanitizers(), reason="asks the programs alone: nothing of it depends on how heapspy is built")
def test_a_program_does_what_it_says(debian, name):
    _, faults = self_test.examine(debian, corpus.load([name])[0])
    assert faults == []


@pytest.mark.parametrize("name", corpus.FEW)
def test_heapspy_finds_the_leak_and_not_its_twin(debian, tmp_path, name):
    program = corpus.load([name])[0]
    runner = runs.Runner(str(tmp_path))
    planned = runs.plan([program], [debian], [INTERVAL], [1.0], STABLE, 1)
    with concurrent.futures.ThreadPoolExecutor(len(planned)) as pool:
        for run, (judged, skipped) in zip(planned, pool.map(runner.make, planned)):
            assert not skipped and judged.faults() == [], runs.title(run)


def test_objects_remade_at_the_same_addresses_are_not_called_survivors(begin):
    """All cells are remade within a second. At most one in a thousand may be told as having lived, or that it cannot be told."""
    live = begin("remade_objects")
    told = heapspy.run("growth", live.pid, "-i", 2, "-f", "json").json()
    survivors = heapspy.counts({"census": told})["__main__.Cell"]["survivors"]
    assert survivors is None or survivors <= 100
