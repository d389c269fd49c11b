# SPDX-License-Identifier: Apache-2.0
"""Compares the edges that `heapspy export -f jsonl` writes with those that the target told, and adds up what owns each
object.

As a program it starts a target, takes its truth, runs the export and prints every difference as a table:

    graph_compare.py [--interpreters DIR] [--script graph_zoo.py] NAME [--heapspy build/heapspy]

NAME as for compare.py: "3.11.2-debian", "3.11" or "all".
"""
import argparse
import array
import collections
import contextlib
import json
import subprocess

import graph_truth
import heapspy
import matrix
import target
from compare import printable

OWNED, VISITED, WEAK = 1, 2, 4
IMMORTAL = -1  # in Export.refcounts
# Names of these kinds say which of many; of the others, which field.
MANY = {"attribute", "key", "value", "index", "item", "local", "cell", "stack", "scan"}


class Export:
    """What `export -f jsonl` wrote: parallel arrays, one element per object, and one element per entry of its refs."""

    def __init__(self, lines):
        self.addresses, self.bytes, self.refcounts = array.array("Q"), array.array("Q"), array.array("q")
        self.types, self.starts = [], array.array("Q", [0])
        self.targets, self.counts = array.array("Q"), array.array("Q")
        self.flags, self.labels = array.array("B"), array.array("L")
        self.roots = []
        self.label_names = []  # "kind name"
        self._label_index = {}
        self._type_names = {}
        for line in lines:
            self._add(json.loads(line))
        self.index = {address: i for i, address in enumerate(self.addresses)}

    def _add(self, row):
        if "root" in row:
            row["to"] = int(row["to"], 16)
            self.roots.append(row)
            return
        self.addresses.append(int(row["address"], 16))
        self.bytes.append(row["bytes"])
        is_counted = row["refcount"] is not None and row["refcount"] < graph_truth.STATIC
        self.refcounts.append(row["refcount"] if is_counted else IMMORTAL)
        self.types.append(self._type_names.setdefault(row["type"], row["type"]))
        for ref in row["refs"]:
            self._add_ref(ref)
        self.starts.append(len(self.targets))

    def _add_ref(self, ref):
        self.targets.append(int(ref["to"], 16))
        self.counts.append(ref["count"])
        self.flags.append((OWNED if ref["owned"] else 0) | (VISITED if ref["visited"] else 0) | (WEAK if ref["weak"] else 0))
        label = ref["kind"] if ref["kind"] in MANY else "%s %s" % (ref["kind"], ref["name"])
        if label not in self._label_index:
            self._label_index[label] = len(self.label_names)
            self.label_names.append(label)
        self.labels.append(self._label_index[label])

    def __len__(self):
        return len(self.addresses)

    def refs(self, i):
        return range(self.starts[i], self.starts[i + 1])

    def label(self, ref):
        return self.label_names[self.labels[ref]]

    def type_of(self, address):
        i = self.index.get(address)
        return "?" if i is None else self.types[i]


