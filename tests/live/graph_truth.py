# SPDX-License-Identifier: Apache-2.0
"""What a target said about its edges (targets/edges.py), and the reference counts that stand in its memory."""
import array
import json
import os

TRUTH_MAGIC = b"HSEDGES1"
RECORD_WORDS = 3
READ_AHEAD = 4 << 20   # bytes read at once from the target
GAP = 4096             # objects further apart are read separately
STATIC = 500000000     # 3.11 gives static objects 999,999,999 references, and others a share of that


class Rows:
    """For each object a list of addresses."""

    def __init__(self, data, at, n_objects):
        n_ids = int.from_bytes(data[at:at + 8], "little")
        lengths = _words(data, at + 8, n_objects)
        self.ids = _words(data, at + 8 + 8 * n_objects, n_ids)
        self.end = at + 8 + 8 * (n_objects + n_ids)
        self.starts = array.array("Q", [0])
        total = 0
        for length in lengths:
            total += length
            self.starts.append(total)

    def __getitem__(self, i):
        return self.ids[self.starts[i]:self.starts[i + 1]]


def _words(data, at, n):
    words = array.array("Q")
    words.frombytes(data[at:at + 8 * n])
    return words


class GraphTruth:
    """Parallel arrays, one element per object: its address, its type, its own dict (or 0), and two Rows of edges.

    `visited` is what gc.get_referents says, as often as it says it. `stored` is what the object owns besides: whatever
    its tp_traverse leaves out.
    """

    def __init__(self, data):
        if data[:8] != TRUTH_MAGIC:
            raise ValueError("no edges: the target's child failed (see its stderr)")
        n = int.from_bytes(data[8:16], "little")
        words = _words(data, 16, RECORD_WORDS * n)
        self.addresses, self.type_addresses, self.own_dicts = (words[i::RECORD_WORDS] for i in range(RECORD_WORDS))
        self.visited = Rows(data, 16 + 8 * RECORD_WORDS * n, n)
        self.stored = Rows(data, self.visited.end, n)
        info = json.loads(data[self.stored.end:])
        self.types = {int(address): name for address, name in info["types"].items()}
        self.version_info = info["version_info"]
        self.modules = info["modules"]
        self.threads = info["threads"]
        self.skipped = info["skipped"]
        self.uncollected = set(info["uncollected"])
        self.index = {address: i for i, address in enumerate(self.addresses)}

    def __len__(self):
        return len(self.addresses)

    def type_of(self, address):
        i = self.index.get(address)
        return "?" if i is None else self.types[self.type_addresses[i]]

    def owners(self):
        """{own dict: its instance}; a dict that several instances share belongs to the first."""
        found = {}
        for address, own in zip(self.addresses, self.own_dicts):
            if own:
                found.setdefault(own, address)
        return found

    def confirms(self, source, target):
        """Whether the target itself says that `source` refers to `target`; an instance and its own dict are one."""
        i = self.index.get(source)
        if i is None:
            return False
        own = self.own_dicts[i]
        rows = [i] + ([self.index[own]] if own else [])
        return target == own or any(target in self.visited[row] or target in self.stored[row] for row in rows)


def tell_edges(live, seconds=600):
    """The edges of a target that has edges.ACTIONS; it sleeps again afterwards."""
    file = live.truth_file
    file.seek(0)
    file.truncate()
    answer = live.command("g", seconds)
    assert answer == "told", answer
    live.wait_blocked()
    file.seek(0)
    return GraphTruth(file.read())


def evaluate(live, asked):
    """For each (module, expression) the id that the target gives, or a text that says why not."""
    fd = live.truth_file.fileno()
    os.ftruncate(fd, 0)
    os.pwrite(fd, json.dumps(list(asked)).encode(), 0)
    answer = live.command("v")
    assert answer == "told", answer
    live.wait_blocked()
    return json.loads(os.pread(fd, os.fstat(fd).st_size, 0))


def _windows(addresses):
    """(start, end) of what is read at once; addresses ascend."""
    start = end = None
    for address in addresses:
        if start is not None and (address - end > GAP or address + 8 - start > READ_AHEAD):
            yield start, end
            start = None
        if start is None:
            start = address
        end = address + 8
    if start is not None:
        yield start, end


def _counted(word, version_info):
    """The reference count in an object's first word; None for one that is never counted."""
    if tuple(version_info[:2]) >= (3, 12):
        word &= 0xffffffff
        return None if word >> 31 else word
    return None if word >= STATIC else word


def refcounts(pid, addresses, version_info):
    """{address: ob_refcnt} as it stands in the memory of a target that sleeps; None for immortal objects."""
    found = {}
    wanted = sorted(addresses)
    position = 0
    with open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
        for start, end in _windows(wanted):
            data = os.pread(memory.fileno(), end - start, start)
            while position < len(wanted) and wanted[position] < end:
                at = wanted[position] - start
                found[wanted[position]] = _counted(int.from_bytes(data[at:at + 8], "little"), version_info)
                position += 1
    return found
