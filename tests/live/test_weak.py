# SPDX-License-Identifier: Apache-2.0
"""weak: against weakref.getweakrefs() and the containers and finalizers of the target itself."""
import json

import pytest

import heapspy
from test_graph_commands import ask, text
from test_graph_edges import assert_members

ROW = {"address": str, "type": str, "role": str, "dead": bool}
ROW_OR_NULL = {"callback": dict, "calls": str, "container": dict, "partner": dict, "finalizer": dict, "path": str}
GROUP = {"role": str, "count": int, "dead": int}
GROUP_OR_NULL = {"calls": str, "path": str}
PROXIES = {"proxy", "callable proxy"}


class Asked:
    def __init__(self, live):
        self.live = live
        self.truth = json.loads(live.ready.partition(" ")[2])
        live.wait_blocked()

    def rows(self, name):
        told = ask("weak", self.live.pid, text(self.truth[name]["id"]))
        for row in told["references"]:
            assert_members(row, ROW, ROW_OR_NULL)
        assert told["n_references"] == len(told["references"]) and told["object"]["address"] == text(self.truth[name]["id"])
        return told["references"]


@pytest.fixture
def asked(few_interpreter, start):
    return Asked(start(few_interpreter, "weak.py"))


@pytest.fixture
def two(two_interpreter, start):
    return Asked(start(two_interpreter, "weak.py"))


def test_weak_references_of_objects(asked):
    """The same references as getweakrefs() lists, of the same types, with the same callbacks. A proxy's callback nobody can ask for."""
    for name, told in asked.truth.items():
        if name in ("containers", "dead", "gone"):
            continue
        rows = {row["address"]: row for row in asked.rows(name)}
        assert len(rows) == told["count"], (name, rows)
        assert set(rows) == {text(address) for address, _, _ in told["references"]}, name
        for address, kind, callback in told["references"]:
            row = rows[text(address)]
            assert row["type"] == kind and row["dead"] is False, (name, row)
            if row["role"] not in PROXIES:
                assert (row["callback"] and row["callback"]["address"]) == (callback and text(callback)), (name, row)


def test_roles(asked):
    """What each reference is for, and the other half of an entry."""
    roles = {name: sorted(row["role"] for row in asked.rows(name)) for name in
             ("nobody", "ref", "proxy", "callable proxy", "callback", "deleted", "values", "keys", "set", "method", "finalized", "many")}
    assert roles == {"nobody": [], "ref": ["ref", "ref"], "proxy": ["proxy"], "callable proxy": ["callable proxy"], "callback": ["proxy", "ref", "ref"],
                     "deleted": ["ref"], "values": ["value", "value"], "keys": ["key"], "set": ["item"], "method": ["method"],
                     "finalized": ["finalizer", "finalizer"], "many": ["ref"] * 20}
    containers = asked.truth["containers"]
    by_container = {row["container"]["address"]: row for name in ("values", "keys", "set") for row in asked.rows(name)}
    assert by_container[text(containers["values"])]["partner"]["repr"] == "'the key'"
    assert by_container[text(containers["other values"])]["partner"]["repr"] == "(17, 'x')"
    assert by_container[text(containers["other values"])]["container"]["type"] == "__main__.Dictionary"
    assert by_container[text(containers["keys"])]["partner"]["repr"] == "{'the': 'value'}"
    assert by_container[text(containers["set"])]["partner"] is None
    assert "subclass" in [row["role"] for row in asked.rows("class")]


