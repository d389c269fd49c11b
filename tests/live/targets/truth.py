# SPDX-License-Identifier: Apache-2.0
"""What a live target says about itself, and how it is asked.

A target script builds a heap and calls serve(). serve() blocks in read(2) on a pipe and obeys one-byte commands:

    p   "pong <n>" comes back after some computing: the process works
    t   a child is forked, and it writes the truth to the truth pipe: every object, its type, its size
    f   gc.freeze()
    e   becomes another program: exec sleep
    q   exit (so does the end of the pipe)

and whatever other letters the script gave actions to; their result comes back as a line.

The truth is computed in a forked child, because the child's heap is a copy at the same addresses: what the
computation itself allocates never exists in the target. fork() is called through ctypes with the GIL held, not by
os.fork(), so that no at-fork hook changes the copy. FileIO.readinto() with a ready buffer is the one blocking call
that leaves no object of its own in the heap while it waits.

Runs on Python 3.8 to 3.15, standard library only, and knows nothing of heapspy.
"""
import array
import ctypes
import datetime
import gc
import io
import json
import os
import re
import sys
import traceback
import types

MAGIC = b"HSTRUTH1"
TRACKED = 1   # gc.is_tracked()
EXTENDED = 2  # not in the closure of gc.get_referents: reached through an attribute that no tp_traverse reports
NO_SIZE = 4   # its size means nothing: its class defines __sizeof__ in Python, or refuses

HEAP_TYPE = 1 << 9

# Attributes that return a stored object which the type's tp_traverse does not report (or which has no tp_traverse).
# Only attributes that hand out what is stored belong here: a computed one would be an object of the child's own.
_CODE = ["co_consts", "co_names", "co_filename", "co_name"]
if sys.version_info < (3, 11):
    _CODE += ["co_code", "co_varnames", "co_freevars", "co_cellvars"]
_CODE += ["co_lnotab"] if sys.version_info < (3, 10) else ["co_linetable"]
if sys.version_info >= (3, 11):
    _CODE += ["co_qualname", "co_exceptiontable"]

STORED = {
    "builtins.code": _CODE,
    "builtins.range": ["start", "stop", "step"],
    "builtins.generator": ["__name__", "__qualname__", "gi_code"],
    "builtins.coroutine": ["__name__", "__qualname__", "cr_code"],
    "builtins.async_generator": ["__name__", "__qualname__", "ag_code"],
    "builtins.method_descriptor": ["__name__"],
    "builtins.classmethod_descriptor": ["__name__"],
    "builtins.wrapper_descriptor": ["__name__"],
    "builtins.getset_descriptor": ["__name__"],
    "builtins.member_descriptor": ["__name__"],
    "datetime.datetime": ["tzinfo"],
    "datetime.time": ["tzinfo"],
    "re.Pattern": ["pattern"],
    "decimal.Context": ["traps", "flags"],
    "zlib.Compress": [],
    "zlib.Decompress": ["unused_data", "unconsumed_tail"],
    "pyexpat.xmlparser": ["intern"],
    "zoneinfo.ZoneInfo": ["key"],
}

_qualname_of = type.__dict__["__qualname__"].__get__
_module_of = type.__dict__["__module__"].__get__
_name_of = type.__dict__["__name__"].__get__
_flags_of = type.__dict__["__flags__"].__get__
_bases_of = type.__dict__["__bases__"].__get__
_dict_of = type.__dict__["__dict__"].__get__
_mro_of = type.__dict__["__mro__"].__get__


def type_name(cls):
    """module.qualname as the type itself stores it, whatever a metaclass pretends."""
    try:
        module = _module_of(cls)
    except AttributeError:
        module = "?"
    return "%s.%s" % (module if issubclass(type(module), str) else "?", _qualname_of(cls))


def _stored_referents(obj, names):
    cls = type(obj)
    if issubclass(cls, type):  # never isinstance(): proxies lie to it
        found = [_mro_of(obj), *gc.get_referents(_dict_of(obj))]
        if found[0] is None:
            return found[1:]  # a static type that was never made ready: to ask for its bases would crash
        found.append(_bases_of(obj))
        # A static type's names are made anew by each access; a heap type's are stored.
        return found + [_qualname_of(obj), _name_of(obj)] if _flags_of(obj) & HEAP_TYPE else found
    key = id(cls)
    if key not in names:
        names[key] = STORED.get(type_name(cls), ())
    found = []
    for name in names[key]:
        value = getattr(obj, name, None)
        if value is not None:
            found.append(value)
    if issubclass(cls, dict):
        # dict_traverse leaves out the keys of a table that has str keys only.
        found.extend(dict.keys(obj))
    elif cls is datetime.timezone:
        found.append(obj.utcoffset(None))
    elif cls is re.Pattern:
        found.extend(gc.get_referents(obj.groupindex))  # the dict behind the proxy
    elif cls is types.CodeType and sys.version_info >= (3, 11):
        # These tuples are made by the access, out of names that are stored.
        found.extend(obj.co_varnames + obj.co_cellvars + obj.co_freevars)
    return found


def _held_by_frames():
    """What the running functions hold: no collector sees a running frame, and since 3.11 it is no object."""
    found = []
    for frame in sys._current_frames().values():
        while frame and frame.f_code.co_filename == __file__ and frame.f_code.co_name != "serve":
            frame = frame.f_back  # the child's own
        while frame:
            if sys.version_info < (3, 11):
                found.append(frame)  # an object; f_locals would make another
            elif frame.f_code.co_name != "<module>":
                found.extend(frame.f_locals.values())
            found.append(frame.f_code)
            frame = frame.f_back
    return found


