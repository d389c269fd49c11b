# SPDX-License-Identifier: Apache-2.0
"""Recipes: the types of the standard library that programs use most."""
import array
import asyncio
import collections
import contextlib
import contextvars
import csv
import ctypes
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import hmac
import importlib
import io
import itertools
import json
import mmap
import operator
import os
import pickle
import queue
import random
import re
import select
import selectors
import socket
import struct
import sys
import tempfile
import threading
import time
import uuid
import weakref
import zlib

from recipes import attempts, recipe
from zoo_classes import Plain

@recipe
def collections_all():
    deques = [collections.deque(), collections.deque([1]), collections.deque(range(64)), collections.deque(range(1000)),
              collections.deque(range(100), maxlen=10), collections.deque([[i] for i in range(300)])]
    rotated = collections.deque(range(200))
    rotated.rotate(77)
    drained = collections.deque(range(2000))
    for _ in range(1990):
        drained.popleft()
    ordered = collections.OrderedDict((i, [i]) for i in range(100))
    for i in range(50):
        del ordered[i]
    ordered.move_to_end(60)
    with_attributes = collections.OrderedDict(a=1)
    with_attributes.note = [1]
    point = collections.namedtuple("Point", "x y")
    counted = collections.Counter("abracadabra" * 10)
    default = collections.defaultdict(list)
    for i in range(200):
        default[i % 50].append(i)
    return [deques, rotated, drained, ordered, with_attributes, collections.OrderedDict(), [point(i, i) for i in range(100)], counted,
            default, collections.ChainMap({}, {1: 2}), collections.UserDict(a=1), collections.UserList([1]), collections.UserString("x"),
            ordered.keys(), ordered.values(), ordered.items()]


@recipe
def functools_all():
    @functools.lru_cache(maxsize=50)
    def bounded(x):
        return [x]

    @functools.lru_cache(maxsize=None)
    def unbounded(x):
        return [x]

    @functools.lru_cache(maxsize=0)
    def uncached(x):
        return [x]

    @functools.singledispatch
    def dispatched(x):
        return x

    dispatched.register(int, lambda x: x)
    for i in range(80):
        bounded(i), unbounded(i), uncached(i), unbounded("s%d" % i)
    partials = [functools.partial(print, i, end="") for i in range(100)]
    partials[0].attribute = 1

    class Cached:
        @functools.cached_property
        def value(self):
            return [1]

        def method(self, x):
            return x

        part = functools.partialmethod(method, 5)
    cached = Cached()
    return [bounded, unbounded, uncached, dispatched, partials, cached, cached.value, Cached.part,
            functools.cmp_to_key(lambda a, b: 0), functools.cmp_to_key(lambda a, b: 0)(5),
            sorted([3, 1, 2], key=functools.cmp_to_key(lambda a, b: a - b)), operator.itemgetter(1), operator.itemgetter(1, "x"),
            operator.attrgetter("a.b", "c"), operator.methodcaller("m", 1, key=[2])]


@recipe
def weakrefs():
    kept = [Plain(i) for i in range(100)]
    references = [weakref.ref(obj) for obj in kept] + [weakref.ref(obj, lambda ref: None) for obj in kept]
    dead = weakref.ref(Plain(1))
    values = weakref.WeakValueDictionary({i: obj for i, obj in enumerate(kept)})
    keys = weakref.WeakKeyDictionary({obj: [obj.number] for obj in kept})
    return [kept, references, dead, values, keys, weakref.WeakSet(kept), weakref.proxy(kept[0]), weakref.proxy(max),
            weakref.WeakMethod(kept[0].method), weakref.finalize(kept[1], print, "bye"), weakref.ref(Plain), weakref.ref(set(), None)]


