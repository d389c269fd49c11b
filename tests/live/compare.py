# SPDX-License-Identifier: Apache-2.0
"""Compares a census with the truth that the target computed about itself.

Two ways: object by object, from the dump that census_dump writes, and type by type, from `heapspy report -f json`.
As a program it starts a target, takes its truth, runs one of the two and prints every difference:

    compare.py [--interpreters DIR] [--script zoo.py] NAME --dump build/tests/live/census_dump
    compare.py [--interpreters DIR] [--script zoo.py] NAME --report build/heapspy

NAME as matrix.py prints it ("3.11.2-debian"), a minor version ("3.11"), or "all".
"""
import argparse
import array
import collections
import json
import os
import subprocess
import tempfile

import matrix
import referrers
import target

DUMP_MAGIC = b"HSDUMP01"
DUMP_WORDS = 5


class Dump:
    """What census_dump wrote: parallel arrays, one element per object."""

    def __init__(self, data):
        if data[:8] != DUMP_MAGIC:
            raise ValueError("not a census dump")
        n = int.from_bytes(data[8:16], "little")
        words = array.array("Q")
        words.frombytes(data[16:16 + 8 * DUMP_WORDS * n])
        self.addresses, self.type_addresses, self.bytes, self.sizes, self.flags = (words[i::DUMP_WORDS] for i in range(DUMP_WORDS))
        self.types = {}
        for line in data[16 + 8 * DUMP_WORDS * n:].decode("utf-8", "replace").splitlines():
            address, _, name = line.partition(" ")
            self.types[int(address, 16)] = name

    def __len__(self):
        return len(self.addresses)


def printable(text, length=100):
    """A target's names may hold anything."""
    text = text if len(text) <= length else text[:length] + "…"
    return text.encode("unicode_escape").decode()


class Difference:
    """Object by object. Each list holds (address, text)."""

    def __init__(self, truth, dump):
        self.n_truth, self.n_dump = len(truth), len(dump)
        self.missing, self.wrong_type, self.wrong_name, self.wrong_size, self.wrong_tracked = [], [], [], [], []
        self.surplus = []
        index = {address: i for i, address in enumerate(dump.addresses)}
        self.n_twice = len(dump) - len(index)
        known = set(truth.addresses)
        for i, address in enumerate(truth.addresses):
            at = index.get(address)
            name = truth.types[truth.type_addresses[i]]
            if at is None:
                self.missing.append((address, name))
            else:
                self._compare(truth, i, dump, at, name)
        for i, address in enumerate(dump.addresses):
            if address not in known:
                name = dump.types.get(dump.type_addresses[i]) or truth.types.get(dump.type_addresses[i], "?")
                self.surplus.append((address, name))
        # The dump has a line a type, cut at its own length.
        names = {address: name for address, name in dump.types.items() if address in truth.types and
                 truth.types[address].replace("\n", "?")[:len(name)] != name}
        self.wrong_name = [(address, "%s, not %s" % (name, truth.types[address])) for address, name in names.items()]

    def _compare(self, truth, i, dump, at, name):
        address = truth.addresses[i]
        if dump.type_addresses[at] != truth.type_addresses[i]:
            self.wrong_type.append((address, "%s counted as %s" % (name, dump.types.get(dump.type_addresses[at], "?"))))
        elif dump.sizes[at] != truth.sizes[i] and not truth.flags[i] & target.NO_SIZE:
            self.wrong_size.append((address, "%s: %d, not %d" % (name, dump.sizes[at], truth.sizes[i])))
        if (dump.flags[at] ^ truth.flags[i]) & target.TRACKED:
            self.wrong_tracked.append((address, name))

    def surplus_by_type(self):
        return collections.Counter(name for _, name in self.surplus)

    def text(self, limit=25):
        lines = ["truth %d objects, census %d, %d counted twice" % (self.n_truth, self.n_dump, self.n_twice)]
        for title in ("missing", "wrong_type", "wrong_name", "wrong_size", "wrong_tracked", "surplus"):
            found = getattr(self, title)
            lines.append("%-13s %d" % (title, len(found)))
            kinds = collections.Counter(text.split(":")[0] for _, text in found)
            example = {}
            for address, text in found:
                example.setdefault(text.split(":")[0], (address, text))
            for kind, n in kinds.most_common(limit):
                lines.append("    %8d  %-44s e.g. 0x%x %s" % (n, printable(kind), example[kind][0], printable(example[kind][1][len(kind):])))
        return "\n".join(lines)


def by_type_difference(truth, report):
    """[(type, what, truth, census)] of a JSON report, by descending difference."""
    told = truth.by_type()
    exempt = {truth.types[t] for t, flags in zip(truth.type_addresses, truth.flags) if flags & target.NO_SIZE}
    counted = {row["type"]: row for row in report["census"]["types"]}
    found = []
    for name in told.keys() | counted.keys():
        count, tracked, size = told.get(name, (0, 0, 0))
        row = counted.get(name, {"count": 0, "gc_tracked": 0, "getsizeof_bytes": 0})
        found.append((name, "count", count, row["count"]))
        found.append((name, "gc_tracked", tracked, row["gc_tracked"]))
        if row["count"] == count and name not in exempt:
            found.append((name, "getsizeof_bytes", size, row["getsizeof_bytes"]))
    found = [entry for entry in found if entry[2] != entry[3]]
    return sorted(found, key=lambda entry: -abs(entry[2] - entry[3]))


def run_dump(program, pid, *options):
    """(exit status, Dump or None, stderr)"""
    with tempfile.NamedTemporaryFile(prefix="heapspy-dump-") as file:
        done = subprocess.run([program, *options, str(pid), file.name], capture_output=True, text=True, timeout=600)
        if done.returncode:
            return done.returncode, None, done.stderr
        return 0, Dump(file.read()), done.stderr


def _compare_one(interpreter, options):
    print("==", interpreter)
    with target.Target(interpreter, options.script, *options.arguments) as live:
        truth = live.truth()
        if options.keep_truth:
            for i, address in enumerate(truth.addresses):
                print("%x %s %d %x" % (address, truth.types[truth.type_addresses[i]], truth.sizes[i], truth.flags[i]))
        if options.dump:
            status, dump, errors = run_dump(options.dump, live.pid, *options.option)
            print(errors, end="")
            if dump:
                difference = Difference(truth, dump)
                print(difference.text(options.limit))
                print(referrers.explain(live.pid, dump, difference.surplus))
        if options.report:
            done = subprocess.run([options.report, "report", str(live.pid), "-f", "json", *options.option], capture_output=True, text=True)
            print(done.stderr, end="")
            if done.stdout:
                for name, what, wanted, got in by_type_difference(truth, json.loads(done.stdout))[:options.limit]:
                    print("  %-50s %-16s truth %10d census %10d  %+d" % (name, what, wanted, got, got - wanted))
        if not options.dump and not options.report:
            print("truth %d objects, pid %d" % (len(truth), live.pid))
        if options.wait:
            input("pid %d: Enter ends it " % live.pid)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--script", default="zoo.py")
    parser.add_argument("--dump", help="the census_dump program")
    parser.add_argument("--report", help="the heapspy program")
    parser.add_argument("--limit", type=int, default=25)
    parser.add_argument("--keep-truth", action="store_true", help="print every object of the truth")
    matrix.run_over_chosen(parser, _compare_one)


if __name__ == "__main__":
    main()
