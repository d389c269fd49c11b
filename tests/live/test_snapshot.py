# SPDX-License-Identifier: Apache-2.0
"""Writing snapshots: what the command says and refuses, whole files or none, a file that gdb reads as it reads gcore's."""
import os
import random
import re
import resource
import shutil
import signal
import stat
import subprocess
import time

import pytest

import heapspy
from target import wait_until


def marked_in(path):
    """Instances of Marked in a snapshot, by the report of it."""
    return heapspy.count(heapspy.run("report", path, "--types-only", "-f", "json").json(), "__main__.Marked")


def snapshot(pid, *options, **how):
    return heapspy.run("snapshot", pid, *options, **how)


@pytest.fixture
def target(debian, start):
    live = start(debian, "modes.py", "read", 0)
    live.wait_blocked()
    return live


def test_files_are_named_as_asked(target, tmp_path):
    done = snapshot(target.pid, "-o", "a.core", cwd=tmp_path)
    assert done.status == heapspy.DONE, done
    assert re.search(r"^wrote   a\.core · [\d.]+ MiB in [\d.]+ s · paused [\d.]+ s to copy [\d.]+ MiB$", done.output, re.M), done.output
    assert done.output.endswith("next: %s report a.core\n" % heapspy.HEAPSPY)
    assert stat.S_IMODE(os.stat(tmp_path / "a.core").st_mode) == 0o600
    assert (tmp_path / "a.core").read_bytes()[:4] == b"\x7fELF"
    # a suffix says it as well as --zstd
    assert snapshot(target.pid, "-o", "b.core.zst", cwd=tmp_path).status == heapspy.DONE
    assert snapshot(target.pid, "--zstd", "-o", "c", cwd=tmp_path).status == heapspy.DONE
    for name in ("b.core.zst", "c"):
        assert (tmp_path / name).read_bytes()[:4] == b"\x28\xb5\x2f\xfd"
    # no name, or that of a folder
    (tmp_path / "into").mkdir()
    assert snapshot(target.pid, cwd=tmp_path / "into").status == heapspy.DONE
    assert snapshot(target.pid, "--zstd", "-o", tmp_path / "into").status == heapspy.DONE
    names = sorted(os.listdir(tmp_path / "into"))
    assert len(names) == 2 and all(re.fullmatch(r"heapspy-%d-\d{8}T\d{6}Z\.core(\.zst)?" % target.pid, name) for name in names), names
    for path in (tmp_path / "a.core", tmp_path / "b.core.zst"):
        assert marked_in(path) == 20000


def test_files_that_are_there_are_kept(target, tmp_path):
    path = tmp_path / "taken.core"
    path.write_text("evidence")
    done = snapshot(target.pid, "-o", path)
    assert done.status == heapspy.FAILED and "File exists" in done.errors and "--force" in done.errors, done
    assert path.read_text() == "evidence"
    done = snapshot(target.pid, "-o", tmp_path / "s.core", "--every", 1, "--count", 1)
    assert done.status == heapspy.DONE, done
    (tmp_path / "s-2.core").write_text("evidence")
    done = snapshot(target.pid, "-o", tmp_path / "s.core", "--every", 1, "--count", 2, "--force")
    assert done.status == heapspy.DONE and marked_in(tmp_path / "s-2.core") == 20000, done
    (tmp_path / "link.core").symlink_to(path)
    for other in (tmp_path / "link.core", "/dev/null"):
        done = snapshot(target.pid, "-o", other, "--force")
        assert done.status == heapspy.USAGE and "no regular file" in done.errors, done
    assert path.read_text() == "evidence"
    assert snapshot(target.pid, "-o", path, "--force").status == heapspy.DONE
    assert marked_in(path) == 20000


def test_wrong_usage(target, tmp_path):
    for options, words in (
            (["--count", "3"], "--count needs --every"),
            (["--every", "10s"], "--every needs --count"),
            (["--every", "x", "--count", "2"], "--every must be a time"),
            (["-o", ""], "needs a file name")):
        done = snapshot(target.pid, *options, cwd=tmp_path)
        assert done.status == heapspy.USAGE and words in done.errors, done
    done = snapshot(target.pid, "-o", tmp_path / "no" / "such" / "a.core")
    assert done.status == heapspy.FAILED and "No such file or directory" in done.errors, done
    assert os.listdir(tmp_path) == []


