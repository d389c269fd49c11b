# SPDX-License-Identifier: Apache-2.0
"""Programs that nobody thought of: a seed draws what holds, how deep it lies, under which root, what leaks and how fast.

The text is that of a program of the corpus, with a leaking line and its repair; the same seed gives the same text.
"""
import collections
import math
import random

from corpus import Program
from runs import Run

# How a container is made, how an item gets in, how the oldest gets out. `{item}` of a set must be hashable.
Holder = collections.namedtuple("Holder", "kind make add trim hashable")
HOLDERS = (
    Holder("list", "[]", "held.append({item})", "held.pop(0)", False),
    Holder("dict", "{{}}", "held[request.number] = {item}", "held.pop(next(iter(held)))", False),
    Holder("set", "set()", "held.add({item})", "held.pop()", True),
    Holder("deque", "collections.deque()", "held.append({item})", "held.popleft()", False),
    Holder("odict", "collections.OrderedDict()", "held[request.path] = {item}", "held.popitem(last=False)", False),
    Holder("dict", "collections.defaultdict(list)", "held[request.path].append({item})", "held.pop(next(iter(held)))", False),
)

# What leaks, and whether it is hashable.
ITEMS = (
    ("request", True),
    ("(request.number, request.headers)", False),
    ("{'path': request.path, 'number': request.number}", False),
    ("request.headers['X-Request-Id']", True),
    ("[request.path, request.cookies]", False),
    ("(request.number, request.path)", True),
    ("Order(request)", True),
    ("request.body.encode()", True),
)

# One step from a holder to what it holds: how the outer object is made of the inner one, and how the inner one is reached.
STEPS = (
    ("Box(name={name!r}, {name}={inner})", ".{name}"),
    ("{{{name!r}: {inner}, 'other': Box(name='other')}}", "[{name!r}]"),
    ("[Box(name='first'), {inner}, {{}}]", "[1]"),
    ("({name!r}, {inner})", "[1]"),
)
NAMES = ("orders", "pending", "state", "cache", "region", "tenant", "journal", "pool", "index", "current")

# Where the outermost object is kept. {made} makes it, {path} leads from it to the container. `top`: an expression that reaches
# it from outside, if there is one; `function`: the function that holds it.
Root = collections.namedtuple("Root", "kind text top function")
ROOTS = (
    Root("module", """
{global_name} = {made}


def handle(request):
    held = {global_name}{path}
{body}

def work():
    for request in service.requests():
        handle(request)
""", "{global_name}", None),
    Root("class", """
class Service:
    {attribute} = {made}

    def handle(self, request):
        held = self.{attribute}{path}
{body_of_method}

def work():
    server = Service()
    for request in service.requests():
        server.handle(request)
""", "Service.{attribute}", None),
    Root("closure", """
def make_handler():
    {attribute} = {made}

    def handle(request):
        held = {attribute}{path}
{body_of_method}
    return handle


HANDLER = make_handler()


def work():
    for request in service.requests():
        HANDLER(request)
""", "HANDLER.__closure__[0].cell_contents", "HANDLER"),
    Root("default", """
def handle(request, {attribute}={made}):
    held = {attribute}{path}
{body}

def work():
    for request in service.requests():
        handle(request)
""", "handle.__defaults__[0]", "handle"),
    Root("local", """
def handle({attribute}, request):
    held = {attribute}{path}
{body}

def work():
    {attribute} = {made}
    service.publish(container=id({attribute}{path}))
    for request in service.requests():
        handle({attribute}, request)
""", None, None),
    Root("thread_local", """
LOCAL = threading.local()


def handle(request):
    held = LOCAL.{attribute}{path}
{body}

def work():
    LOCAL.{attribute} = {made}
    service.publish(container=id(LOCAL.{attribute}{path}))
    for request in service.requests():
        handle(request)
""", None, None),
    Root("contextvar", """
CURRENT = contextvars.ContextVar("{attribute}")


def handle(request):
    held = CURRENT.get(){path}
{body}

def work():
    CURRENT.set({made})
    service.publish(container=id(CURRENT.get(){path}))
    for request in service.requests():
        handle(request)
""", None, None),
)

PROGRAM = '''# SPDX-License-Identifier: Apache-2.0
"""Seed {seed}: {holder} under {root}, {nesting} references deep."""
import collections
import contextvars
import threading

import service


class Box:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Order:
    def __init__(self, request):
        self.number = request.number
        self.lines = [request.path, request.cookies]


def trim(held, limit):
    while len(held) > limit:
        {trim}

{text}

if __name__ == "__main__":
    service.start(rate={rate}, item_bytes=0, kind="{holder}", root_kind="{root}", {truth}writers=["{writer}"], backlog={backlog})
    worker = threading.Thread(target=work, name="worker")
    worker.start()
    worker.join()
'''
WRITERS = {"class": "Service.handle", "closure": "make_handler.<locals>.handle"}
RATES = (15, 400)      # items a second, drawn by their logarithm


def _nested(draw, make, nesting):
    """(expression that makes the outermost object, steps from there to the container)"""
    made, steps = make, []
    for _ in range(nesting - 1):
        outer, step = draw.choice(STEPS)
        name = draw.choice(NAMES)
        made = outer.format(name=name, inner=made)
        steps.insert(0, step.format(name=name))
    return made, steps


def program(seed):
    draw = random.Random(seed)
    holder, root = draw.choice(HOLDERS), draw.choice(ROOTS)
    item = draw.choice([text for text, hashable in ITEMS if hashable or not holder.hashable])
    nesting = draw.randint(1, 6)
    made, steps = _nested(draw, holder.make.format(), nesting)
    rate = round(math.exp(draw.uniform(*map(math.log, RATES))))
    body = "    %s\n    trim(held, 10**9)  # leak\n    # repaired: trim(held, 50)\n" % holder.add.format(item=item)
    fields = {"made": made, "path": "".join(steps), "attribute": draw.choice(NAMES), "global_name": draw.choice(NAMES).upper(), "body": body,
              "body_of_method": body.replace("    ", "        ", 1).replace("\n    ", "\n        ")}
    truth = ""
    if root.top:
        top = root.top.format(**fields)
        truth = "container=%r, owner=%r, " % (top + fields["path"], _owners(root, top, steps))
    text = PROGRAM.format(seed=seed, holder=holder.kind, root=root.kind, nesting=nesting, trim=holder.trim, rate=rate, truth=truth,
                          text=root.text.format(**fields).rstrip("\n") + "\n", writer=WRITERS.get(root.kind, "handle"), backlog=draw.choice((200, 1000, 5000)))
    return Program("seed_%d" % seed, text)


def _owners(root, top, steps):
    """From the container upwards: all as far as the first that has a name of its own, and that one's holder if it is the container."""
    owners = []
    for end in range(len(steps), -1, -1):
        owners.append(top + "".join(steps[:end]))
        is_named = end == 0 or steps[end - 1].startswith(".")
        if is_named and (len(owners) > 1 or end == 0):
            break
    return owners + ([root.function] if root.function and end == 0 else [])


def plan(seed, count, interpreters, intervals, ratios):
    """The runs of `count` fresh programs and their twins: interpreter, interval, saw-tooth and stock are the seed's as well."""
    runs = []
    for number in range(seed, seed + count):
        draw = random.Random(-number)
        chosen = draw.choice(interpreters), draw.choice(intervals), draw.choice(ratios), draw.choice((50000, 100000, 200000, 400000))
        generated = program(number)
        runs += [Run(generated, twin, *chosen, number) for twin in (False, True)]
    return runs