@recipe
def input_and_output():
    directory = tempfile.mkdtemp(prefix="heapspy-zoo-")
    path = os.path.join(directory, "file")
    with open(path, "wb") as file:
        file.write(b"line one\nline two\n" * 1000)
    binary = open(path, "rb")
    binary.read(10)
    text = open(path, encoding="utf-8")
    text.readline()
    writer = open(path + "2", "w", encoding="utf-8")
    writer.write("pending")
    random_access = open(path, "r+b")
    random_access.read(5)
    raw = io.FileIO(path)
    fresh = io.BytesIO(b"initial")
    written = io.BytesIO()
    written.write(b"x" * 1000)
    exported = io.BytesIO(b"view")
    view = exported.getbuffer()
    string_io = io.StringIO("initial")
    accumulated = io.StringIO()
    for i in range(100):
        accumulated.write("part %d " % i)
    reader, other = os.pipe()
    pair = io.BufferedRWPair(io.FileIO(reader), io.FileIO(other, "w"))
    decoder = io.IncrementalNewlineDecoder(None, True)
    made = [binary, text, writer, random_access, raw, fresh, written, exported, view, string_io, accumulated, pair, decoder,
            io.TextIOWrapper(io.BytesIO(b"a\r\nb"), "utf-16"), tempfile.TemporaryFile(), tempfile.NamedTemporaryFile(),
            os.scandir(directory), os.stat(path), os.statvfs("/"), os.terminal_size((80, 24))]
    entries = list(os.scandir(directory))
    told = [entry.stat() for entry in entries]  # kept by the entry, too
    mapped = [mmap.mmap(-1, 4096), mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ)]
    os.unlink(path)
    os.unlink(path + "2")
    os.rmdir(directory)
    return [made, entries, told, mapped]


@recipe
def arrays_and_structs():
    arrays = [array.array(code, range(10)) for code in "bBhHiIlLqQfd"] + [array.array("i"), array.array("d", range(100000))]
    appended = array.array("i")
    for i in range(1000):
        appended.append(i)
    return [arrays, appended, struct.Struct("<IQ4s"), struct.Struct(b"i" * 100), struct.unpack("ii", bytes(8))]


@recipe
def regular_expressions():
    patterns = [re.compile("a+(?P<name>b*)|c{%d}" % i) for i in range(1, 60)] + [re.compile(b"bytes")]
    matches = [re.match("(a)(?P<n>b)(c)?", "abab"), re.search(b"x", b"yx")]
    scanner = patterns[0].scanner("aab")
    template = None
    if sys.version_info >= (3, 12):
        template = importlib.import_module("re")._compile_template(patterns[0], r"\g<name>x")
    return [patterns, matches, scanner, template, re.finditer("a", "aaa"), re.Scanner([("a", None)])]


@recipe
def dates_and_numbers():
    zone = datetime.timezone(datetime.timedelta(hours=3), "made zone")
    context = decimal.Context(prec=50)
    before = decimal.getcontext()
    manager = decimal.localcontext(context)
    return [[datetime.datetime(2020, 1, 1, 1, i % 60, tzinfo=zone) for i in range(200)], [datetime.datetime(2020, 1, 1 + i) for i in range(28)],
            [datetime.date(2020, 1, 1 + i) for i in range(28)], [datetime.time(1, i) for i in range(50)], datetime.time(1, tzinfo=zone),
            [datetime.timedelta(days=i) for i in range(100)], zone, datetime.timezone.utc,
            [decimal.Decimal(i) / 7 for i in range(200)], decimal.Decimal(10) ** 500, context, before, manager, manager.__enter__(),
            [fractions.Fraction(i, 7) for i in range(100)], random.Random(5), random.SystemRandom(), time.localtime(), time.gmtime(),
            time.get_clock_info("monotonic"), [uuid.uuid4() for _ in range(20)], datetime.datetime.now().isocalendar(),
            contextlib.ExitStack(), sys.float_info, sys.hash_info]


@recipe
def zones():
    zoneinfo = importlib.import_module("zoneinfo")
    made = [zoneinfo.ZoneInfo(key) for key in ("UTC", "Europe/Berlin", "America/New_York")]
    return made + [zoneinfo.ZoneInfo.no_cache("Asia/Tokyo"), [zone.utcoffset(datetime.datetime(2020, 6, 1)) for zone in made]]


