# SPDX-License-Identifier: Apache-2.0
"""heapspy top in a real terminal, on a process that leaks while it is looked at."""
import json
import ctypes
import os
import re
import shutil
import signal
import subprocess

import pytest

import heapspy
from target import tracer_pid, wait_until
from terminal import TMUX, Terminal

pytestmark = pytest.mark.skipif(not TMUX, reason="there is no tmux")


@pytest.fixture
def terminal(tmp_path):
    with Terminal(tmp_path) as terminal:
        yield terminal


def top(terminal, live, *options):
    """Opens the browser, and waits for its first screen."""
    terminal.run(" ".join(map(str, [heapspy.HEAPSPY, "top", live.pid, *options])))
    return terminal.wait_text("1 Types")


def sample(screen):
    found = re.search(r"sample (\d+),", screen)
    return int(found.group(1)) if found else 0


def rows(screen):
    """{first word: whole row} of the table."""
    return {line.split()[0]: line for line in screen.splitlines() if line.split()}


def pid_of_heapspy(live):
    """The process that looks at the target: by its arguments, its parent being the terminal's shell."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as file:
                arguments = file.read().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if arguments[:3] == [heapspy.HEAPSPY.encode(), b"top", str(live.pid).encode()]:
            return int(pid)
    raise AssertionError("heapspy does not run")


def test_from_growth_to_the_line_that_leaks(few_interpreter, start, terminal):
    """The way of a user: what grows, which objects, who holds them; and back."""
    live = start(few_interpreter, "leaking_orders.py")
    top(terminal, live, "-i", "0.3", "--max-duty", "100")
    screen = terminal.wait(lambda shown: sample(shown) >= 6, "six samples")
    assert "pid %d" % live.pid in screen and few_interpreter.version in screen
    assert re.search(r"paused \d+ ms, \d+\.\d\d %", screen) and "explained" in screen and "RSS" in screen
    terminal.keys("G")
    terminal.wait(lambda shown: "GROWTH▼" in shown, "order by growth")
    terminal.type("\\__main__")
    terminal.keys("Enter")
    screen = terminal.wait(lambda shown: "filter '__main__'" in shown and sample(shown) >= 8, "filter")
    table = rows(screen)
    assert re.search(r"\+\d+(\.\d)?/s", table["__main__.Order"]), screen
    assert "~" in table["__main__.Visit"], screen
    assert "/s" not in table["__main__.Session"], screen
    lines = [line.split()[0] for line in screen.splitlines() if line.startswith("__main__.")]
    assert lines[0] == "__main__.Order"
    # one key: which objects, and what holds them all
    terminal.keys("Enter")
    screen = terminal.wait_text("HELD BY")
    assert "__main__.EVENTS[*]['order']" in screen and "Types › __main__.Order" in screen
    assert re.search(r"0x[0-9a-f]+ +new ", screen), screen
    # another: one of the new ones
    terminal.keys("Enter")
    screen = terminal.wait_text("REFERRERS")
    held = re.search(r"^__main__\.EVENTS\[(\d+)\]\['order'\]", screen, re.MULTILINE)
    assert held and int(held.group(1)) >= 2000, screen
    assert ".number" in screen and ".lines" in screen
    # along the path: to the dict that refers to it, and on to the list
    terminal.keys("Home", "Enter")
    screen = terminal.wait(lambda shown: "\n__main__.EVENTS[%s]\n" % held.group(1) in shown, "the dict in the list")
    terminal.keys("Home", "Enter")
    screen = terminal.wait(lambda shown: "\n__main__.EVENTS\n" in shown and "list" in shown, "the list")
    terminal.keys("Left", "Left", "Left", "Left")
    screen = terminal.wait_text("filter '__main__'")
    assert "GROWTH▼" in screen
    terminal.keys("q")
    terminal.at_prompt()
    assert terminal.status() == heapspy.DONE
    live.assert_unharmed()


def test_all_views(debian, start, terminal):
    live = start(debian, "leaking_orders.py")
    top(terminal, live)
    assert "! the garbage collector is off" in terminal.screen()
    for key, texts in {
            "3": ["RETAINED", "__main__", "held by the roots"],
            "4": ["OF THE RSS", "Python objects in pools", "unattributed"],
            "5": ["THRESHOLD", "2 (old)", "WHAT IT MEANS"],
            "6": ["THREADS 2", "__main__.work", "truth.serve"],
            "7": ["tracemalloc is off", "class __main__.Order"],
            "1": ["TYPE", "__main__.Session"]}.items():
        terminal.keys(key)
        for text in texts:
            terminal.wait_text(text)
    terminal.keys("3")
    terminal.wait_text("held by the roots")
    terminal.type("/__main__")
    terminal.keys("Enter", "Enter")
    terminal.wait_text("__main__.EVENTS")
    terminal.keys("b")
    terminal.keys("1", "b")
    terminal.wait_text("dict at __main__.EVENTS[*]")
    terminal.type("/at __main__.EVENTS[*]")
    terminal.keys("Enter", "Enter")
    screen = terminal.wait_text("{'id': ")
    assert "user" not in screen
    terminal.keys("?")
    terminal.wait_text("sort by growth")
    terminal.keys("q")  # closes the help only
    terminal.wait_text("{'id': ")
    terminal.keys("q")
    terminal.at_prompt()


def test_names_the_suspect(two_interpreter, start, terminal):
    """From the third sample on a line names what leaks, in every view; one key opens it."""
    live = start(two_interpreter, "leaking_orders.py")
    top(terminal, live, "-i", "0.5", "--max-duty", "100")
    terminal.wait(lambda shown: re.search(r"^suspect 1  __main__\.EVENTS  list \+[\d.]+/s, retains .*, high", shown, re.MULTILINE), "suspect")
    terminal.keys("!")
    screen = terminal.wait_text("FIELDS")
    assert re.search(r"^__main__\.EVENTS$", screen, re.MULTILINE) and "suspect 1  __main__.EVENTS" in screen
    terminal.keys("2")
    screen = terminal.wait_text("writers   __main__.handle")
    assert re.search(r"^ 1  __main__\.EVENTS   list   high", screen, re.MULTILINE), screen
    terminal.keys("Enter")
    terminal.wait_text("REFERRERS")
    terminal.keys("q")
    terminal.at_prompt()


def test_lines_of_a_program_that_traces(debian, start, terminal):
    live = start(debian, "leaking_orders.py", options=("-X", "tracemalloc"))
    top(terminal, live)
    terminal.wait_text("! tracemalloc is on")
    terminal.keys("7")
    terminal.wait_text("traced: ")
    screen = terminal.wait_text("leaking_orders.py:")
    assert 'EVENTS.append({"id": number' in screen, screen
    terminal.keys("q")
    terminal.at_prompt()


def test_writes_a_view(debian, start, terminal, tmp_path):
    live = start(debian, "leaking_orders.py")
    top(terminal, live)
    terminal.keys("w")
    terminal.wait_text("write to file: heapspy-%d-types.txt" % live.pid)
    terminal.keys("Enter")
    terminal.wait_text("written to")
    path = tmp_path / ("heapspy-%d-types.txt" % live.pid)
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(text.splitlines()) > 60 and "__main__.Session" in text and "pid %d" % live.pid in text
    terminal.run(":write /nonexistent/file")
    terminal.wait_text("/nonexistent/file")
    terminal.run(":quit")
    terminal.at_prompt()


def look_into(terminal, source, kind):
    """The browser on a file: what it is, and the way of a user from a type to the line that leaks."""
    terminal.run("%s %s" % (heapspy.HEAPSPY, source))
    terminal.wait(lambda shown: re.search(r"^%s %s" % (kind, re.escape(os.path.basename(source))), shown, re.MULTILINE), "kind of the file")
    screen = terminal.wait_text("__main__.Session")
    assert "next in" not in screen and "r now" not in screen and ("RSS" in screen) == (kind == "snapshot")
    terminal.keys("r")
    terminal.wait_text("this is a file")
    terminal.type("/__main__.Order")
    terminal.keys("Enter", "Enter")
    terminal.wait_text("__main__.EVENTS[*]['order']")
    terminal.keys("Enter")
    screen = terminal.wait_text("REFERRERS")
    assert re.search(r"^__main__\.EVENTS\[\d+\]\['order'\]", screen, re.MULTILINE), screen
    terminal.keys("2")
    terminal.wait_text("__main__.EVENTS   list")
    for key, text in {"3": "held by the roots", "4": "Python objects in pools", "5": "THRESHOLD", "6": "__main__.work", "7": "class __main__.Order"}.items():
        terminal.keys(key)
        terminal.wait_text(text)
    terminal.keys("q")
    terminal.at_prompt()
    assert terminal.status() == heapspy.DONE


def test_saves_a_snapshot_and_opens_it(two_interpreter, start, terminal, tmp_path):
    live = start(two_interpreter, "leaking_orders.py")
    top(terminal, live, "-i", "0.3", "--max-duty", "100")
    terminal.wait(lambda shown: sample(shown) >= 3, "three samples")
    terminal.keys("s")
    screen = terminal.wait(lambda shown: re.search(r"save snapshot to: heapspy-%d-\d+T\d+Z\.core" % live.pid, shown), "a name for the file")
    name = re.search(r"heapspy-%d-\d+T\d+Z\.core" % live.pid, screen).group(0)
    terminal.keys("Enter")
    terminal.wait_text("saved: %s" % name)
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    terminal.type(":snapshot %s" % name)
    terminal.keys("Enter")
    terminal.wait_text("not saved: ")  # an earlier one is not replaced
    terminal.type(":snapshot packed.core.zst")
    terminal.keys("Enter")
    terminal.wait_text("saved: packed.core.zst")
    terminal.keys("q")
    terminal.at_prompt()
    live.assert_unharmed()
    live.process.kill()  # what is in the file is not looked for in the process
    live.may_be_gone = True
    report = heapspy.run("report", str(tmp_path / name), "-f", "json", "--types-only")
    pauses = json.loads(report.output)["process"]["pauses_ns"]
    assert 1 <= len(pauses) <= 3, pauses  # those of its own sample
    look_into(terminal, name, "snapshot")
    assert len((tmp_path / "packed.core.zst").read_bytes()) < (tmp_path / name).stat().st_size


@pytest.mark.skipif(not shutil.which("gcore"), reason="there is no gcore")
def test_opens_a_core(debian, start, terminal, tmp_path):
    live = start(debian, "leaking_orders.py")
    subprocess.run(["gcore", "-o", tmp_path / "core", str(live.pid)], check=True, capture_output=True, timeout=120)
    look_into(terminal, "core.%d" % live.pid, "core")
    assert "is a file" in heapspy.run("top", "-i", "3", str(tmp_path / ("core.%d" % live.pid))).errors
    live.assert_unharmed()


@pytest.mark.parametrize("end", ["q", signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGSEGV, signal.SIGABRT])
def test_gives_the_terminal_back(debian, start, terminal, end):
    live = start(debian, "leaking_orders.py")
    before, modes = terminal.output_of("stty -a"), terminal.modes()
    top(terminal, live, "-i", "0.1", "--max-duty", "100")
    assert terminal.modes() != modes
    pid = pid_of_heapspy(live)
    if end == "q":
        terminal.keys("q")
    else:
        os.kill(pid, end)
    terminal.at_prompt()
    assert terminal.status() == (0 if end == "q" else 128 + end)
    assert terminal.modes() == modes
    assert terminal.output_of("stty -a") == before
    assert tracer_pid(live.pid) == 0


def test_suspended(debian, start, terminal):
    """Ctrl-Z, most of the time while a sample is taken: the terminal is given back, the target runs on, fg shows the screen again."""
    live = start(debian, "heaps.py", "mix", 60000)
    modes = terminal.modes()
    top(terminal, live, "-i", "0.1", "--max-duty", "100")
    for _ in range(8):
        terminal.wait(lambda shown: sample(shown) >= 2, "samples")
        terminal.keys("C-z")
        terminal.at_prompt()
        assert terminal.modes() == modes
        assert tracer_pid(live.pid) == 0
        live.assert_unharmed()
        terminal.run("fg")
        terminal.wait_text("CPython")
    terminal.keys("q")
    terminal.at_prompt()


@pytest.mark.parametrize("end", [signal.SIGSEGV, signal.SIGBUS])
def test_gives_the_terminal_back_when_another_thread_crashes(debian, start, terminal, end):
    """What decodes the target's memory is not the thread that has the terminal."""
    live = start(debian, "leaking_orders.py")
    before, modes = terminal.output_of("stty -a"), terminal.modes()
    top(terminal, live, "-i", "3600")
    pid = pid_of_heapspy(live)
    # the first one that was started: the session's
    thread = min(int(tid) for tid in os.listdir("/proc/%d/task" % pid) if int(tid) != pid)
    assert ctypes.CDLL(None).tgkill(pid, thread, end) == 0
    terminal.at_prompt()
    assert terminal.status() == 128 + end
    assert terminal.modes() == modes
    assert terminal.output_of("stty -a") == before
    live.assert_unharmed()


