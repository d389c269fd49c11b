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
from test_output import run_on_terminal

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
    for sample, figure in zip(told["samples"], figures):
        assert figure["rss"] is None or sample["rss_bytes"] == pytest.approx(figure["rss"], abs=2 * MIB)
    event, seen, request = rows(told)["__main__.Event"], rows(told)["builtins.float"], rows(told)["__main__.Request"]
    assert event["count"] == [figure["Event"] for figure in figures] == [figure["tracked"] for figure in figures]
    assert [n - seen["count"][0] for n in seen["count"]] == [figure["float"] - first["float"] for figure in figures]
    assert 0.999 * first["Event"] <= event["survivors"] <= first["Event"] and event["turnover"] == 0
    assert request["count"] == [2000] * 3
    assert request["survivors"] <= 0.001 * 2000 and request["turnover"] >= 0.97


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


def test_terminal_sees_more(debian, start):
    """A table after the second sample, and how long the next one takes; nothing of both where nobody watches."""
    live = start(debian, "growing.py")
    seen = run_on_terminal("growth", live.pid, "-i", 2, "--max-pause", 20000)
    assert "provisional, after " in seen and "sample 3 of 3 in " in seen and "Ctrl-C" in seen
    assert seen.index("provisional, after ") < seen.index("verdict: ")
    # what is wider than the screen must not wrap: a line that wraps cannot be written over
    assert all("\x1b[?7l" in line for line in seen.split("\r\x1b[K") if " of 3 in " in line)
    seen = run_on_terminal("growth", live.pid, "-i", 2, "-c", 2, "--max-pause", 20000, TERM="dumb")
    assert "verdict: " in seen and "\x1b" not in seen
    done = heapspy.run("growth", live.pid, "-i", 1, "--max-pause", 20000)
    assert "provisional" not in done.output and done.errors == ""


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


def test_records_remade_with_the_same_keys_are_not_called_survivors(few_interpreter, start, series):
    """Keys and texts stand where they stood and are worth the same; the list around them tells that they were made again."""
    live = start(few_interpreter, "growing.py")
    run = series(live, "-f", "json")
    run.wait_sample()
    same = run.between("d")["same addresses"]
    told = run.finish().json()
    assert same > 50000, "the allocator gives the same addresses again"
    for name in ("builtins.dict", "builtins.tuple"):
        row = rows(told)[name]
        assert row["survivors"] is None or row["survivors"] <= row["count"][-1] - 0.999 * 100000, name


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
    for _ in range(5):  # on a loaded machine the first stop can take as long
        live = start(debian, "growing.py")
        run = series(live, "-f", "json", "--max-pause", 60, interval=6)
        with contextlib.suppress(AssertionError):
            run.wait_sample()
            break
    run.between("m")
    done = run.finish()
    assert done.status == heapspy.INCOMPLETE, done
    told = json.loads(done.output)
    assert len(told["samples"]) == 1 and not told["complete"]
    assert any("pause" in warning for warning in told["warnings"]), told["warnings"]


# --- for hours, for tickets, for scripts -----------------------------------------------------------------------------------

