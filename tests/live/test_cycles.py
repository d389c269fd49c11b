# SPDX-License-Identifier: Apache-2.0
"""What `heapspy cycles` says would be collected, against what the target then collects; what hides from the collector; lost references."""
import array
import collections
import json
import os
import shutil
import subprocess
import tempfile

import pytest

import causes_allowed
import graph_compare
import heapspy

TOLERANCE = 0.005
N_MANY = 100000
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lossy.c")


# --- the extension ----------------------------------------------------------------------------------------------------

@pytest.fixture(scope="session")
def lossy_binary(tmp_path_factory, found):
    """Built once, within the stable ABI, with the headers of whichever interpreter here has them."""
    asked = "import sysconfig; print(sysconfig.get_path('include'))"
    for interpreter in found.all:
        if interpreter.root:
            continue
        done = subprocess.run(interpreter.command("-c", asked), capture_output=True, text=True, env=interpreter.environment())
        include = done.stdout.strip()
        if os.path.exists(os.path.join(include, "Python.h")):
            path = str(tmp_path_factory.mktemp("lossy") / "lossy.abi3.so")
            subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-I", include, "-o", path, SOURCE], check=True)
            return path
    return None


@pytest.fixture
def lossy(lossy_binary):
    """lossy(interpreter): where the extension is, as the interpreter's root names it."""
    folders = []

    def place(interpreter):
        if not lossy_binary:
            pytest.skip("no interpreter here has its Python.h (Debian: python3-dev)")
        if not interpreter.root:
            return lossy_binary
        folder = tempfile.mkdtemp(prefix="heapspy-lossy-", dir=os.path.join(interpreter.root, "tmp"))
        folders.append(folder)
        os.chmod(folder, 0o755)
        shutil.copy(lossy_binary, folder)
        return os.path.join(folder[len(interpreter.root):], os.path.basename(lossy_binary))
    yield place
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


# --- the simulated collection -----------------------------------------------------------------------------------------

def cycles(live, *options):
    live.wait_blocked()
    return heapspy.run("cycles", live.pid, "-f", "json", *options, seconds=600).json()


def components(told, section="unreachable"):
    return told[section]["components"]


def addresses(told, section="unreachable", interpreter=None):
    return {int(address, 16) for component in components(told, section) for address in component["addresses"]
            if interpreter is None or component["interpreter"] == interpreter}


def component_of(told, section, address):
    wanted = "0x%x" % address
    return next((component for component in components(told, section) if wanted in component["addresses"]), None)


def collected(live):
    """The tracked objects that the target's own collector finds."""
    assert live.command("c", 600) == "collected"
    data = array.array("Q")
    live.truth_file.seek(0)
    data.frombytes(live.truth_file.read())
    return set(data)


def census(live):
    live.wait_blocked()
    return heapspy.report(live.pid, "--types-only")["census"]["bytes"]


def minor_of(live):
    return int(live.interpreter.minor.split(".")[1])


def assert_same(minor, told, found, names):
    """Each difference has an entry in the list, and none has more than that allows."""
    counts = collections.Counter(names.get(address, "?") for address in told ^ found)
    limits = collections.Counter()
    assert len(causes_allowed.COLLECTION) <= 20
    for entry in causes_allowed.COLLECTION:
        if entry.since <= minor <= entry.until:
            limits[entry.kind] += entry.most
    beyond = {kind: n for kind, n in counts.items() if n > limits[kind]}
    assert not beyond, "%d simulated, %d collected; only simulated %s, only collected %s: %s" % (
        len(told), len(found), sorted(map(hex, told - found))[:5], sorted(map(hex, found - told))[:5], beyond)


def type_names(live):
    """{address: type} of all objects, before some of them go."""
    live.wait_blocked()
    export = graph_compare.export_of(live.pid)
    return dict(zip(export.addresses, export.types))


def assert_simulation(live, least):
    """By address; then by bytes, when what was found is really gone."""
    assert live.command("m", 600).startswith("made")
    told = cycles(live)
    before = census(live)
    simulated = addresses(told)
    assert len(simulated) >= least
    names = type_names(live)
    assert_same(minor_of(live), simulated, collected(live), names)
    assert live.command("r", 600) == "gone"
    freed = before - census(live)
    assert abs(freed - told["unreachable"]["bytes"]) <= TOLERANCE * told["unreachable"]["bytes"], (freed, told["unreachable"]["bytes"])
    return told


@pytest.mark.parametrize("seed", [1, 2])
def test_random_graphs(few_interpreter, start, seed):
    assert_simulation(start(few_interpreter, "garbage.py", "random", seed, 20000), 5000)