def test_the_terminal_is_given_back_when_the_target_is_killed(debian, start, terminal):
    """With an object's view open, and while it is stopped in the shell's background."""
    live = start(debian, "leaking_orders.py")
    live.may_be_gone = True
    before, modes = terminal.output_of("stty -a"), terminal.modes()
    top(terminal, live, "-i", "3600")
    terminal.type("/__main__.Order")
    terminal.keys("Enter", "Enter")
    terminal.wait_text("HELD BY")
    terminal.keys("Enter")
    terminal.wait_text("REFERRERS")
    terminal.keys("C-z")
    terminal.at_prompt()
    assert terminal.modes() == modes
    assert tracer_pid(live.pid) == 0
    live.process.kill()
    live.process.wait()
    terminal.run("fg")
    terminal.wait_text("REFERRERS")
    terminal.wait_text("gone: the last sample stays")
    terminal.keys("q")
    terminal.at_prompt()
    assert terminal.status() == heapspy.DONE
    assert terminal.modes() == modes
    assert terminal.output_of("stty -a") == before


def test_commands_are_completed_and_places_come_back(debian, start, terminal):
    live = start(debian, "leaking_orders.py")
    top(terminal, live, "-i", "3600")
    terminal.type(":vi")
    terminal.keys("Tab")
    terminal.wait(lambda shown: shown.rstrip().endswith(":view"), "the command")
    terminal.type("ret")
    terminal.keys("Tab")
    terminal.wait_text(":view retained")
    terminal.keys("Enter")
    terminal.wait_text("held by the roots")
    terminal.type(":sort o")
    terminal.keys("Tab")
    terminal.wait_text(":sort objects")
    terminal.keys("Enter")
    terminal.wait_text("OBJECTS\u25bc")
    terminal.type("1/__main__.Order")
    terminal.keys("Enter", "Enter")
    terminal.wait_text("HELD BY")
    terminal.keys("[")
    terminal.wait_text("1 Types")
    terminal.keys("[")
    terminal.wait_text("OBJECTS\u25bc")
    terminal.keys("]", "]")
    terminal.wait_text("HELD BY")
    terminal.type(":nonsense")
    terminal.keys("Enter")
    terminal.wait_text("no command 'nonsense'")
    terminal.keys("q")
    terminal.at_prompt()


