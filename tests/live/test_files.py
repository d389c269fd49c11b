# SPDX-License-Identifier: Apache-2.0
"""A snapshot, and a core of gcore's or of the kernel's, tell what the process itself tells; what a file cannot be asked is said."""
import gzip
import json
import os
import re
import resource
import shutil
import signal
import subprocess

import pytest

import heapspy
from target import Target, wait_until

PAGES = 256 << 10  # a stop may bring in a page or two, and so may the next one
# Commands of the target service.py, whose objects are asked for by address where a command takes one.
COMMANDS = [
    ["report"], ["report", "--by", "holder"], ["report", "--types-only"], ["objects", "Session"], ["objects", "dict", "-n", "20"],
    ["refs", "@events"], ["refs", "@events", "--retained"], ["why", "@events"], ["why", "Session"], ["cycles"], ["threads"], ["gc"],
    ["weak", "Session"], ["caches"], ["lines"], ["suspects"],
]
NULL_IN_CORES = {"boot_id", "start_time", "rss_bytes", "pause_ns", "pauses_ns", "host"}


def address_of(command, addresses):
    return [str(addresses[word[1:]]) if word.startswith("@") else word for word in command]


def without(told, *names):
    """The document without what belongs to one stop, and without `names`, on every level."""
    gone = {"time_utc", "origin", "pause_ns", "pauses_ns", "copied_bytes", *names}
    if isinstance(told, dict):
        return {key: without(value, *names) for key, value in told.items() if key not in gone}
    if isinstance(told, list):
        return [without(value, *names) for value in told]
    return told


def ask(command, source, addresses):
    name, *rest = address_of(command, addresses)
    return heapspy.run(name, source, *rest, "-f", "json").json()


@pytest.fixture
def service(few_interpreter, start):
    live = start(few_interpreter, "service.py")
    live.wait_blocked()
    live.at = json.loads(live.ready.partition(" ")[2])
    return live


def snapshot(live, path, *options):
    done = heapspy.run("snapshot", live.pid, "-o", path, *options)
    assert done.status == heapspy.DONE, done
    return path


def gcore(live, folder):
    if not shutil.which("gcore"):
        pytest.skip("needs gdb's gcore")
    done = subprocess.run(["gcore", "-o", str(folder / "gcore"), str(live.pid)], capture_output=True, text=True, timeout=300)
    path = folder / ("gcore.%d" % live.pid)
    assert path.exists(), done.stderr
    live.wait_blocked()
    return path


# --- the same answers ------------------------------------------------------------------------------------------------

def test_snapshots_tell_what_the_process_tells(service, tmp_path):
    plain, packed = snapshot(service, tmp_path / "plain.core"), snapshot(service, tmp_path / "packed.core.zst", "--zstd")
    for command in COMMANDS:
        live = ask(command, service.pid, service.at)
        for path in (plain, packed):
            # the program's source files are no part of a snapshot
            told = ask(command + lib_options(service), path, service.at)
            assert told["origin"] == "snapshot" and live["origin"] == "process"
            # RSS is that of the moment
            assert without(told, "rss_bytes") == without(live, "rss_bytes"), command
            assert told["process"]["rss_bytes"] == pytest.approx(live["process"]["rss_bytes"], abs=PAGES)
            assert told["process"]["copied_bytes"] == pytest.approx(live["process"]["copied_bytes"], abs=PAGES)


def test_a_core_tells_what_the_process_tells(service, tmp_path):
    core = gcore(service, tmp_path)
    options = lib_options(service)
    for command in COMMANDS:
        live, told = ask(command, service.pid, service.at), ask(command + options, core, service.at)
        assert told["origin"] == "core"
        assert told["boot_id"] is None and told["start_time"] is None and told["host"] is None
        assert told["process"]["rss_bytes"] is None and told["process"]["pause_ns"] is None and told["process"]["pauses_ns"] is None
        reasons = [warning for warning in told["warnings"] if "a core does not hold" in warning]
        assert len(reasons) == 1 and "boot_id" in reasons[0]
        told["warnings"].remove(reasons[0])
        assert without(told, *NULL_IN_CORES) == without(live, *NULL_IN_CORES), command


def lib_options(live):
    """Where the files of a target are that has another root."""
    root = os.readlink("/proc/%d/root" % live.pid)
    return [] if root == "/" else ["--lib-search-root", root]


def test_memory_adds_up(service, tmp_path):
    live = heapspy.run("memory", service.pid, "-f", "json").json()
    told = heapspy.run("memory", snapshot(service, tmp_path / "s.core"), "-f", "json").json()
    assert told["rss_bytes"] == pytest.approx(live["rss_bytes"], abs=PAGES) and told["core_bytes"] is None
    assert told["pools"] == live["pools"] and told["overhead"] == live["overhead"]
    for mine, its in zip(told["steps"], live["steps"]):
        assert mine["name"] == its["name"] and mine["bytes"] == pytest.approx(its["bytes"], abs=PAGES)
    core = heapspy.run("memory", gcore(service, tmp_path), *lib_options(service), "-f", "json").json()
    assert core["rss_bytes"] is None and core["swap_bytes"] is None
    # pages that were never written to, or hold zeros, are no memory of the core's
    assert 0 < core["core_bytes"] <= live["rss_bytes"]
    assert core["pools"] == live["pools"] and core["overhead"] == live["overhead"]


