# SPDX-License-Identifier: Apache-2.0
"""objects, refs, why, threads, export -f dot, and what report gained: their JSON and text, their options, and bad input."""
import json
import re
import shutil
import subprocess

import pytest

import graph_truth
import heapspy
from target import Target
from test_graph_edges import ADDRESS, KINDS, ROOTS, assert_members

TEXT, NUMBER, BOOLEAN = str, int, bool
COMMON = {"schema", "heapspy", "command", "time_utc", "host", "boot_id", "pid", "start_time", "complete", "warnings", "process"}
OBJECT = {"address": TEXT, "type": TEXT, "bytes": NUMBER, "getsizeof": NUMBER, "retained": NUMBER, "retained_objects": NUMBER, "tracked": BOOLEAN,
          "repr": TEXT}
OBJECT_OR_NULL = {"len": NUMBER, "refcount": NUMBER, "generation": (int, str)}
GENERATIONS = (0, 1, 2, "permanent", None)
FIELD = {"kind": TEXT, "to": TEXT, "type": TEXT, "repr": TEXT}
REFERENT = {**FIELD, "owned": BOOLEAN, "weak": BOOLEAN}
REFERRER = {"from": TEXT, "type": TEXT, "kind": TEXT, "owned": BOOLEAN, "weak": BOOLEAN, "repr": TEXT}
NAME_OR_NULL = {"name": TEXT}
FRAME = {"function": TEXT, "file": TEXT, "line": NUMBER, "locals": list}
LOCAL = {"name": TEXT, "address": TEXT, "type": TEXT, "repr": TEXT, "retained": NUMBER}


def text(address):
    return "0x%x" % address


def ask(command, pid, *arguments):
    """Its JSON document, which begins as a report does."""
    told = heapspy.run(command, pid, *arguments, "-f", "json").json()
    assert COMMON <= set(told) and told["command"] == command and told["pid"] == pid and told["complete"] is True, told["warnings"]
    return told


class Service:
    def __init__(self, interpreter):
        self.live = Target(interpreter, "service.py")
        self.live.__enter__()
        self.live.wait_blocked()
        self.pid = self.live.pid
        self.at = json.loads(self.live.ready.partition(" ")[2])


@pytest.fixture(scope="module")
def service_of():
    """service_of(interpreter): one target for the module, because nothing here changes it."""
    made = {}

    def begin(interpreter):
        if interpreter not in made:
            made[interpreter] = Service(interpreter)
        return made[interpreter]
    yield begin
    for service in made.values():
        service.live.assert_unharmed()
        service.live.kill()


@pytest.fixture
def service(debian, service_of):
    yield service_of(debian)
    service_of(debian).live.assert_unharmed()


# --- objects ---------------------------------------------------------------------------------------------------------

def test_objects(two_interpreter, service_of):
    service = service_of(two_interpreter)
    told = ask("objects", service.pid, "__main__.Session")
    assert told["type"] == "__main__.Session" and told["n_types"] == 1 and told["matching"] == 1000
    for row in told["objects"]:
        assert_members(row, OBJECT, OBJECT_OR_NULL)
        assert ADDRESS.match(row["address"]) and row["generation"] in GENERATIONS
        assert row["retained"] >= row["bytes"] and row["retained_objects"] >= 1
    rows = {row["address"]: row for row in ask("objects", service.pid, "__main__.Session", "-n", 5000)["objects"]}
    row = rows[text(service.at["session"])]
    assert len(rows) == 1000 and row["generation"] == 2 and row["refcount"] == 1 and row["tracked"] is True
    # Instances show their fields.
    assert "Session" in row["repr"] and "user" in row["repr"] and "user-8" in row["repr"]


def test_objects_by_a_short_name(service):
    """As the text of a report writes it, builtins need no module."""
    assert ask("objects", service.pid, "dict", "-n", 1)["type"] == "builtins.dict"