def test_the_target_ends_while_it_is_looked_at(debian, start, terminal):
    live = start(debian, "leaking_orders.py")
    live.may_be_gone = True
    top(terminal, live, "-i", "0.3", "--max-duty", "100")
    terminal.wait(lambda shown: sample(shown) >= 3, "three samples")
    live.process.kill()
    live.process.wait()
    screen = terminal.wait_text("gone: the last sample stays")
    assert "no further samples" in screen and "__main__.Order" in screen
    # what was copied can still be gone into
    terminal.type("/__main__.Order")
    terminal.keys("Enter", "Enter")
    terminal.wait_text("__main__.EVENTS[*]['order']")
    terminal.keys("Enter")
    terminal.wait_text("REFERRERS")
    terminal.keys("r", "q")
    terminal.at_prompt()


def test_another_program_takes_its_place(debian, start, terminal):
    live = start(debian, "leaking_orders.py")
    live.may_be_gone = True
    top(terminal, live, "-i", "0.3", "--max-duty", "100")
    terminal.wait(lambda shown: sample(shown) >= 3, "three samples")
    os.write(live.control, b"e")
    screen = terminal.wait_text("gone: the last sample stays")
    assert "__main__.Order" in screen
    terminal.keys("Enter")  # its memory was given back for a sample that could not be
    terminal.wait_text("try: ")
    terminal.keys("q")
    terminal.at_prompt()


