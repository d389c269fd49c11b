# SPDX-License-Identifier: Apache-2.0
"""What is no CPython process, or may not be read: a message of its own, an exit code, and the process runs on."""
import ctypes
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

import heapspy
import matrix
from target import status_field, thread_states, tracer_pid, wait_until

NOBODY = 65534
SEIZE = 0x4206
DETACH = 17


def failed(done, status, *words):
    """It ended with that status, wrote nothing to stdout, and its message has the words."""
    assert done.status == status, done
    assert not done.output
    assert done.errors.startswith("heapspy: ")
    for word in words:
        assert re.search(word, done.errors), "no %r in:\n%s" % (word, done.errors)


@pytest.fixture
def spawn():
    """spawn(command) gives a running process; it must run on, untraced, when the test ends."""
    started = []

    def begin(*command, **options):
        process = subprocess.Popen(command, **options)
        started.append(process)
        return process
    yield begin
    try:
        for process in started:
            assert process.poll() is None, "%s has ended" % process.args
            assert tracer_pid(process.pid) == 0
            assert not {"t", "T"} & set(thread_states(process.pid).values())
    finally:
        for process in started:
            process.kill()
            process.wait()


def report_as(prefix, pid, *options):
    """heapspy started through another program (setpriv …)."""
    done = subprocess.run([*prefix, heapspy.HEAPSPY, "report", str(pid), *options], capture_output=True, text=True, timeout=120)
    return heapspy.Run(done)


