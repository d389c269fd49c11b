# SPDX-License-Identifier: Apache-2.0
"""A process whose heap changes on command, between the samples of heapspy. Answers tell its own figures as JSON.

    g   a thousand more events, and as many entries in a map of names to times
    r   every request is replaced by another one at, mostly, the same address
    s   the same with equal ones
    d   the same with records, of which only the number is another one
    m   many blocks of raw bytes, each too small to be left out of a copy: 600 MiB
    l   a thousand more in each of three places, one of them far down
    c   the list of events is cleared
    x   becomes another Python program
"""
import collections
import contextlib
import gc
import json
import os
import sys

import truth

N = 2000
N_EQUAL = 100000


class Event:
    def __init__(self, number):
        self.number = number
        self.payload = "payload %d" % number


class Request:
    __slots__ = ("number", "body")

    def __init__(self, number):
        self.number = number + 1000000
        self.body = "body %d" % number


class Account:
    def __init__(self):
        self.invoices_of_the_current_accounting_period = []


class Equal:
    __slots__ = ("number",)

    def __init__(self):
        self.number = 7


EVENTS = [Event(n) for n in range(N)]
SEEN = {"host-%d" % n: float(n) for n in range(N)}
REQUESTS = [Request(n) for n in range(N)]
EQUAL = [Equal() for _ in range(N_EQUAL)]
RECORDS = [{"number": n, "body": ("body", str(n))} for n in range(N_EQUAL)]
LARGE = []
AUDIT = collections.deque()
MADE = [N]
DEPARTMENTS = {"customer_relations_of_the_north": {"accounts_receivable": [Account()]}}


def figures():
    tracked = sum(type(thing) is Event for thing in gc.get_objects())
    rss = None  # where the target's root has no /proc
    with contextlib.suppress(FileNotFoundError):
        with open("/proc/self/statm") as file:
            rss = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    return json.dumps({"Event": len(EVENTS), "float": len(SEEN), "tracked": tracked, "events": id(EVENTS), "seen": id(SEEN), "rss": rss})


def grow():
    for _ in range(1000):
        number = MADE[0]
        MADE[0] = number + 1
        EVENTS.append(Event(number))
        SEEN["host-%d" % number] = float(number)
    return figures()


def grow_in_three_places():
    for container in EVENTS, AUDIT, DEPARTMENTS["customer_relations_of_the_north"]["accounts_receivable"][0].invoices_of_the_current_accounting_period:
        for _ in range(1000):
            MADE[0] += 1
            container.append(Event(MADE[0]))
    return figures()


def replace_requests():
    first = MADE[0]
    MADE[0] = first + N
    del REQUESTS[:]
    REQUESTS.extend(Request(first + n) for n in range(N))
    return figures()


def replace_records():
    """One by one: each gets the place of the one before."""
    n_same = 0
    for n in range(N_EQUAL):
        address = id(RECORDS[n])
        RECORDS[n] = None
        RECORDS[n] = {"number": n + N_EQUAL, "body": ("body", str(n))}
        n_same += id(RECORDS[n]) == address
    return json.dumps({"same addresses": n_same})


def replace_equal():
    addresses = set(map(id, EQUAL))
    del EQUAL[:]
    EQUAL.extend(Equal() for _ in range(N_EQUAL))
    return json.dumps({"same addresses": len(addresses & set(map(id, EQUAL)))})


def swell():
    LARGE.extend(os.urandom(16) * 6400 for _ in range(6000))
    return figures()


def look_up():
    """Names that nothing keeps but what caches the answer."""
    MADE[0] += 1500
    for number in range(MADE[0] - 1500, MADE[0]):
        hasattr(EVENTS, "looked_up_%d" % number)
    return figures()


def clear():
    del EVENTS[:]
    return figures()


def become_another():
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(100)"])


if __name__ == "__main__":
    truth.serve(actions={b"g": grow, b"r": replace_requests, b"s": replace_equal, b"d": replace_records, b"m": swell, b"l": grow_in_three_places, b"c": clear, b"n": look_up, b"x": become_another},
                ready=figures())
