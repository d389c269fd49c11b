# SPDX-License-Identifier: Apache-2.0
"""A process with four workers, forked, of which three leak into the same list, at different rates. The ready line tells their PIDs.

They stop at a bound, and end with their parent.
"""
import ctypes
import json
import os
import time

import truth

MANY = 200000
EVENTS = []


def work(rate, alive):
    ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
    for n in range(MANY):
        if os.getppid() != alive:
            break
        EVENTS.extend({"number": n, "text": "event %d of %d" % (n, k)} for k in range(rate) if len(EVENTS) < MANY)
        time.sleep(0.05)
    os._exit(0)


def main():
    workers = []
    parent = os.getpid()
    for rate in (0, 40, 80, 160):
        pid = os.fork()
        if pid == 0:
            work(rate, parent)
        workers.append(pid)
    truth.serve(ready=json.dumps(workers))


if __name__ == "__main__":
    main()