def test_exports_are_the_same(service, tmp_path):
    paths = [service.pid, snapshot(service, tmp_path / "s.core")]
    dots = [heapspy.run("export", source, "-f", "dot", "--roots").output for source in paths]
    lines = [heapspy.run("export", source, "-f", "jsonl").output.splitlines()[1:] for source in paths]
    assert dots[0] == dots[1]
    assert lines[0] == lines[1] and len(lines[0]) > 100


# --- the kernel's cores ------------------------------------------------------------------------------------------------

def kernel_core(interpreter, folder):
    """Of a target that is aborted; None where the kernel writes cores elsewhere."""
    with open("/proc/sys/kernel/core_pattern") as file:
        pattern = file.read().strip()
    if pattern != "core":
        pytest.skip("kernel.core_pattern is %s" % pattern)
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard == 0:
        pytest.skip("cores are limited to nothing")
    with Target(interpreter, "service.py") as live:
        live.wait_blocked()
        resource.prlimit(live.pid, resource.RLIMIT_CORE, (hard, hard))
        told = heapspy.report(live.pid)
        where = os.readlink("/proc/%d/cwd" % live.pid)
        names = {os.path.join(where, name) for name in ("core", "core.%d" % live.pid)}
        if any(os.path.exists(name) for name in names):
            pytest.skip("a core is in the way in %s" % where)
        os.kill(live.pid, signal.SIGABRT)
        live.process.wait(60)
        found = wait_until(lambda: [name for name in names if os.path.exists(name)], 30, "a core")
        shutil.move(found[0], folder / "kernel.core")
    return folder / "kernel.core", told


def test_a_kernels_core_tells_what_the_process_told(debian, tmp_path):
    core, before = kernel_core(debian, tmp_path)
    told = heapspy.report(core)
    assert told["origin"] == "core" and told["pid"] == before["pid"]
    assert without(told, "warnings", *NULL_IN_CORES) == without(before, "warnings", *NULL_IN_CORES)
    # pages of files that were never written to are not in it
    assert os.stat(core).st_size < 200 << 20


# --- packed, named, found ------------------------------------------------------------------------------------------------

def test_packed_cores_are_opened(debian, start, tmp_path):
    live = start(debian, "service.py")
    live.wait_blocked()
    core = gcore(live, tmp_path)
    with open(core, "rb") as plain, gzip.open(tmp_path / "core.gz", "wb", compresslevel=1) as packed:
        shutil.copyfileobj(plain, packed)
    expected = without(heapspy.report(core))
    assert without(heapspy.report(tmp_path / "core.gz")) == expected
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-q", "-1", core, "-o", tmp_path / "core.zst"], check=True, timeout=120)
        assert without(heapspy.report(tmp_path / "core.zst")) == expected


def test_the_executable_is_the_one_of_the_core(debian, start, tmp_path):
    live = start(debian, "service.py")
    live.wait_blocked()
    core = gcore(live, tmp_path)
    exe = os.path.realpath("/proc/%d/exe" % live.pid)
    expected = without(heapspy.report(core))
    assert without(heapspy.report("%s:%s" % (core, exe))) == expected
    moved = shutil.copy(exe, tmp_path / "moved")
    assert without(heapspy.report("%s:%s" % (core, moved))) == expected
    other = heapspy.run("report", "%s:/bin/sh" % core)
    assert other.status == heapspy.FAILED and "not the executable of the core" in other.errors and exe in other.errors
    none = heapspy.run("report", "%s:/no/such/file" % core)
    assert none.status == heapspy.USAGE or "no such file" in none.errors.lower()


def test_a_core_is_looked_up_below_a_root(debian, start, tmp_path):
    live = start(debian, "service.py")
    live.wait_blocked()
    core = gcore(live, tmp_path)
    exe = os.path.realpath("/proc/%d/exe" % live.pid)
    root = tmp_path / "root"
    (root / os.path.dirname(exe)[1:]).mkdir(parents=True)
    shutil.copy(exe, root / exe[1:])
    expected = without(heapspy.report(core), "layout_source")
    assert without(heapspy.report(core, "--lib-search-root", root), "layout_source") == expected
    # what is there counts only if it is the file of the core
    shutil.copy("/bin/sh", root / exe[1:])
    assert without(heapspy.report(core, "--lib-search-root", root), "layout_source") == expected


