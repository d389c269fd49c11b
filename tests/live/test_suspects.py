# SPDX-License-Identifier: Apache-2.0
"""suspects, and those of growth: whom they name, what the JSON says, on a target that leaks and one that only is busy."""
import heapspy
from test_graph_commands import ask
from test_graph_edges import assert_members

MEMBERS = {"rank": int, "kind": str, "root_kind": str, "container_type": str, "owner_evaluable": bool, "path_steps": list, "also": list, "members": int,
           "grows_by": list, "length": list, "watch": list, "score": float, "retained_bytes": int, "retained_growth_bytes": int, "confidence": str,
           "writers": list, "evidence": list}
OR_NULL = {"address": str, "owner_path": str, "tail": str, "path": str, "kept": float, "steadiness": float, "share": float, "definition": str, "hint": str}
KINDS = {"list", "dict", "set", "deque", "odict", "array", "buffer", "chain", "lru_cache", "registry", "traceback", "tasks", "timers", "queue", "threads",
         "generators", "cycles", "classes", "interned", "unexplained", "object"}
ROOTS = {"module", "class", "closure", "default", "local", "thread_local", "contextvar", "interpreter", "c_stack", "native", "none"}


def assert_suspect(suspect):
    assert_members({name: value for name, value in suspect.items() if name != "bound"}, MEMBERS, OR_NULL)
    assert type(suspect.get("bound", {})) is dict
    assert suspect["kind"] in KINDS and suspect["root_kind"] in ROOTS and suspect["confidence"] in {"high", "medium", "low"}


def test_growth_names_the_holder(few_interpreter, start):
    """The list, by its address, its owner and its path; who writes to it; nothing else with certainty."""
    live = start(few_interpreter, "leaking.py")
    address = int(live.ready.split()[1])
    told = ask("growth", live.pid, "-i", 2)
    for suspect in told["suspects"]:
        assert_suspect(suspect)
    first = told["suspects"][0]
    assert int(first["address"], 16) == address, first
    assert (first["owner_path"], first["path"], first["tail"]) == ("__main__.STORE.events", "__main__.STORE.events", "")
    assert (first["kind"], first["root_kind"], first["container_type"]) == ("list", "module", "builtins.list")
    assert first["confidence"] == "high" and first["kept"] >= 0.95 and len(first["length"]) == 3
    assert first["length"] == sorted(first["length"])
    assert any("Store.add" in writer for writer in first["writers"]), first["writers"]
    assert first["definition"] and ":" in first["definition"]
    assert [suspect for suspect in told["suspects"][1:] if suspect["confidence"] == "high"] == []
    assert told["verdict"] == "leak"


def test_no_value_is_shown(two_interpreter, start):
    """Names, types and lengths: what the target keeps under its keys stays its own."""
    live = start(two_interpreter, "leaking.py")
    shown = heapspy.run("growth", live.pid, "-i", 1).output + heapspy.run("growth", live.pid, "-i", 1, "-f", "json").output
    assert "secret" not in shown and "events" in shown


def test_the_next_command_opens_the_container(debian, start):
    live = start(debian, "leaking.py")
    address = int(live.ready.split()[1])
    last = heapspy.run("growth", live.pid, "-i", 2).output.splitlines()[-1]
    assert last == "next: %s refs %d 0x%x" % (heapspy.HEAPSPY, live.pid, address)
    assert heapspy.run(*last.split()[2:]).status == heapspy.DONE


def test_suspects_of_one_picture(few_interpreter, start):
    live = start(few_interpreter, "leaking.py")
    address = int(live.ready.split()[1])
    told = ask("suspects", live.pid)
    assert told["verdict"] is None and told["attribution"] is None and len(told["samples"]) == 1
    for suspect in told["suspects"]:
        assert_suspect(suspect)
        assert suspect["confidence"] != "high"
    assert address in [int(suspect["address"], 16) for suspect in told["suspects"]]
    assert "static: growth not observed" in heapspy.run("suspects", live.pid).output