class Colour(enum.Enum):
    RED = 1
    GREEN = "g"


class Flags(enum.Flag):
    A = 1
    B = 2


@recipe
def enums_and_dataclasses():
    dataclasses = importlib.import_module("dataclasses")
    made = dataclasses.make_dataclass("Made", [("x", int), ("y", list)])
    typing = importlib.import_module("typing")
    generics = [typing.List[int], typing.Optional[str], typing.TypeVar("T"), typing.Callable[[int], str], typing.NamedTuple("N", [("a", int)])]
    if sys.version_info >= (3, 9):
        generics += [list[int], dict[str, list[int]]]
    if sys.version_info >= (3, 10):
        generics += [int | str, typing.ParamSpec("P"), typing.ParamSpec("P").args, typing.ParamSpec("P").kwargs]
    if sys.version_info >= (3, 11):
        namespace = {}
        exec("Ts = __import__('typing').TypeVarTuple('Ts'); u = tuple[*Ts]; it = iter(list[int])", namespace)
        generics.append(namespace)
    if sys.version_info >= (3, 12):
        namespace = {}
        exec("type Alias[T] = list[T]\nclass G[T]:\n    def f[U: int](self, x: U) -> T: ...\n"
             "type Late = list[G]\nLate.__value__", namespace)
        generics.append(namespace)
    return [Colour.RED, Flags.A | Flags.B, [made(i, [i]) for i in range(50)], generics]


@recipe
def threads_and_queues():
    local = threading.local()
    local.value = [1]
    condition = threading.Condition()
    simple = queue.SimpleQueue()
    for i in range(20):
        simple.put([i])
    full = queue.Queue()
    for i in range(20):
        full.put([i])
    recursive = threading.RLock()
    recursive.acquire()
    timer = threading.Timer(1000, print)
    return [local, condition, simple, queue.SimpleQueue(), full, queue.PriorityQueue(), threading.Lock(), recursive, threading.Event(),
            threading.Semaphore(3), threading.Barrier(2), timer, threading.Thread(target=print, args=(1,))]


@recipe
def waiting_threads():
    gate = threading.Event()
    gate.others = []

    def wait(n):
        held = {"thread": n}
        gate.others.append(held)
        gate.wait()
        return held
    made = [threading.Thread(target=wait, args=(n,), daemon=True) for n in range(3)]
    for thread in made:
        thread.start()
    while len(gate.others) < 3 or len(gate._cond._waiters) < 3:
        time.sleep(0.001)
    return [gate, made]


@recipe
def context_variables():
    variable = contextvars.ContextVar("variable", default=[0])
    others = [contextvars.ContextVar("v%d" % i) for i in range(60)]
    tokens = [variable.set([1])] + [other.set([other.name]) for other in others]
    context = contextvars.copy_context()
    return [variable, others, tokens, context, contextvars.Context(), iter(context), context.keys(), context.items(), context.values(),
            iter(context.values())]


@recipe
def asyncio_all():
    loop = asyncio.new_event_loop()

    async def worker(n):
        held = [n]
        await asyncio.sleep(1000)
        return held

    async def main():
        event = asyncio.Event()
        tasks = [loop.create_task(worker(i)) for i in range(20)]
        tasks.append(loop.create_task(event.wait()))
        futures = [loop.create_future() for _ in range(20)]
        for future in futures[:5]:
            future.add_done_callback(print)
            future.add_done_callback(len)
        futures[6].set_result([1])
        futures[7].set_exception(ValueError(1))
        futures[7].exception()
        futures[8].cancel()
        gathered = asyncio.gather(*futures[10:15])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return [event, tasks, futures, gathered, asyncio.Lock(), asyncio.Queue(), loop.call_later(1000, print), iter(futures[0]),
                tasks[0].get_coro()]
    made = loop.run_until_complete(main())
    made.append(loop.create_task(worker(0)))  # its first step still waits in the loop's queue
    return [loop, made]


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double), ("name", ctypes.c_char_p), ("bits", ctypes.c_int, 3)]