def test_a_snapshot_opens_without_the_interpreter(few_interpreter, start, tmp_path):
    live = start(few_interpreter, "service.py")
    live.wait_blocked()
    path = snapshot(live, tmp_path / "s.core")
    expected = heapspy.report(live.pid)
    empty = tmp_path / "empty"
    empty.mkdir()
    # no file of its own is found in a mount namespace whose /usr is empty but for what heapspy needs: here, by another root
    told = heapspy.run("report", path, "-f", "json", "--no-cache", "--lib-search-root", empty).json()
    assert without(told, "rss_bytes") == without(expected, "rss_bytes")


# --- what a file cannot be asked ------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def any_snapshot(tmp_path_factory, found):
    folder = tmp_path_factory.mktemp("files")
    interpreter = next((i for i in found.all if i.flavour == "debian"), found.all[0])
    with Target(interpreter, "service.py") as live:
        live.wait_blocked()
        path = snapshot(live, folder / "s.core")
        live.assert_unharmed()
    return path


@pytest.mark.parametrize("words", [["growth"], ["memory", "--growth", "5"], ["report", "--growth", "5"], ["lines", "--growth", "5"],
                                   ["report", "--nonblocking"], ["report", "--max-pause", "10"]])
def test_what_needs_a_process_says_so(any_snapshot, words):
    done = heapspy.run(words[0], any_snapshot, *words[1:])
    assert done.status == heapspy.USAGE and "heapspy diff OLD NEW" in done.errors and "running process" in done.errors
    assert words[-2 if words[-1].isdigit() else -1] in done.errors


def test_sources_that_are_none(any_snapshot, tmp_path):
    for source, words in [("no-such-file", "neither a PID nor a file"), (str(any_snapshot) + "x", "neither a PID nor a file")]:
        done = heapspy.run("report", source)
        assert done.status == heapspy.USAGE and words in done.errors
    assert heapspy.run("report", any_snapshot, any_snapshot).status == heapspy.USAGE
    assert heapspy.run("report", os.getpid(), "--lib-search-root", "/").status == heapspy.USAGE
    done = heapspy.run("report", tmp_path)
    assert done.status == heapspy.FAILED and "no regular file" in done.errors


def test_the_file_alone_is_reported(any_snapshot):
    assert heapspy.run(any_snapshot, "-f", "json").json()["origin"] == "snapshot"


def test_text_tells_the_moment_and_names_the_file(any_snapshot):
    done = heapspy.run("report", any_snapshot)
    assert re.search(r"snapshot of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC on \S+", done.output)
    assert "paused" in done.output and "report %s" % any_snapshot in done.output


# --- bad input ------------------------------------------------------------------------------------------------------------

def test_files_of_other_kinds(tmp_path):
    (tmp_path / "text").write_text("no core\n")
    (tmp_path / "empty").write_text("")
    for name, words in [("text", "no ELF file"), ("empty", "no ELF file")]:
        done = heapspy.run("report", tmp_path / name)
        assert done.status == heapspy.FAILED and words in done.errors, done
    done = heapspy.run("report", heapspy.HEAPSPY)
    assert done.status == heapspy.FAILED and "CORE:EXE" in done.errors


def test_a_core_of_another_program(tmp_path, start, debian):
    if not shutil.which("gcore"):
        pytest.skip("needs gdb's gcore")
    with subprocess.Popen(["sleep", "1000"]) as sleeper:
        subprocess.run(["gcore", "-o", str(tmp_path / "gcore"), str(sleeper.pid)], capture_output=True, timeout=120)
        sleeper.kill()
    done = heapspy.run("report", tmp_path / ("gcore.%d" % sleeper.pid))
    assert done.status == heapspy.NOT_CPYTHON and "not a Python process" in done.errors


def test_a_core_that_is_cut_short_is_incomplete(debian, start, tmp_path):
    live = start(debian, "service.py")
    live.wait_blocked()
    core = gcore(live, tmp_path)
    whole = os.stat(core).st_size
    for share in range(1, 10):
        cut = tmp_path / "cut"
        with open(core, "rb") as source, open(cut, "wb") as target:
            target.write(source.read(whole * share // 10))
        done = heapspy.run("report", cut)
        # gcore writes the notes last: without them there is no core
        assert done.status in (heapspy.FAILED, heapspy.INCOMPLETE) and "cut short" in done.errors + done.output, done


def test_a_snapshot_with_a_bit_flipped_names_the_place(any_snapshot, tmp_path):
    data = bytearray(any_snapshot.read_bytes())
    at = len(data) // 2
    data[at] ^= 4
    (tmp_path / "flipped").write_bytes(data)
    done = heapspy.run("report", tmp_path / "flipped")
    assert done.status == heapspy.FAILED
    begin = int(re.search(r"the MiB at byte (\d+) does not fit its checksum", done.errors).group(1))
    assert begin <= at < begin + (1 << 20)
