# SPDX-License-Identifier: Apache-2.0
"""The program under test: where it is, how it is run, what its exit codes mean."""
import json
import os
import subprocess

from matrix import CHECKOUT

DONE, FAILED, NO_PERMISSION, NOT_CPYTHON, UNSUPPORTED, GONE, INCOMPLETE, USAGE = 0, 2, 3, 4, 5, 6, 7, 64


def _program(variable, *below_build):
    path = os.environ.get(variable) or os.path.join(CHECKOUT, "build", *below_build)
    return os.path.abspath(path)


HEAPSPY = _program("HEAPSPY", "heapspy")
# The other programs of the same build stand beside it.
BUILD = os.path.dirname(HEAPSPY)
CENSUS_DUMP = os.environ.get("CENSUS_DUMP") or os.path.join(BUILD, "tests", "live", "census_dump")
OTHER_MALLOC = os.path.join(BUILD, "tests", "live", "libother_malloc.so")
EXTENSION = os.environ.get("BLOCKING_EXTENSION") or os.path.join(BUILD, "tests", "live", "libblocking.so")


def has_sanitizers():
    with open(HEAPSPY, "rb") as file:
        return b"__asan_init" in file.read()


class Run:
    """One finished run of heapspy."""

    def __init__(self, done):
        self.status = done.returncode
        self.output = done.stdout
        self.errors = done.stderr

    def json(self):
        warnings = json.loads(self.output)["warnings"] if self.status == INCOMPLETE else ""
        assert self.status == DONE, "heapspy ended with %d:\n%s%s" % (self.status, self.errors, warnings)
        return json.loads(self.output)

    def __repr__(self):
        return "status %d\n%s\n%s" % (self.status, self.output[-2000:], self.errors)


def run(*arguments, seconds=300, **options):
    return Run(subprocess.run([HEAPSPY, *map(str, arguments)], capture_output=True, text=True, timeout=seconds, **options))


def report(pid, *options, seconds=300):
    """The report of a process as JSON; any failure fails the test."""
    return run("report", pid, "-f", "json", *options, seconds=seconds).json()


def counts(told):
    """{type: row} of a report."""
    return {row["type"]: row for row in told["census"]["types"]}


def count(told, name):
    return counts(told).get(name, {"count": 0})["count"]
