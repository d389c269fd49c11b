# SPDX-License-Identifier: Apache-2.0
"""What heapspy writes about a real process: the JSON members of README, the text's shape, what never appears."""
import json
import os
import pty
import re
import subprocess

import pytest

import compare
import heapspy
from test_census import dump_of

TEXT, NUMBER, LIST, BOOLEAN = str, int, list, bool

MEMBERS = {
    "schema": NUMBER, "heapspy": TEXT, "command": TEXT, "time_utc": TEXT, "host": TEXT, "boot_id": TEXT, "pid": NUMBER, "start_time": NUMBER, "origin": TEXT,
    "complete": BOOLEAN, "warnings": LIST, "process": dict, "coverage": dict, "missing": LIST, "census": dict,
    "retainers": LIST, "containers": LIST, "unexplained": LIST, "collector": dict,
}
COLLECTOR = {"collector_enabled": BOOLEAN, "saves_all": BOOLEAN, "frozen": BOOLEAN, "garbage": NUMBER, "tracing": BOOLEAN}
PROCESS = {"python": TEXT, "build": LIST, "layout_source": TEXT, "rss_bytes": NUMBER, "pause_ns": NUMBER, "pauses_ns": LIST, "copied_bytes": NUMBER}
COVERAGE = {"in_use_bytes": NUMBER, "explained_bytes": NUMBER}
CENSUS = {"objects": NUMBER, "bytes": NUMBER, "types": LIST}
TYPE = {"type": TEXT, "n_types": NUMBER, "count": NUMBER, "gc_tracked": NUMBER, "bytes": NUMBER, "getsizeof_bytes": NUMBER}


def assert_members(value, members):
    assert {name: type(item) for name, item in value.items()} == members


def hints(text):
    return [line.partition("see ")[2].split()[1] for line in text.splitlines() if line.startswith("see ")]


@pytest.mark.parametrize("script, arguments, command, member", [
    ("collector.py", ["off"], "gc", {"collector_enabled": False}), ("collector.py", ["saved"], "gc", {"saves_all": True}),
    ("collector.py", ["frozen"], "gc", {"frozen": True}), ("traced.py", [1, 1, 0], "lines", {"tracing": True}),
    ("memory.py", ["leak", 100 << 20], "memory", {}), ("garbage.py", ["random", 1, 20000], "cycles", {}), ("collector.py", ["plain"], None, {})])
def test_report_says_where_else_to_look(debian, start, script, arguments, command, member):
    """What it does not go into: the collector's state, garbage, native memory, the process's own record of allocations."""
    live = start(debian, script, *arguments)
    if script == "garbage.py":
        live.command("m")
    live.wait_blocked()
    text, told = heapspy.run("report", live.pid).output, heapspy.report(live.pid)
    assert (command in hints(text)) if command else (not hints(text)), text
    usual = {"collector_enabled": True, "saves_all": False, "frozen": False, "tracing": False}
    changed = {name: told["collector"][name] for name in usual if told["collector"][name] != usual[name]}
    assert changed.items() >= member.items() and (command or not changed), changed
    assert (told["collector"]["garbage"] > 0) == (arguments[0] == "saved")


def test_json_members(few_interpreter, start):
    live = start(few_interpreter, "modes.py", "read", 0)
    told = heapspy.report(live.pid)
    assert_members(told, MEMBERS)
    assert_members(told["process"], PROCESS)
    assert_members(told["coverage"], COVERAGE)
    assert_members(told["census"], CENSUS)
    assert_members(told["collector"], COLLECTOR)
    for row in told["census"]["types"]:
        assert_members(row, TYPE)
    for row in told["retainers"]:
        assert_members(row, {"address": TEXT, "type": TEXT, "retained": NUMBER, "path": TEXT})
    for row in told["containers"]:
        assert_members(row, {"address": TEXT, "type": TEXT, "len": NUMBER, "bytes": NUMBER, "path": TEXT})
    for row in told["unexplained"]:
        assert_members(row, {"type": TEXT, "count": NUMBER, "address": TEXT, "refcount": NUMBER, "found": NUMBER, "named_by": TEXT,
                             "named_at": TEXT if row["named_at"] else type(None), "addresses": LIST})
    assert told["schema"] == 1 and told["command"] == "report" and told["pid"] == live.pid
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["time_utc"])
    with open("/proc/sys/kernel/random/boot_id") as file:
        assert told["boot_id"] == file.read().strip()
    with open("/proc/%d/stat" % live.pid) as file:
        assert told["start_time"] == int(file.read().rsplit(")", 1)[1].split()[19])


