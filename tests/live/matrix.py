# SPDX-License-Identifier: Apache-2.0
"""The interpreters of this machine that the live tests run against, with the reason for each one that is left out.

Flavours: `dwarf` (its binary carries debug information), `stripped` (a copy of such a one, passed through
strip --strip-all), `debian` (the system's own, stripped; separate debug files where installed), `chroot` (another
Debian suite in a root of its own, see tests/interpreters).
"""
import argparse
import glob
import os
import platform
import subprocess
import sys

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEFAULT_DIRECTORY = os.path.join(CHECKOUT, ".interpreters")
SUPPORTED = ["3.%d" % minor for minor in range(8, 16)]


class Interpreter:
    """One interpreter: how to start it and what is known about it without starting it."""

    def __init__(self, version, flavour, path, root=None, library_path=None):
        self.version = version            # "3.11.2"
        self.minor = ".".join(version.split(".")[:2])
        self.flavour = flavour
        self.path = path                  # as its own root names it
        self.root = root                  # chroot, or None
        self.library_path = library_path  # LD_LIBRARY_PATH for a relocated libpython
        self.name = "%s-%s" % (version, flavour)

    def command(self, *arguments):
        return (["chroot", self.root] if self.root else []) + [self.path, *arguments]

    def environment(self):
        """Nothing of the caller's Python settings reaches the target."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "LD_", "PYENV"))}
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
        kept["PYTHONHASHSEED"] = "5"
        if self.library_path:
            kept["LD_LIBRARY_PATH"] = self.library_path
        return kept

    def __repr__(self):
        return self.name


def _version_of(command, environment=None):
    """The full version ("3.15.0b2"), or None when it does not run."""
    try:
        done = subprocess.run([*command, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True,
                              timeout=60, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _has_dwarf(path):
    done = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True)
    return ".debug_info" in done.stdout


def pyenv_versions_directory():
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    return os.path.join(root, "versions")


def _pyenv(skipped):
    found = []
    for minor in SUPPORTED:
        paths = sorted(glob.glob(os.path.join(pyenv_versions_directory(), minor + ".*", "bin", "python" + minor)))
        if not paths:
            skipped.append((minor + " pyenv", "not installed under %s" % pyenv_versions_directory()))
        for path in paths:
            version = _version_of([path])
            if version is None:
                skipped.append((path, "does not run"))
                continue
            library = glob.glob(os.path.join(os.path.dirname(path), "..", "lib", "libpython%s*.so.1.0" % minor))
            carries = _has_dwarf(library[0] if library else path)
            found.append(Interpreter(version, "dwarf" if carries else "plain", path))
    return found


def _stripped(directory, skipped):
    """Copies that tests/interpreters made: DIR/stripped/VERSION/."""
    found = []
    for path in sorted(glob.glob(os.path.join(directory, "stripped", "*", "bin", "python3.*"))):
        library_path = os.path.join(os.path.dirname(os.path.dirname(path)), "lib")
        version = os.path.basename(os.path.dirname(os.path.dirname(path)))
        found.append(Interpreter(version, "stripped", path, library_path=library_path))
    if not found:
        skipped.append(("stripped copies", "none in %s: run tests/interpreters %s" % (directory, directory)))
    return found


def _chroots(directory, skipped):
    found = []
    if os.geteuid() != 0:
        skipped.append(("other Debian suites", "chroot needs root"))
        return found
    for minor in ("3.13", "3.14", "3.15"):
        root = os.path.join(directory, minor)
        if not os.path.exists(os.path.join(root, "usr/bin/python" + minor)):
            skipped.append((minor + " of another Debian suite", "not in %s: run tests/interpreters %s" % (directory, directory)))
            continue
        version = _version_of(["chroot", root, "/usr/bin/python" + minor])
        if version is None:
            skipped.append((root, "does not run"))
            continue
        found.append(Interpreter(version, "chroot", "/usr/bin/python" + minor, root=root))
    return found


def is_bookworm():
    try:
        return platform.freedesktop_os_release().get("VERSION_CODENAME") == "bookworm"
    except OSError:
        return False


def _debian(skipped):
    if os.path.exists("/usr/bin/python3.11") and is_bookworm():
        return [Interpreter(_version_of(["/usr/bin/python3.11"]) or "3.11", "debian", "/usr/bin/python3.11")]
    skipped.append(("Debian's python3.11", "this system is not Debian bookworm, or has no /usr/bin/python3.11"))
    return []


class Matrix:
    """All interpreters found, and what was skipped as (what, why)."""

    def __init__(self, directory=DEFAULT_DIRECTORY):
        self.skipped = []
        self.all = (_debian(self.skipped) + _pyenv(self.skipped) + _stripped(directory, self.skipped) + _chroots(directory, self.skipped))

    def moderate(self):
        """One of each minor version and each flavour: what a default run can afford."""
        chosen, minors = [], set()
        for interpreter in self.all:
            if interpreter.flavour in ("debian", "chroot", "dwarf"):
                chosen.append(interpreter)
                minors.add(interpreter.minor)
        stripped = [interpreter for interpreter in self.all if interpreter.flavour == "stripped"]
        return chosen + stripped

    def find(self, name):
        """By name ("3.11.2-debian"), or by minor version ("3.11")."""
        for interpreter in self.all:
            if name in (interpreter.name, interpreter.minor, interpreter.version):
                return interpreter
        return None

    def lacks_debian(self):
        """True where Debian's python3.11 should be among the tested, and is not."""
        return is_bookworm() and not any(interpreter.flavour == "debian" for interpreter in self.all)


def run_over_chosen(parser, run):
    """For the programs beside the tests: what all of them take on the command line; then run(interpreter, options) for each one named."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("name", help='as matrix.py prints it ("3.11.2-debian"), a minor version ("3.11"), or "all"')
    parser.add_argument("arguments", nargs="*", help="for the target script")
    parser.add_argument("--interpreters", default=DEFAULT_DIRECTORY)
    parser.add_argument("--option", action="append", default=[], help="for the program under test")
    parser.add_argument("--wait", action="store_true", help="keep the target until Enter")
    options = parser.parse_args()
    found = Matrix(options.interpreters)
    chosen = found.all if options.name == "all" else [found.find(options.name)]
    if chosen == [None]:
        sys.exit("no interpreter %s; found %s" % (options.name, [i.name for i in found.all]))
    for interpreter in chosen:
        run(interpreter, options)


def main():
    matrix = Matrix(sys.argv[1] if len(sys.argv) > 1 else DEFAULT_DIRECTORY)
    for interpreter in matrix.all:
        print("tested   %-20s %s" % (interpreter.name, " ".join(interpreter.command())))
    for what, why in matrix.skipped:
        print("skipped  %-20s %s" % (what, why))


if __name__ == "__main__":
    main()
