# SPDX-License-Identifier: Apache-2.0
"""What heapspy does to its target: a stop, and nothing that outlasts it, however heapspy ends."""
import hashlib
import os
import random
import signal
import subprocess
import threading
import time

import pytest

import heapspy
from target import status_field, thread_states, tracer_pid, wait_until


def test_stopped_target_stays_stopped(few_interpreter, start):
    live = start(few_interpreter, "modes.py", "read", 0)
    live.stop()
    told = heapspy.report(live.pid)
    assert heapspy.count(told, "__main__.Marked") == 20000
    live.assert_unharmed(state="T")
    live.go_on()
    live.ping()


def test_stopped_threads_stay_stopped(debian, start):
    live = start(debian, "modes.py", "threads", 16)
    live.stop()
    for _ in range(5):
        heapspy.report(live.pid)
        live.assert_unharmed(state="T")
    live.go_on()
    live.ping()


def written_ranges(pid):
    """[start, end) of the target's own writable memory."""
    with open("/proc/%d/maps" % pid) as file:
        rows = [line.split() for line in file]
    return [tuple(int(word, 16) for word in row[0].split("-")) for row in rows if row[1] == "rw-p"]


def digest_of_memory(pid):
    """Of every byte that the target could write itself."""
    digest = hashlib.sha256()
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for start, end in written_ranges(pid):
            digest.update(b"%x-%x" % (start, end))
            memory.seek(start)
            while start < end:
                data = memory.read(end - start)
                assert data
                digest.update(data)
                start += len(data)
    return digest.hexdigest()


def test_own_memory_is_unchanged(debian, start):
    """Not one page more in the target, and not one byte another: nothing is written into it."""
    # on one CPU: the kernel notes in a thread's own memory which one it runs on (rseq), whoever made it move
    live = start(debian, "modes.py", "read", 0, prefix=("taskset", "-c", str(min(os.sched_getaffinity(0)))))
    live.wait_blocked()
    digest = digest_of_memory(live.pid)  # reads every page first: what only this test brings in counts as before

    def figures():
        with open("/proc/%d/smaps_rollup" % live.pid) as file:
            table = dict(line.split(":", 1) for line in file.readlines()[1:])
        return {name: int(table[name].split()[0]) for name in ("Private_Dirty", "Anonymous")}
    before = figures()
    for _ in range(3):
        heapspy.report(live.pid)
    after = figures()
    # the kernel may write a dirty page back meanwhile, or swap it out: only more is heapspy's doing
    assert all(after[name] <= before[name] for name in before), (before, after)
    assert digest_of_memory(live.pid) == digest
    assert status_field(live.pid, "TracerPid") == "0"


def test_signals_arrive(debian, start):
    """Signals that rain on the target while heapspy attaches are delivered, each of them: none is swallowed by the tracer."""
    live = start(debian, "signals.py")
    sent = 0
    for _ in range(15):
        attach = subprocess.Popen([heapspy.HEAPSPY, "report", str(live.pid)], stdout=subprocess.DEVNULL)
        while attach.poll() is None:
            for _ in range(20):
                os.kill(live.pid, signal.SIGRTMIN)  # real-time signals queue, one by one
                sent += 1
            wait_until(lambda: int(live.command("w")) > sent - 200, what="delivered signals")
        assert attach.wait() == 0
    assert sent >= 300
    wait_until(lambda: int(live.command("w")) == sent, 10, "last signal")


