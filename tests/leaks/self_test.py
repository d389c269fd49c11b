# SPDX-License-Identifier: Apache-2.0
"""Do the programs do what they say? Asked from inside, without heapspy: counts, allocated blocks and tracemalloc.

Each program and its twin run without noise, so that all that grows is the leak's. The program must leak at its rate and
by its bytes; its twin must keep no item, and neither blocks nor bytes that make a tenth of the program's.
"""
import time

from leak_target import LeakTarget

OBSERVED = 4.0           # seconds between the first measure and the last
RATE_TOLERANCE = 0.15    # of the rate told, and two items for the ticks of its pace
BYTES_TOLERANCE = 0.25   # of the bytes told; the tables and buffers around the items grow in steps
BYTES_OF = "3.11"        # the version that the bytes told were measured with; 0 bytes told: not known
TWIN_SHARE = 0.10
BYTES_FLOOR = 40000      # of one look: what the measuring itself and the library's caches may come to
BLOCKS_FLOOR = 100
OPTIONS = ("-X", "tracemalloc")
ARGUMENTS = ("--stable", 0, "--period", 0)


class Growth:
    """What three measures of one run come to, per second.

    Of blocks and bytes the smaller of both halves counts: a table that is made larger, once, is no growth.
    """

    def __init__(self, measures):
        first, _, last = measures
        self.seconds = last["time"] - first["time"]
        self.count = (last["count"] - first["count"]) / self.seconds
        self.traced = (last["traced"] - first["traced"]) / self.seconds
        self.steady_blocks = min(_rates(measures, "blocks"))
        self.steady_traced = min(_rates(measures, "traced"))


def _rates(measures, name):
    return [(after[name] - before[name]) / (after["time"] - before["time"]) for before, after in zip(measures, measures[1:])]


def observe(interpreter, program, twin):
    """(truth, growth) of one run."""
    with LeakTarget(interpreter, program, twin, options=OPTIONS, arguments=ARGUMENTS) as live:
        live.tell("measure")  # once for practice: what the asking itself allocates is there from now on
        measures = [live.tell("measure")]
        for _ in range(2):
            time.sleep(OBSERVED / 2)
            measures.append(live.tell("measure"))
        return live.tell("truth"), Growth(measures)


def faults_of_program(truth, growth, minor):
    wanted = truth["rate"]
    if truth["verdict"][0] in ("leak", "garbage", "bounded"):
        if abs(growth.count - wanted) > wanted * RATE_TOLERANCE + 2 / growth.seconds:
            yield "%.1f items/s leak, %s are told" % (growth.count, wanted)
        item = growth.steady_traced / max(growth.count, 1e-9)
        if truth["item_bytes"] and minor == BYTES_OF and abs(item - truth["item_bytes"]) > truth["item_bytes"] * BYTES_TOLERANCE:
            yield "an item has %d bytes, %d are told" % (item, truth["item_bytes"])
    elif growth.steady_traced * growth.seconds > BYTES_FLOOR:
        yield "%d bytes/s of Python's grow where none should" % growth.steady_traced


def faults_of_twin(program, twin):
    if twin.count > program.count * TWIN_SHARE:
        yield "its twin leaks %.1f items/s" % twin.count
    if twin.steady_blocks > program.steady_blocks * TWIN_SHARE and twin.steady_blocks * twin.seconds > BLOCKS_FLOOR:
        yield "its twin leaks %.1f blocks/s, it leaks %.1f" % (twin.steady_blocks, program.steady_blocks)
    if twin.steady_traced > program.steady_traced * TWIN_SHARE and twin.steady_traced * twin.seconds > BYTES_FLOOR:
        yield "its twin leaks %d bytes/s, it leaks %d" % (twin.steady_traced, program.steady_traced)


def examine(interpreter, program):
    """(figures as text, faults): no faults when the program does what it says."""
    truth, growth = observe(interpreter, program, False)
    faults = list(faults_of_program(truth, growth, interpreter.minor))
    figures = "%8.1f items/s %8d bytes/s %6d bytes each" % (growth.count, growth.traced, growth.steady_traced / max(growth.count, 1e-9))
    if program.twin_text:
        _, twin = observe(interpreter, program, True)
        faults += faults_of_twin(growth, twin)
        figures += " · twin %6.1f items/s %7d bytes/s" % (twin.count, twin.traced)
    return figures, faults