def test_many_cycles(few_interpreter, start):
    live = start(few_interpreter, "garbage.py", "many", N_MANY)
    told = assert_simulation(live, 2 * N_MANY)
    assert told["unreachable"]["n_components"] >= N_MANY
    pairs = [component for component in components(told) if component["members"] == component["objects"] - 1 or component["steps"]]
    assert len(pairs) >= N_MANY
    steps = {component["expression"] for component in components(told) if component["types"][0]["type"] == "__main__.Node"}
    assert steps == {"__main__.Node.partner.partner"}


def test_nothing_to_collect(few_interpreter, start):
    """After a collection there is nothing to find: no invented garbage."""
    live = start(few_interpreter, "graph_zoo.py")
    assert not addresses(cycles(live))
    live.command("p")
    assert not addresses(cycles(live))


# --- planted cases ----------------------------------------------------------------------------------------------------

@pytest.fixture
def planted(few_interpreter, start, lossy):
    live = start(few_interpreter, "garbage.py", "planted", lossy(few_interpreter))
    answer = live.command("m", 600)
    live.names = json.loads(answer.partition(" ")[2])
    return live


def assert_hidden(told, address, why, *by):
    component = component_of(told, "never_collected", address)
    assert component, "0x%x is not among what is never collected" % address
    assert component["hidden_by"]["why"] == why and component["hidden_by"]["type"] in by, component["hidden_by"]


def test_planted(planted):
    told = cycles(planted)
    simulated, names = addresses(told), planted.names
    assert_hidden(told, names["zone"], "not collected", "datetime.datetime")
    assert_hidden(told, names["constant"], "not collected", "builtins.code")
    assert_hidden(told, names["untraversed"], "not collected", "lossy.Holder")
    # Both are frozen: the instance, and its dict where it has one.
    assert_hidden(told, names["frozen"], "frozen", "__main__.Frozen", "builtins.dict")
    for name in ("small", "suspended", "finalized", "watched"):
        assert names[name] in simulated, name
    assert (names["small_dict"] in simulated) == names["dict_is_tracked"]
    assert (names["small_tuple"] in simulated) == names["tuple_is_tracked"]
    assert component_of(told, "unreachable", names["finalized"])["finalizers"] == 1
    assert component_of(told, "unreachable", names["watched"])["weakref_callbacks"] == 1
    assert component_of(told, "unreachable", names["small"])["finalizers"] == 0
    hidden = {names[name] for name in ("zone", "constant", "untraversed", "frozen")}
    types = type_names(planted)
    found = collected(planted)
    assert not found & hidden
    # What unknown types tell the collector is not known beforehand.
    possibly = addresses(told, "possibly")
    assert {names["traversed"], names["legacy"]} <= possibly & found
    assert not component_of(told, "possibly", names["traversed"])["uncollectable"]
    assert component_of(told, "possibly", names["legacy"])["uncollectable"]
    # What has a finalizer may have come back.
    kept = {int(address, 16) for component in components(told) if component["finalizers"] for address in component["addresses"]}
    inside = set(names.get("inside", ()))
    assert not inside & found
    assert_same(minor_of(planted), simulated - others(told) - kept, found - kept - possibly, types)
    if inside:
        assert inside <= simulated
        assert component_of(told, "unreachable", names["inside"][0])["interpreter"] != component_of(
            told, "unreachable", names["small"])["interpreter"]


def others(told):
    """What is not the main interpreter's, in which the small cycle is."""
    counts = collections.Counter(component["interpreter"] for component in components(told))
    main = next(component["interpreter"] for component in components(told) if component["types"][0]["type"].startswith("__main__.Node") or
                len(counts) == 1)
    return {int(address, 16) for component in components(told) if component["interpreter"] != main for address in component["addresses"]}


def test_collection_in_another_interpreter(two_interpreter, start):
    """What a collection has found, it has on lists that nobody but its own calls knows."""
    live = start(two_interpreter, "garbage.py", "inside")
    inside = json.loads(live.command("m").partition(" ")[2])["inside"]
    told = cycles(live)
    assert set(inside) <= addresses(told), told["unreachable"]
    collectors = heapspy.run("gc", live.pid, "-f", "json")
    assert json.loads(collectors.output)["interpreters"][0]["collecting"] is True
    # Of two, the one that was made last comes first.
    assert component_of(told, "unreachable", inside[0])["interpreter"] == 0


def test_running_generator(few_interpreter, start):
    live = start(few_interpreter, "garbage.py", "running")
    running = int(live.ready.split()[1])
    told = cycles(live)
    assert running not in addresses(told) | addresses(told, "possibly") | addresses(told, "never_collected")
    assert running not in collected(live)


