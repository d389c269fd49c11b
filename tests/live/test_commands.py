# SPDX-License-Identifier: Apache-2.0
"""The command line as a user meets it: usage errors, files, colour, signals, and the commands beside report."""
import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys
import time

import pytest

import heapspy

PYTHON = "/usr/bin/python3"


def wait_until(holds, seconds=20):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that within %d s" % seconds
        time.sleep(0.01)


def is_running(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


class Demo:
    """heapspy demo with its service."""

    def __init__(self, *options):
        self.program = subprocess.Popen([heapspy.HEAPSPY, "demo", "--python", PYTHON, *options], stdout=subprocess.PIPE, text=True)
        self.first_line = self.program.stdout.readline()
        self.pid = int(re.search(r"pid (\d+)", self.first_line).group(1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.kill()
        self.program.wait()
        self.program.stdout.close()
        wait_until(lambda: not is_running(self.pid))


@pytest.fixture(scope="module")
def service():
    with Demo() as demo:
        yield demo.pid


def on_a_terminal(command, answer=None, environment=None):
    """(what the terminal showed, wait status); `answer` is typed once the output ends in a question."""
    pid, master = pty.fork()
    if pid == 0:
        os.execve(command[0], command, {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(environment or {})})
    shown = b""
    try:
        while True:
            piece = os.read(master, 65536)
            if not piece:
                break
            shown += piece
            if answer and shown.endswith(b"[y/N] "):
                os.write(master, answer)
                answer = None
    except OSError:  # how a terminal says that its last user is gone
        pass
    os.close(master)
    return shown.decode(), os.waitpid(pid, 0)[1]


@pytest.mark.parametrize("arguments, says", [
    ([], "Usage: heapspy COMMAND"),
    (["nonsense"], "neither a command nor a PID"),
    (["report"], "PID is missing"),
    (["report", "x"], "neither a PID nor a file"),
    (["report", "0"], "neither a PID nor a file"),
    (["report", "-5"], "invalid option"),
    (["report", "1", "2"], "more than one source"),
    (["report", "1", "-p", "2"], "more than one source"),
    (["report", "1", "--sort", "size"], "allowed: bytes, count, type"),
    (["report", "1", "-f", "xml"], "allowed: text, json"),
    (["report", "1", "--color=blue"], "allowed: auto, always, never"),
    (["report", "1", "-n", "-1"], "--number must be a number"),
    (["report", "1", "-n", "99999999999999999999"], "--number must be a number"),
    (["report", "1", "-j", "0"], "--jobs must be a number"),
    (["report", "1", "--max-pause", "soon"], "--max-pause must be a number"),
    (["report", "1", "--nonsense"], "unrecognized option"),
    (["ps", "1"], "Too many arguments"),
    (["help", "nonsense"], "there is no command"),
])
def test_wrong_usage(arguments, says):
    done = heapspy.run(*arguments)
    assert done.status == heapspy.USAGE
    assert says in done.errors
    assert done.output == ""


@pytest.mark.parametrize("name", ["report", "ps", "demo", "layout", "help"])
def test_help(name):
    by_option, by_command = heapspy.run(name, "--help"), heapspy.run("help", name)
    assert by_option.status == by_command.status == heapspy.DONE
    # --help also tells of itself.
    assert set(by_command.output.splitlines()[1:]) <= set(by_option.output.splitlines())
    assert "  heapspy %s" % name in by_option.output
    assert name in heapspy.run("--help").output


def test_version():
    assert re.fullmatch(r"heapspy \d+\.\d+\.\d+\n", heapspy.run("--version").output)


def test_report_writes_a_whole_file_or_none(service, tmp_path):
    path = tmp_path / "heap.json"
    path.write_text("old")
    assert heapspy.run("report", service, "-f", "json", "-o", path).status == heapspy.DONE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["pid"] == service
    assert heapspy.run("report", 4194303, "-f", "json", "-o", tmp_path / "none").status == heapspy.GONE
    assert heapspy.run("report", service, "-o", tmp_path / "no" / "folder").status == heapspy.FAILED
    assert [entry.name for entry in tmp_path.iterdir()] == ["heap.json"]


def test_report_options(service):
    rows = heapspy.report(service, "--sort", "count", "-n", "5")["census"]["types"]
    assert len(rows) == 5 and [row["count"] for row in rows] == sorted((row["count"] for row in rows), reverse=True)
    rows = heapspy.report(service, "--sort", "type")["census"]["types"]
    assert [row["type"] for row in rows] == sorted(row["type"] for row in rows)
    assert [row["type"] for row in heapspy.report(service, "--filter", "dict")["census"]["types"]] == ["builtins.dict"]
    assert {row["type"] for row in heapspy.report(service, "--filter", "__main__.*")["census"]["types"]} == {"__main__.Order", "__main__.Session"}
    for arguments in (["-p", service], ["report", "--pid", service], [service]):
        assert heapspy.run(*arguments, "-f", "json").json()["pid"] == service
    assert heapspy.run("report", service, "-j", "1").status == heapspy.DONE


def test_next_is_a_command_that_works(service):
    shown = heapspy.run("report", service, "-n", "3").output
    following = re.search(r"^next: (.*)$", shown, re.M).group(1).split()
    done = subprocess.run(following, capture_output=True, text=True, timeout=60)
    assert done.returncode == heapspy.DONE, done.stderr
    assert "total, " in done.stdout


def has_colour(text):
    """Whether it sets a colour or weight; what a slow run shows of its progress clears its line, and that is none."""
    return re.search("\033\\[[0-9;]*m", text) is not None


def test_colour_when_it_is_asked_for(service):
    command = [heapspy.HEAPSPY, "report", str(service), "-n", "2"]
    assert has_colour(on_a_terminal(command)[0])
    assert not has_colour(on_a_terminal(command + ["--color=never"])[0])
    assert has_colour(on_a_terminal(command + ["--color=always"], environment={"NO_COLOR": "1"})[0])
    assert has_colour(heapspy.run(*command[1:], "--color=always").output)


def test_a_result_that_cannot_be_written(service):
    with open("/dev/full", "w") as full:
        done = subprocess.run([heapspy.HEAPSPY, "report", str(service)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == heapspy.FAILED and "cannot write standard output" in done.stderr


def test_a_long_pause_asks_on_a_terminal(service):
    command = [heapspy.HEAPSPY, "report", str(service), "--max-pause", "1"]
    shown, status = on_a_terminal(command, b"y\n")
    assert os.waitstatus_to_exitcode(status) == heapspy.DONE and "total, " in shown
    shown, status = on_a_terminal(command, b"n\n")
    assert os.waitstatus_to_exitcode(status) == heapspy.FAILED and "--max-pause" in shown
    for _ in range(5):
        _, status = on_a_terminal(command, b"\x03")
        assert os.waitstatus_to_exitcode(status) == -signal.SIGINT
    done = heapspy.run("report", service, "--max-pause", "1")
    assert done.status == heapspy.FAILED and "--max-pause" in done.errors and done.output == ""


def test_ps(service):
    listed = {row["pid"]: row for row in heapspy.run("ps", "-i", "1", "-f", "json").json()["processes"]}
    row = listed[service]
    assert row["python"] == "%d.%d" % sys.version_info[:2] or os.path.realpath(PYTHON) != os.path.realpath(sys.executable)
    assert row["rss_bytes"] > row["private_dirty_bytes"] > 1 << 20
    assert row["private_dirty_change_bytes"] is not None
    assert listed[os.getpid()]["command"]
    shown = heapspy.run("ps", "--tree", "-i", "0").output
    lines = shown.splitlines()
    mine = next(i for i, line in enumerate(lines) if line.split()[0] == str(os.getpid()))
    below = next(i for i, line in enumerate(lines) if line.split()[0] == str(service))
    assert mine < below
    assert lines[-1].startswith("next: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_demo_takes_its_service_with_it(number, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Demo() as demo:
        assert is_running(demo.pid)
        assert not os.listdir(tmp_path)  # nothing is left for a kill to leave behind
        demo.program.send_signal(number)
        demo.program.wait(20)
        wait_until(lambda: not is_running(demo.pid))
        assert demo.program.returncode == (-number if number == signal.SIGKILL else 0)


def test_demo_without_python():
    done = heapspy.run("demo", "--python", "/no/such/python")
    assert done.status == heapspy.FAILED
    assert "did not start" in done.errors


def test_progress_on_a_terminal_after_a_second():
    shown, status = on_a_terminal([heapspy.HEAPSPY, "ps"])
    assert status == 0
    before, _, after = shown.rpartition("\r\033[K")
    assert "measuring" in before and "measuring" not in after and "PID" in after
    assert "measuring" not in on_a_terminal([heapspy.HEAPSPY, "ps", "-i", "0"])[0]
    assert heapspy.run("ps").errors == ""
