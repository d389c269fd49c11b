# SPDX-License-Identifier: Apache-2.0
"""What heapspy top writes to its terminal, cell by cell, as a terminal emulator library understands it."""
import base64
import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

import pytest

import heapspy
import target

pyte = pytest.importorskip("pyte")

WIDTH, HEIGHT = 100, 30


class Browser:
    """heapspy top on a pseudo-terminal; a context manager that ends it by its own pid."""

    def __init__(self, pid, *options, environment=None):
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.ByteStream(self.screen)
        self.written = 0
        self.raw = b""
        self.started = time.monotonic()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(heapspy.HEAPSPY, [heapspy.HEAPSPY, "top", str(pid), *options],
                      {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "COLUMNS": "", "LINES": "", **(environment or {})})
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.terminal)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def wait(self, predicate, what, seconds=60):
        """Reads what is written until predicate(rows) holds."""
        end = time.monotonic() + seconds
        while not predicate(self.rows()):
            readable, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            assert readable, "no %s; the screen shows:\n%s" % (what, "\n".join(self.rows()))
            data = os.read(self.terminal, 65536)
            self.written += len(data)
            self.raw += data
            self.stream.feed(data)

    def rows(self):
        return self.screen.display

    def type(self, text):
        os.write(self.terminal, text.encode())

    def cell(self, x, y):
        return self.screen.buffer[y][x]


def row_of(rows, start):
    return next((y for y, row in enumerate(rows) if row.startswith(start)), None)


def test_only_what_changes_is_written(debian, start):
    live = start(debian, "leaking_orders.py")
    with Browser(live.pid, "-i", "3600") as browser:
        browser.wait(lambda rows: row_of(rows, "__main__.Session") and "Enter open" in rows[-1], "first screen")
        whole = browser.written
        browser.wait(lambda rows: " 2 s old" in rows[2], "time that goes by")
        browser.written = 0
        browser.wait(lambda rows: " 4 s old" in rows[2], "time that goes by")
        assert browser.written < 300, "two seconds wrote %d bytes, the whole screen %d" % (browser.written, whole)
        browser.written = 0
        browser.type("j")
        browser.wait(lambda rows: " 2/" in rows[-1], "the second row")
        assert browser.written < whole / 4, "a key wrote %d bytes, the whole screen %d" % (browser.written, whole)


def test_columns_stand_below_each_other_behind_wide_names(debian, start):
    live = start(debian, "leaking_orders.py")
    with Browser(live.pid, "-i", "3600") as browser:
        browser.type("\\__main__\n")
        browser.wait(lambda rows: row_of(rows, "__main__.Session") and any("1,234" in row for row in rows), "types of the program")
        rows = browser.rows()
        wide, narrow = next(y for y, row in enumerate(rows) if "1,234" in row), row_of(rows, "__main__.Session")
        assert rows[wide].startswith("__main__.\u5009")

        def ends(y):
            """Where figures end, in cells."""
            return [x for x in range(40, WIDTH - 1) if browser.cell(x, y).data.isdigit() and browser.cell(x + 1, y).data == " "]
        assert ends(wide)[:1] == ends(narrow)[:1] and ends(wide)


def test_looks(debian, start):
    """Colours where the terminal has them and nobody forbids them; the selected row stands out in any case."""
    live = start(debian, "leaking_orders.py")
    for environment, has_colours in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "xterm-mono"}, False)):
        with Browser(live.pid, "-i", "3600", environment=environment) as browser:
            browser.wait(lambda rows: row_of(rows, "__main__.Session") and "Enter open" in rows[-1], "first screen")
            y = row_of(browser.rows(), "TYPE") + 1
            assert browser.cell(0, y).reverse and not browser.cell(0, y + 1).reverse
            colours = {browser.cell(x, y).fg for x in range(WIDTH) for y in range(HEIGHT)}
            assert (colours != {"default"}) == has_colours, colours


