# SPDX-License-Identifier: Apache-2.0
"""The target's own edges, and what its own interpreter makes of an expression: further commands of truth.serve().

    g   a child is forked, and it writes every object with its edges, all modules and all running frames to the truth pipe
    v   a child is forked, reads [[module, expression], …] from the truth pipe and writes for each the id, or why there is none

As in truth.py, what the child allocates never exists in the target, and reference counts are left for the test to read
out of the target's memory. Edges come in two sorts: what gc.get_referents reports, in its order and as often as it
reports it; and what an object stores without its tp_traverse saying so.

Runs on Python 3.8 to 3.15, standard library only, and knows nothing of heapspy.
"""
import array
import ctypes
import gc
import json
import os
import sys
import traceback
import types

import truth

MAGIC = b"HSEDGES1"
HELD_BY_TYPE = 1 << 9  # instances of heap types own their type
HAVE_GC = 1 << 14      # instances take part in collection
MA_VALUES = 40
DESCRIPTOR_MEMBER = 40  # in a member_descriptor: the PyMemberDef …
MEMBER_TYPE = 8         # … and what that says the member is
OBJECT_MEMBERS = (6, 16)  # T_OBJECT, T_OBJECT_EX
_fork = ctypes.PyDLL(None).fork
_dict_of_instance = ctypes.pythonapi.PyObject_GenericGetDict
_dict_of_instance.restype = ctypes.py_object
_dict_of_instance.argtypes = [ctypes.py_object, ctypes.c_void_p]
_dictoffset_of = type.__dict__["__dictoffset__"].__get__

# Their __dict__ is an object in its own right, which no version takes for a part of the instance.
WITH_DICT_APART = (types.ModuleType, types.FunctionType, type)


class Objects(truth.Walk):
    """Every object reachable, each once; no size is asked for, because asking runs code of the classes."""

    def _size(self, obj):
        return 0

    def extend(self):
        names = {}
        self.follow(_held_by_frames())
        position = 0
        while position < len(self.objects):
            self.follow(truth._stored_referents(self.objects[position], names))
            position += 1


def _running_frames():
    """{thread: its frames, innermost first}, without the child's own."""
    found = {}
    for ident, frame in sys._current_frames().items():
        frames = []
        while frame:
            frames.append(frame)
            frame = frame.f_back
        own = [i for i, frame in enumerate(frames) if frame.f_code.co_filename == __file__]
        found[ident] = frames[max(own) + 1:] if own else frames
    return found


def _held_by_frames():
    found = []
    for frames in _running_frames().values():
        for frame in frames:
            if sys.version_info < (3, 11):
                found.append(frame)  # an object; f_locals would make another
            elif frame.f_code.co_name != "<module>":
                found.extend(frame.f_locals.values())
            found.append(frame.f_code)
    return found


def _own_frames():
    """The ids of the frame objects that the child itself runs in: at rest, the target has none such."""
    frame, found = sys._getframe(), set()
    while frame and frame.f_code.co_filename == __file__:
        found.add(id(frame))
        frame = frame.f_back
    return found


def _is_split(table):
    """Whether the keys belong to a class: ma_values, at the same place in all versions, is set."""
    return ctypes.c_void_p.from_address(id(table) + MA_VALUES).value is not None


def _is_interned_table(table):
    """Whether this is the dict of interned strings, which the collector sees from 3.14 on: it counts neither key nor value."""
    return len(table) > 1000 and all(key is value for key, value in dict.items(table))


def _stored_in_type(cls):
    """A static type's own tp_traverse says nothing; names are stored in heap types only."""
    if truth._mro_of(cls) is None:
        return []  # never made ready: to ask it would make it so
    found = [*gc.get_referents(truth._dict_of(cls)), truth._mro_of(cls), truth._bases_of(cls)]
    if truth._flags_of(cls) & truth.HEAP_TYPE:
        found += [truth._qualname_of(cls), truth._name_of(cls)]
    return found + [type(cls)] if truth._flags_of(type(cls)) & HELD_BY_TYPE else found


def _is_object_member(descriptor):
    """Whether it shows an object that the instance stores, and does not make one of a number or text."""
    if type(descriptor) is not types.MemberDescriptorType:
        return False
    definition = ctypes.c_void_p.from_address(id(descriptor) + DESCRIPTOR_MEMBER).value
    return ctypes.c_int.from_address(definition + MEMBER_TYPE).value in OBJECT_MEMBERS


def _object_members(cls):
    """What reads them: a class of Python has its __slots__ among them, one of C what it lists in tp_members."""
    return [descriptor.__get__ for base in truth._mro_of(cls) or () for descriptor in list(truth._dict_of(base).values())
            if _is_object_member(descriptor)]


def _values_of_members(obj, members):
    found = []
    for get in members:
        try:
            found.append(get(obj))
        except AttributeError:  # not set
            pass
    return [value for value in found if value is not None]


