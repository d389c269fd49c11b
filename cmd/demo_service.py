# SPDX-License-Identifier: Apache-2.0
"""A small order service with a leak, to try heapspy on: `heapspy demo` runs it.

It serves made-up requests. Sessions expire and the cache is bounded, but every request also leaves an entry in EVENTS,
which nothing ever removes.
"""
import collections
import os
import random
import signal
import sys
import threading
import time

REQUESTS_PER_SECOND = 300
EVENTS_AT_START = 50_000
EVENTS_LIMIT = 2_000_000  # a demo that was forgotten must not fill the machine
SESSIONS_LIMIT = 2_000
CACHE_LIMIT = 5_000

EVENTS = []
SESSIONS = collections.OrderedDict()
CACHE = collections.OrderedDict()


class Session:
    def __init__(self, user):
        self.user = user
        self.basket = []
        self.seen = time.time()


class Order:
    __slots__ = ("number", "item", "amount")

    def __init__(self, number, item, amount):
        self.number = number
        self.item = item
        self.amount = amount


def remember(event):
    """The leak."""
    if len(EVENTS) < EVENTS_LIMIT:
        EVENTS.append(event)


def session_of(user):
    session = SESSIONS.pop(user, None) or Session(user)
    session.seen = time.time()
    SESSIONS[user] = session
    while len(SESSIONS) > SESSIONS_LIMIT:
        SESSIONS.popitem(last=False)
    return session


def price_of(item):
    if item not in CACHE:
        CACHE[item] = {"item": item, "cents": len(item) * 100, "tags": ("new", item[:2])}
        while len(CACHE) > CACHE_LIMIT:
            CACHE.popitem(last=False)
    return CACHE[item]["cents"]


def handle(number):
    session = session_of("user%d" % random.randrange(10_000))
    item = "item%d" % random.randrange(20_000)
    order = Order(number, item, price_of(item))
    session.basket = session.basket[-9:] + [order]
    remember({"id": number, "user": session.user, "order": order, "path": "/orders/%d" % number})


def serve(stop):
    number = EVENTS_AT_START
    while not stop.wait(0.1):
        for _ in range(REQUESTS_PER_SECOND // 10):
            handle(number)
            number += 1


def main():
    stop = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stop.set())
    for number in range(EVENTS_AT_START):
        handle(number)
    worker = threading.Thread(target=serve, args=(stop,), name="requests")
    worker.start()
    os.write(sys.stdout.fileno(), b"ready\n")
    while not stop.wait(3600):
        pass
    worker.join()


main()