def test_json_sums(debian, start):
    """The whole is the sum of the types, whatever is shown of them."""
    live = start(debian, "modes.py", "read", 0)
    census = heapspy.report(live.pid)["census"]
    assert census["objects"] == sum(row["count"] for row in census["types"])
    assert census["bytes"] == sum(row["bytes"] for row in census["types"])
    assert all(row["gc_tracked"] <= row["count"] for row in census["types"])
    few = heapspy.report(live.pid, "-n", 3, "--sort", "count")["census"]
    assert few["objects"] == census["objects"] and len(few["types"]) == 3
    assert [row["count"] for row in few["types"]] == sorted((row["count"] for row in census["types"]), reverse=True)[:3]
    filtered = heapspy.report(live.pid, "--filter", "__main__.*")["census"]["types"]
    assert {row["type"] for row in filtered} == {name["type"] for name in census["types"] if name["type"].startswith("__main__.")}


def test_text(debian, start):
    live = start(debian, "modes.py", "read", 0)
    done = heapspy.run("report", live.pid, "-n", 5)
    assert done.status == heapspy.DONE and not done.errors
    lines = done.output.splitlines()
    assert lines[0].startswith("modes.py") and "pid %d" % live.pid in lines[0] and "CPython 3.11" in lines[0] and "layout:" in lines[0]
    assert lines[-1].startswith("next: ") and "heapspy report %d" % live.pid in lines[-1]
    assert any(line.startswith("__main__.Marked") and " 20,000 " in line for line in lines)
    # The last line is a command that runs as it stands.
    again = heapspy.run(*lines[-1].split()[2:])
    assert again.status == heapspy.DONE


def test_no_values(few_interpreter, start):
    """Strings and arguments of the target never reach a report."""
    live = start(few_interpreter, "heaps.py", "mix", 2000)
    for output in (heapspy.run("report", live.pid, "-n", 10000).output, json.dumps(heapspy.report(live.pid))):
        assert "user-17" not in output and "sku-" not in output and "note 5" not in output


def run_on_terminal(*arguments, **environment):
    master, slave = pty.openpty()
    process = subprocess.Popen([heapspy.HEAPSPY, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                               env={**os.environ, "TERM": "xterm-256color", **environment})
    os.close(slave)
    output = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            break
        if not data:
            break
        output += data
    os.close(master)
    assert process.wait() == 0
    return output.decode()


def test_colour_only_on_a_terminal(debian, start):
    live = start(debian, "modes.py", "read", 0)
    assert "\x1b[" not in heapspy.run("report", live.pid).output
    assert "\x1b[" in run_on_terminal("report", live.pid)
    assert "\x1b[" not in run_on_terminal("report", live.pid, NO_COLOR="1")


def test_hostile_names(debian, start):
    """Types named with escape sequences and line ends arrive escaped, in JSON and in text."""
    live = start(debian, "hostile.py")
    difference = compare.Difference(live.truth(), dump_of(live))
    assert not difference.missing and not difference.wrong_type and not difference.wrong_name, difference.text()
    for output in (heapspy.run("report", live.pid, "-n", 10000, "--color", "never").output,
                   "".join(row["type"] + "\n" for row in heapspy.report(live.pid)["census"]["types"])):
        assert "\x1b" not in output and "\u202e" not in output
        assert "Red" in output
    assert len(heapspy.run("report", live.pid, "-n", 5).output.splitlines()) < 40


def test_output_file(debian, start, tmp_path):
    live = start(debian, "modes.py", "read", 0)
    path = tmp_path / "heap.json"
    path.write_text("before")
    done = heapspy.run("report", live.pid, "-f", "json", "-o", path)
    assert done.status == heapspy.DONE and not done.output
    assert json.loads(path.read_text())["pid"] == live.pid
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["heap.json"]


def test_ps_lists_the_target(few_interpreter, start):
    live = start(few_interpreter, "modes.py", "read", 0)
    told = heapspy.run("ps", "-f", "json", "-i", "0").json()
    row = next(row for row in told["processes"] if row["pid"] == live.pid)
    assert row["python"] == few_interpreter.minor and row["rss_bytes"] > 1 << 20