def test_mouse_and_clipboard(debian, start):
    """A click selects, sorts, opens, goes to a view; the wheel moves; an address is sent to the terminal's clipboard."""
    live = start(debian, "leaking_orders.py")
    with Browser(live.pid, "-i", "3600") as browser:
        browser.wait(lambda rows: row_of(rows, "__main__.Session") and "Enter open" in rows[-1], "first screen")

        def click(x, y, button=0):
            browser.type("\x1b[<%d;%d;%dM\x1b[<%d;%d;%dm" % (button, x + 1, y + 1, button, x + 1, y + 1))

        heading = row_of(browser.rows(), "TYPE")
        click(browser.rows()[heading].index("COUNT"), heading)
        browser.wait(lambda rows: "COUNT\u25bc" in rows[heading], "order by count")
        click(browser.rows()[heading].index("COUNT"), heading)
        browser.wait(lambda rows: "COUNT\u25b2" in rows[heading], "the other way round")
        click(browser.rows()[heading].index("BYTES"), heading)
        browser.wait(lambda rows: rows[heading + 1].startswith("dict") or rows[heading + 1].startswith("str"), "order by bytes")
        click(2, heading + 3)
        browser.wait(lambda rows: " 3/" in rows[-1], "the third row")
        click(2, heading + 3, 65)
        browser.wait(lambda rows: " 6/" in rows[-1], "three rows further")
        click(2, heading + 3, 64)
        browser.wait(lambda rows: " 3/" in rows[-1], "three rows back")
        click(browser.rows()[heading - 1].index("Memory"), heading - 1)
        browser.wait(lambda rows: row_of(rows, "     BYTES") and any("OF THE RSS" in row for row in rows), "the view of memory")
        browser.type("1/__main__.Session\r")
        browser.wait(lambda rows: any(browser.cell(0, y).reverse and row.startswith("__main__.Session") for y, row in enumerate(rows)), "the row searched for")
        y = row_of(browser.rows(), "__main__.Session")
        click(2, y)
        browser.wait(lambda rows: any("HELD BY" in row for row in rows), "its objects")
        browser.type("c")
        browser.wait(lambda rows: "sent to the clipboard" in rows[-1], "a copy")
        address = browser.rows()[-1].split()[0]
        assert b"\x1b]52;c;" + base64.b64encode(address.encode()) + b"\a" in browser.raw
    live.assert_unharmed()


def test_long_work_is_given_up(debian, start):
    """Esc ends what is being worked out for a view; it is begun anew when the view is asked for again, and all is as before."""
    live = start(debian, "heaps.py", "mix", 100000)
    with Browser(live.pid, "-i", "3600") as browser:
        browser.wait(lambda rows: row_of(rows, "dict") and "Enter open" in rows[-1], "first screen")
        browser.type("G\r")
        browser.wait(lambda rows: "Esc stops" in rows[2], "work on a graph")
        begin = time.monotonic()
        browser.type("\x1b")
        browser.wait(lambda rows: "Esc stops" not in rows[2] and row_of(rows, "TYPE"), "the view before")
        assert time.monotonic() - begin < 2
        browser.type("3")
        browser.wait(lambda rows: "Esc stops" in rows[2], "work on a graph")
        browser.type("\x1b")
        browser.wait(lambda rows: row_of(rows, "given up") and row_of(rows, "try: come back"), "what was given up")
        browser.type("13")
        browser.wait(lambda rows: row_of(rows, "held by the roots"), "the tree")
    live.assert_unharmed()


def test_lengths_move_between_samples(debian, start):
    """The suspect's length and the history of what comes with its items go on while no sample is taken."""
    live = start(debian, "leaking_orders.py")

    def length(rows):
        found = [row.rsplit("now ", 1)[1] for row in rows if row.startswith("suspect 1") and "now " in row]
        return int(found[0].replace(",", "")) if found else 0

    with Browser(live.pid, "-i", "0.3", "--max-duty", "100") as browser:
        browser.wait(lambda rows: length(rows) > 0, "the suspect's length")
        browser.type(":interval 3600\n")
        browser.wait(lambda rows: "every 1 h" in rows[2], "a long interval")
        sample, seen = browser.rows()[2].split(",")[0], length(browser.rows())
        browser.wait(lambda rows: length(rows) > seen + 100, "a length that grows")
        assert browser.rows()[2].split(",")[0] == sample
        y = row_of(browser.rows(), "__main__.Order")
        end = browser.rows()[row_of(browser.rows(), "TYPE")].index("HISTORY") + len("HISTORY")
        assert browser.rows()[y][end - 1] == "\u2588", browser.rows()[y]  # the greatest of all: now
        assert browser.cell(end - 4, y).fg != browser.cell(end - 1, y).fg  # the samples' own are those of growth
    live.assert_unharmed()


# red, green and blue in one number, as terminfo's xterm-direct has it
DIRECT = r"""direct-test|a terminal of all colours,
	RGB, colors#0x1000000, pairs#0x7FFF,
	setaf=\E[%?%p1%{8}%<%t3%p1%d%e38;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m,
	setab=\E[%?%p1%{8}%<%t4%p1%d%e48;2;%p1%{65536}%/%d;%p1%{256}%/%{255}%&%d;%p1%{255}%&%d%;m,
	use=xterm-256color,
"""