class Either(ctypes.Union):
    _fields_ = [("integer", ctypes.c_int), ("real", ctypes.c_double)]


@recipe
def ctypes_all():
    point = Point(1, 2.0, b"name")
    big = (ctypes.c_char * 1000)()
    pointers = (ctypes.POINTER(Point) * 5)()
    pointers[0] = ctypes.pointer(point)
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x)
    return [point, Either(1), big, pointers, callback, ctypes.c_int(5), ctypes.c_char_p(b"kept"), ctypes.byref(point), ctypes.pointer(point),
            ctypes.py_object([1]), Point.x, (ctypes.c_int * 3)(1, 2, 3), ctypes.create_string_buffer(b"x" * 50), ctypes.CDLL(None).getpid,
            ctypes.cast(big, ctypes.c_void_p), [ctypes.c_long(i) for i in range(100)], ctypes.c_wchar_p("wide"),
            ctypes.BigEndianStructure]


@recipe
def pickles():
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream)
    pickler.dump([{"a": [i]} for i in range(50)])
    unpickler = pickle.Unpickler(io.BytesIO(stream.getvalue()))
    unpickler.load()
    return [pickler, unpickler, pickler.memo, unpickler.memo, pickle.PickleBuffer(b"x"), stream,
            pickle._Pickler(io.BytesIO()), pickle._Unpickler(io.BytesIO())]


@recipe
def compressors():
    compress = zlib.compressobj()
    compress.compress(b"x" * 1000)
    decompress = zlib.decompressobj()
    decompress.decompress(zlib.compress(b"y" * 100) + b"unused data")
    return [compress, decompress, zlib.compressobj(zdict=b"dictionary")]


@recipe
def compressors_bz2():
    bz2 = importlib.import_module("bz2")
    done = bz2.BZ2Decompressor()
    done.decompress(bz2.compress(b"x") + b"unused")
    return [bz2.BZ2Compressor(), bz2.BZ2Decompressor(), done]


@recipe
def compressors_lzma():
    lzma = importlib.import_module("lzma")
    done = lzma.LZMADecompressor()
    done.decompress(lzma.compress(b"x") + b"unused")
    return [lzma.LZMACompressor(), lzma.LZMADecompressor(), done]


@recipe
def compressors_zstd():
    if sys.version_info < (3, 14):
        return []
    zstd = importlib.import_module("compression.zstd")
    dictionary = zstd.ZstdDict(b"raw dictionary content", is_raw=True)
    return [zstd.ZstdCompressor(), zstd.ZstdDecompressor(), dictionary]


@recipe
def hashes():
    return [[hashlib.new(name) for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "blake2s", "sha3_256")],
            hashlib.shake_128(b"x"), hmac.new(b"k", b"m", "sha256")]


@recipe
def hashes_builtin():
    made = []
    for module, names in (("_md5", ["md5"]), ("_sha1", ["sha1"]), ("_sha256", ["sha224", "sha256"]), ("_sha512", ["sha384", "sha512"]),
                          ("_sha2", ["sha224", "sha256", "sha384", "sha512"]), ("_blake2", ["blake2b", "blake2s"]),
                          ("_sha3", ["sha3_224", "sha3_256", "sha3_384", "sha3_512", "shake_128", "shake_256"])):
        try:
            loaded = importlib.import_module(module)
        except ImportError:
            continue
        made += [getattr(loaded, name)() for name in names if hasattr(loaded, name)]
    hashlib_c = importlib.import_module("_hashlib")
    if hasattr(hashlib_c, "hmac_new"):
        made.append(hashlib_c.hmac_new(b"key", digestmod="sha256"))
    if hasattr(hashlib_c, "openssl_shake_128"):
        made.append(hashlib_c.openssl_shake_128())
    if sys.version_info >= (3, 14):
        made.append(importlib.import_module("_hmac").new(b"key", digestmod="sha256"))
    return made


