# SPDX-License-Identifier: Apache-2.0
"""Sessions are refreshed while bursts of work of ever other sizes come and go: few survivors hold many arenas.

The number of sessions and their bytes stay as they are. Each refreshed value lies among the burst's objects, which
are gone a moment later; the next burst is of another size class and cannot use their pools.
"""
import itertools

import service

N_SESSIONS = 40000
N_REFRESHED = 1000     # by each burst: never one twice while anybody looks
SIZES = [100 + 16 * (step * 7 % 24) for step in range(24)]
SESSIONS = [bytes(SIZES[number % len(SIZES)]) for number in range(N_SESSIONS)]
BURSTS = itertools.count()


def burst():
    number = next(BURSTS)
    size = SIZES[number % len(SIZES)]
    work = []
    for position in range(N_REFRESHED):
        work.extend(bytes(size) for _ in range(12))
        SESSIONS[(number * N_REFRESHED + position) * 7919 % N_SESSIONS] = bytes(size)
    return len(work)


if __name__ == "__main__":
    service.start(rate=0.4, item_bytes=0, verdict="fragmentation", backlog=0)
    for arrived in service.requests():
        burst()
