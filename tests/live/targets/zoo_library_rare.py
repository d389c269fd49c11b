# SPDX-License-Identifier: Apache-2.0
"""Recipes: the rarer types of the standard library, one attempt each, and whole families made without knowing them."""
import ast
import base64
import bisect
import codecs
import contextlib
import ctypes
import decimal
import gc
import importlib
import io
import os
import random
import string
import sys
import tempfile
import types
import unicodedata
import zipfile

from recipes import attempts, recipe

MIN = sys.version_info[:2]


def module(name):
    return importlib.import_module(name)


def _annotated(a: int, *b, c: str = "x", **d) -> list:
    return [a, b, c, d]


def _subclasses(cls):
    found, pending = [], [cls]
    while pending:
        for sub in type.__subclasses__(pending.pop()):
            found.append(sub)
            pending.append(sub)
    return found


@recipe
def every_exception():
    made = []
    for cls in _subclasses(BaseException):
        with contextlib.suppress(Exception):
            made.append(cls("made"))
    return made


@recipe
def every_syntax_node():
    made = []
    for cls in _subclasses(ast.AST):
        with contextlib.suppress(Exception):
            made.append(cls())
    return made


@recipe
def every_struct_sequence():
    made = []
    for cls in _subclasses(tuple):
        if "n_sequence_fields" in cls.__dict__:
            with contextlib.suppress(Exception):
                made.append(cls(range(1000, 1000 + cls.n_fields)))
    return made


@recipe
def abstract_bases():
    return attempts(*[lambda path=path: getattr(module(path[0]), path[1])() for path in (
        ("_io", "_IOBase"), ("_io", "_RawIOBase"), ("_io", "_BufferedIOBase"), ("_io", "_TextIOBase"), ("datetime", "tzinfo"),
        ("_random", "Random"), ("_socket", "socket"))])


@recipe
def text_tools():
    def coder(kind, name, *arguments):
        return lambda: getattr(codecs, kind)(name)(*arguments)
    return attempts(
        lambda: unicodedata.ucd_3_2_0, lambda: string.Template("$a"), string.Formatter,
        lambda: list(string.Formatter().parse("{a!r:>{w}} x {b[0].c}")), lambda: iter(string.Formatter().parse("{a}")),
        lambda: module("_string").formatter_field_name_split("a.b[0]")[1], lambda: base64.b64encode(b"x" * 100),
        lambda: bisect.bisect_left, coder("getincrementaldecoder", "utf-8"), coder("getincrementalencoder", "shift_jis"),
        coder("getincrementaldecoder", "gb18030"), coder("getreader", "euc_jp", io.BytesIO(b"x")), coder("getwriter", "big5", io.BytesIO()),
        lambda: codecs.lookup("shift_jis"), lambda: module("_codecs_jp").getcodec("shift_jis"), lambda: str.maketrans("abc", "xyz"),
        lambda: codecs.charmap_build("".join(map(chr, range(256)))), lambda: unicodedata.iter_graphemes("text"),
        lambda: list(unicodedata.iter_graphemes("text")))


@recipe
def compiler_parts():
    tokenizer = module("_tokenize").TokenizerIter if MIN >= (3, 11) else None
    return attempts(
        lambda: ast.parse("def f(a, *b, c=1):\n    return [x for x in a if x > 1]\nclass C(object):\n    y: int = 2\n"),
        lambda: module("_symtable").symtable("def f(a):\n  return a\n", "made", "exec"),
        lambda: next(module("tokenize").generate_tokens(io.StringIO("a = 1 + 2\n").readline)),
        lambda: tokenizer("a = 1") if MIN < (3, 12) else tokenizer(io.StringIO("a = 1").readline, extra_tokens=False),
        lambda: module("inspect").signature(_annotated), lambda: module("dis").Bytecode(_annotated),
        lambda: list(module("dis").get_instructions(_annotated)), lambda: module("importlib.machinery").ModuleSpec("x", None),
        lambda: module("parser").expr("1"), lambda: _annotated.__code__.co_lines(), lambda: _annotated.__code__.co_positions())


def _profile():
    profiler = module("_lsprof").Profiler()
    profiler.enable()
    [len(str(i)) for i in range(5)]
    profiler.disable()
    return [profiler, profiler.getstats()]