def _directly_stored(obj, names):
    """What the object itself owns besides: attributes that no tp_traverse reports, str keys, its heap type."""
    cls = type(obj)
    if issubclass(cls, type):
        return _stored_in_type(obj)
    key = id(cls)
    if key not in names:
        names[key] = truth.STORED.get(truth.type_name(cls), []), _object_members(cls)
    attributes, members = names[key]
    found = [value for value in [getattr(obj, name, None) for name in attributes] if value is not None] + _values_of_members(obj, members)
    if issubclass(cls, dict) and not _is_split(obj) and not _is_interned_table(obj):
        found.extend(dict.keys(obj))
    if truth._flags_of(cls) & HELD_BY_TYPE:
        found.append(cls)
    return found


def _own_dict(obj, offsets):
    """The id of the dict that holds the instance's attributes, or 0."""
    cls = type(obj)
    if id(cls) not in offsets:
        offsets[id(cls)] = truth._mro_of(cls) is not None and _dictoffset_of(cls) != 0 and not issubclass(cls, WITH_DICT_APART)
    if not offsets[id(cls)]:
        return 0
    try:
        return id(_dict_of_instance(obj, None))
    except Exception:
        return 0


class Rows:
    """A list of ids an object, one behind the other; of `known` objects only, because the rest is the child's own: frame
    objects, for instance, which did not exist before it looked at the frames."""

    def __init__(self, known):
        self.known = known
        self.lengths = array.array("Q")
        self.ids = array.array("Q")

    def append(self, referents):
        ids = [key for key in map(id, referents) if key in self.known]
        self.lengths.append(len(ids))
        self.ids.extend(ids)

    def write(self, fd):
        truth._write_all(fd, len(self.ids).to_bytes(8, "little"))
        truth._write_all(fd, self.lengths)
        truth._write_all(fd, self.ids)


def _frame_tables():
    """Of every thread, innermost frame first: function, file, line, the ids of its variables."""
    native = {}
    for thread in getattr(sys.modules.get("threading"), "_active", {}).values():
        native[thread.ident] = [thread.native_id, thread.name]
    told = []
    for ident, frames in _running_frames().items():
        rows = []
        for frame in frames:
            code = frame.f_code
            variables = {} if code.co_name == "<module>" else {name: id(value) for name, value in frame.f_locals.items()}
            # At rest serve() stands at another line.
            line = None if code.co_filename == truth.__file__ and code.co_name == "serve" else frame.f_lineno
            rows.append({"name": code.co_name, "qualname": getattr(code, "co_qualname", code.co_name), "file": code.co_filename,
                         "line": line, "locals": variables, "code": id(code)})
        told.append({"thread": ident, "native_id": native.get(ident, [None])[0], "name": native.get(ident, [None, None])[1], "frames": rows})
    return told


def _module_tables():
    found = {}
    for name, module in list(sys.modules.items()):
        if isinstance(name, str):
            found[name] = [id(module)]
            if issubclass(type(module), types.ModuleType):
                found[name].append(id(types.ModuleType.__dict__["__dict__"].__get__(module)))
    return found


def dump_edges(fd, tracked_objects, left_out):
    """Child only."""
    walk = Objects(left_out | {id(tracked_objects)})
    walk.follow([obj for obj in tracked_objects if id(obj) not in left_out])
    walk.extend()
    known = walk.seen - left_out - {id(tracked_objects)}
    visited, stored = Rows(known), Rows(known)
    for obj in walk.objects:
        visited.append(gc.get_referents(obj))
    names, offsets, classes = {}, {}, {}
    records = array.array("Q")
    for obj in walk.objects:
        stored.append(_directly_stored(obj, names))
    for obj in walk.objects:
        own = _own_dict(obj, offsets)
        classes[id(type(obj))] = type(obj)
        records.extend((id(obj), id(type(obj)), own if own in known else 0))
    info = {
        "version_info": list(sys.version_info),
        "types": {str(key): truth.type_name(cls) for key, cls in classes.items()},
        "modules": _module_tables(),
        "threads": _frame_tables(),
        "skipped": truth.SKIPPED,
        "uncollected": sorted({truth.type_name(cls) for cls in classes.values() if not truth._flags_of(cls) & HAVE_GC}),
    }
    truth._write_all(fd, MAGIC + len(walk.objects).to_bytes(8, "little"))
    truth._write_all(fd, records)
    visited.write(fd)
    stored.write(fd)
    truth._write_all(fd, json.dumps(info).encode())


def evaluate(module, expression):
    """The id of what the expression gives after `import module`; text where it fails."""
    try:
        names = {}
        exec("import %s" % module, names)
        return id(eval(expression, names))
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)


def _evaluate_all(fd):
    asked = json.loads(os.pread(fd, os.fstat(fd).st_size, 0))
    answer = json.dumps([evaluate(module, expression) for module, expression in asked]).encode()
    os.ftruncate(fd, 0)
    os.pwrite(fd, answer, 0)


def _in_child(function, *arguments):
    """"told" when the child has done it."""
    if _fork() == 0:
        try:
            function(*arguments)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return "told" if os.waitpid(-1, 0)[1] == 0 else "failed"


def _tell_edges():
    tracked = gc.get_objects()
    dump_edges(truth.arguments()[2], tracked, _own_frames() | {id(tracked)})


def tell_edges():
    return _in_child(_tell_edges)


def tell_values():
    return _in_child(_evaluate_all, truth.arguments()[2])


ACTIONS = {b"g": tell_edges, b"v": tell_values}
