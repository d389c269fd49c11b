# SPDX-License-Identifier: Apache-2.0
"""Texts of objects against the target's own repr()."""
import json

import heapspy


def test_every_character(few_interpreter, start):
    """What Python escapes is escaped, and nothing else: for each character that its version of Unicode knows."""
    live = start(few_interpreter, "characters.py")
    wanted = set(json.loads(live.ready.partition(" ")[2]))
    live.wait_blocked()
    done = heapspy.run("export", live.pid, "-f", "jsonl")
    assert done.status == heapspy.DONE, done
    told = {row["repr"] for row in map(json.loads, done.output.splitlines()) if row["type"] == "builtins.str"}
    assert len(wanted) > 8000 and not wanted - told, sorted(wanted - told)[:20]
