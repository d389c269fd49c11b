# SPDX-License-Identifier: Apache-2.0
"""`heapspy growth` against a process that changes when it is told to: its own figures, its end, its becoming another."""
import contextlib
import json
import os
import signal
import subprocess

import pytest

import heapspy
from target import status_field, tracer_pid, wait_until

MIB = 1 << 20


def switches(pid):
    """How often the target went to sleep: a stop wakes it."""
    return int(status_field(pid, "voluntary_ctxt_switches")) + int(status_field(pid, "nonvoluntary_ctxt_switches"))


class Series:
    """A run of heapspy that takes samples; what happens in between is up to the test."""

    def __init__(self, live, *options, interval=4):
        live.wait_blocked()
        self.live = live
        self.seen = switches(live.pid)
        self.process = subprocess.Popen([heapspy.HEAPSPY, "growth", str(live.pid), "-i", str(interval), "--max-pause", "20000", *map(str, options)],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def is_resting(self):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open("/proc/%d/wchan" % self.process.pid) as file:
                return "nanosleep" in file.read()
        return False

    def wait_sample(self):
        """Until the target was stopped once more, runs on, and heapspy rests."""
        wait_until(lambda: self.process.poll() is not None or
                   (switches(self.live.pid) > self.seen and tracer_pid(self.live.pid) == 0 and self.is_resting()), 120, "sample")
        assert self.process.poll() is None, self.process.communicate()

    def between(self, letter):
        """Tells the target to change, between two samples."""
        answer = json.loads(self.live.command(letter))
        self.live.wait_blocked()
        self.seen = switches(self.live.pid)
        return answer

    def rest(self):
        self.seen = switches(self.live.pid)

    def finish(self, seconds=240):
        output, errors = self.process.communicate(timeout=seconds)
        return heapspy.Run(subprocess.CompletedProcess([], self.process.returncode, output, errors))


@pytest.fixture
def series():
    started = []

    def begin(live, *options, **how):
        started.append(Series(live, *options, **how))
        return started[-1]
    yield begin
    for run in started:
        if run.process.poll() is None:
            run.process.kill()
            run.process.communicate()


def rows(told):
    return {row["type"]: row for row in told["types"]}


def assert_adds_up(told):
    attribution = told["attribution"]
    assert sum(part["bytes"] for part in attribution["parts"]) == attribution["rss_growth_bytes"]
    assert attribution["rss_growth_bytes"] == told["samples"][-1]["rss_bytes"] - told["samples"][0]["rss_bytes"]


# --- it agrees with the target ------------------------------------------------------------------------------------------

def test_counts_are_the_targets(few_interpreter, start, series):
    live = start(few_interpreter, "growing.py")
    first = json.loads(live.ready)
    run = series(live, "-f", "json")
    run.wait_sample()
    run.between("g")
    second = run.between("r")
    run.wait_sample()
    run.between("g")
    run.between("r")
    third = run.between("g")
    told = run.finish().json()
    assert_adds_up(told)
    figures = [first, second, third]
    assert len(told["samples"]) == 3 and 7.5 < told["seconds"] < 60
    assert [sample["rss_bytes"] for sample in told["samples"]] == pytest.approx([figure["rss"] for figure in figures], abs=2 * MIB)
    event, seen, request = rows(told)["__main__.Event"], rows(told)["builtins.float"], rows(told)["__main__.Request"]
    assert event["count"] == [figure["Event"] for figure in figures] == [figure["tracked"] for figure in figures]
    assert [n - seen["count"][0] for n in seen["count"]] == [figure["float"] - first["float"] for figure in figures]
    assert event["survivors"] == first["Event"] and event["turnover"] == 0
    assert request["count"] == [2000] * 3
    assert request["survivors"] == 0 and request["turnover"] >= 0.97


def test_text_says_what_grows(debian, start, series):
    live = start(debian, "growing.py")
    run = series(live)
    run.wait_sample()
    run.between("g")
    run.between("r")
    done = run.finish()
    assert done.status == heapspy.DONE, done
    lines = done.output.splitlines()
    assert any(line.startswith("growth  RSS ") for line in lines), done
    assert any(line.endswith(" __main__.Event") and line.startswith("+1,000 ") for line in lines), done
    assert any(line.endswith(" __main__.Request") and line.split()[0] == "~" for line in lines), done
    assert "payload" not in done.output and "host-" not in done.output


def test_equal_objects_are_not_called_survivors(few_interpreter, start, series):
    """Freed and made again with equal contents: nobody can tell them from those before, and heapspy does not pretend to."""
    live = start(few_interpreter, "growing.py")
    run = series(live, "-f", "json")
    run.wait_sample()
    same = run.between("s")["same addresses"]
    told = run.finish().json()
    row = rows(told)["__main__.Equal"]
    assert same > 50000, "the allocator gives the same addresses again"
    assert row["count"] == [100000] * 3
    assert row["survivors"] is None or row["survivors"] <= 100


# --- it ends early ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("letter", ["q", "e", "x"], ids=["ends", "execs", "execs Python"])
@pytest.mark.parametrize("n_before", [1, 2])
def test_process_goes_away(debian, start, series, letter, n_before):
    live = start(debian, "growing.py")
    live.may_be_gone = True
    run = series(live, "-f", "json", interval=3)
    for i in range(n_before):
        run.wait_sample()
        if i + 1 < n_before:
            run.between("g")
    os.write(live.control, letter.encode())
    done = run.finish()
    assert done.status == heapspy.GONE, done
    told = json.loads(done.output)
    assert not told["complete"] and told["warnings"]
    assert len(told["samples"]) == n_before
    assert (told["attribution"] is None) == (n_before == 1)
    if n_before == 2:
        assert rows(told)["__main__.Event"]["count"] == [2000, 3000]


@pytest.mark.parametrize("n_before", [1, 2])
def test_interrupted(debian, start, series, n_before):
    live = start(debian, "growing.py")
    run = series(live, "-f", "json", interval=20 if n_before == 1 else 4)
    for i in range(n_before):
        run.wait_sample()
        if i + 1 < n_before:
            run.between("g")
    run.process.send_signal(signal.SIGINT)
    done = run.finish(30)
    assert done.status == heapspy.INCOMPLETE, done
    told = json.loads(done.output)
    assert not told["complete"] and len(told["samples"]) == n_before
    if n_before == 2:
        assert rows(told)["__main__.Event"]["count"] == [2000, 3000]
        assert_adds_up(told)


def test_sample_that_would_pause_for_too_long(debian, start, series):
    """The process has grown by so much that the next stop is over --max-pause: what was seen before is told."""
    live = start(debian, "growing.py")
    run = series(live, "-f", "json", "--max-pause", 60, interval=6)
    run.wait_sample()
    run.between("m")
    done = run.finish()
    assert done.status == heapspy.INCOMPLETE, done
    told = json.loads(done.output)
    assert len(told["samples"]) == 1 and not told["complete"]
    assert any("pause" in warning for warning in told["warnings"]), told["warnings"]


def test_more_samples_have_jittered_gaps(debian, start, series):
    live = start(debian, "growing.py")
    told = series(live, "-f", "json", "-c", 6, interval=2).finish().json()
    times = [sample["time"] for sample in told["samples"]]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert len(times) == 6 and all(1 < gap < 4 for gap in gaps), times
    assert len({round(gap, 2) for gap in gaps}) >= 4, gaps