def export_of(pid, *options, program=heapspy.HEAPSPY, seconds=600):
    """Runs the export, with roots; reads it line by line."""
    command = [program, "export", str(pid), "-f", "jsonl", "--roots", *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        export = Export(process.stdout)
        status = process.wait(seconds)
    assert status == heapspy.DONE, "%s ended with %d" % (" ".join(command), status)
    return export


class Table:
    """Differences by (type, what), with examples."""

    def __init__(self):
        self.counts = collections.Counter()
        self.examples = {}

    def add(self, kind, what, n, example):
        self.counts[kind, what] += n
        self.examples.setdefault((kind, what), example)

    def total(self, word=""):
        return sum(n for (_, what), n in self.counts.items() if what.startswith(word))

    def beyond(self, allowed, minor, sizes):
        """The table without what the list allows. `sizes`: how many edges, or objects, each type has."""
        left = Table()
        limits = collections.Counter()
        for entry in allowed:
            if entry.applies(minor):
                limits[entry.kind, entry.what] += entry.most + entry.share * sizes.get(entry.kind, 0)
        for (kind, what), n in self.counts.items():
            if limits[kind, what] < n <= limits["*", what]:
                limits["*", what] -= n
            elif n > limits[kind, what]:
                left.add(kind, what, n, self.examples[kind, what])
        return left

    def text(self, limit=40):
        return "\n".join("    %8d  %-40s %-44s e.g. %s" % (n, printable(kind, 40), printable(what, 60), printable(self.examples[kind, what], 160))
                         for (kind, what), n in self.counts.most_common(limit))


def _without(addresses, left_out):
    return [address for address in addresses if address != left_out]


class EdgeDifference:
    """Visited edges against gc.get_referents, with multiplicity; an instance and its own dict are one node."""

    def __init__(self, truth, export):
        self.truth, self.export = truth, export
        self.n_truth = self.n_export = self.n_objects = 0
        self.table = Table()
        self.edges_by_type = collections.Counter()
        self.stored = Table()
        self.stored_by_type = collections.Counter()
        owners = truth.owners()
        for i, address in enumerate(truth.addresses):
            if address in owners:
                continue
            own = truth.own_dicts[i] if owners.get(truth.own_dicts[i]) == address else 0
            self._compare(i, own)
            self._compare_stored(i, own)

    def _told(self, i, own):
        told = list(self.truth.visited[i])
        return told if not own else _without(told, own) + list(self.truth.visited[self.truth.index[own]])

    def _refs(self, address):
        at = self.export.index.get(address)
        return () if at is None else self.export.refs(at)

    def _exported(self, address, own):
        """[target] once for each visited edge."""
        export, found = self.export, []
        for source in (address, own) if own else (address,):
            for ref in self._refs(source):
                if export.flags[ref] & VISITED and export.targets[ref] != own:
                    found.extend([export.targets[ref]] * min(export.counts[ref], 1 << 24))
        return found

    def _compare(self, i, own):
        address = self.truth.addresses[i]
        told, got = self._told(i, own), self._exported(address, own)
        kind = self.truth.types[self.truth.type_addresses[i]]
        self.n_objects += 1
        self.n_truth += len(told)
        self.n_export += len(got)
        self.edges_by_type[kind] += len(told)
        told.sort()
        got.sort()
        if told == got:
            return
        told, got = collections.Counter(told), collections.Counter(got)
        for to, n in (told - got).items():
            self.table.add(kind, "missing " + self._why_missing(address, own, to), n, self._example(address, to))
        for to, n in (got - told).items():
            self.table.add(kind, "invented " + self._why_invented(address, own, to), n, self._example(address, to))

    def _example(self, address, to):
        return "0x%x to 0x%x %s" % (address, to, self.truth.type_of(to) if to in self.truth.index else self.export.type_of(to))

    def _labels(self, address, own, to, flags):
        return sorted({self.export.label(ref) for source in (address, own) if source for ref in self._refs(source)
                       if self.export.targets[ref] == to and self.export.flags[ref] & flags == flags})

    def _why_missing(self, address, own, to):
        if address not in self.export.index:
            return "with its object"
        if self._labels(address, own, to, VISITED):
            return "once more: " + ", ".join(self._labels(address, own, to, VISITED))
        labels = self._labels(address, own, to, 0)
        return "visited at: " + ", ".join(labels) if labels else "to " + self.truth.type_of(to)

    def _why_invented(self, address, own, to):
        return ", ".join(self._labels(address, own, to, VISITED))

    def _compare_stored(self, i, own):
        """What the object owns besides must be there as owned, whether visited or not."""
        told = self.truth.stored[i]
        if not told:
            return
        address = self.truth.addresses[i]
        kind = self.truth.types[self.truth.type_addresses[i]]
        self.stored_by_type[kind] += len(told)
        missing = set(told) - {self.export.targets[ref] for source in (address, own) if source for ref in self._refs(source)
                               if self.export.flags[ref] & OWNED}
        for to in missing:
            labels = self._labels(address, own, to, 0)
            what = "missing owned at: " + ", ".join(labels) if labels else "missing to " + self.truth.type_of(to)
            self.stored.add(kind, what, 1, self._example(address, to))

    def share_missing(self, table=None):
        return (table or self.table).total("missing") / max(1, self.n_truth)

    def share_invented(self, table=None):
        return (table or self.table).total("invented") / max(1, self.n_export)

    def text(self, limit=40):
        return "\n".join([
            "truth %d objects with %d edges, export %d objects with %d visited edges of these" % (
                self.n_objects, self.n_truth, len(self.export), self.n_export),
            "missing %d (%.4f %%), invented %d (%.4f %%)" % (self.table.total("missing"), 100 * self.share_missing(),
                                                            self.table.total("invented"), 100 * self.share_invented()),
            self.table.text(limit),
            "owned, not visited: %d told, %d missing" % (sum(self.stored_by_type.values()), self.stored.total()),
            self.stored.text(limit)])


class Balance:
    """ob_refcnt of each mortal object against the owned references found."""

    def __init__(self, export, refcounts=None):
        """`refcounts`: {address: count or None}, as the target's memory has them; without it those of the export."""
        found, perhaps = self.found, self.perhaps = collections.Counter(), collections.Counter()
        words = {label for label, name in enumerate(export.label_names) if name in ("stack", "scan")}
        for to, n, flags, label in zip(export.targets, export.counts, export.flags, export.labels):
            if flags & OWNED:
                found[to] += n
            elif label in words:
                perhaps[to] += n
        for root in export.roots:
            (found if root["owned"] else perhaps)[root["to"]] += root["owned"] or root["kind"] in ("stack", "scan")
        self.n_mortal = self.n_even = self.n_with_words = self.n_wrong_count = 0
        self.table = Table()
        self.objects_by_type = collections.Counter()
        for i, address in enumerate(export.addresses):
            self._weigh(export, i, found[address], refcounts)

    def _weigh(self, export, i, found, refcounts):
        address, counted = export.addresses[i], export.refcounts[i]
        if refcounts is not None and address in refcounts:
            told = IMMORTAL if refcounts[address] is None else refcounts[address]
            self.n_wrong_count += told != counted
            counted = told
        if counted == IMMORTAL:
            return
        kind = export.types[i]
        self.n_mortal += 1
        self.objects_by_type[kind] += 1
        if found == counted:
            self.n_even += 1
            return
        self.n_with_words += found < counted <= found + self.perhaps[address]
        what = "more" if found > counted else "fewer"
        self.table.add(kind, what, 1, "0x%x: counted %d, found %d" % (address, counted, found))

    def share_even(self):
        return self.n_even / max(1, self.n_mortal)

    def share_with_words(self):
        """… where words that may be references make up for what is missing: temporaries of running calls, blocks of C code."""
        return (self.n_even + self.n_with_words) / max(1, self.n_mortal)

    def text(self, limit=40):
        return "%d mortal objects, %d (%.4f %%) balanced; more found %d, fewer %d; %d counts read wrongly\n%s" % (
            self.n_mortal, self.n_even, 100 * self.share_even(), self.table.total("more"), self.table.total("fewer"), self.n_wrong_count,
            self.table.text(limit))


def _compare_one(interpreter, options):
    print("==", interpreter)
    with target.Target(interpreter, options.script, *options.arguments) as live:
        truth = graph_truth.tell_edges(live)
        export = export_of(live.pid, *options.option, program=options.heapspy)
        counts = graph_truth.refcounts(live.pid, export.addresses, truth.version_info)
        print(EdgeDifference(truth, export).text(options.limit))
        print(Balance(export, counts).text(options.limit))
        roots = collections.Counter("%s %s" % (root["root"], "owned" if root["owned"] else "") for root in export.roots)
        print("roots: " + ", ".join("%s %d" % entry for entry in roots.most_common()))
        if options.wait:
            input("pid %d: Enter ends it " % live.pid)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--script", default="graph_zoo.py", help="a target with edges.ACTIONS")
    parser.add_argument("--heapspy", default=heapspy.HEAPSPY)
    parser.add_argument("--limit", type=int, default=40)
    with contextlib.suppress(BrokenPipeError):
        matrix.run_over_chosen(parser, _compare_one)


if __name__ == "__main__":
    main()
