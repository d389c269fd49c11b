# SPDX-License-Identifier: Apache-2.0
"""Beside the target in one memory limit: heapspy refuses or dies, never the target."""
import os
import subprocess

import pytest

import heapspy
from target import status_field

CONTROLLER = "/sys/fs/cgroup/memory"


class MemoryGroup:
    """A cgroup of the memory controller, version 1 or 2, for the time of a test."""

    def __init__(self, name):
        unified = os.path.exists("/sys/fs/cgroup/cgroup.controllers")
        self.path = os.path.join("/sys/fs/cgroup" if unified else CONTROLLER, name)
        self.limit = "memory.max" if unified else "memory.limit_in_bytes"
        try:
            os.mkdir(self.path)
        except OSError as error:
            pytest.skip("no memory cgroup can be made: %s" % error)
        if not os.path.exists(os.path.join(self.path, self.limit)):
            os.rmdir(self.path)
            pytest.skip("the memory controller is not enabled for %s" % os.path.dirname(self.path))

    def add(self, pid):
        self._write("cgroup.procs", pid)

    def set_limit(self, n_bytes):
        self._write(self.limit, n_bytes)

    def _write(self, name, value):
        with open(os.path.join(self.path, name), "w") as file:
            file.write(str(value))

    def remove(self):
        # A process that was just reaped may still be listed for a moment.
        subprocess.run(["sh", "-c", 'for i in 1 2 3 4 5; do rmdir "$0" 2>/dev/null && exit; sleep 0.2; done', self.path])


@pytest.fixture
def group():
    if heapspy.has_sanitizers():
        pytest.skip("limits are for heapspy's memory, not for the sanitizers', which is there before main() begins")
    made = MemoryGroup("heapspy-test-%d" % os.getpid())
    yield made
    made.remove()


def report_inside(group, pid, *options):
    """heapspy as a member of the group from its first instruction on."""
    command = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
    return subprocess.run(["sh", "-c", command, group.path, heapspy.HEAPSPY, "report", str(pid), *options], capture_output=True, text=True,
                          timeout=120)


@pytest.mark.parametrize("headroom", [1.05, 1.2, 1.5])
def test_never_the_target(debian, group, headroom):
    """The group's limit leaves less than a copy needs."""
    from target import Target
    with Target(debian, "heaps.py", "mix", 60000, prefix=["sh", "-c", 'echo $$ > "%s/cgroup.procs"; exec "$0" "$@"' % group.path]) as live:
        resident = int(status_field(live.pid, "VmRSS").split()[0]) << 10
        group.set_limit(int(resident * headroom))
        for _ in range(3):
            done = report_inside(group, live.pid)
            assert done.returncode in (heapspy.FAILED, -9), done
            if done.returncode == heapspy.FAILED:
                assert "memory" in done.stderr and "MiB" in done.stderr, done.stderr
            live.assert_unharmed()


def test_with_room_for_both(debian, group):
    from target import Target
    with Target(debian, "heaps.py", "mix", 30000, prefix=["sh", "-c", 'echo $$ > "%s/cgroup.procs"; exec "$0" "$@"' % group.path]) as live:
        resident = int(status_field(live.pid, "VmRSS").split()[0]) << 10
        group.set_limit(resident * 4)
        assert report_inside(group, live.pid).returncode == heapspy.DONE
        live.assert_unharmed()


def test_first_to_be_killed(debian, start):
    """heapspy's first act is to offer itself to the out-of-memory killer."""
    live = start(debian, "heaps.py", "mix", 60000)
    process = subprocess.Popen([heapspy.HEAPSPY, "report", str(live.pid)], stdout=subprocess.DEVNULL)
    seen = set()
    while process.poll() is None:
        try:
            with open("/proc/%d/oom_score_adj" % process.pid) as file:
                seen.add(file.read().strip())
        except OSError:
            break
    process.wait()
    assert "1000" in seen, seen