def test_text_and_drawing(few_interpreter, start):
    live = start(few_interpreter, "garbage.py", "many", 1000)
    live.command("m")
    live.wait_blocked()
    done = heapspy.run("cycles", live.pid)
    assert done.status == heapspy.DONE and "__main__.Node.partner.partner" in done.output, done
    assert "1,000 " in done.output
    drawn = heapspy.run("cycles", live.pid, "-f", "dot")
    assert drawn.status == heapspy.DONE and drawn.output.startswith("digraph") and "partner" in drawn.output, drawn
    nowhere = heapspy.run("cycles", live.pid, "-f", "dot", "--at", "0x10")
    assert nowhere.status == heapspy.FAILED and "not mapped" in nowhere.errors, nowhere
    assert heapspy.run("cycles", live.pid, "--at", "0x10").status == heapspy.USAGE


# --- unexplained references -------------------------------------------------------------------------------------------

def unexplained(told, place=None):
    """{address: type}"""
    return {int(address, 16): row["type"] for row in told["unexplained"] for address in row["addresses"]
            if place is None or row["named_by"] == place}


def of_program(found):
    return {address for address, kind in found.items() if kind.startswith("__main__.")}


def claimed(told, live):
    """Objects of the program with a reference too many. The shop is none, where it is said that a running call may hold it: one does,
    and where its operands end stands nowhere up to 3.10.
    """
    found = of_program(unexplained(told))
    shop = json.loads(live.ready)["shop"]
    return found - {shop} if shop in of_program(unexplained(told, "stack")) else found


def test_lost_references(few_interpreter, start, lossy):
    live = start(few_interpreter, "lossy_use.py", lossy(few_interpreter), 1000, "")
    lost = set(json.loads(live.ready)["lost"])
    assert len(lost) >= 50
    told = cycles(live, "-n", 1)
    assert claimed(told, live) == lost
    # Next to all of them: a stale word may name one or the other.
    assert len(of_program(unexplained(told, "nothing"))) >= 0.9 * len(lost)
    row = next(row for row in told["unexplained"] if row["type"] == "__main__.Item")
    assert row["refcount"] == row["found"] + 1
    assert claimed(heapspy.report(live.pid), live) == lost
    assert "__main__.Item" in heapspy.run("report", live.pid).output.partition("UNEXPLAINED")[2]


def told_as_lost(text):
    return text.partition("UNEXPLAINED")[2]


@pytest.mark.parametrize("n", [20, 150])
def test_lost_references_to_objects_of_c(two_interpreter, start, lossy, n):
    """As few as imports lose are told by cycles alone, and as what they are."""
    live = start(two_interpreter, "lossy_use.py", lossy(two_interpreter), 0, "lists %d" % n)
    told = cycles(live, "-n", 1)
    assert sum(kind == "builtins.list" for kind in unexplained(told, "nothing").values()) >= 0.9 * n
    report, text = heapspy.run("report", live.pid).output, heapspy.run("cycles", live.pid).output
    assert ("list" in told_as_lost(report)) == (n > 99), report
    # Another type's few may stand beside it: the interpreter's own.
    row = next(line for line in told_as_lost(text).splitlines() if line.startswith("list ") and "nothing" in line)
    assert ("lost, but few" in row) == (n <= 99), text


def test_unexplained_references_of_every_type(few_interpreter, start):
    live = start(few_interpreter, "graph_zoo.py")
    counts = collections.Counter(unexplained(cycles(live, "-n", 1), "nothing").values())
    assert len(causes_allowed.LOST) <= 20
    for entry in causes_allowed.LOST:
        if entry.since <= minor_of(live) <= entry.until and counts[entry.kind] <= entry.most:
            del counts[entry.kind]
    assert not counts


def test_documentation_is_not_lost(debian, start):
    """numpy keeps char pointers into the strings that document it."""
    live = start(debian, "arrays.py")
    if live.ready.startswith("skipped"):
        pytest.skip(live.ready)
    told = cycles(live, "-n", 1)
    assert "builtins.str" not in unexplained(told, "nothing").values()
    assert "UNEXPLAINED" not in heapspy.run("report", live.pid).output


def test_correct_extension(few_interpreter, start, lossy):
    live = start(few_interpreter, "lossy_use.py", lossy(few_interpreter), 0, "")
    assert not claimed(cycles(live, "-n", 1), live)


@pytest.mark.parametrize("way", ["keep", "map"])
def test_held_by_c(few_interpreter, start, lossy, way):
    """What an extension holds in malloc's memory, or in a mapping of its own, is told apart from what it lost."""
    live = start(few_interpreter, "lossy_use.py", lossy(few_interpreter), 0, way)
    kept = json.loads(live.ready)["kept"]
    told = cycles(live, "-n", 1)
    assert claimed(told, live) == {kept}
    assert of_program(unexplained(told, "nothing")) == set()