@pytest.mark.skipif(not shutil.which("tic"), reason="there is no tic")
def test_as_many_colours_as_there_are(debian, start, tmp_path):
    """What grows is red: one of 8 colours, of 256, of all."""
    (tmp_path / "direct").write_text(DIRECT)
    subprocess.run(["tic", "-x", "-o", tmp_path, tmp_path / "direct"], check=True, timeout=30)
    live = start(debian, "leaking_orders.py")
    for terminal, red in ("xterm-color", "red"), ("xterm-256color", "d75f5f"), ("direct-test", "d75f5f"):
        environment = {"TERM": terminal, "TERMINFO_DIRS": "%s:/etc/terminfo:/lib/terminfo:/usr/share/terminfo" % tmp_path}
        with Browser(live.pid, "-i", "0.3", "--max-duty", "100", environment=environment) as browser:
            browser.wait(lambda rows: row_of(rows, "suspect 1"), "suspect")
            y = row_of(browser.rows(), "suspect 1")
            assert browser.cell(0, y).fg == red, terminal
            assert (b"38;2;215;95;95" in browser.raw) == (terminal == "direct-test")
            assert (b"38;5;167" in browser.raw) == (terminal == "xterm-256color")


def test_first_screen_comes_as_soon_as_a_report(debian, start, tell):
    live = start(debian, "heaps.py", "mix", 20000)
    begin = time.monotonic()
    heapspy.report(live.pid)
    report = time.monotonic() - begin
    with Browser(live.pid) as browser:
        browser.wait(lambda rows: "1 Types" in rows[3] or "1 Types" in rows[4], "first screen")
        first = time.monotonic() - browser.started
    tell("first screen of top after %.2f s; report took %.2f s" % (first, report))


def test_a_pause_counts_whatever_came_of_it(debian, start):
    """A stop that is broken off, here because heapspy itself is held up under it, was a pause as well."""
    live = start(debian, "growing.py")
    live.command("m")

    def is_under_stop():
        return live.process.poll() is None and "t" in target.thread_states(live.pid).values()

    with Browser(live.pid, "-i", "3600", "--max-duty", "100", "--max-pause", "3000") as browser:
        browser.wait(lambda rows: row_of(rows, "bytes") and "Enter open" in rows[-1], "first screen")
        browser.type("r")
        target.wait_until(is_under_stop, 60, "stop of the target")
        os.kill(browser.pid, signal.SIGSTOP)
        time.sleep(4)
        assert is_under_stop()
        os.kill(browser.pid, signal.SIGCONT)
        browser.wait(lambda rows: any("reached --max-pause" in row for row in rows), "why there is no sample")
        browser.wait(lambda rows: "every 1 h" in rows[2] and "sample 1," in rows[2], "the next one's time")
        assert int(browser.rows()[2].split("paused ", 1)[1].split(" ms")[0]) >= 4000, browser.rows()[2]
    live.assert_unharmed()


def test_a_sample_that_is_not_allowed_takes_nothing_away(debian, start):
    """What is predicted to be too long a pause is not taken; the sample before is still there, and can be gone into."""
    live = start(debian, "growing.py")
    with Browser(live.pid, "-i", "3600", "--max-duty", "100", "--max-pause", "100") as browser:
        browser.wait(lambda rows: row_of(rows, "__main__.Event") and "Enter open" in rows[-1], "first screen")
        live.command("m")
        browser.type("r")
        browser.wait(lambda rows: any("no sample: copying" in row for row in rows), "why there is no sample")
        browser.type("/__main__.Event\r\r")
        browser.wait(lambda rows: any("<__main__.Event number=0" in row for row in rows), "the objects of a type", 20)
        assert "sample 1," in browser.rows()[2]
    live.assert_unharmed()


def test_who_agrees_to_a_pause_is_asked_once(debian, start):
    live = start(debian, "growing.py")
    with Browser(live.pid, "-i", "3600", "--max-duty", "100", "--max-pause", "1") as browser:
        browser.wait(lambda rows: any("Go on? [y/N]" in row for row in rows), "question")
        browser.type("y\n")
        browser.wait(lambda rows: row_of(rows, "__main__.Event") and "Enter open" in rows[-1], "first screen")
        browser.type("r")
        browser.wait(lambda rows: "sample 2," in rows[2] or any("no sample" in row for row in rows), "another sample")
        # it was begun, at least: a busy machine may make it longer than the first one promised
        assert "sample 2," in browser.rows()[2] or any("reached --max-pause" in row for row in browser.rows()), "\n".join(browser.rows())
    live.assert_unharmed()