def unprivileged(uid=NOBODY):
    return ["setpriv", "--reuid=%d" % uid, "--regid=%d" % uid, "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]


def needs_root():
    if os.geteuid() != 0:
        pytest.skip("changing the user needs root")
    if subprocess.run([*unprivileged(), "test", "-x", heapspy.HEAPSPY]).returncode:
        pytest.skip("%s cannot be run by other users" % heapspy.HEAPSPY)


# --- no such thing -------------------------------------------------------------------------------------------------

def test_no_such_pid():
    gone = subprocess.Popen(["true"])
    gone.wait()
    failed(heapspy.run("report", gone.pid), heapspy.GONE, str(gone.pid))


@pytest.mark.parametrize("argument", ["0", "-5", "abc", "4194305", ""])
def test_not_a_pid(argument):
    done = heapspy.run("report", "--", argument)
    assert done.status == heapspy.USAGE and argument in done.errors, done


def test_heapspy_itself():
    """exec keeps the PID: heapspy is asked for its own."""
    done = subprocess.run(["sh", "-c", 'exec "$0" report $$', heapspy.HEAPSPY], capture_output=True, text=True)
    assert done.returncode not in (0, None) and "itself" in done.stderr, done


def test_not_python(spawn):
    failed(heapspy.run("report", spawn("sleep", "100").pid), heapspy.NOT_CPYTHON, "[Pp]ython")


def test_not_python_but_called_so(spawn, tmp_path):
    """A name proves nothing."""
    shutil.copy(shutil.which("sleep"), tmp_path / "python3.11")
    failed(heapspy.run("report", spawn(str(tmp_path / "python3.11"), "100").pid), heapspy.NOT_CPYTHON)


def test_kernel_thread():
    names = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if status_field(int(pid), "PPid") == "2":
                names[int(pid)] = status_field(int(pid), "Name")
        except (OSError, KeyError):
            continue
    if not names:
        pytest.skip("no kernel thread is visible here")
    failed(heapspy.run("report", min(names)), heapspy.NOT_CPYTHON, "kernel thread")


def test_zombie():
    process = subprocess.Popen(["true"])
    wait_until(lambda: set(thread_states(process.pid).values()) == {"Z"}, what="zombie")
    try:
        runs = [heapspy.run(command, process.pid) for command in ("report", "growth")]
    finally:
        process.wait()
    for done in runs:
        failed(done, heapspy.GONE, "zombie")


def _other_python(*patterns):
    root = matrix.pyenv_versions_directory()
    for pattern in patterns:
        for path in sorted(glob.glob(os.path.join(root, pattern))) + sorted(glob.glob(os.path.join("/usr/bin", os.path.basename(pattern)))):
            if os.access(path, os.X_OK):
                return path
    return None


@pytest.mark.parametrize("what, pattern, status, word", [
    ("Python 2", "2.7*/bin/python2.7", heapspy.NOT_CPYTHON, "Python 2"),
    ("PyPy", "pypy*/bin/pypy3", heapspy.NOT_CPYTHON, "PyPy"),
    ("3.6", "3.6.*/bin/python3.6", heapspy.UNSUPPORTED, r"3\.6"),
    ("3.7", "3.7.*/bin/python3.7", heapspy.UNSUPPORTED, r"3\.7"),
])
def test_other_python(spawn, what, pattern, status, word):
    path = _other_python(pattern)
    if path is None:
        pytest.skip("no %s here" % what)
    process = spawn(path, "-c", "import sys, time; sys.stdout.write('x'); sys.stdout.flush(); time.sleep(100)", stdout=subprocess.PIPE)
    assert process.stdout.read(1) == b"x"
    done = heapspy.run("report", process.pid)
    assert done.status in (status, heapspy.UNSUPPORTED) and re.search(word, done.errors), done


def test_debug_build(spawn):
    """Not supported yet: refused by name, not counted wrongly."""
    path = shutil.which("python3.11d") or shutil.which("python3.11-dbg")
    if path is None:
        pytest.skip("no debug build here")
    process = spawn(path, "-c", "import sys, time; sys.stdout.write('x'); sys.stdout.flush(); time.sleep(100)", stdout=subprocess.PIPE)
    assert process.stdout.read(1) == b"x"
    failed(heapspy.run("report", process.pid), heapspy.UNSUPPORTED, "debug")


def test_32_bit(spawn, tmp_path):
    """Built without any library: one system call, again and again."""
    source = tmp_path / "sleep32.c"
    source.write_text("void _start(void) { for (;;) __asm__ volatile(\"int $0x80\" : : \"a\"(29)); }\n")
    built = subprocess.run(["gcc", "-m32", "-nostdlib", "-static", "-fno-pie", "-no-pie", "-o", str(tmp_path / "sleep32"), str(source)],
                           capture_output=True)
    if built.returncode:
        pytest.skip("no compiler for 32-bit programs")
    try:
        process = spawn(str(tmp_path / "sleep32"))
    except OSError:
        pytest.skip("this kernel runs no 32-bit programs")
    wait_until(lambda: thread_states(process.pid).get(process.pid) == "S", what="sleeping program")
    failed(heapspy.run("report", process.pid), heapspy.UNSUPPORTED, "32-bit")


# --- no permission ---------------------------------------------------------------------------------------------------

def test_other_user(debian, start):
    needs_root()
    live = start(debian, "modes.py", "read", 0)
    failed(report_as(unprivileged(), live.pid), heapspy.NO_PERMISSION, "user 0", "sudo")


def test_not_dumpable(debian, start):
    """prctl(PR_SET_DUMPABLE, 0), as setuid programs and ssh-agent have it: not even the same user may."""
    needs_root()
    live = start(debian, "not_dumpable.py", prefix=unprivileged())
    failed(report_as(unprivileged(), live.pid), heapspy.NO_PERMISSION, "dumpable")


def test_root_without_capability(debian, start):
    """A container's root: no CAP_SYS_PTRACE, and a target with more capabilities than itself."""
    needs_root()
    live = start(debian, "modes.py", "read", 0)
    done = report_as(["setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"], live.pid)
    failed(done, heapspy.NO_PERMISSION, "CAP_SYS_PTRACE", "cap-add")


def _denied(scope):
    """A prefix: ptrace is refused, and the kernel says of Yama what `scope` is, whatever it has."""
    claims = "mount -t tmpfs tmpfs /proc/sys/kernel && mkdir /proc/sys/kernel/yama && echo %d > /proc/sys/kernel/yama/ptrace_scope && exec \"$@\""
    # LeakSanitizer, where heapspy has it, needs ptrace itself
    return ["env", "ASAN_OPTIONS=detect_leaks=0", "unshare", "--mount", "sh", "-c", claims % scope, "sh", sys.executable, os.path.join(os.path.dirname(__file__), "deny_ptrace.py")]


@pytest.mark.parametrize("scope, remedy", [(1, "sysctl kernel.yama.ptrace_scope=0"), (2, "CAP_SYS_PTRACE.*sudo"), (3, "next boot")])
def test_ptrace_scope(debian, start, scope, remedy):
    needs_root()
    if subprocess.run([*_denied(scope), "true"], capture_output=True).returncode:
        pytest.skip("no mount namespace of its own here")
    live = start(debian, "modes.py", "read", 0, prefix=unprivileged())
    done = report_as([*_denied(scope), *unprivileged()], live.pid)
    failed(done, heapspy.NO_PERMISSION, "ptrace_scope is %d" % scope, remedy)


def test_seccomp_filter(debian, start):
    """Root with all capabilities, in a container whose filter forbids ptrace: neither user nor Yama is to blame."""
    needs_root()
    live = start(debian, "modes.py", "read", 0)
    done = report_as([*_denied(0)], live.pid)
    failed(done, heapspy.NO_PERMISSION, "refuses access", "seccomp filter")


def test_same_user_may(debian, start):
    needs_root()
    live = start(debian, "modes.py", "read", 0, prefix=unprivileged())
    done = report_as(["env", "XDG_CACHE_HOME=/nonexistent", *unprivileged()], live.pid, "-f", "json")
    assert heapspy.count(done.json(), "__main__.Marked") == 20000


def test_already_traced(debian, start):
    """By this very process: the message names its PID."""
    live = start(debian, "modes.py", "read", 0)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    assert libc.ptrace(SEIZE, live.pid, None, None) == 0
    try:
        failed(heapspy.run("report", live.pid), heapspy.NO_PERMISSION, "traced", r"\b%d\b" % os.getpid())
    finally:
        # Detaching needs a ptrace stop; the end of this process would do as well.
        os.kill(live.pid, signal.SIGSTOP)
        os.waitpid(live.pid, 0x40000000)
        assert libc.ptrace(DETACH, live.pid, None, None) == 0
        os.kill(live.pid, signal.SIGCONT)


# --- it changes while it is read -----------------------------------------------------------------------------------

def test_target_exits_midway(debian, start):
    """At any moment of the attach: gone, or done in time."""
    seen = set()
    begin = time.monotonic()
    heapspy.report(start(debian, "heaps.py", "mix", 20000).pid)
    step = (time.monotonic() - begin) / 60
    for i in range(12):
        live = start(debian, "heaps.py", "mix", 20000)
        live.may_be_gone = True
        attach = subprocess.Popen([heapspy.HEAPSPY, "report", str(live.pid), "-f", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(step * i)
        live.process.kill()
        _, errors = attach.communicate(timeout=60)
        seen.add(attach.returncode)
        assert attach.returncode in (heapspy.DONE, heapspy.GONE), errors.decode()
        assert attach.returncode == 0 or b"heapspy: " in errors
    assert heapspy.GONE in seen


def test_target_executes_another_program(debian, start):
    """exec under the attach: another image under the same PID."""
    for i in range(6):
        live = start(debian, "heaps.py", "small", 1000)
        live.may_be_gone = True
        attach = subprocess.Popen([heapspy.HEAPSPY, "report", str(live.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.002 * i)
        os.write(live.control, b"e")
        _, errors = attach.communicate(timeout=60)
        assert attach.returncode in (heapspy.DONE, heapspy.GONE, heapspy.NOT_CPYTHON, heapspy.FAILED, heapspy.UNSUPPORTED), errors.decode()


# --- files that are not what they should be ---------------------------------------------------------------------------

def _stripped_copy(found, tmp_path, minor):
    interpreter = next((i for i in found.all if i.flavour == "stripped" and i.minor == minor), None)
    if interpreter is None:
        pytest.skip("needs a stripped copy of %s: tests/interpreters" % minor)
    folder = tmp_path / "interpreter"
    shutil.copytree(os.path.dirname(os.path.dirname(interpreter.path)), folder, symlinks=True)
    path = str(folder / "bin" / os.path.basename(interpreter.path))
    return matrix.Interpreter(interpreter.version, "copied", path, library_path=str(folder / "lib")), glob.glob(str(folder / "lib" / "*.so.1.0"))[0]


def _patch_version(library, old, new):
    data = open(library, "rb").read()
    assert data.count(old) >= 1
    os.chmod(library, 0o755)
    with open(library, "wb") as file:
        file.write(data.replace(old, new))


def test_unknown_version(found, start, tmp_path):
    """A 3.12 that says that it is 3.28."""
    interpreter, library = _stripped_copy(found, tmp_path, "3.12")
    _patch_version(library, bytes.fromhex("f0010c03"), bytes.fromhex("f0011c03"))
    live = start(interpreter, "modes.py", "read", 0)
    failed(heapspy.run("report", live.pid, "--no-cache"), heapspy.UNSUPPORTED, r"3\.28")


def _build_id(path):
    notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True).stdout
    return re.search(r"Build ID: ([0-9a-f]+)", notes).group(1)


def _debug_file(debian):
    build_id = _build_id(debian.path)
    path = "/usr/lib/debug/.build-id/%s/%s.debug" % (build_id[:2], build_id[2:])
    if not os.path.exists(path):
        pytest.skip("no separate debug file of %s here" % debian.path)
    return build_id, path


@pytest.mark.parametrize("damage", ["truncated", "empty", "noise"])
def test_damaged_debug_file(debian, start, tmp_path, damage):
    """One in --debug-dir that cannot be read: said by name, and the next source is taken."""
    build_id, path = _debug_file(debian)
    folder = tmp_path / ".build-id" / build_id[:2]
    folder.mkdir(parents=True)
    with open(path, "rb") as file:
        head = file.read(200000)
    broken = {"truncated": head, "empty": b"", "noise": head[:64] + os.urandom(100000)}[damage]
    (folder / (build_id[2:] + ".debug")).write_bytes(broken)
    live = start(debian, "modes.py", "read", 0)
    done = heapspy.run("report", live.pid, "--debug-dir", tmp_path, "--no-cache", "-f", "json")
    assert heapspy.count(done.json(), "__main__.Marked") == 20000
    assert any(build_id[2:10] in warning or str(tmp_path) in warning for warning in done.json()["warnings"]), done.json()["warnings"]


def test_debug_file_of_another_build(found, debian, start, tmp_path):
    """Under the right name, but of another interpreter: its build-id tells."""
    build_id, _ = _debug_file(debian)
    other = next((i for i in found.all if i.flavour == "dwarf" and i.minor != debian.minor), None)
    if other is None:
        pytest.skip("needs another interpreter with debug information")
    library = glob.glob(os.path.join(os.path.dirname(other.path), "..", "lib", "libpython3*.so.1.0"))[0]
    folder = tmp_path / ".build-id" / build_id[:2]
    folder.mkdir(parents=True)
    shutil.copy(library, folder / (build_id[2:] + ".debug"))
    live = start(debian, "modes.py", "read", 0)
    done = heapspy.run("report", live.pid, "--debug-dir", tmp_path, "--no-cache", "-f", "json")
    assert heapspy.count(done.json(), "__main__.Marked") == 20000
    assert any("build" in warning for warning in done.json()["warnings"]), done.json()["warnings"]


def test_deleted_library_without_capability(found, start, tmp_path):
    """/proc/PID/map_files needs more than the right to trace: counted all the same, or the capability is named."""
    needs_root()
    interpreter, library = _stripped_copy(found, tmp_path, "3.12")
    live = start(interpreter, "modes.py", "read", 0)
    os.unlink(library)
    done = report_as(["setpriv", "--bounding-set=-sys_admin,-checkpoint_restore"], live.pid, "-f", "json", "--no-cache")
    if done.status == heapspy.UNSUPPORTED:
        failed(done, heapspy.UNSUPPORTED, "deleted", "CAP_CHECKPOINT_RESTORE")
    else:
        assert heapspy.count(done.json(), "__main__.Marked") == 20000
