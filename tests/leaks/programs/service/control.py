# SPDX-License-Identifier: Apache-2.0
"""What a program says about itself, and how it is asked: lines on a pipe, answered by a thread with lines of JSON.

    ping          "pong": the program works
    truth         what is true of the leak (see start()), with addresses as of now
    owner EXPR    the object that EXPR means in the namespace of the program's modules: {"id", "type", "is_owner"}
    measure       {"time", "count", "blocks", "traced"}, after a collection, unless garbage is what leaks
    quit          the program ends; so does the end of the pipe

Nothing here holds a reference to what leaks: that would be one more path to it.
"""
import argparse
import ctypes
import gc
import json
import os
import sys
import threading
import time
import tracemalloc
import types

from . import noise, request

_truth = {}
_published = {"containers": [], "owners": []}
_options = argparse.Namespace(control=-1, reply=-1)


def _parse():
    parser = argparse.ArgumentParser(description="a program of heapspy's corpus; leaks until it is ended")
    parser.add_argument("control", type=int, nargs="?", default=-1, help="file descriptor of commands")
    parser.add_argument("reply", type=int, nargs="?", default=-1, help="file descriptor of answers")
    parser.add_argument("truth_file", type=int, nargs="?", default=-1, help="unused")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stable", type=int, default=200000, help="stable objects")
    parser.add_argument("--period", type=float, default=10.0, help="seconds of the saw-tooth; 0: no traffic at all")
    return parser.parse_args()


def start(rate, item_bytes, verdict="leak", kind="", root_kind="", container=None, containers=None, owner=None, writers=(), count=None,
          members=None, backlog=2000):
    """Tells the truth about the leak and starts the noise.

    rate        items a second that leak, of about item_bytes each
    verdict     what a look at the process should come to; several where each is defensible, the best first
    kind, root_kind  as the README of heapspy names them; for the reader: they decide nothing
    container   an expression of the object that grows, or `containers`, of an iterable of several that are as right
    owner       an expression of the object that user code names on the way to it, or a list of such; default: container
    writers     functions that put the items there, by qualified name
    count       an expression of how many items have leaked; default: the length of the container, or of those published
    members     for what no container holds: an expression of the leaked objects; they and their own parts are as right
    backlog     items that have leaked before the program is ready
    """
    global _options
    _options = _parse()
    _truth.update(rate=rate, item_bytes=item_bytes, verdict=[verdict] if isinstance(verdict, str) else list(verdict), kind=kind,
                  root_kind=root_kind, writers=list(writers), backlog=backlog, members=members,
                  containers=containers or ("[%s]" % container if container else "[]"),
                  owners=[owner] if isinstance(owner, str) else list(owner or ([container] if container else [])),
                  count=count or ("len(%s)" % container if container else "sum(map(len, published()))"))
    request.seed(_options.seed)
    noise.start(_options.stable, _options.period, _options.seed)


def publish(container=None, owner=None):
    """For what no expression reaches, as a local of a thread: ids, never the objects themselves."""
    if container is not None:
        _published["containers"].append(container)
    if owner is not None:
        _published["owners"].append(owner)


def rate():
    return _truth["rate"]


def backlog():
    return _truth["backlog"]


def ready():
    """From here on the program answers."""
    noise.settle()
    if _options.control < 0:
        print("pid %d leaks" % os.getpid(), flush=True)
        return
    threading.Thread(target=_serve, name="control", daemon=True).start()
    _reply("ready")


def _reply(text):
    data = memoryview(text.encode() + b"\n")
    while data:
        data = data[os.write(_options.reply, data):]


def _at(address):
    return ctypes.cast(address, ctypes.py_object).value


def _names():
    """What the expressions of start() may use: the program's own names, and a few. What was published lives as long as the program."""
    return {"gc": gc, "sys": sys, "published": lambda: map(_at, _published["containers"]), **vars(sys.modules["__main__"])}


def _modules():
    """The namespace of a path: what begins with a module's name. The script's file gives its module a second one."""
    names = {name: module for name, module in sys.modules.items() if "." not in name}
    main = names["__main__"]
    names.setdefault(os.path.splitext(os.path.basename(main.__file__))[0], main)
    return names


def _expand(expression, names):
    """The objects that an expression means; `[*]` stands for every item."""
    head, star, tail = expression.partition("[*]")
    value = eval(head, dict(names))
    if not star:
        return [value]
    items = value.values() if isinstance(value, dict) else value
    return [found for item in list(items) for found in _expand("_item" + tail, {**names, "_item": item})]


def _member_ids():
    """The leaked objects and what is theirs alone, such as the dicts that instances have in some versions."""
    members = list(eval(_truth["members"] or "[]", _names()))
    ids = set(map(id, members))
    for member in members:
        ids.update(id(part) for part in gc.get_referents(member) if not isinstance(part, (type, types.ModuleType)))
    return ids


def _container_ids():
    return set(_published["containers"]) | set(map(id, eval(_truth["containers"], _names()))) | _member_ids()


def _owner_ids():
    return set(_published["owners"]) | {id(eval(expression, _names())) for expression in _truth["owners"]}


def _answer_truth():
    told = dict(_truth, container_ids=sorted(_container_ids()), owner_ids=sorted(_owner_ids()))
    return dict(told, count=eval(_truth["count"], _names()))


def _answer_owner(expression):
    found = _expand(expression, _modules())
    ids = set(map(id, found))
    accepted = _owner_ids() | _container_ids()
    return {"id": id(found[0]) if found else 0, "type": type(found[0]).__name__ if found else "", "is_owner": bool(ids) and ids <= accepted}


def _answer_measure():
    if "garbage" not in _truth["verdict"]:
        gc.collect()
    told = {"time": time.monotonic(), "count": eval(_truth["count"], _names())}
    blocks, traced = [], []
    for _ in range(10):  # the least of some: the program may be in the middle of something
        blocks.append(sys.getallocatedblocks())
        traced.append(tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0)
        time.sleep(0.01)
    return dict(told, blocks=min(blocks), traced=min(traced))


def _answer(line):
    command, _, rest = line.partition(" ")
    if command == "ping":
        return "pong"
    try:
        if command == "truth":
            return json.dumps(_answer_truth())
        if command == "owner":
            return json.dumps(_answer_owner(rest))
        if command == "measure":
            return json.dumps(_answer_measure())
    except Exception as error:  # whatever an expression may raise is the answer
        return json.dumps({"error": "%s: %s" % (type(error).__name__, error)})
    return json.dumps({"error": "no such command"})


def _serve():
    buffer = b""
    while True:
        data = os.read(_options.control, 65536)
        if not data:
            os._exit(0)
        buffer += data
        while b"\n" in buffer:
            line, _, buffer = buffer.partition(b"\n")
            if line == b"quit":
                os._exit(0)
            _reply(_answer(line.decode()))