@pytest.mark.parametrize("where, kind, holds", [
    ("len>100", "builtins.list", lambda row: row["len"] > 100), ("len>=100", "builtins.list", lambda row: row["len"] >= 100),
    ("len=101", "builtins.list", lambda row: row["len"] == 101), ("len<3", "builtins.list", lambda row: row["len"] < 3),
    ("bytes>=1M", "builtins.str", lambda row: row["bytes"] >= 1 << 20), ("bytes<=1k", "builtins.list", lambda row: row["bytes"] <= 1024),
    ("refcount>3", "builtins.str", lambda row: row["refcount"] is None or row["refcount"] > 3),
    ("refcount>=6", "__main__.Shared", lambda row: row["refcount"] >= 6),
    ("repr~*user-17*", "__main__.Session", lambda row: "user-17" in row["repr"]),
])
def test_objects_where(service, where, kind, holds):
    every = ask("objects", service.pid, kind, "-n", 10 ** 9)["objects"]
    told = ask("objects", service.pid, kind, "--where", where, "-n", 10 ** 9)
    wanted = {row["address"] for row in every if holds(row)}
    assert {row["address"] for row in told["objects"]} == wanted and wanted
    assert told["matching"] == len(wanted)


@pytest.mark.parametrize("where", ["len", "len>", "len>x", "size>5", "", ">5", "len>5>6", "repr>5", "bytes~x", "bytes>=1Q"])
def test_objects_where_is_checked(service, where):
    done = heapspy.run("objects", service.pid, "builtins.list", "--where", where)
    assert done.status == heapspy.USAGE and "where" in done.errors and not done.output


def test_objects_sorted(service):
    for key, member in (("bytes", "bytes"), ("retained", "retained"), ("len", "len")):
        values = [row[member] for row in ask("objects", service.pid, "builtins.list", "--sort", key, "-n", 50)["objects"]]
        assert values == sorted(values, reverse=True) and len(values) == 50
    addresses = [int(row["address"], 16) for row in ask("objects", service.pid, "builtins.list", "--sort", "address", "-n", 50)["objects"]]
    assert addresses == sorted(addresses)
    longest = ask("objects", service.pid, "builtins.list", "--sort", "len", "-n", 1)["objects"][0]
    every = ask("objects", service.pid, "builtins.list", "-n", 10 ** 9)["objects"]
    assert longest["len"] == max(row["len"] for row in every)
    largest = ask("objects", service.pid, "builtins.str", "--sort", "bytes", "-n", 1)["objects"][0]
    assert largest["address"] == text(service.at["large"][0]) and len(largest["repr"]) < 1000


def test_large_tables_are_counted(two_interpreter, start):
    """No table of a large dict is taken for a binary's data because it lies behind one: not that of interned strings either."""
    live = start(two_interpreter, "planted.py")
    live.wait_blocked()
    rows = ask("objects", live.pid, "builtins.dict", "--where", "len>2000", "-n", 10 ** 9)["objects"]
    assert rows and all(row["bytes"] >= row["getsizeof"] for row in rows), rows


def test_objects_of_several_types_of_a_name(service):
    told = ask("objects", service.pid, "__main__.Twin")
    assert told["n_types"] == 3 and told["matching"] == 3 and len(told["objects"]) == 3


def test_objects_tell_their_generation(two_interpreter, start):
    live = start(two_interpreter, "service.py")
    assert live.command("n") == "10"
    assert {row["generation"] for row in ask("objects", live.pid, "__main__.Fresh")["objects"]} == {0}
    assert live.command("f") == "frozen"
    assert {row["generation"] for row in ask("objects", live.pid, "__main__.Session")["objects"]} == {"permanent"}
    assert {row["generation"] for row in ask("objects", live.pid, "builtins.str", "-n", 5)["objects"]} == {None}


def test_objects_escape_what_they_show(debian, start):
    live = start(debian, "hostile.py")
    for output in (heapspy.run("objects", live.pid, "builtins.str", "-n", 10 ** 9).output,
                   heapspy.run("export", live.pid, "-f", "jsonl").output):
        assert "\x1b" not in output and "\u202e" not in output and "\x9b" not in output


# --- refs ------------------------------------------------------------------------------------------------------------

def check_refs(told):
    row = told["object"]
    assert_members(row, {**{name: kind for name, kind in OBJECT.items() if not name.startswith("retained")}, "fields": list},
                   {**OBJECT_OR_NULL, "retained": NUMBER, "retained_objects": NUMBER})
    for field in row["fields"]:
        assert_members(field, FIELD, NAME_OR_NULL)
    for edge in told["referrers"]:
        assert_members(edge, REFERRER, NAME_OR_NULL)
    for edge in told["referents"]:
        assert_members(edge, REFERENT, NAME_OR_NULL)
    assert {edge["kind"] for edge in told["referrers"] + told["referents"] + row["fields"]} <= KINDS


