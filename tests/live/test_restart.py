# SPDX-License-Identifier: Apache-2.0
"""README's table of the system calls that return EINTR after the pause, measured: one thread blocked in each."""
import json
import os
import re

import heapspy
from matrix import CHECKOUT
from target import thread_states, wait_until

# README's words for what targets/syscalls.py calls otherwise.
SPOKEN = {"sem_wait": "futexes", "futex": "futexes", "recv SO_RCVTIMEO": "recv", "send SO_SNDTIMEO": "send", "accept SO_RCVTIMEO": "accept",
          "connect SO_SNDTIMEO": "connect", "fcntl locks": "fcntl"}

# "the same without such a time-out" stands for these in the second column.
WITHOUT_TIMEOUT = ("recv", "send", "accept", "connect")


def readme_table():
    """(text of the column that returns EINTR, text of the column that is restarted)"""
    with open(os.path.join(CHECKOUT, "README.md")) as file:
        text = file.read()
    rows = re.search(r"\| Returns EINTR.*\n\| --- \| --- \|\n((?:\|.*\n)+)", text).group(1).splitlines()
    cells = [row.strip("|").split("|") for row in rows]
    return "\n".join(cell[0] for cell in cells), "\n".join(cell[1] for cell in cells)


def told_in(name, column):
    return re.search(r"\b%s\b" % re.escape(SPOKEN.get(name, name)), column) is not None


def test_table_in_readme_is_measured(debian, start):
    live = start(debian, "syscalls.py")
    started = json.loads(live.ready.partition(" ")[2])
    wait_until(lambda: all(thread_states(live.pid).get(tid) == "S" for tid in started.values()), what="blocked threads")
    before = json.loads(live.command("x"))
    blocked = [name for name in started if name not in before]
    assert len(blocked) >= 25, before
    for _ in range(3):
        assert heapspy.run("report", live.pid).status == heapspy.DONE
    returned = {name: how for name, how in json.loads(live.command("x")).items() if name in blocked}
    assert set(returned.values()) <= {"EINTR"}, returned
    interrupted, restarted = readme_table()
    assert [name for name in returned if not told_in(name, interrupted)] == []
    plain = [name for name in blocked if name not in returned and " SO_" not in name]
    assert [name for name in plain if not told_in(name, restarted) and name not in WITHOUT_TIMEOUT] == []
    assert [name for name in blocked if name not in returned and told_in(name, interrupted) and name not in WITHOUT_TIMEOUT] == []


def test_python_itself_never_notices(debian, start):
    """CPython retries: time.sleep() sleeps its whole time, select and epoll return only when there is something."""
    for situation in ("sleep", "epoll", "asyncio"):
        live = start(debian, "modes.py", situation, 0)
        for _ in range(5):
            heapspy.report(live.pid)
