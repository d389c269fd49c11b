# SPDX-License-Identifier: Apache-2.0
"""A wrong layout ends in an error that names the check, never in wrong numbers."""
import collections
import subprocess

import pytest

import heapspy


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
