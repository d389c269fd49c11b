# SPDX-License-Identifier: Apache-2.0
"""Live targets as the tests see them: start one, wait for its handshake, ask it for the truth, check that it is unharmed."""
import array
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "targets")
MAGIC = b"HSTRUTH1"
TRACKED, EXTENDED, NO_SIZE = 1, 2, 4


class Died(Exception):
    """The target ended although it should not have."""


class Truth:
    """What the target said about itself: parallel arrays, one element per object, and its types' names."""

    def __init__(self, data):
        if data[:8] != MAGIC:
            raise ValueError("no truth: the target's child failed (see its stderr)")
        n = int.from_bytes(data[8:16], "little")
        words = array.array("Q")
        words.frombytes(data[16:16 + 32 * n])
        self.addresses, self.type_addresses, self.sizes, self.flags = words[0::4], words[1::4], words[2::4], words[3::4]
        info = json.loads(data[16 + 32 * n:])
        self.types = {int(address): name for address, name in info["types"].items()}
        self.version_info = info["version_info"]
        self.without_instance = info["without_instance"]
        self.skipped = info["skipped"]

    def __len__(self):
        return len(self.addresses)

    def names(self):
        return [self.types[address] for address in self.type_addresses]

    def by_type(self):
        """{name: [count, tracked, sum of sys.getsizeof]}"""
        table = {}
        for type_address, size, flags in zip(self.type_addresses, self.sizes, self.flags):
            row = table.setdefault(self.types[type_address], [0, 0, 0])
            row[0] += 1
            row[1] += flags & TRACKED
            row[2] += size
        return table


def status_field(pid, name):
    with open("/proc/%d/status" % pid) as file:
        for line in file:
            if line.startswith(name + ":"):
                return line.split(":", 1)[1].strip()
    raise KeyError(name)


def tracer_pid(pid):
    return int(status_field(pid, "TracerPid"))


def thread_states(pid):
    states = {}
    for tid in os.listdir("/proc/%d/task" % pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open("/proc/%d/task/%s/stat" % (pid, tid)) as file:
                states[int(tid)] = file.read().rsplit(")", 1)[1].split()[0]
    return states


def wait_until(predicate, seconds=30, what="a condition"):
    """Polls; for what the kernel offers no event. Returns the predicate's value."""
    end = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError("no %s within %d s" % (what, seconds))
        time.sleep(0.002)


class Target:
    """A target script under one interpreter. Use as a context manager: it is killed at the end, by its own pid."""

    def __init__(self, interpreter, script, *arguments, environment=None, seconds=180, prefix=(), options=(), errors=None):
        self.interpreter = interpreter
        self.copied = None
        self.may_be_gone = False  # set by a test that ends its target
        self.seconds = seconds
        self.buffer = b""
        folder = self._scripts()
        control_read, self.control = os.pipe()
        self.reply, reply_write = os.pipe()
        self.truth_file = tempfile.TemporaryFile()
        inherited = (control_read, reply_write, self.truth_file.fileno())
        command = [*prefix, *interpreter.command(*options, os.path.join(folder, script), *map(str, inherited), *map(str, arguments))]
        self.process = subprocess.Popen(command, pass_fds=inherited, env={**interpreter.environment(), **(environment or {})},
                                        stdin=subprocess.DEVNULL, stderr=errors)
        os.close(control_read)
        os.close(reply_write)
        self.pid = self.process.pid

    def _scripts(self):
        """The folder of the scripts as the target's root names it; copied into a root of its own."""
        if not self.interpreter.root:
            return SCRIPTS
        self.copied = tempfile.mkdtemp(prefix="heapspy-live-", dir=os.path.join(self.interpreter.root, "tmp"))
        os.chmod(self.copied, 0o755)
        for name in os.listdir(SCRIPTS):
            if name.endswith(".py"):
                shutil.copy(os.path.join(SCRIPTS, name), self.copied)
        return self.copied[len(self.interpreter.root):]

    def __enter__(self):
        self.ready = self.read_line(self.seconds)
        return self

    def __exit__(self, *exception):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for fd in (self.control, self.reply):
            os.close(fd)
        self.truth_file.close()
        if self.copied:
            shutil.rmtree(self.copied, ignore_errors=True)

    def read_line(self, seconds=60):
        end = time.monotonic() + seconds
        while b"\n" not in self.buffer:
            readable, _, _ = select.select([self.reply], [], [], max(0, end - time.monotonic()))
            if not readable:
                raise TimeoutError("target %d says nothing for %d s" % (self.pid, seconds))
            data = os.read(self.reply, 65536)
            if not data:
                raise Died("target ended with %r" % self.process.wait())
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode()

    def command(self, letter, seconds=180):
        os.write(self.control, letter.encode())
        return self.read_line(seconds)

    def ping(self):
        answer = self.command("p", 60)
        assert answer == "pong 126140", answer

    def truth(self):
        """Waits until the target sleeps again afterwards, so that what is captured next is the state described."""
        self.truth_file.seek(0)
        self.truth_file.truncate()
        answer = self.command("t", 600)
        assert answer == "told", answer
        self.wait_blocked()
        self.truth_file.seek(0)
        return Truth(self.truth_file.read())

    def wait_blocked(self):
        """Until the main thread sleeps in the kernel."""
        wait_until(lambda: thread_states(self.pid).get(self.pid) == "S", what="sleeping target")

    def assert_unharmed(self, state=None, answers=True):
        """It is untraced, in the state it was in, and still works."""
        assert self.process.poll() is None, "the target died with %r" % self.process.returncode
        assert tracer_pid(self.pid) == 0
        if state == "T":
            # When a tracer dies, the kernel wakes its tracees, and they stop again by themselves.
            wait_until(lambda: set(thread_states(self.pid).values()) == {"T"}, 5, "target that is stopped again")
            return
        wait_until(lambda: "T" not in thread_states(self.pid).values() and "t" not in thread_states(self.pid).values(), 5,
                   "target that is not stopped")
        if answers:
            self.ping()

    def stop(self):
        os.kill(self.pid, signal.SIGSTOP)
        wait_until(lambda: set(thread_states(self.pid).values()) == {"T"}, what="stopped target")

    def go_on(self):
        os.kill(self.pid, signal.SIGCONT)