def edges_of(rows, member):
    return {(row["kind"], row["name"], row[member]) for row in rows}


def test_refs_of_an_instance(two_interpreter, service_of):
    service = service_of(two_interpreter)
    told = ask("refs", service.pid, text(service.at["request"]))
    check_refs(told)
    assert told["object"]["address"] == text(service.at["request"]) and told["object"]["type"] == "__main__.Request"
    fields = {field["name"]: field for field in told["object"]["fields"]}
    assert fields["headers"]["type"] == "builtins.dict" and "'host-7'" in fields["headers"]["repr"]
    assert fields["body"]["type"] == "builtins.bytes" and fields["body"]["kind"] == "attribute"
    assert ("value", "'request'", text(service.at["event"])) in edges_of(told["referrers"], "from")


@pytest.mark.parametrize("name", ["request", "events", "many holders", "weakly held", "point"])
def test_refs_tell_the_same_from_the_whole_graph(two_interpreter, service_of, name):
    """Found in one pass, or read off the graph that --retained makes."""
    service = service_of(two_interpreter)
    found = ask("refs", service.pid, text(service.at[name]))
    made = ask("refs", service.pid, text(service.at[name]), "--retained")
    assert found["object"]["retained"] is None and made["object"]["retained"] >= made["object"]["bytes"]
    for told in (found, made):
        told["object"].update(retained=None, retained_objects=None)
    for member in ("object", "n_fields", "n_referrers", "n_referents", "roots", "referrers", "referents"):
        assert found[member] == made[member]


def test_refs_of_slots_and_lists(service):
    told = ask("refs", service.pid, text(service.at["point"]))
    check_refs(told)
    assert {(field["kind"], field["name"], field["repr"]) for field in told["object"]["fields"]} >= {("slot", "x", "3.5"), ("slot", "y", "3")}
    told = ask("refs", service.pid, text(service.at["events"]))
    check_refs(told)
    assert told["object"]["len"] >= 1000
    assert ("index", "7", text(service.at["event"])) in edges_of(told["referents"], "to") | edges_of(told["object"]["fields"], "to") or \
        len(told["object"]["fields"]) < 1000  # the first N
    assert any(row["name"] == "EVENTS" or row["name"] == "'EVENTS'" for row in told["referrers"])


def test_refs_of_an_object_with_many_holders(service):
    told = ask("refs", service.pid, text(service.at["many holders"]))
    check_refs(told)
    assert len([row for row in told["referrers"] if row["type"] == "builtins.list" and row["name"] == "0"]) == 5
    assert told["object"]["refcount"] == 6


def test_refs_by_weak_references(two_interpreter, service_of):
    service = service_of(two_interpreter)
    told = ask("refs", service.pid, text(service.at["weakly held"]))
    check_refs(told)
    weak = [row for row in told["referrers"] if row["weak"]]
    assert {row["from"] for row in weak} == set(map(text, service.at["weak holders"]))
    assert not any(row["owned"] for row in weak) and len(told["referrers"]) == told["n_referrers"] > len(weak)
    assert "(weak)" in heapspy.run("refs", service.pid, text(service.at["weakly held"])).output


def test_refs_to_a_depth(service):
    """depth 2: the referrers' referrers, and the referents' referents."""
    told = ask("refs", service.pid, text(service.at["request"]), "--depth", 2)
    event = next(row for row in told["referrers"] if row["from"] == text(service.at["event"]))
    assert ("index", "7", text(service.at["events"])) in edges_of(event["referrers"], "from")
    headers = next(row for row in told["referents"] if row["name"] == "headers")
    assert any(row["name"] == "'host'" and row["type"] == "builtins.str" for row in headers["referents"])
    assert "referrers" not in event["referrers"][0]


@pytest.mark.parametrize("depth", ["-1", "x", "1.5"])
def test_refs_depth_is_checked(service, depth):
    assert heapspy.run("refs", service.pid, text(service.at["request"]), "--depth", depth).status == heapspy.USAGE