def test_series_keeps_what_it_has(target, tmp_path):
    """A process that ends between two snapshots ends the series; so does a signal."""
    command = [heapspy.HEAPSPY, "snapshot", str(target.pid), "-o", "s.core.zst", "--count", "11", "--every"]
    series = subprocess.Popen([*command, "600s"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    wait_until(lambda: os.path.exists(tmp_path / "s-01.core.zst"), what="first snapshot")
    while "wrote" not in series.stdout.readline():
        pass
    series.send_signal(signal.SIGINT)
    assert series.wait(30) == -signal.SIGINT
    assert os.listdir(tmp_path) == ["s-01.core.zst"] and marked_in(tmp_path / "s-01.core.zst") == 20000
    series.stdout.close()

    series = subprocess.Popen([*command, "2s", "--force"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "wrote" not in series.stdout.readline():
        pass
    target.may_be_gone = True
    target.process.kill()
    target.process.wait()
    _, errors = series.communicate(timeout=60)
    assert series.returncode == heapspy.GONE, errors
    assert os.listdir(tmp_path) == ["s-01.core.zst"] and marked_in(tmp_path / "s-01.core.zst") == 20000


def test_series_says_how_to_go_on(target, tmp_path):
    done = snapshot(target.pid, "-o", "s.core", "--every", 1, "--count", 3, cwd=tmp_path)
    assert done.status == heapspy.DONE, done
    assert sorted(os.listdir(tmp_path)) == ["s-1.core", "s-2.core", "s-3.core"]
    assert done.output.endswith("next: %s diff s-1.core s-2.core s-3.core\n" % heapspy.HEAPSPY)


def test_unknown_layout_is_no_reason_to_lose_evidence(debian, start, tmp_path):
    """Of an interpreter that nothing is known about, the memory is written as it is."""
    live = start(debian, "modes.py", "read", 0)
    done = snapshot(live.pid, "-o", "a.core", "--no-cache", "--no-dwarf", "--without-table", "*", cwd=tmp_path)
    assert done.status == heapspy.DONE and "the memory is written as it is" in done.errors, done
    assert marked_in(tmp_path / "a.core") == 20000


def test_kill_leaves_whole_files_or_none(debian, start, full, tmp_path):
    live = start(debian, "heaps.py", "mix", 20000)
    path = tmp_path / "a.core"

    def take(seconds):
        """Kills heapspy after a time, or waits for it; how long it took."""
        begin = time.monotonic()
        taker = subprocess.Popen([heapspy.HEAPSPY, "snapshot", str(live.pid), "-o", str(path)], stdout=subprocess.DEVNULL)
        try:
            taker.wait(seconds)
        except subprocess.TimeoutExpired:
            taker.kill()
            taker.wait()
        return time.monotonic() - begin

    whole_seconds = take(60)
    size = os.stat(path).st_size
    random.seed(7)
    n_killed = 0
    for _ in range(100 if full else 12):
        path.unlink(missing_ok=True)
        # it writes in the second half
        take(random.uniform(0.4, 1.1) * whole_seconds)
        n_killed += not path.exists()
        if path.exists():
            assert abs(os.stat(path).st_size - size) < 65536
            assert heapspy.run("report", path, "--types-only", "-f", "json").status == heapspy.DONE
    assert n_killed
    live.assert_unharmed()


def no_more_than(bytes_):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))
    return limit


@pytest.mark.parametrize("name", ["a.core", "a.core.zst"])
def test_what_cannot_be_written_leaves_nothing(target, tmp_path, name):
    """In the midst of the data, as on a disk that is full."""
    # SIGXFSZ stays ignored, as Python has it: heapspy sees the error
    done = snapshot(target.pid, "-o", name, cwd=tmp_path, preexec_fn=no_more_than(200000), restore_signals=False)
    assert done.status == heapspy.FAILED and "cannot write %s: File too large" % name in done.errors, done
    assert os.listdir(tmp_path) == []


def test_full_disk(target, tmp_path):
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    script = ('mount -t tmpfs -o size=$1 none "$2" && cd "$2" || exit 99; shift 2; '
              '"$@"; status=$?; ls -A; exit $status')

    def on_disk_of(size, name):
        return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", size, str(tmp_path), heapspy.HEAPSPY, "snapshot", str(target.pid), "-o", name],
                              capture_output=True, text=True)
    done = on_disk_of("2m", "a.core")
    assert done.returncode == heapspy.FAILED and re.search(r"\d+ MiB are needed, \d MiB are free there: No space left", done.stderr), done
    assert done.stdout == "" and "--zstd" in done.stderr
    done = on_disk_of("256k", "a.core.zst")
    assert done.returncode == heapspy.FAILED and "cannot write a.core.zst: No space left on device" in done.stderr, done
    assert done.stdout == ""
    done = on_disk_of("200m", "a.core")
    assert done.returncode == heapspy.DONE and done.stdout.endswith("a.core\n"), done


def gdb_on(interpreter, path):
    """Threads and their backtraces, without what differs between two starts of gdb."""
    done = subprocess.run(["gdb", "-batch", "-nx", "-iex", "set auto-load no", "-ex", "set print frame-arguments none",
                           "-ex", "info threads", "-ex", "thread apply all bt", interpreter.path, path],
                          capture_output=True, text=True, timeout=120, env={**interpreter.environment(), "DEBUGINFOD_URLS": ""})
    return [line for line in done.stdout.splitlines() if not line.startswith("Core was generated by")], done.stderr


# Not of interpreters in a root of their own: gcore writes zeros for stacks that end in guards of glibc 2.42 (MADV_GUARD_INSTALL).
@pytest.mark.parametrize("wanted", ["debian", "3.12"])
def test_gdb_shows_what_it_shows_of_gcores_file(found, start, tmp_path, wanted):
    interpreter = next((i for i in found.all if wanted in (i.flavour, i.minor) and not i.root), None)
    if not interpreter or not shutil.which("gdb") or not shutil.which("gcore"):
        pytest.skip("no such interpreter, or no gdb")
    live = start(interpreter, "modes.py", "threads", 4)
    live.wait_blocked()
    assert snapshot(live.pid, "-o", "ours", cwd=tmp_path).status == heapspy.DONE
    subprocess.run(["gcore", "-o", tmp_path / "theirs", str(live.pid)], capture_output=True, timeout=120)
    ours, our_complaints = gdb_on(interpreter, tmp_path / "ours")
    theirs, their_complaints = gdb_on(interpreter, tmp_path / ("theirs.%d" % live.pid))
    assert sum("LWP" in line for line in theirs) >= 8 and sum(line.startswith("#") for line in theirs) > 20, theirs
    assert ours == theirs
    assert our_complaints == their_complaints
