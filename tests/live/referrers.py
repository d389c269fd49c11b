# SPDX-License-Identifier: Apache-2.0
"""Who refers to the objects that the collector cannot reach: looks for their addresses in the target's memory.

An object of the census that is not in the truth must be held by something: a word equal to its address (or tagged in
its low two bits) anywhere else in writable memory, and no fewer such words than its reference count tells. One that
fails that is a ghost: a block whose first words happen to look like an object's. Static objects of the interpreter need
no such word: its machine code refers to them.
"""
import array
import bisect
import collections
import re

LINE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (....) [0-9a-f]+ \S+ \d+ *(.*)$")
CHUNK = 8 << 20
# Reference counts from here on are those of immortal and static objects (3.11: 999,999,999 at the start).
IMMORTAL = 900000000
# References that memory does not show: in registers, in a C stack's dead words, twice in one slot.
SLACK = 8
UNHEADED = {"builtins.str", "builtins.bytes", "builtins.int", "builtins.float"}


def _writable_ranges(pid):
    """(start, end, path) of the writable mappings."""
    with open("/proc/%d/maps" % pid) as file:
        for line in file:
            start, end, permissions, path = LINE.match(line.rstrip("\n")).groups()
            if permissions.startswith("rw") and not path.startswith(("[vvar", "[vsyscall", "/dev/")):
                yield int(start, 16), int(end, 16), path


def _file_ranges(pid):
    """(start, end) of what files are mapped to, .data.rel.ro included: objects there are the interpreter's own."""
    with open("/proc/%d/maps" % pid) as file:
        matches = [LINE.match(line.rstrip("\n")).groups() for line in file]
    return [(int(start, 16), int(end, 16)) for start, end, _, path in matches if path.startswith("/")]


def _chunks(memory, start, end):
    """(address, array of words) of what can be read."""
    for at in range(start, end, CHUNK):
        try:
            memory.seek(at)
            data = memory.read(min(CHUNK, end - at))
        except OSError:
            continue
        words = array.array("Q")
        words.frombytes(data[:len(data) & ~7])
        yield at, words


def find(pid, addresses):
    """{address: [where a reference to it stands]}, for a target that sleeps."""
    tagged = {address | tag: address for address in addresses for tag in range(4)}
    places = collections.defaultdict(list)
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for start, end, _ in _writable_ranges(pid):
            for at, words in _chunks(memory, start, end):
                if tagged.keys().isdisjoint(words):
                    continue
                for i, word in enumerate(words):
                    if word in tagged:
                        places[tagged[word]].append(at + 8 * i)
    return places


def _refcount(memory, address):
    memory.seek(address)
    return int.from_bytes(memory.read(4), "little")


def ghosts(pid, surplus):
    """Those of the (address, type) that nothing but themselves refers to, or fewer things than their count tells."""
    static = _file_ranges(pid)
    surplus = [(address, name) for address, name in surplus if not any(start <= address < end for start, end in static)]
    places = find(pid, [address for address, _ in surplus])
    found = []
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for address, name in surplus:
            # An object's own header may point to it; a collector's head stands only before what the collector knows.
            head = 0 if name in UNHEADED else 32
            holders = [place for place in places.get(address, ()) if not address - head <= place < address + 16]
            refcount = _refcount(memory, address)
            if not holders or len(holders) + SLACK < refcount < IMMORTAL:
                found.append((address, "%s: %d references counted, %d found" % (name, refcount, len(holders))))
    return found


def explain(pid, dump, surplus, limit=40):
    """For people: which kind of object refers to the surplus ones. By the nearest object below, so a guess."""
    starts = sorted(zip(dump.addresses, dump.type_addresses))
    places = find(pid, [address for address, _ in surplus])
    table = collections.Counter()
    for address, name in surplus:
        holders = set()
        for place in places.get(address, ()):
            at = bisect.bisect_right(starts, (place, 1 << 64)) - 1
            holder, type_address = starts[at] if at >= 0 else (0, 0)
            near = at >= 0 and place - holder < 4096 and holder != address
            holders.add("%s+%d" % (dump.types.get(type_address, "?"), place - holder) if near else "elsewhere")
        for holder in sorted(holders)[:3] or ["NOTHING"]:
            table[name, holder] += 1
    return "\n".join("    %8d  %-32s held by %s" % (n, name, holder) for (name, holder), n in table.most_common(limit))
