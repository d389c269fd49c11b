# SPDX-License-Identifier: Apache-2.0
"""The runs of a session: which program, under which interpreter, at which interval; each made, and judged by score.py."""
import collections
import json
import os
import subprocess
import threading

from leak_target import Died, Lacks, LeakTarget
from score import Failure, Outcome

import heapspy
from target import tracer_pid

N_SAMPLES = 3
LAST_SAMPLE = 2.0   # of the interval: samples are taken at 0, 0.75 and 2 intervals
MAX_PAUSE_MS = 10000  # several programs run at once on few cores: what is asked here is who leaks, not how long a stop takes

Run = collections.namedtuple("Run", "program twin interpreter interval ratio stable seed")


def title(run):
    return "%s%s %s -i %g saw-tooth %g" % (run.program.name, " (twin)" if run.twin else "", run.interpreter.name, run.interval, run.ratio)


def plan(programs, interpreters, intervals, ratios, stable, seed, cross=False):
    """The runs of all programs and their twins.

    With `cross` each program meets every combination. Else the first interpreter meets every interval and the others one
    each, with the ratios in turn: each program still meets every interpreter, interval and ratio.
    """
    runs = []
    for index, program in enumerate(programs):
        for combination in _combinations(index, interpreters, intervals, ratios, cross):
            for twin in (False, True) if program.twin_text else (False,):
                runs.append(Run(program, twin, *combination, stable, seed + index))
    return runs


def _combinations(index, interpreters, intervals, ratios, cross):
    if cross:
        return [(interpreter, interval, ratio) for interpreter in interpreters for interval in intervals for ratio in ratios]
    found = [(interpreters[0], interval, ratios[(index + k) % len(ratios)]) for k, interval in enumerate(intervals)]
    for k, interpreter in enumerate(interpreters[1:]):
        found.append((interpreter, intervals[(index + k) % len(intervals)], ratios[(index + k + 1) % len(ratios)]))
    return found


class Runner:
    """Makes runs; remembers what an interpreter lacks, so that nine runs do not find it out nine times."""

    def __init__(self, keep):
        self.keep = keep        # folder of the JSON of each run
        self.lacking = {}       # (program, interpreter): reason
        self.lock = threading.Lock()

    def make(self, run):
        """(outcome or None, reason of a skip or None)"""
        key = (run.program.name, run.interpreter.name)
        with self.lock:
            if key in self.lacking:
                return None, self.lacking[key]
        try:
            return self._look(run), None
        except Lacks as lacks:
            with self.lock:
                self.lacking[key] = str(lacks)
            return None, str(lacks)
        except (Died, TimeoutError, ValueError, KeyError, AssertionError, subprocess.TimeoutExpired) as error:
            return Failure(run.program.verdict, run.twin, "%s: %s" % (type(error).__name__, error)), None

    def _look(self, run):
        arguments = ("--seed", run.seed, "--stable", run.stable, "--period", run.interval * run.ratio)
        with LeakTarget(run.interpreter, run.program, run.twin, arguments=arguments) as live:
            done = subprocess.run([heapspy.HEAPSPY, "growth", str(live.pid), "-i", "%g" % run.interval, "-c", str(N_SAMPLES), "-f", "json",
                                   "--max-pause", str(MAX_PAUSE_MS)],
                                  capture_output=True, text=True, timeout=run.interval * LAST_SAMPLE + 180)
            truth = live.tell("truth")
            if done.returncode not in (heapspy.DONE, heapspy.INCOMPLETE):
                return Failure(run.program.verdict, run.twin, "exit %d: %s" % (done.returncode, done.stderr.strip()[-300:]))
            told = json.loads(done.stdout)
            outcome = Outcome(told, truth, run.twin, live.is_owner)
            self._save(run, told, outcome)
            _assert_unharmed(live)
            return outcome

    def _save(self, run, told, outcome):
        name = "%s-%s-%s-i%g-r%g.json" % (run.program.name, "twin" if run.twin else "leak", run.interpreter.name, run.interval, run.ratio)
        truth = {key: value if not isinstance(value, list) else value[:50] for key, value in outcome.truth.items()}
        with open(os.path.join(self.keep, name), "w") as file:
            json.dump({"truth": truth, "rank": outcome.rank, "true": outcome.is_true, "faults": outcome.faults(), "told": told}, file, indent=1)


def _assert_unharmed(live):
    live.ping()
    assert live.process.poll() is None and tracer_pid(live.pid) == 0