def test_refs_of_what_has_very_many_referrers(service):
    """None, a type, the empty tuple: bounded output, in bounded time."""
    for name in ("builtins.NoneType", "builtins.type"):
        address = ask("objects", service.pid, name, "--sort", "retained", "-n", 1)["objects"][0]["address"]
        done = heapspy.run("refs", service.pid, address, seconds=60)
        assert done.status == heapspy.DONE and len(done.output) < 1 << 20


# --- why -------------------------------------------------------------------------------------------------------------

def test_why(service):
    told = ask("why", service.pid, text(service.at["request"]))
    assert told["target"] == {"address": text(service.at["request"]), "type": "__main__.Request", "repr": told["target"]["repr"]}
    assert told["paths"][0]["expression"] == "__main__.EVENTS[7]['request']" and told["paths"][0]["evaluable"] is True
    shown = heapspy.run("why", service.pid, text(service.at["request"]))
    assert shown.status == heapspy.DONE and "__main__.EVENTS[7]['request']" in shown.output
    assert "__main__.EVENTS[7]['request'].headers" in heapspy.run("why", service.pid, ask(
        "refs", service.pid, text(service.at["request"]))["object"]["fields"][0]["to"]).output


def test_why_a_type(two_interpreter, service_of):
    """The paths of all instances, merged: 1,000 of 1,005 through EVENTS."""
    service = service_of(two_interpreter)
    told = ask("why", service.pid, "__main__.Request")
    assert told["type"] == "__main__.Request" and told["instances"] == 1005
    for path in told["paths"]:
        assert path["root"]["kind"] in ROOTS
    by_expression = {path["expression"]: path["count"] for path in told["paths"]}
    assert by_expression["__main__.EVENTS[*]['request']"] == 1000 and by_expression["__main__.ELSEWHERE['kept'][*]"] == 5
    assert [path["count"] for path in told["paths"]] == sorted(by_expression.values(), reverse=True)
    shown = heapspy.run("why", service.pid, "__main__.Request").output
    assert re.search(r"1,000 of 1,005", shown) and "__main__.EVENTS[*]" in shown


def test_why_a_type_by_attribute_and_key(service):
    told = ask("why", service.pid, "__main__.Session")
    assert told["paths"][0]["expression"] == "__main__.SESSIONS[*]" and told["paths"][0]["count"] == 1000
    assert ask("why", service.pid, "__main__.Point")["paths"][0]["expression"] == "__main__.POINTS[*]"
    paths = ask("why", service.pid, "__main__.Twin")["paths"]
    assert [(path["expression"], path["count"]) for path in paths] == [("__main__.TWINS[*]", 3)]


def test_why_of_a_module_and_a_class(service):
    """What is a root's own name, or nearly."""
    for key, expression in (("class", "__main__.Session"), ("function", "__main__.make_fresh"), ("events", "__main__.EVENTS")):
        assert ask("why", service.pid, text(service.at[key]))["paths"][0]["expression"] == expression


# --- threads ---------------------------------------------------------------------------------------------------------

def _same_frame(told, frame):
    return told["function"] in (frame["name"], frame["qualname"]) and told["file"] == frame["file"] and frame["line"] in (None, told["line"])


def test_threads(two_interpreter, start):
    live = start(two_interpreter, "planted.py")
    truth = graph_truth.tell_edges(live)
    told = ask("threads", live.pid)
    by_native = {row["native_id"]: row for row in told["threads"]}
    assert len(told["threads"]) == len(truth.threads)
    for thread in truth.threads:
        row = by_native[thread["native_id"]]
        assert row["name"] in (thread["name"], None) and len(row["frames"]) == len(thread["frames"])
        for shown, frame in zip(row["frames"], thread["frames"]):
            assert_members(shown, FRAME, {})
            assert _same_frame(shown, frame), (shown, frame)
            for variable in shown["locals"]:
                assert_members(variable, LOCAL, {})
            if frame["name"] != "<module>":
                found = {variable["name"]: int(variable["address"], 16) for variable in shown["locals"]}
                assert found == frame["locals"], frame["name"]
    assert any(row["name"] == "waiting" for row in told["threads"])