def test_callbacks_and_finalizers(asked):
    assert {row["callback"]["address"] for row in asked.rows("callback")} >= {text(asked.truth["gone"])}
    assert sorted(row["calls"] for row in asked.rows("callback")) == ["__main__.Plain.act", "__main__.gone", "__main__.gone"]
    # What the containers of the library want to be told is not the program's.
    assert all(row["calls"] is None and row["callback"] for name in ("values", "keys", "set") for row in asked.rows(name))
    rows = asked.rows("finalized")
    assert [row["calls"] for row in rows] == ["__main__.close"] * 2
    by_exit = {row["finalizer"]["atexit"]: row["finalizer"] for row in rows}
    assert by_exit[True]["args"]["repr"] == "('argument', 4711)" and by_exit[True]["kwargs"]["repr"] == "{'flag': True}"
    assert by_exit[False]["args"]["repr"] == "()" and by_exit[False]["kwargs"] is None
    assert all(row["container"]["type"] == "weakref.finalize" for row in rows)


def test_paths(two):
    paths = {name: sorted(row["path"] for row in two.rows(name)) for name in ("ref", "proxy", "values", "callback")}
    assert paths == {"ref": ["__main__.MARKED", "__main__.REF"], "proxy": ["__main__.PROXY"],
                     "values": ["__main__.OTHER_VALUES.data[(17, 'x')]", "__main__.VALUES.data['the key']"],
                     "callback": ["__main__.WITH_CALLBACK[%d]" % i for i in range(3)]}
    for name, has_del in (("deleted", True), ("ref", False)):
        assert ask("weak", two.live.pid, text(two.truth[name]["id"]))["object"]["has_del"] is has_del


def test_weak_references_of_a_type(asked):
    told = ask("weak", asked.live.pid, "__main__.Item")
    assert (told["type"], told["instances"], told["referred"], told["n_references"], told["n_dead"], told["n_callbacks"]) == \
        ("__main__.Item", 100, 100, 130, 0, 30)
    for group in told["groups"]:
        assert_members(group, GROUP, GROUP_OR_NULL)
    found = {(group["role"], group["calls"], group["path"]): (group["count"], group["dead"]) for group in told["groups"]}
    assert found == {("value", None, "__main__.BY_NUMBER.data[*]"): (100, 0), ("ref", "__main__.gone", "__main__.WATCHED[*]"): (30, 0)}
    assert [group["count"] for group in told["groups"]] == [100, 30]


def test_dead_ones(asked):
    """Of a type of references, these are told; whose object is dead is said."""
    told = ask("weak", asked.live.pid, "__main__.Marked")
    assert (told["instances"], told["n_references"], told["n_dead"]) == (13, 13, 12)
    found = {group["path"]: (group["count"], group["dead"]) for group in told["groups"]}
    assert found == {"__main__.DEAD[*]": (12, 12), "__main__.MARKED": (1, 0)}
    rows = ask("weak", asked.live.pid, text(asked.truth["dead"][3]))["references"]
    assert [(row["address"], row["dead"]) for row in rows] == [(text(asked.truth["dead"][3]), True)]


def test_weak_in_text(two):
    shown = heapspy.run("weak", two.live.pid, "__main__.Item").output
    assert "130 weak references" in shown and "WeakValueDictionary" in shown and "__main__.BY_NUMBER.data[*]" in shown
    shown = heapspy.run("weak", two.live.pid, text(two.truth["finalized"]["id"])).output
    assert "calls __main__.close with ('argument', 4711) {'flag': True}" in shown and "next: " in shown
    shown = heapspy.run("weak", two.live.pid, text(two.truth["nobody"]["id"])).output
    assert "0 weak references" in shown
    assert "14 more (-n)" in heapspy.run("weak", two.live.pid, text(two.truth["many"]["id"]), "-n", 6).output
    assert "__del__" in heapspy.run("weak", two.live.pid, text(two.truth["deleted"]["id"])).output


@pytest.mark.parametrize("arguments, status", [([], heapspy.USAGE), (["0x10"], heapspy.FAILED), (["__main__.Nothing"], heapspy.FAILED),
                                               (["__main__.Item", "more"], heapspy.USAGE)])
def test_weak_bad_input(debian, start, arguments, status):
    live = start(debian, "weak.py")
    done = heapspy.run("weak", live.pid, *arguments)
    assert done.status == status and not done.output and done.errors
