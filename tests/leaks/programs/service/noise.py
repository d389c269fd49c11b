# SPDX-License-Identifier: Apache-2.0
"""What goes on in a service besides its leak: a large stable stock, and traffic that comes and goes.

All of it is steady when the program says that it is ready: queues and caches are full, and the saw-tooth has had its
peaks among the rest, so that nothing here grows for good while somebody looks.
"""
import collections
import functools
import random
import threading
import time

from .request import new_request

TICK = 0.05
SAW_RATE = 500         # requests a second that the saw-tooth gathers
TURNOVER = 300         # requests a second through the queues and caches
N_RECENT = 2000
N_CACHED = 3000
N_SESSIONS = 20000     # a queue so long that most of it is still there when two moments are compared


class Product:
    def __init__(self, number):
        self.number = number
        self.name = "product %d" % number
        self.prices = {"eur": number * 1.19, "usd": number * 1.31}
        self.tags = ["tag%d" % (number % 100), (number, number + 1)]


class Catalogue:
    """The stable part: about ten objects for each product."""

    def __init__(self, n_objects):
        self.products = [Product(number) for number in range(n_objects // 10)]
        self.by_name = {product.name: product for product in self.products}


class LeastRecentlyUsed:
    """A cache in Python, as many programs have one."""

    def __init__(self, limit):
        self.limit = limit
        self.entries = collections.OrderedDict()

    def put(self, key, value):
        self.entries[key] = value
        if len(self.entries) > self.limit:
            self.entries.popitem(last=False)


@functools.lru_cache(maxsize=1024)
def tax(number):
    return {"number": number, "rate": number % 7 / 100.0}


class Sawtooth:
    """Gathers requests and lets go of all of them once in a period, as a batch job does.

    How many it holds follows from the clock alone: a program that was delayed is back on its line at the next step.
    """

    def __init__(self, period, phase):
        self.period, self.phase = period, phase
        self.batch = []
        self.by_path = {}

    def step(self, now):
        wanted = int((now / self.period + self.phase) % 1.0 * self.period * SAW_RATE)
        if wanted < len(self.batch):
            self.batch.clear()
            self.by_path.clear()
        while len(self.batch) < wanted:
            request = new_request()
            self.batch.append(request)
            self.by_path[request.path] = request


class Traffic:
    """Requests that come, are kept for a while and go."""

    def __init__(self, period, seed):
        self.recent = collections.deque()
        self.sessions = {}
        self.cache = LeastRecentlyUsed(N_CACHED)
        self.saw = Sawtooth(period, random.Random(seed).random())
        self.elapsed = 0.0
        self.handled = 0
        self.lock = threading.Lock()
        for _ in range(N_SESSIONS):
            self.handle(new_request())

    def handle(self, request):
        self.recent.append(request)
        if len(self.recent) > N_RECENT:
            self.recent.popleft()
        self.sessions[request.number] = request.cookies
        if len(self.sessions) > N_SESSIONS:
            del self.sessions[next(iter(self.sessions))]
        self.cache.put(request.path, request.headers)
        tax(request.number)

    def advance(self, seconds):
        """What happens in that time, in steps, so that what stays and what goes lie among each other as they do in life."""
        with self.lock:
            end = self.elapsed + seconds
            while self.elapsed < end:
                self.elapsed = min(end, self.elapsed + TICK)
                while self.handled < self.elapsed * TURNOVER:
                    self.handled += 1
                    self.handle(new_request())
                self.saw.step(self.elapsed)


def _run(traffic):
    last = time.monotonic()
    while True:
        time.sleep(TICK)
        now = time.monotonic()
        traffic.advance(now - last)
        last = now


CATALOGUE = None
TRAFFIC = None


def start(n_objects, period, seed):
    """Builds the stock and starts the traffic on a thread of its own; neither, as far as its figure is 0."""
    global CATALOGUE, TRAFFIC
    CATALOGUE = Catalogue(n_objects)
    if period:
        TRAFFIC = Traffic(period, seed)
        threading.Thread(target=_run, args=(TRAFFIC,), name="traffic", daemon=True).start()


def settle():
    """Two periods at once, on top of all that is there when the program becomes ready: the memory had for them is there from now on."""
    if TRAFFIC:
        TRAFFIC.advance(2 * TRAFFIC.saw.period)