class LongSeries(Series):
    """With `--for`, each sample is a line of a file as soon as it is taken."""

    def __init__(self, live, path, *options):
        live.wait_blocked()
        self.live = live
        self.path = path
        self.process = subprocess.Popen([heapspy.HEAPSPY, "growth", str(live.pid), "-o", str(path), "-f", "json", "--max-pause", "20000",
                                         *map(str, options)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def lines(self):
        with contextlib.suppress(FileNotFoundError):
            with open(self.path) as file:
                return file.read().count("\n")
        return 0

    def wait_lines(self, n):
        wait_until(lambda: self.process.poll() is not None or self.lines() >= n, 120, "%d samples" % n)
        assert self.process.poll() is None, self.process.communicate()


def test_long_series(debian, start, tmp_path):
    """Each sample is on the disk when it is taken; SIGTERM brings the last one forward, and the result is the last line."""
    live = start(debian, "growing.py")
    run = LongSeries(live, tmp_path / "samples.jsonl", "--for", "10m", "--every", "2s")
    try:
        for n in range(1, 5):
            run.wait_lines(n)
            live.command("g")
        run.process.send_signal(signal.SIGTERM)
        told = run.finish(60).json()
    finally:
        run.process.kill()
        run.process.wait()
    *samples, result = [json.loads(line) for line in open(run.path)]
    assert os.stat(run.path).st_mode & 0o777 == 0o600
    assert len(samples) == len(told["samples"]) >= 5
    assert result["samples"] == told["samples"] and result["verdict"] == told["verdict"]
    for line, sample in zip(samples, told["samples"]):
        assert line["pid"] == live.pid and line["sample"]["rss_bytes"] == sample["rss_bytes"]
        assert {step: n for step, n in line["memory"].items() if n < 0} == {}
    assert rows(samples[0])["__main__.Event"]["count"] == 2000
    assert rows(samples[-1])["__main__.Event"]["count"] == 6000 == rows(told)["__main__.Event"]["count"][-1]
    assert told["suspects"], "the last sample has a graph"


def test_long_series_goes_on_in_its_file(debian, start, tmp_path):
    """What is there stays, even a last line that nobody ended."""
    live = start(debian, "growing.py")
    path = tmp_path / "samples.jsonl"
    path.write_text('{"earlier": 1}\n{"earlier": 2}')
    run = LongSeries(live, path, "--for", "2s", "--every", "1s")
    try:
        told = run.finish(60).json()
    finally:
        run.process.kill()
        run.process.wait()
    first, second, *samples, result = [json.loads(line) for line in open(path)]
    assert first == {"earlier": 1} and second == {"earlier": 2}
    assert len(samples) == len(told["samples"]) == 3 and result["samples"] == told["samples"]


def test_long_series_of_a_process_that_ends(debian, start, tmp_path):
    live = start(debian, "growing.py")
    live.may_be_gone = True
    run = LongSeries(live, tmp_path / "samples.jsonl", "--for", "10m", "--every", "2s")
    try:
        run.wait_lines(2)
        os.write(live.control, b"q")
        done = run.finish(60)
    finally:
        run.process.kill()
        run.process.wait()
    assert done.status == heapspy.GONE, done
    *samples, result = [json.loads(line) for line in open(run.path)]
    assert len(samples) == 2 == len(result["samples"]) and not result["complete"]


@contextlib.contextmanager
def small_disk(folder, n_bytes):
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=%d" % n_bytes, "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_long_series_on_a_full_disk(debian, start, tmp_path):
    """It is told, the file ends with a whole line, and the result is shown all the same."""
    live = start(debian, "growing.py")
    with small_disk(tmp_path, 16384) as folder:
        run = LongSeries(live, folder / "samples.jsonl", "--for", "6s", "--every", "2s")
        try:
            done = run.finish(60)
        finally:
            run.process.kill()
            run.process.wait()
        with open(run.path) as file:
            lines = [json.loads(line) for line in file]
    assert done.status == heapspy.FAILED and done.errors.count("No space left") == 1, done.errors
    assert len(json.loads(done.output)["samples"]) == 4 > len(lines) > 0


def test_no_place_for_the_result(debian, start, tmp_path):
    """Told at once, not when all samples are taken."""
    live = start(debian, "growing.py")
    path = str(tmp_path / "no" / "result.json")
    done = heapspy.run("growth", live.pid, "-i", "3600", "-f", "json", "-o", path)
    assert done.status == heapspy.FAILED and path in done.errors


def test_exit_code_tells_of_growth(debian, start, series):
    for fail, status in (("10k", 1), ("1G", heapspy.DONE)):
        live = start(debian, "growing.py")
        run = series(live, "--fail-on-growth", fail)
        run.wait_sample()
        run.between("g")
        run.wait_sample()
        run.between("g")
        run.between("g")
        assert run.finish().status == status
    live = start(debian, "growing.py")
    run = series(live, "--fail-on-growth", "10k")
    run.wait_sample()
    run.between("r")
    run.wait_sample()
    run.between("r")
    assert run.finish().status == heapspy.DONE, "what comes and goes is no growth"


def test_ticket(debian, start, series):
    live = start(debian, "growing.py")
    run = series(live, "-f", "md")
    run.wait_sample()
    run.between("g")
    done = run.finish()
    assert done.status == heapspy.DONE, done
    lines = done.output.splitlines()
    assert 10 < len(lines) <= 40 and max(map(len, lines)) <= 100
    assert "pid %d" % live.pid in done.output and "heapspy growth %d -i 4 --max-pause 20000 -f md" % live.pid in done.output
    assert "payload" not in done.output and "host-" not in done.output


def test_ticket_with_three_suspects(debian, start, series):
    """However long their names are; and with the containers' own growth, who writes to them and what was ruled out."""
    live = start(debian, "growing.py")
    run = series(live, "-f", "md")
    for _ in range(2):
        run.wait_sample()
        run.between("l")
    done = run.finish()
    lines = done.output.splitlines()
    assert done.status == heapspy.DONE and len(lines) <= 40 and max(map(len, lines)) <= 100, done
    for name in "EVENTS", "AUDIT", "accounting_period":
        assert any(line[:3] in ("1. ", "2. ", "3. ") and name in line for line in lines), done.output
    assert done.output.count("): confidence **") == 3 and done.output.count("   written by `") >= 3 and "Ruled out: " in done.output


def test_stopped_process_is_warned_of(debian, start):
    """In text, JSON and ticket: that nothing grows says nothing where nothing runs."""
    live = start(debian, "growing.py")
    live.wait_blocked()
    os.kill(live.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: status_field(live.pid, "State").startswith("T"), 20, "stop")
        told = heapspy.run("growth", live.pid, "-i", 1, "-f", "json").json()
        text = heapspy.run("growth", live.pid, "-i", 1, "-c", 2).output
        ticket = heapspy.run("growth", live.pid, "-i", 1, "-c", 2, "-f", "md").output
        assert status_field(live.pid, "State").startswith("T")
    finally:
        os.kill(live.pid, signal.SIGCONT)
    assert any("SIGSTOP" in warning for warning in told["warnings"]) and told["verdict"] == "none"
    assert "\nwarning " in text and "SIGSTOP" in text and "SIGSTOP" in ticket


def test_report_with_growth(debian, start):
    """The report of the last sample, with what led up to it."""
    live = start(debian, "growing.py")
    told = heapspy.run("report", live.pid, "--growth", 2, "-f", "json", "--max-pause", 20000).json()
    assert len(told["samples"]) == 3 and 1.9 < told["seconds"] < 60
    census = {row["type"]: row["count"] for row in told["census"]["types"]}
    assert {name: row["count"][-1] for name, row in rows(told).items() if row["count"][-1]} == census
    assert told["retainers"] and told["verdict"] == "none" and told["suspects"] == []
    assert_adds_up(told)
    text = heapspy.run("report", live.pid, "--growth", 2, "--max-pause", 20000).output
    assert "\ngrowth  RSS " in text and "\nRETAINER" in text
    assert heapspy.run("report", live.pid, "--growth", 2, "--types-only").status == heapspy.USAGE


def test_children(debian, start):
    """Of four workers the three that grow fastest, each named once; what two of them hold alike is told once."""
    live = start(debian, "workers.py")
    workers = json.loads(live.ready)
    done = heapspy.run("growth", live.pid, "--children", "-i", 3, "-f", "json", "--max-pause", 20000)
    assert done.status == heapspy.DONE, done
    told = [json.loads(line) for line in done.output.splitlines()]
    assert sorted(one["pid"] for one in told) == sorted(workers[1:]), "not the idle one, nor the parent"
    first, *others = told
    assert any("EVENTS" in suspect["path"] for suspect in first["suspects"]) and first["shared_suspects"] == []
    for one in others:
        assert not any("EVENTS" in suspect["path"] for suspect in one["suspects"])
        shared = [suspect for suspect in one["shared_suspects"] if "EVENTS" in suspect["path"]]
        assert shared and shared[0]["told_of_pid"] == first["pid"] and shared[0]["retained_growth_bytes"] > 0
        assert_adds_up(one)
    text = heapspy.run("growth", live.pid, "--children", "-i", 1, "--max-pause", 20000).output
    assert text.count("\ngrowth  RSS ") == 3 and "as in pid " in text


def test_no_children(debian, start):
    live = start(debian, "growing.py")
    done = heapspy.run("growth", live.pid, "--children", "-i", 1)
    assert done.status == heapspy.FAILED and "no Python process below" in done.errors, done


@pytest.mark.parametrize("options", [("--for", "1h", "-c", "5"), ("--every", "10s"), ("--for", "10s", "--every", "10s"), ("--for", "31d"),
                                     ("--for", "0s"), ("--for", "6x"), ("--fail-on-growth", "0"), ("--fail-on-growth", "12q"), ("-c", "1"), ("-i", "0"),
                                     ("--children", "--for", "1h"), ("--children", "-o", "x")])
def test_wrong_options(options):
    assert heapspy.run("growth", os.getpid(), *options).status == heapspy.USAGE


def test_more_samples_have_jittered_gaps(debian, start, series):
    live = start(debian, "growing.py")
    told = series(live, "-f", "json", "-c", 6, interval=2).finish().json()
    times = [sample["time"] for sample in told["samples"]]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert len(times) == 6 and all(1 < gap < 4 for gap in gaps), times
    assert len({round(gap, 2) for gap in gaps}) >= 4, gaps
