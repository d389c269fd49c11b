# SPDX-License-Identifier: Apache-2.0
"""The programs of the corpus as files, and their repaired twins.

A leaking line ends with `# leak`; the comment in the next line says, after `# repaired:`, what stands in its place in the
twin. So a program and its twin are one file that differs in exactly one line, and nothing in it asks which of both it is.
"""
import glob
import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs")
LEAK = re.compile(r"^(?P<indent>[ \t]*)(?P<leaking>\S.*?)  # leak\n[ \t]*# repaired: (?P<repaired>.+)\n", re.M)

# What a default run shows of the whole: one of each way of being held, and what is no leak.
FEW = ("list_global", "rooms", "logging_loggers", "cycles_collector_off", "steady", "native_malloc")


class BadProgram(Exception):
    """A file of the corpus does not say what leaks, or says it more than once."""


def repaired(text):
    """The twin's text; None for a program that has no twin, as it leaks nothing."""
    found = LEAK.findall(text)
    if not found:
        return None
    if len(found) > 1:
        raise BadProgram("more than one leaking line")
    return LEAK.sub(r"\g<indent>\g<repaired>\n\n", text)


class Program:
    """One program: its name and its text, of the corpus or of the generator."""

    def __init__(self, name, text):
        self.name = name
        self.text = text
        self.twin_text = repaired(text)

    @property
    def summary(self):
        return re.search(r'"""(.*?)(?:"""|\n)', self.text).group(1)

    @property
    def verdict(self):
        """What a look at it should come to, best first, as far as its text says: for a program that cannot be asked."""
        return re.search(r'verdict=\[?"(\w+)"|$', self.text).group(1) or "leak"

    def text_of(self, twin):
        return self.twin_text if twin else self.text


def load(names=None):
    """All programs by name, or those wanted."""
    paths = sorted(glob.glob(os.path.join(FOLDER, "*.py")))
    programs = []
    for path in paths:
        with open(path) as file:
            programs.append(Program(os.path.splitext(os.path.basename(path))[0], file.read()))
    if names is None:
        return programs
    unknown = set(names) - {program.name for program in programs}
    if unknown:
        raise BadProgram("no such program: %s" % ", ".join(sorted(unknown)))
    return [program for program in programs if program.name in names]
