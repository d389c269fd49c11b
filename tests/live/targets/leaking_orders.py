# SPDX-License-Identifier: Apache-2.0
"""A service that leaks while it is looked at: every order stays in EVENTS; visits come and go; sessions stay as they are."""
import threading
import time

import truth


class Order:
    __slots__ = ("number", "lines")

    def __init__(self, number):
        self.number = number
        self.lines = ["line %d" % number, number + 0.5]


class Visit:
    pass


class Session:
    def __init__(self, user):
        self.user = user


EVENTS = []
VISITS = []
SESSIONS = {"user%d" % n: Session("user%d" % n) for n in range(500)}


def handle(number):
    EVENTS.append({"id": number, "order": Order(number)})
    VISITS.append(Visit())
    if len(VISITS) > 300:
        VISITS.clear()


def work():
    number = len(EVENTS)
    while True:
        time.sleep(0.01)
        for _ in range(5):
            handle(number)
            number += 1


for start in range(2000):
    handle(start)
threading.Thread(target=work, daemon=True, name="requests").start()
truth.serve()
