# SPDX-License-Identifier: Apache-2.0
"""Who refers to the objects that the collector cannot reach: looks for their addresses in the target's memory.

An object of the census that is not in the truth must be held by something: a word equal to its address (or tagged in
its low two bits) in the block of a counted object, or outside all blocks of objects (static data, C structures).
One that nothing refers to is a ghost.
"""
import array
import bisect
import collections
import re

LINE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (....) [0-9a-f]+ \S+ \d+ *(.*)$")
CHUNK = 8 << 20


def _writable_ranges(pid):
    with open("/proc/%d/maps" % pid) as file:
        for line in file:
            start, end, permissions, path = LINE.match(line.rstrip("\n")).groups()
            if permissions.startswith("rw") and not path.startswith(("[vvar", "[vsyscall", "/dev/")):
                yield int(start, 16), int(end, 16), path


def _words(memory, start, end):
    """(address, array of words) for each chunk that can be read."""
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
    wanted = set(addresses)
    tagged = {address | tag: address for address in wanted for tag in range(4)}
    places = collections.defaultdict(list)
    keys = tagged.keys()
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for start, end, _ in _writable_ranges(pid):
            for at, words in _words(memory, start, end):
                if keys.isdisjoint(words):
                    continue
                for i, word in enumerate(words):
                    if word in tagged:
                        places[tagged[word]].append(at + 8 * i)
    return places


def unreferred(pid, dump, surplus):
    """The surplus objects, as (address, name), that nothing but themselves refers to."""
    places = find(pid, [address for address, _ in surplus])
    ghosts = []
    for address, name in surplus:
        # GC heads link neighbours by head address, 16 bytes before the object: those are not references to it.
        if not any(not address - 32 <= place < address + 16 for place in places.get(address, ())):
            ghosts.append((address, name))
    return ghosts


def explain(pid, dump, surplus):
    """For people: which kind of object refers to the surplus ones."""
    starts = sorted((address, name_of) for address, name_of in zip(dump.addresses, dump.type_addresses))
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
    return "\n".join("    %8d  %-32s held by %s" % (n, name, holder) for (name, holder), n in table.most_common(60))
