# SPDX-License-Identifier: Apache-2.0
"""The pace of the requests: by the clock, so that a busy machine delays them but loses none, and the rate is the one told."""
import asyncio
import time

from . import control
from .request import new_request

TICK = 0.04  # seconds between two looks at the clock


class Arrivals:
    """The requests as they come: first a backlog at once, for a leak is seldom young, then so many a second."""

    def __init__(self):
        self.rate, self.backlog = control.rate(), control.backlog()
        self.began = None
        self.taken = 0

    def take(self):
        """Those due by now, one by one. When the backlog is done the program is ready to be looked at."""
        if self.began is None:
            for _ in range(self.backlog):
                yield new_request()
            control.ready()
            self.began = time.monotonic()
        for _ in range(int((time.monotonic() - self.began) * self.rate) - self.taken):
            self.taken += 1
            yield new_request()


def requests():
    """Blocks between requests, as a server without a loop of its own does."""
    coming = Arrivals()
    while True:
        yield from coming.take()
        time.sleep(TICK)


async def arrivals():
    """The same for asyncio."""
    coming = Arrivals()
    while True:
        for request in coming.take():
            yield request
        await asyncio.sleep(TICK)
