# SPDX-License-Identifier: Apache-2.0
"""Heaps made to deceive or to be large: ghosts, untracked containers, raw payload beside objects."""
import json
import subprocess

import compare
import heapspy
import referrers
from target import status_field
from test_census import beyond_allowed, dump_of

# Of all objects: a block that looks like an object and is none.
MOST_GHOSTS = 0.00001


def promised(live):
    return json.loads(live.ready.partition(" ")[2])


def test_ghosts(few_interpreter, start):
    """Lists, instances and dicts whose memory looks like objects' headers, and freelists full of freed objects."""
    live = start(few_interpreter, "heaps.py", "ghosts", 100000)
    truth = live.truth()
    dump = dump_of(live)
    difference = compare.Difference(truth, dump)
    assert not difference.missing and not difference.wrong_type and not difference.n_twice, difference.text()
    ghosts = referrers.ghosts(live.pid, difference.surplus)
    assert len(ghosts) <= MOST_GHOSTS * len(dump), (len(ghosts), ghosts[:20])
    beyond = sum(n - maximum for _, n, maximum in beyond_allowed(truth, difference))
    assert beyond <= MOST_GHOSTS * len(dump), difference.text()


def test_untracked_dict(few_interpreter, start, full):
    """What no collector lists: the tuples of a dict str -> (int, str) are untracked."""
    n = 5000000 if full and few_interpreter.flavour == "debian" else 200000
    live = start(few_interpreter, "heaps.py", "untracked", n, seconds=300)
    told = heapspy.report(live.pid, "--max-pause", 10000)
    for kind, wanted in promised(live).items():
        assert heapspy.count(told, kind) >= 0.999 * wanted, kind
    assert told["complete"] is True
    assert told["coverage"]["explained_bytes"] >= 0.999 * told["coverage"]["in_use_bytes"]


def test_shapes(few_interpreter, start):
    """Wide containers, a linked list far deeper than any C stack, floats: all counted, none twice."""
    for shape, n in (("wide", 200000), ("linked", 300000), ("floats", 300000), ("mix", 20000)):
        live = start(few_interpreter, "heaps.py", shape, n)
        truth = live.truth()
        difference = compare.Difference(truth, dump_of(live))
        assert not difference.missing and not difference.wrong_type and not difference.n_twice, difference.text()
        assert not beyond_allowed(truth, difference), difference.text()
        told = heapspy.report(live.pid)
        assert all(heapspy.count(told, kind) >= wanted for kind, wanted in promised(live).items())


def peak_kib(pid, *options):
    """(report, VmHWM of heapspy in KiB)"""
    command = ["/usr/bin/time", "-f", "%M", heapspy.HEAPSPY, "report", str(pid), "-f", "json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), int(done.stderr.split()[-1])


def test_raw_payload_is_not_copied(two_interpreter, start, full):
    """A heap beside a large bytearray costs what the heap alone costs; the bytearray is counted all the same."""
    mib = 4096 if full else 512
    alone = start(two_interpreter, "heaps.py", "payload", 0)
    told_alone = heapspy.report(alone.pid)
    beside = start(two_interpreter, "heaps.py", "payload", mib, seconds=300)
    assert int(status_field(beside.pid, "VmRSS").split()[0]) > mib << 10
    told = heapspy.report(beside.pid, "--max-pause", 10000)
    assert told["process"]["copied_bytes"] <= 1.2 * told_alone["process"]["copied_bytes"]
    large = heapspy.counts(told)["builtins.bytearray"]
    assert large["getsizeof_bytes"] > mib << 20
    assert large["bytes"] > mib << 20


def test_memory_of_heapspy_itself(debian, start):
    """VmHWM with a cached layout is about what was copied; shown here, measured in tests/bench."""
    live = start(debian, "heaps.py", "mix", 30000)
    heapspy.report(live.pid)
    told, peak = peak_kib(live.pid)
    assert peak << 10 <= 2 * told["process"]["copied_bytes"] + (64 << 20)