def test_suspended(two_interpreter, start):
    live = start(two_interpreter, "planted.py")
    places = {place["name"]: place for place in json.loads(live.ready.partition(" ")[2])}
    live.wait_blocked()
    wanted = {("generator", "_generator", "local of a suspended generator"), ("coroutine", "_coroutine", "local of a suspended coroutine"),
              ("generator", "_inner_generator", "local of a generator that another awaits"), ("coroutine", "_worker", "local of a task's coroutine"),
              ("async_generator", "_async_generator", "local of a suspended async generator"),
              ("coroutine", "_forgotten", "local of a task that only its loop knows")}
    told = ask("threads", live.pid)["suspended"]
    for row in told:
        assert_members(row, {"kind": TEXT, "address": TEXT, "name": TEXT, "file": TEXT, "line": NUMBER, "locals": list, "retained": NUMBER}, {})
    for kind, name, place in wanted:
        rows = [row for row in told if row["kind"] == kind and row["name"] == name]
        assert len(rows) == 1, (name, rows)
        assert places[place]["id"] in [int(variable["address"], 16) for variable in rows[0]["locals"]]
        assert rows[0]["file"].endswith("planted.py") and rows[0]["line"] > 1 and rows[0]["retained"] > 0


def test_threads_in_text(two_interpreter, start):
    shown = heapspy.run("threads", start(two_interpreter, "planted.py").pid)
    assert shown.status == heapspy.DONE
    for word in ("waiting", "held_by_thread", "planted.py:", "_coroutine", "held_by_coroutine"):
        assert word in shown.output


# --- dot -------------------------------------------------------------------------------------------------------------

def dot_of(pid, *options):
    done = heapspy.run("export", pid, "-f", "dot", *options)
    assert done.status == heapspy.DONE, done
    return done.output


