# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the live tests: which interpreters run, targets that are checked for harm when a test ends."""
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import heapspy  # noqa: E402
import matrix  # noqa: E402
from target import Target  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="every interpreter in every test, and the long runs")
    parser.addoption("--interpreters", default=matrix.DEFAULT_DIRECTORY, help="where tests/interpreters put its work")
    parser.addoption("--only", default=None, help="one interpreter, by name or minor version")


def pytest_configure(config):
    """What tests start is ended by these signals, also where the tests themselves run under nohup or in the background of a script.

    Processes of pytest-xdist inherit it; they may run this in a thread that cannot set signals.
    """
    if hasattr(config, "workerinput"):
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


_matrices = {}


def found_matrix(config):
    directory = config.getoption("--interpreters")
    if directory not in _matrices:
        _matrices[directory] = matrix.Matrix(directory)
    return _matrices[directory]


def pytest_report_header(config):
    found = found_matrix(config)
    return (["heapspy: %s" % heapspy.HEAPSPY, "interpreters: %s" % ", ".join(i.name for i in found.all)] +
            ["interpreter skipped: %s: %s" % skipped for skipped in found.skipped])


def _chosen(config, which):
    """`every` interpreter, or with `few` one per way of being built: stripped, with DWARF, in another root; with `two` the
    system's and a new one: for what depends on versions in what `few` tests anyway.
    """
    found = found_matrix(config)
    only = config.getoption("--only")
    if only:
        return [i for i in found.all if only in (i.name, i.minor, i.version)]
    if which == "every" or config.getoption("--full"):
        return found.all
    wanted = ["debian", "3.14"] if which == "two" else ["debian", "3.8", "3.12", "3.14"]
    return [next(iter([i for i in found.all if name in (i.flavour, i.minor)]), None) for name in wanted]


def pytest_generate_tests(metafunc):
    for which in ("every", "few", "two"):
        fixture = which + "_interpreter"
        if fixture in metafunc.fixturenames:
            chosen = [i for i in _chosen(metafunc.config, which) if i]
            # of a module's tests those of one interpreter follow each other: what they have in common is made once
            metafunc.parametrize(fixture, chosen, ids=[i.name for i in chosen], scope="module")


@pytest.fixture(scope="session")
def found(request):
    return found_matrix(request.config)


@pytest.fixture(scope="session")
def full(request):
    return request.config.getoption("--full")


@pytest.fixture(scope="session")
def debian(found):
    """The interpreter for tests that need just one: the stripped one of the system, or else any."""
    return next((i for i in found.all if i.flavour == "debian"), found.all[0])


@pytest.fixture
def start():
    """start(interpreter, script, *arguments) gives a target; when the test ends each must be alive, untraced and working."""
    started = []

    def begin(interpreter, script, *arguments, **options):
        live = Target(interpreter, script, *arguments, **options)
        started.append(live)
        live.__enter__()
        return live
    try:
        yield begin
        for live in started:
            if not live.may_be_gone:
                live.assert_unharmed()
    finally:
        for live in started:
            live.kill()


@pytest.fixture
def tell(capsys):
    """tell(text) prints a figure where it is seen: of a process of pytest-xdist, stderr alone is."""
    def say(text):
        with capsys.disabled():
            print("\n" + text, file=sys.stderr, flush=True)
    return say


@pytest.fixture(autouse=True, scope="session")
def programs_are_built():
    for path in (heapspy.HEAPSPY, heapspy.CENSUS_DUMP):
        if not os.access(path, os.X_OK):
            pytest.exit("%s is not there: build first, or name it with HEAPSPY" % path, 2)


@pytest.fixture(autouse=True, scope="session")
def cache_of_its_own(tmp_path_factory):
    """Layouts that a test caches are not those of the user."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