@recipe
def csv_and_json():
    reader = csv.reader(["a,b,c", "1,2,3"])
    next(reader)
    writer = csv.writer(io.StringIO())
    writer.writerow(["x", 1])
    decoder = json.JSONDecoder()
    encoder = json.JSONEncoder(indent=None)
    scanner_c = importlib.import_module("json.scanner").c_make_scanner
    make_encoder = importlib.import_module("json.encoder").c_make_encoder
    made = [reader, writer, reader.dialect, csv.DictReader(["a,b"]), csv.Sniffer(), decoder, encoder, json.loads('{"a": [1, 2.5, null]}')]
    if scanner_c:
        made.append(scanner_c(decoder))
    if make_encoder:
        made.append(make_encoder({}, str, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True))
    return made


@recipe
def descriptors_and_sockets():
    epoll = select.epoll()
    poll = select.poll()
    left, right = socket.socketpair()
    epoll.register(left.fileno(), select.EPOLLIN)
    poll.register(left.fileno())
    poll.register(right.fileno())
    selector = selectors.DefaultSelector()
    selector.register(left, selectors.EVENT_READ, data=[1])
    listening = socket.socket(socket.AF_UNIX)
    return [epoll, poll, left, right, selector, listening, selectors.PollSelector(), selectors.SelectSelector(), left.makefile("rb")]


@recipe
def xml_trees():
    tree = importlib.import_module("xml.etree.ElementTree")
    expat = importlib.import_module("xml.parsers.expat")
    dom = importlib.import_module("xml.dom.minidom")
    root = tree.fromstring("<root a='1'><child>text</child>tail<child b='2'/></root>" * 1)
    for i in range(50):
        child = tree.SubElement(root, "made", {"n": str(i)})
        child.text = "text %d" % i
        child.tail = "tail"
        for _ in range(i % 8):
            tree.SubElement(child, "inner")
    bare = tree.Element("bare")
    iterator = root.iter()
    next(iterator), next(iterator)
    partly = tree.XMLParser()
    partly.feed("<a><b>open")
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: None
    parser.Parse("<a b='c'>", False)
    pull = tree.XMLPullParser(["start", "end"])
    pull.feed("<a><b/>")
    return [root, bare, iterator, root.itertext(), partly, parser, pull, tree.TreeBuilder(), tree.ElementTree(root),
            dom.parseString("<a><b c='d'>text</b></a>"), root.iterfind("child")]


@recipe
def databases():
    sqlite3 = importlib.import_module("sqlite3")

    class Adding:
        def __init__(self):
            self.total = 0

        def step(self, value):
            self.total += value

        def finalize(self):
            return self.total
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.create_function("double", 1, lambda x: 2 * x)
    connection.create_aggregate("adding", 1, Adding)
    connection.create_collation("reverse", lambda a, b: (a < b) - (a > b))
    connection.set_progress_handler(lambda: 0, 100000)
    connection.execute("create table t (a, b)")
    connection.executemany("insert into t values (?, ?)", [(i, "text %d" % i) for i in range(200)])
    cursor = connection.cursor()
    cursor.execute("select a, b from t")
    rows = cursor.fetchmany(20)
    made = [connection, cursor, rows]
    if sys.version_info >= (3, 11):
        connection.execute("create table blobs (data)")
        connection.execute("insert into blobs values (zeroblob(100))")
        made.append(connection.blobopen("blobs", "data", 1))
    return made


@recipe
def ssl_all():
    ssl = importlib.import_module("ssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped = context.wrap_bio(incoming, outgoing, server_hostname="example.org")
    with contextlib.suppress(ssl.SSLWantReadError):
        wrapped.do_handshake()
    default = ssl.create_default_context()
    return [context, incoming, outgoing, wrapped, default, default.sni_callback]