def rendered(dot):
    done = subprocess.run(["dot", "-Tsvg"], input=dot, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
def test_dot_is_rendered(service):
    request, event, events = (text(service.at[key]) for key in ("request", "event", "events"))
    down = rendered(dot_of(service.pid, "--from", request, "--depth", 2, "--down"))
    assert "Request" in down and "headers" in down and "host" in down
    up = rendered(dot_of(service.pid, "--from", request, "--depth", 2, "--up"))
    assert event in up and events in up and "request" in up
    assert len(rendered(dot_of(service.pid, "--from", event, "--depth", 1, "--up"))) < len(up)


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
def test_dot_of_hostile_names(debian, start):
    live = start(debian, "hostile.py")
    for row in ask("objects", live.pid, "builtins.type", "--where", "repr~*hostile*", "-n", 20)["objects"]:
        rendered(dot_of(live.pid, "--from", row["address"], "--depth", 1, "--down"))


def test_dot_is_bounded(service):
    assert len(dot_of(service.pid, "--from", text(service.at["events"]), "--depth", 3, "--down")) < 4 << 20


# --- report ----------------------------------------------------------------------------------------------------------

def test_report_names_retainers_and_containers(two_interpreter, service_of):
    service = service_of(two_interpreter)
    told = heapspy.report(service.pid)
    for row in told["retainers"]:
        assert_members(row, {"address": TEXT, "type": TEXT, "retained": NUMBER, "path": TEXT}, {})
    for row in told["containers"]:
        assert_members(row, {"address": TEXT, "type": TEXT, "len": NUMBER, "bytes": NUMBER, "path": TEXT}, {})
    retained = [row["retained"] for row in told["retainers"]]
    assert retained == sorted(retained, reverse=True)
    assert any(row["path"] == "__main__.LARGE" and row["retained"] >= 6 << 20 for row in told["retainers"])
    assert any(row["path"].startswith("__main__.SECRETS") and row["len"] == 50000 for row in told["containers"])
    row = next(row for row in told["retainers"] if row["path"] == "__main__.LARGE")
    assert ask("refs", service.pid, row["address"], "--retained")["object"]["retained"] == row["retained"]


def test_report_shows_no_values(two_interpreter, service_of):
    """Keys only where they look like identifiers and are short; never a string's text."""
    service = service_of(two_interpreter)
    for output in (heapspy.run("report", service.pid, "-n", 10000).output, json.dumps(heapspy.report(service.pid)),
                   heapspy.run("report", service.pid, "--by", "holder", "-n", 10000).output):
        for value in ("hunter2", "swordfish", "password of bob", "user-17", "host-7", "x" * 41):
            assert value not in output
    paths = [row["path"] for row in heapspy.report(service.pid)["containers"]]
    assert "__main__.SECRETS['identifier']" in paths and "__main__.SECRETS['…']" in paths


def holders(told):
    return {row["holder"]: row for row in told["census"]["holders"]}


def test_report_by_holder(two_interpreter, service_of):
    service = service_of(two_interpreter)
    told = heapspy.report(service.pid, "--by", "holder")
    rows = holders(told)
    for row in told["census"]["holders"]:
        assert_members(row, {"holder": TEXT, "count": NUMBER, "bytes": NUMBER}, {})
    # An instance with its dict and values is one; containers are told by where they hang.
    assert rows["__main__.Session (+dict)"]["count"] == 1000
    wanted = {"list at __main__.Room.history": 300, "dict at __main__.CACHE[*]": 1000, "dict at __main__.EVENTS[*]": 1000,
              "dict at __main__.Request.headers": 1005}
    assert {name: rows[name]["count"] for name in wanted if name in rows} == wanted, sorted(rows)[:200]
    # Each byte is somewhere, once.
    plain = heapspy.report(service.pid)["census"]
    assert sum(row["bytes"] for row in rows.values()) == plain["bytes"]
    assert heapspy.report(service.pid, "--by", "type")["census"]["types"] == plain["types"]


# --- bad input -------------------------------------------------------------------------------------------------------

def failed(done, *words):
    assert done.status == heapspy.FAILED and not done.output, done
    assert done.errors.startswith("heapspy: ")
    for word in words:
        assert re.search(word, done.errors), "no %r in:\n%s" % (word, done.errors)


def mapping(pid, permissions, path=""):
    """(start, end) of the first mapping that fits."""
    with open("/proc/%d/maps" % pid) as file:
        for line in file:
            fields = line.split()
            if fields[1] == permissions and path in line:
                return tuple(int(word, 16) for word in fields[0].split("-"))
    return None


@pytest.mark.parametrize("command", ["refs", "why"])
def test_address_of_no_object(two_interpreter, service_of, command):
    """What is there instead is said."""
    service = service_of(two_interpreter)
    failed(heapspy.run(command, service.pid, text(service.at["free"])), "free block")
    failed(heapspy.run(command, service.pid, text(service.at["event"] + 24)), r"inside", text(service.at["event"]), "dict", r"\+24")
    failed(heapspy.run(command, service.pid, text(service.at["point"] + 8)), r"inside", text(service.at["point"]), r"Point", r"\+8")
    # The items of a list are not the list.
    failed(heapspy.run(command, service.pid, text(service.at["items of lengths"] + 8)), r"inside|belongs", text(service.at["lengths"]), "list")
    for address in (0x10, 0x7ffffffff000, (1 << 64) - 8):
        failed(heapspy.run(command, service.pid, text(address)), "not mapped|unmapped")
    failed(heapspy.run(command, service.pid, text(mapping(service.pid, "r-xp")[0] + 0x100)), "not (captured|copied)|no object")
    failed(heapspy.run(command, service.pid, text(mapping(service.pid, "rw-p", "[stack]")[1] - 64)), "no object|stack")
    service.live.assert_unharmed()


@pytest.mark.parametrize("address", ["0x", "0xzz", "0x12345678901234567", "-5", "0x-5", ""])
def test_no_address(service, address):
    done = heapspy.run("refs", service.pid, "--", address)
    assert done.status == heapspy.USAGE and not done.output, done


@pytest.mark.parametrize("command", ["objects", "why"])
@pytest.mark.parametrize("name, nearest", [("__main__.Sesion", "__main__.Session"), ("Sessions", "__main__.Session"), ("main.Room", "__main__.Room"),
                                           ("builtins.dct", "builtins.dict"), ("collections.dequeue", "collections.deque")])
def test_type_that_matches_nothing(service, command, name, nearest):
    failed(heapspy.run(command, service.pid, name), re.escape(name), re.escape(nearest))


@pytest.mark.parametrize("command", ["objects", "why"])
def test_type_without_objects(two_interpreter, service_of, command):
    """Of a class that is only inherited from, those are named that have objects, and no others."""
    pid = service_of(two_interpreter).pid
    for name in ("__main__.Idle", "Idle"):
        done = heapspy.run(command, pid, name)
        failed(done, re.escape(name), r"__main__\.Busy\b")
        assert "Unused" not in done.errors and "Mixin" not in done.errors
    failed(heapspy.run(command, pid, "__main__.Unused"), "__main__.Unused", "no object has", "heapspy report")


def test_static_types_have_a_name(two_interpreter, service_of):
    """What only the interpreter's own data leads to: by the name of the type, one by one and merged."""
    pid = service_of(two_interpreter).pid
    merged = ask("why", pid, "builtins.type", "--max-paths", 10000)
    assert "<type *>" in [path["expression"] for path in merged["paths"]]
    assert "<type>" not in json.dumps(merged) and "<static><" not in json.dumps(merged)
    address = next(row["address"] for row in ask("objects", pid, "builtins.type", "-n", 10 ** 9)["objects"] if "dict_reversekeyiterator" in row["repr"])
    path = ask("why", pid, address)["paths"][0]
    assert path["expression"].startswith("<type builtins.dict_reversekeyiterator>") and path["root"]["kind"] == "type"


@pytest.mark.parametrize("name", ["\x1b[31m", "x" * 100000, "%s%n", "*", ""])
def test_odd_type_names(service, name):
    done = heapspy.run("objects", service.pid, name)
    assert done.status in (heapspy.FAILED, heapspy.USAGE, heapspy.DONE) and "\x1b" not in done.errors


@pytest.mark.parametrize("arguments", [
    ["refs"], ["objects"], ["why"], ["threads"], ["refs", "1"], ["objects", "1"], ["why", "1"], ["why", "1", "2", "--max-paths", "x"],
    ["objects", "1", "x", "--sort", "colour"], ["export", "1"], ["export", "1", "-f", "xml"], ["export", "1", "-f", "dot"],
    ["export", "1", "-f", "dot", "--from", "0x10", "--up", "--down"], ["export", "1", "-f", "dot", "--from", "0x10", "--roots"],
    ["export", "1", "--from", "0x10", "-f", "jsonl"], ["export", "1", "-f", "jsonl", "--up"], ["export", "1", "-f", "jsonl", "-n", "3"]])
def test_wrong_usage(arguments):
    done = heapspy.run(*arguments)
    assert done.status == heapspy.USAGE and not done.output and done.errors, done


@pytest.mark.parametrize("name", ["objects", "refs", "why", "threads", "weak", "caches", "export"])
def test_help(name):
    done = heapspy.run(name, "--help")
    assert done.status == heapspy.DONE and "heapspy %s" % name in done.output
    assert name in heapspy.run("--help").output


@pytest.mark.parametrize("command", ["objects", "refs", "why", "threads", "weak", "caches", "export"])
def test_no_such_process(command):
    gone = subprocess.Popen(["true"])
    gone.wait()
    arguments = {"objects": ["builtins.list"], "refs": ["0x10"], "why": ["0x10"], "threads": [], "weak": ["0x10"], "caches": [],
                 "export": ["-f", "jsonl"]}[command]
    assert heapspy.run(command, gone.pid, *arguments).status == heapspy.GONE


def survives(live):
    """Each command ends by itself, with a result or a message."""
    commands = [("export", "-f", "jsonl", "--roots"), ("threads", "-f", "json"), ("objects", "builtins.list", "-f", "json", "--sort", "retained"),
                ("why", "builtins.type", "-f", "json"), ("report", "-f", "json"), ("report", "--by", "holder"), ("why", "__main__.Plain"),
                ("cycles",), ("cycles", "-f", "json"), ("objects", "builtins.type"), ("objects", "builtins.str", "--sort", "len"),
                ("weak", "builtins.type"), ("weak", "*Ref*"), ("caches", "-f", "json")]
    for command, *arguments in commands:
        done = heapspy.run(command, live.pid, *arguments, seconds=120)
        assert done.status in (heapspy.DONE, heapspy.FAILED, heapspy.INCOMPLETE), (command, arguments, done)
        assert done.status == heapspy.DONE or done.errors or done.output


def test_corrupt_memory(two_interpreter, start):
    """Structures that contradict themselves: bounds hold, and what is around them is still told."""
    live = start(two_interpreter, "corrupt.py", "all")
    assert live.command("c") == "done"
    survives(live)


def test_each_corruption(debian, start, full):
    names = start(debian, "corrupt.py", "none").ready.split()[1:]
    assert len(names) >= 20
    for name in names if full else names[::6]:
        live = start(debian, "corrupt.py", name)
        assert live.command("c") == "done"
        survives(live)
