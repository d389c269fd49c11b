# SPDX-License-Identifier: Apache-2.0
"""caches: against cache_info() of the target's own caches, of every form."""
import json

import heapspy
from test_graph_commands import ask
from test_graph_edges import assert_members

MEMBERS = {"function": str, "address": str, "hits": int, "misses": int, "currsize": int, "typed": bool, "retained_bytes": int, "method": bool}
OR_NULL = {"maxsize": int}


def test_caches(few_interpreter, start):
    """All of them, and each as cache_info() tells it; unbounded ones first, then by what they retain."""
    live = start(few_interpreter, "caches.py")
    truth = {int(address): told for address, told in json.loads(live.ready.partition(" ")[2]).items()}
    live.wait_blocked()
    told = ask("caches", live.pid)
    rows = {int(row["address"], 16): row for row in told["caches"]}
    assert told["n_caches"] == len(rows) == len(told["caches"]) and set(truth) <= set(rows)
    for address, (name, method, info, typed) in truth.items():
        row = rows[address]
        assert_members(row, MEMBERS, OR_NULL)
        assert [row["hits"], row["misses"], row["maxsize"], row["currsize"]] == info, (name, row)
        assert (row["method"], row["typed"]) == (method, typed), (name, row)
        assert name is None or row["function"] == "__main__." + name, row
        assert row["retained_bytes"] > 0
    order = [(row["maxsize"] is not None, -row["retained_bytes"]) for row in told["caches"]]
    assert order == sorted(order)


def test_caches_retain_their_results(two_interpreter, start):
    live = start(two_interpreter, "caches.py")
    live.wait_blocked()
    rows = {row["function"]: row for row in ask("caches", live.pid)["caches"]}
    assert 3 << 20 <= rows["__main__.heavy"]["retained_bytes"] < (3 << 20) + 20000
    assert rows["__main__.unused"]["retained_bytes"] < 2000
    assert "len" in [row for row in rows if "built-in" in row][0]


def test_caches_in_text(two_interpreter, start):
    live = start(two_interpreter, "caches.py")
    live.wait_blocked()
    shown = heapspy.run("caches", live.pid, "-n", 100).output.splitlines()
    line = next(line for line in shown if line.endswith("__main__.unbounded"))
    assert line.split()[:4] == ["none", "70", "30", "70"]
    assert any(line.endswith("__main__.Session.load (method)") for line in shown)
    assert any(line.startswith("next: ") for line in shown)
    assert any("more (-n)" in line for line in heapspy.run("caches", live.pid, "-n", 1).output.splitlines())
    assert ask("caches", live.pid, "-n", 2)["n_caches"] > 2 == len(ask("caches", live.pid, "-n", 2)["caches"])