def _zip_importer():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "made.zip")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("inside_zip.py", "x = 1")
        return module("zipimport").zipimporter(path)


def _database_file():
    with tempfile.TemporaryDirectory() as folder:
        return module("dbm.ndbm").open(os.path.join(folder, "made"), "c")


@recipe
def interpreter_parts():
    return attempts(
        lambda: [sys.flags, sys.version_info, sys.thread_info, sys.implementation, sys.float_info, sys.hash_info, sys.int_info],
        _profile, lambda: gc.callbacks, sys.get_asyncgen_hooks, os.times, os.uname, lambda: module("resource").getrusage(0),
        lambda: module("pwd").getpwuid(0), lambda: module("grp").getgrgid(0), lambda: os.sched_param(0), _zip_importer, _database_file,
        lambda: module("zlib")._ZlibDecompressor(), lambda: decimal.getcontext(), random.SystemRandom,
        lambda: [module("_socket").CAPI, module("unicodedata").__dict__.get("_ucnhash_CAPI"), module("datetime").datetime_CAPI],
        lambda: module("typing").TypeVar("T", default=int).evaluate_default)


@recipe
def made_through_the_c_api():
    def make(name, *arguments):
        def call():
            function = getattr(ctypes.pythonapi, name)
            function.restype = ctypes.py_object
            return function(*arguments)
        return call
    return attempts(make("PyInstanceMethod_New", ctypes.py_object(len)), make("PyFile_NewStdPrinter", 2),
                    lambda: reversed(type("Sequence", (), {"__len__": lambda self: 5, "__getitem__": lambda self, i: i})()),
                    lambda: ctypes.c_int.from_param(5), lambda: ctypes.pointer(ctypes.c_int(1)))


@recipe
def channels():
    """Cross-interpreter parts: the module has been renamed three times."""
    def channel_of(name, function):
        def call():
            made = getattr(module(name), function)
            try:
                return made()
            except TypeError:
                return made(1)
        return call
    known = {(3, 12): ("_xxinterpchannels", "create")}.get(MIN, ("_interpchannels", "create") if MIN >= (3, 13) else ("_xxsubinterpreters", "channel_create"))
    return attempts(channel_of(*known))


def _buffer_of_python():
    return memoryview(type("Buffer", (), {"__buffer__": lambda self, flags: memoryview(b"made")})())


def _frame_locals():
    def outer():
        inside = 1
        return sys._getframe(), inside
    frame = outer()[0]
    return [frame, frame.f_locals]


def _templates():
    namespace = {}
    exec("x = 5\nt = t'a {x} b {x!r:>5}'\nit = iter(t)\ndef f(a: Undefined): ...\n", namespace)
    return [namespace, module("annotationlib").ForwardRef("x")]


@recipe
def parts_of_newer_versions():
    makers = [_frame_locals]
    if MIN >= (3, 12):
        makers.append(_buffer_of_python)
    if MIN >= (3, 14):
        makers.append(_templates)
    return attempts(*makers)


@recipe
def everyday_objects():
    return attempts(
        lambda: contextlib.suppress(ValueError), lambda: contextlib.redirect_stdout(io.StringIO()), lambda: module("warnings").catch_warnings(),
        lambda: module("logging").getLogger("made"), lambda: module("argparse").ArgumentParser(), lambda: module("configparser").ConfigParser(),
        lambda: module("email.message").Message(), lambda: module("http.cookies").SimpleCookie("a=b"),
        lambda: module("pathlib").Path("/a/b").parent, lambda: types.DynamicClassAttribute(len),
        lambda: module("ipaddress").ip_network("10.0.0.0/30"), lambda: module("urllib.parse").urlsplit("a://b/c"),
        lambda: module("multiprocessing").Lock(), lambda: module("email").message_from_string("a: b\n\nc"),
        lambda: module("concurrent.futures").ThreadPoolExecutor(1), lambda: module("concurrent.futures").Future())


@recipe
def lying_names():
    """Types whose names and modules are those of others."""
    liar = type("dict", (), {"__module__": "builtins"})
    deque = type("deque", (), {"__module__": "collections"})
    return [[liar() for _ in range(5)], [deque() for _ in range(5)], type("With Space", (), {})(), type("\xdcn\xef", (), {})()]
