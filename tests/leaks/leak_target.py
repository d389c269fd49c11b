# SPDX-License-Identifier: Apache-2.0
"""A program of the corpus, running: started in a folder of its own, asked in lines, ended by its pid."""
import json
import os
import re
import shutil
import sys
import tempfile

from corpus import FOLDER

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "live"))

from target import Died, Target, wait_until  # noqa: E402

# Modules that an interpreter may lack: a program that needs one is skipped there. Any other missing module is an error.
OPTIONAL = {"aiohttp", "attr", "django", "flask", "lxml", "numpy", "requests", "sqlalchemy", "tornado", "twisted", "yarl"}


class Lacks(Exception):
    """The interpreter lacks what the program needs: a reason to skip it."""


class LeakTarget(Target):
    """The program or its twin under one interpreter. Between two questions it goes on with its work."""

    def __init__(self, interpreter, program, twin=False, options=(), **settings):
        self.program, self.twin = program, twin
        self.errors = tempfile.TemporaryFile()
        super().__init__(interpreter, program.name + ".py", *settings.pop("arguments", ()), options=options, errors=self.errors, **settings)

    def _scripts(self):
        root = self.interpreter.root or ""
        self.copied = tempfile.mkdtemp(prefix="heapspy-leaks-", dir=(root or "/") + "/tmp")
        os.chmod(self.copied, 0o755)
        shutil.copytree(os.path.join(FOLDER, "service"), os.path.join(self.copied, "service"), ignore=shutil.ignore_patterns("__pycache__"))
        with open(os.path.join(self.copied, self.program.name + ".py"), "w") as file:
            file.write(self.program.text_of(self.twin))
        return self.copied[len(root):]

    def __enter__(self):
        try:
            return super().__enter__()
        except Died as died:
            self.kill()
            self._raise_what_it_said(died)
        except BaseException:
            self.kill()
            raise

    def _raise_what_it_said(self, died):
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")
        missing = re.search(r"ModuleNotFoundError: No module named '(\w+)", said)
        if missing and missing.group(1) in OPTIONAL:
            raise Lacks("no module %s" % missing.group(1))
        raise Died("%s: %s\n%s" % (self.program.name, died, said[-2000:]))

    def ask(self, line, seconds=120):
        os.write(self.control, line.encode() + b"\n")
        return self.read_line(seconds)

    def tell(self, line, seconds=120):
        """The answer as JSON; an answer that is an error is raised."""
        told = json.loads(self.ask(line, seconds))
        if "error" in told:
            raise ValueError("%s: %s: %s" % (self.program.name, line, told["error"]))
        return told

    def is_owner(self, expression):
        """Whether the expression, evaluated in the program, yields what the program calls the owner; False where it has no value."""
        told = json.loads(self.ask("owner " + expression.replace("\n", " ")))
        return told.get("is_owner", False)

    def ping(self):
        assert self.ask("ping", 60) == "pong"


__all__ = ["Died", "Lacks", "LeakTarget", "wait_until"]
