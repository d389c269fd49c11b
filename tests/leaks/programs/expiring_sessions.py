# SPDX-License-Identifier: Apache-2.0
"""No leak: sessions of unequal length, the longest of six seconds."""
import itertools

import service

SESSIONS = {}
ENDING = {}
CLOCK = itertools.count()


def login(request):
    now = next(CLOCK)
    SESSIONS[request.number] = request
    ENDING.setdefault(now + 200 + now * 7919 % 1600, []).append(request.number)
    for number in ENDING.pop(now, ()):
        del SESSIONS[number]


if __name__ == "__main__":
    service.start(rate=300, item_bytes=0, verdict="none")
    for arrived in service.requests():
        login(arrived)