class Walk:
    """Every object reachable, each once, with what sys.getsizeof says of it.

    Sizes are taken before the walk holds a reference to the object's own parts: BytesIO counts its buffer only as long
    as nobody shares it.
    """

    def __init__(self, scratch):
        self.seen = set(scratch)
        self.objects = []
        self.sizes = array.array("q")  # -1: unknown
        self.ready = set()  # types that can be asked

    def _size(self, obj):
        cls = type(obj)
        if id(cls) not in self.ready:
            if _mro_of(cls) is None:
                return -1  # a static type that was never made ready: to ask it would make it so
            self.ready.add(id(cls))
        try:
            return sys.getsizeof(obj)
        except Exception:  # its own __sizeof__ refuses
            return -1

    def follow(self, stack):
        referents = gc.get_referents
        while stack:
            obj = stack.pop()
            address = id(obj)
            if address in self.seen:
                continue
            self.seen.add(address)
            self.sizes.append(self._size(obj))
            self.objects.append(obj)
            stack.extend(referents(obj))
            stack.append(type(obj))

    def extend(self):
        """What no tp_traverse reports: stored attributes, running frames, and all that hangs on them."""
        names = {}
        self.follow(_held_by_frames())
        position = 0
        while position < len(self.objects):
            self.follow(_stored_referents(self.objects[position], names))
            position += 1


def _has_python_sizeof(cls):
    bases = _mro_of(cls) or ()
    return any(isinstance(base.__dict__.get("__sizeof__"), types.FunctionType) for base in bases)


def _is_c_type(cls):
    if not _flags_of(cls) & HEAP_TYPE:
        return True
    module = sys.modules.get(_module_of(cls)) if isinstance(_module_of(cls), str) else None
    path = getattr(module, "__file__", None)
    return module is not None and (path is None or not path.endswith((".py", ".pyc")))


def _all_types():
    seen = {id(object): object}
    stack = [object]
    while stack:
        cls = stack.pop()
        for sub in type.__subclasses__(cls):
            if id(sub) not in seen:
                seen[id(sub)] = sub
                stack.append(sub)
    return seen


def _write_all(fd, data):
    view = memoryview(data).cast("B")
    while len(view):
        view = view[os.write(fd, view[:1 << 20]):]


def dump_truth(fd, tracked_objects):
    """Child only. Record: id, id of type, sys.getsizeof, flags; all u64. Then JSON with the types' names."""
    walk = Walk([id(tracked_objects)])
    walk.follow(list(tracked_objects))
    n_plain = len(walk.objects)
    walk.extend()
    records = array.array("Q")
    has_python_sizeof = {}
    classes = {}
    for index, obj in enumerate(walk.objects):
        cls = type(obj)
        key = id(cls)
        if key not in classes:
            classes[key] = cls
            has_python_sizeof[key] = _has_python_sizeof(cls)
        flags = (TRACKED if gc.is_tracked(obj) else 0) | (EXTENDED if index >= n_plain else 0)
        # The walk's own functions grow caches while they run.
        if has_python_sizeof[key] or walk.sizes[index] < 0 or (cls is types.CodeType and obj.co_filename == __file__):
            flags |= NO_SIZE
        records.extend((id(obj), key, max(0, walk.sizes[index]), flags))
    every = _all_types()
    idle = sorted({(type_name(cls), _is_c_type(cls)) for key, cls in every.items() if key not in classes})
    info = {
        "version": sys.version,
        "version_info": list(sys.version_info),
        "types": {str(key): type_name(cls) for key, cls in classes.items()},
        "without_instance": {"c": [name for name, is_c in idle if is_c], "python": [name for name, is_c in idle if not is_c]},
        "skipped": SKIPPED,
    }
    _write_all(fd, MAGIC + len(walk.objects).to_bytes(8, "little"))
    _write_all(fd, records)
    _write_all(fd, json.dumps(info).encode())


def _tell(fd, tracked_objects):
    try:
        dump_truth(fd, tracked_objects)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


# What a target could not make, with the reason: filled by targets, handed out with the truth.
SKIPPED = []


def arguments():
    """(control fd, reply fd, truth fd, the script's own arguments)"""
    return int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]


def compute():
    """A little of everything an interpreter does: the answer to a ping."""
    words = {str(i): [i] for i in range(500)}
    return sum(len(k) + v[0] for k, v in words.items())


def serve(keep=None, actions=None, ready="ready", wait=None):
    """Announces `ready`, then obeys commands until told to quit. `keep` holds the heap alive in this frame.

    `wait(fd)` is called before each read and may return when the pipe can be read: how a target blocks otherwise.
    """
    control, reply, truth, _ = arguments()
    fork = ctypes.PyDLL(None).fork
    pipe = io.FileIO(control, closefd=False)
    command = bytearray(1)
    compute()
    # Once for practice: caches fill, so that the first real truth changes nothing.
    if fork() == 0:
        os._exit(0)
    os.waitpid(-1, 0)
    gc.collect()
    gc.disable()
    gc.collect()
    os.write(reply, ("%s\n" % ready).encode())
    while True:
        if wait:
            wait(control)
        if pipe.readinto(command) != 1 or command == b"q":
            os._exit(0)
        if command == b"p":
            os.write(reply, ("pong %d\n" % compute()).encode())
        elif command == b"t":
            if fork() == 0:
                _tell(truth, gc.get_objects())
            os.write(reply, b"told\n" if os.waitpid(-1, 0)[1] == 0 else b"failed\n")
        elif command == b"f":
            gc.freeze()
            os.write(reply, b"frozen\n")
        elif command == b"e":
            os.execvp("sleep", ["sleep", "100"])
        elif actions and bytes(command) in actions:
            os.write(reply, ("%s\n" % actions[bytes(command)]()).encode())
        else:
            os.write(reply, b"what?\n")
