# SPDX-License-Identifier: Apache-2.0
"""A wrong layout ends in an error that names the check, never in wrong numbers."""
import collections
import subprocess

import pytest

import compare
import heapspy
from test_census import assert_equal, beyond_allowed, dump_of


def own_table(interpreter):
    """The name of the shipped table of this very interpreter."""
    return "%s-%s" % (interpreter.version, "upstream" if interpreter.flavour in ("dwarf", "stripped") else "debian")


def mutate_all(live, *options):
    """{outcome: [line]} of a run that shifts each field of fields.def by 8 bytes down and up."""
    done = subprocess.run([heapspy.CENSUS_DUMP, *options, "--mutate-all", str(live.pid)], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    outcomes = collections.defaultdict(list)
    for line in done.stdout.splitlines():
        outcomes[line.split()[0]].append(line)
    return outcomes


def test_every_field_shifted(found, full, debian, start, capsys):
    """Rejected, or the census is what it was: no third way. Debian's interpreter; with --full one of each minor version."""
    tested = [debian]
    if full:
        tested = list({interpreter.minor: interpreter for interpreter in found.all}.values())
    for interpreter in tested:
        live = start(interpreter, "zoo.py")
        options = ["--no-dwarf"] if interpreter.flavour != "dwarf" else []
        outcomes = mutate_all(live, *options)
        harmful = outcomes["harmful"] + outcomes["died"]
        with capsys.disabled():
            print("\n%s: %d shifts rejected, %d harmless, %d told as incomplete; undetected and harmful: %s" % (
                interpreter, len(outcomes["rejected"]), len(outcomes["harmless"]), len(outcomes["incomplete"]), harmful or "none"))
        assert len(outcomes["unshifted"]) == 1 and outcomes["rejected"]
        assert not harmful, harmful


def test_table_instead_of_debug_information(every_interpreter, start):
    """What a shipped table says gives the same census as DWARF does."""
    live = start(every_interpreter, "zoo.py")
    truth = live.truth()
    assert_equal(truth, dump_of(live, "--no-dwarf", "--no-cache"), live.pid)


def test_own_table_left_out(every_interpreter, start, capsys):
    """The nearest table of the minor version and a search fill in, or there is no layout; in no case are numbers wrong."""
    live = start(every_interpreter, "zoo.py")
    truth = live.truth()
    options = ["--no-dwarf", "--no-cache", "--without-table", own_table(every_interpreter)]
    done = heapspy.run("report", live.pid, "-f", "json", *options)
    with capsys.disabled():
        print("\n%s without its table: %s" % (every_interpreter, done.errors.splitlines()[0] if done.status else
                                             done.json()["process"]["layout_source"]))
    if done.status == heapspy.UNSUPPORTED:
        assert every_interpreter.version in done.errors or every_interpreter.minor in done.errors, done.errors
        assert "try:" in done.errors
        return
    told = done.json()
    assert own_table(every_interpreter) not in told["process"]["layout_source"]
    assert told["warnings"], "another version's table was taken without a word"
    difference = compare.Difference(truth, dump_of(live, *options))
    assert not difference.missing and not difference.wrong_type and not difference.wrong_size and not difference.n_twice, difference.text()
    assert not beyond_allowed(truth, difference), difference.text()


def test_layout_is_cached(debian, start, tmp_path, monkeypatch):
    """The second run takes the layout from the cache, and finds the same."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    live = start(debian, "modes.py", "read", 0)
    first = heapspy.report(live.pid)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files, "nothing was cached"
    second = heapspy.report(live.pid)
    assert first["census"]["types"] == second["census"]["types"]
    for path in files:
        path.write_bytes(path.read_bytes()[:100])
    third = heapspy.report(live.pid)
    assert third["census"]["types"] == first["census"]["types"], "a damaged cache was believed"


@pytest.mark.parametrize("form", ["check", "dump"])
def test_layout_commands(found, form):
    interpreter = next((i for i in found.all if i.flavour == "dwarf"), None)
    if interpreter is None:
        pytest.skip("needs an interpreter with debug information")
    done = heapspy.run("layout", form, interpreter.path)
    assert done.status == heapspy.DONE, done
    if form == "dump":
        assert interpreter.version in done.output and "PyListObject" in done.output
