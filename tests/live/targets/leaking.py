# SPDX-License-Identifier: Apache-2.0
"""A process that leaks while it waits for commands: a thread adds to a list of a store, and turns a queue and a cache over beside it."""
import collections
import threading
import time

import truth

PER_TURN = 20
PAUSE = 0.02


class Event:
    def __init__(self, number):
        self.number = number + 1000000
        self.payload = "secret payload %d" % number


class Store:
    def __init__(self):
        self.events = []
        self.recent = collections.deque(maxlen=300)
        self.cache = {}

    def add(self, event):
        self.events.append(event)

    def serve(self, number):
        """Everything but the events goes again."""
        self.recent.append(["secret request %d" % number, number + 1000000])
        self.cache["secret %d" % number] = {"answer": number + 1000000}
        if len(self.cache) > 500:
            del self.cache[next(iter(self.cache))]


STORE = Store()


def work():
    number = 0
    while True:
        for _ in range(PER_TURN):
            number += 1
            STORE.serve(number)
            if number % 4 == 0:
                STORE.add(Event(number))
        time.sleep(PAUSE)


def main():
    for number in range(2000):
        STORE.add(Event(-number))
        STORE.serve(-number)
    threading.Thread(target=work, daemon=True).start()
    truth.serve(ready="ready %d" % id(STORE.events))


if __name__ == "__main__":
    main()