def test_samples_wait_for_who_looks_and_for_the_duty(debian, start, terminal):
    live = start(debian, "leaking_orders.py")
    top(terminal, live, "-i", "0.2", "--max-duty", "100")
    terminal.wait(lambda shown: sample(shown) >= 2, "two samples")
    terminal.keys("Z")
    frozen = sample(terminal.wait_text("frozen"))
    terminal.keys("3")
    terminal.wait_text("held by the roots")
    terminal.keys("Z")
    held = sample(terminal.wait_text("held while you look"))
    assert held == frozen
    terminal.keys("r")
    terminal.wait(lambda shown: sample(shown) == held + 1, "a sample that was asked for")
    terminal.keys("1")
    terminal.wait(lambda shown: sample(shown) > held + 2, "samples that go on")
    terminal.keys("q")
    terminal.at_prompt()
    # a tenth of a percent: the pause of one sample takes seconds to be made up for
    top(terminal, live, "-i", "0.2", "--max-duty", "0.1")
    terminal.wait_text("(duty 0.1 %:")
    terminal.keys("r")
    screen = terminal.wait_text("(duty 0.1 %:")
    assert sample(screen) == 1
    terminal.keys("q")
    terminal.at_prompt()


def test_sizes_and_kinds_of_terminals(debian, start, tmp_path):
    live = start(debian, "leaking_orders.py")
    with Terminal(tmp_path) as terminal:
        top(terminal, live)
        terminal.resize(20, 5)
        terminal.wait_text("too small")
        terminal.resize(200, 60)
        terminal.wait(lambda shown: "too small" not in shown and "SHARE" in shown, "the large screen")
        terminal.resize(80, 24)
        terminal.wait(lambda shown: "1 Types" in shown and "Lines" in shown, "the usual screen")
        terminal.keys("q")
        terminal.at_prompt()
    for number, environment in enumerate([{"LC_ALL": "C"}, {"TERM": "vt100"}, {"TERM": "xterm-mono"}, {"NO_COLOR": "1"}, {"TERM": "linux"}]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Terminal(folder, 80, 24, environment) as terminal:
            top(terminal, live)
            screen = terminal.wait_text("dict")
            if environment.get("LC_ALL") == "C":
                assert screen.isascii()
            terminal.keys("q")
            terminal.at_prompt()
    for kind, message in (("nonsense", "is not known"), ("dumb", "cannot move its cursor"), ("", "TERM is not set")):
        folder = tmp_path / ("kind-" + kind)
        folder.mkdir()
        with Terminal(folder, 80, 24) as terminal:
            told = terminal.output_of("TERM=%s %s top %d; echo status $?" % (kind, heapspy.HEAPSPY, live.pid))
            assert message in told and "status %d" % heapspy.USAGE in told, told


def test_a_process_alone_opens_the_browser(debian, start, terminal):
    live = start(debian, "leaking_orders.py")
    terminal.run("%s %d" % (heapspy.HEAPSPY, live.pid))
    terminal.wait_text("1 Types")
    terminal.keys("q")
    terminal.at_prompt()
    assert "RETAINER" in heapspy.run(str(live.pid)).output
    done = heapspy.run("top", live.pid)
    assert done.status == heapspy.USAGE and "needs a terminal" in done.errors


def test_errors_are_told_before_the_screen_opens(terminal):
    gone = subprocess.Popen(["true"])
    gone.wait()
    wait_until(lambda: not os.path.exists("/proc/%d" % gone.pid), what="end of a process")
    told = terminal.output_of("%s top %d; echo status $?" % (heapspy.HEAPSPY, gone.pid))
    assert "status %d" % heapspy.GONE in told and str(gone.pid) in told


def test_three_keys_from_a_pid_to_the_culprit_of_the_demo(terminal):
    """The walks of the README: by the suspect that is named, and by what grows; no address is typed."""
    with subprocess.Popen([heapspy.HEAPSPY, "demo", "--python", "/usr/bin/python3"], stdout=subprocess.PIPE, text=True) as demo:
        try:
            pid = re.search(r"pid (\d+)", demo.stdout.readline()).group(1)
            terminal.run("%s top %s -i 0.5 --max-duty 100" % (heapspy.HEAPSPY, pid))
            terminal.wait_text("suspect 1  __main__.EVENTS  list")
            terminal.keys("!")
            screen = terminal.wait_text("FIELDS")
            assert re.search(r"^__main__\.EVENTS$", screen, re.MULTILINE), screen
            terminal.keys("2")
            terminal.wait_text("writers   __main__.remember (service.py:")
            terminal.keys("1")
            terminal.wait_text("__main__.Session")
            terminal.keys("G")
            terminal.wait_text("GROWTH▼")
            terminal.keys("Enter")
            terminal.wait(lambda shown: re.search(r"^ +[\d,]+ __main__\.EVENTS\[\*\]", shown, re.MULTILINE), "who holds what grows")
            terminal.keys("q")
            terminal.at_prompt()
        finally:
            demo.terminate()