class Killer:
    """Runs heapspy and ends it at a random moment: some time after its start, or some time after it was seen tracing."""

    def __init__(self, live, seed):
        self.live = live
        self.random = random.Random(seed)
        self.n = 0
        self.n_tracing = 0

    def kill_once(self, number):
        """Whichever kind is behind, so that at least half of the kills fall into a stop."""
        attach = subprocess.Popen([heapspy.HEAPSPY, "report", str(self.live.pid), "-f", "json"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        if self.n_tracing <= 0.6 * self.n:
            while attach.poll() is None and not tracer_pid(self.live.pid):
                pass
            self._spin(self.random.choice((0, self.random.uniform(0, 0.006))))
        else:
            self._spin(self.random.uniform(0, 0.15))
        tracing = tracer_pid(self.live.pid) != 0
        attach.send_signal(number)
        attach.wait()
        self.n += 1
        self.n_tracing += tracing
        return attach.returncode

    @staticmethod
    def _spin(seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            pass


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=["KILL", "INT", "TERM"])
def test_killed_at_any_moment(debian, start, full, number):
    live = start(debian, "heaps.py", "mix", 60000)
    killer = Killer(live, seed=int(number))
    wanted = 67 if full else 14
    while killer.n < wanted or killer.n_tracing < killer.n / 2:
        status = killer.kill_once(number)
        assert status in (0, -number), "ended with %d instead of by the signal" % status
        wait_until(lambda: tracer_pid(live.pid) == 0, 5, "detached target")
        live.assert_unharmed()
        assert killer.n < 10 * wanted, "only %d of %d kills fell into the stop" % (killer.n_tracing, killer.n)


def test_killed_while_target_is_stopped(debian, start):
    live = start(debian, "heaps.py", "mix", 30000)
    live.stop()
    killer = Killer(live, seed=5)
    for _ in range(6):
        killer.kill_once(signal.SIGKILL)
        wait_until(lambda: tracer_pid(live.pid) == 0, 5, "detached target")
        live.assert_unharmed(state="T")
    live.go_on()
    live.ping()


def test_refuses_a_longer_pause_than_allowed(debian, start):
    """Predicted before the stop: nothing but a message, and the target never notices."""
    live = start(debian, "heaps.py", "mix", 60000)
    done = heapspy.run("report", live.pid, "--max-pause", 1, stdin=subprocess.DEVNULL)
    assert done.status == heapspy.FAILED and not done.output, done
    assert "--max-pause" in done.errors


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU], ids=["TSTP", "TTIN", "TTOU"])
def test_stopped_by_job_control(debian, start, number):
    """Ctrl-Z while the target is stopped stops heapspy afterwards: the target never waits for somebody to type fg."""
    live = start(debian, "heaps.py", "mix", 60000)
    n_tracing = 0
    for _ in range(20):
        attach = subprocess.Popen([heapspy.HEAPSPY, "report", str(live.pid)], stdout=subprocess.DEVNULL, preexec_fn=os.setpgrp)
        while attach.poll() is None and not tracer_pid(live.pid):
            pass
        attach.send_signal(number)
        n_tracing += tracer_pid(live.pid) != 0
        wait_until(lambda: tracer_pid(live.pid) == 0, 5, "detached target")
        live.assert_unharmed()
        attach.send_signal(signal.SIGCONT)
        assert attach.wait() == 0
        if n_tracing >= 3:
            break
    assert n_tracing >= 3, "no signal fell into the stop"


def test_mappings_that_come_and_go(debian, start):
    """What the plan saw before the stop is not what there is under it, by some GiB."""
    live = start(debian, "modes.py", "reserving", 0)
    quiet = start(debian, "modes.py", "read", 0)
    wanted = heapspy.count(heapspy.report(quiet.pid), "builtins.function")
    for _ in range(25):
        told = heapspy.report(live.pid)
        assert heapspy.count(told, "__main__.Marked") == 20000
        assert heapspy.count(told, "builtins.function") == wanted


def test_pause_is_printed(debian, start):
    live = start(debian, "modes.py", "read", 0)
    told = heapspy.report(live.pid)["process"]
    assert told["pause_ns"] > 0 and sum(told["pauses_ns"]) == told["pause_ns"]


def test_two_at_once(debian, start):
    """A second heapspy meets a traced target: it says so, or it comes after the first."""
    live = start(debian, "heaps.py", "mix", 60000)
    results = []

    def attach():
        results.append(heapspy.run("report", live.pid, "-f", "json"))
    both = [threading.Thread(target=attach) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    for done in results:
        assert done.status in (heapspy.DONE, heapspy.NO_PERMISSION), done
    assert any(done.status == heapspy.DONE for done in results)


def test_no_thread_stays_behind(debian, start):
    """Threads start and end all the time while heapspy seizes them."""
    live = start(debian, "signals.py", "spawning")
    for _ in range(15):
        told = heapspy.report(live.pid)
        assert told["complete"] is True
        assert "t" not in thread_states(live.pid).values()
