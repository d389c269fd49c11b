# SPDX-License-Identifier: Apache-2.0
"""Do the programs do what they say? Asked from inside, without heapspy: counts, allocated blocks and tracemalloc.

Each program and its twin run without noise, so that all that grows is the leak's. The program must leak at its rate and
by its bytes; its twin must keep no item, and neither blocks nor bytes that make a tenth of the program's.
"""
import time

from leak_target import LeakTarget

OBSERVED = 4.0           # seconds between two measures
RATE_TOLERANCE = 0.15    # of the rate told, and two items for the ticks of its pace
BYTES_TOLERANCE = 0.25   # of the bytes told; the tables and buffers around the items grow in steps
TWIN_SHARE = 0.10
BYTES_FLOOR = 40000      # of one look: what the measuring itself and the library's caches may come to
OPTIONS = ("-X", "tracemalloc")
ARGUMENTS = ("--stable", 0, "--period", 0)


class Growth:
    """What two measures of one run come to, per second."""

    def __init__(self, before, after):
        self.seconds = after["time"] - before["time"]
        self.count = (after["count"] - before["count"]) / self.seconds
        self.blocks = (after["blocks"] - before["blocks"]) / self.seconds
        self.traced = (after["traced"] - before["traced"]) / self.seconds


def observe(interpreter, program, twin):
    """(truth, growth) of one run."""
    with LeakTarget(interpreter, program, twin, options=OPTIONS, arguments=ARGUMENTS) as live:
        live.tell("measure")  # once for practice: what the asking itself allocates is there from now on
        before = live.tell("measure")
        time.sleep(OBSERVED)
        after = live.tell("measure")
        return live.tell("truth"), Growth(before, after)


def faults_of_program(truth, growth):
    wanted = truth["rate"]
    if truth["verdict"][0] in ("leak", "garbage", "bounded"):
        if abs(growth.count - wanted) > wanted * RATE_TOLERANCE + 2 / growth.seconds:
            yield "%.1f items/s leak, %s are told" % (growth.count, wanted)
        item = growth.traced / max(growth.count, 1e-9)
        if abs(item - truth["item_bytes"]) > truth["item_bytes"] * BYTES_TOLERANCE:
            yield "an item has %d bytes, %d are told" % (item, truth["item_bytes"])
    elif growth.traced * growth.seconds > BYTES_FLOOR:
        yield "%d bytes of Python's grow where none should" % (growth.traced * growth.seconds)


def faults_of_twin(program, twin):
    if twin.count > program.count * TWIN_SHARE:
        yield "its twin leaks %.1f items/s" % twin.count
    if twin.blocks > program.blocks * TWIN_SHARE and twin.blocks * twin.seconds > 100:
        yield "its twin leaks %.1f blocks/s, it leaks %.1f" % (twin.blocks, program.blocks)
    if twin.traced > program.traced * TWIN_SHARE and twin.traced * twin.seconds > BYTES_FLOOR:
        yield "its twin leaks %d bytes/s, it leaks %d" % (twin.traced, program.traced)


def examine(interpreter, program):
    """(figures as text, faults): no faults when the program does what it says."""
    truth, growth = observe(interpreter, program, False)
    faults = list(faults_of_program(truth, growth))
    figures = "%8.1f items/s %8d bytes/s %6d bytes each" % (growth.count, growth.traced, growth.traced / max(growth.count, 1e-9))
    if program.twin_text:
        _, twin = observe(interpreter, program, True)
        faults += faults_of_twin(growth, twin)
        figures += " · twin %6.1f items/s %7d bytes/s" % (twin.count, twin.traced)
    return figures, faults
