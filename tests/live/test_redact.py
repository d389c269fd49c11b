# SPDX-License-Identifier: Apache-2.0
"""Redaction: no secret is in the image, and nothing else is lost: what is decoded is the same object by object."""
import json
import os
import subprocess

import heapspy
import pytest

REDACT_DUMP = os.path.join(heapspy.BUILD, "tests", "live", "redact_dump")

# Heaps that between them have every kind of root and allocator state that a decoder knows; with --full the others as well.
HEAPS = [("planted.py",), ("traced.py", 3, 1, 0), ("modes.py", "threads", 8)]
MORE_HEAPS = [("weak.py",), ("caches.py",), ("modes.py", "subinterpreters", 2), ("corrupt.py", "all")]


def redacted(live, folder, *options):
    """(lines before, lines after, bytes of the redacted image)"""
    paths = [os.path.join(folder, name) for name in ("before", "after", "bytes")]
    done = subprocess.run([REDACT_DUMP, *options, str(live.pid), *paths], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    with open(paths[0]) as before, open(paths[1]) as after, open(paths[2], "rb") as image:
        return before.read().splitlines(), after.read().splitlines(), image.read()


def differences(before, after):
    lost, made_up = set(before) - set(after), set(after) - set(before)
    return ["- " + line[:300] for line in sorted(lost)[:10]] + ["+ " + line[:300] for line in sorted(made_up)[:10]]


@pytest.mark.parametrize("heap", HEAPS + MORE_HEAPS, ids=lambda heap: "-".join(map(str, heap)))
def test_everything_else_is_kept(two_interpreter, start, tmp_path, heap, full):
    if heap in MORE_HEAPS and not full:
        pytest.skip("a further heap: --full")
    live = start(two_interpreter, *heap)
    before, after, _ = redacted(live, tmp_path)
    assert len(before) > 5000
    assert not differences(before, after)


def test_everything_else_is_kept_without_names(debian, start, tmp_path):
    before, after, _ = redacted(start(debian, "planted.py"), tmp_path, "--all")
    assert not differences(before, after)


def test_every_type(debian, start, tmp_path, full):
    """A zoo of the library's types, in chunks of malloc, whose headers then are all that tells where a block ends."""
    if not full:
        pytest.skip("a long run: --full")
    live = start(debian, "graph_zoo.py", environment={"PYTHONMALLOC": "malloc"})
    before, after, _ = redacted(live, tmp_path)
    assert not differences(before, after)


def private(interpreter, start):
    return start(interpreter, "private.py", "heapspyargumentsecret", environment={"HEAPSPY_SECRET": "heapspyenvironmentsecret"})


def found(forms, image):
    return sorted({what for what, its_forms in forms.items() for form in its_forms if bytes.fromhex(form) in image})


def test_no_secret(few_interpreter, start, tmp_path):
    """Nor its characters, nor its digits, nor its hash; names of code, types, modules and attributes are there."""
    live = private(few_interpreter, start)
    told = json.loads(live.ready)
    before, after, image = redacted(live, tmp_path)
    assert not differences(before, after)
    assert not found(told["forms"], image)
    assert [name for name in told["kept"] if name.encode() not in image] == []


def test_no_secret_and_no_names(debian, start, tmp_path):
    live = private(debian, start)
    told = json.loads(live.ready)
    _, _, image = redacted(live, tmp_path, "--all")
    assert not found(told["forms"], image)
    # the name of the script is told as that of the process
    assert [name for name in told["kept"] if name.encode() in image] == ["private.py"]


def test_secrets_are_there(debian, start, tmp_path):
    """In a snapshot as it is: or else this would find nothing wherever it looks."""
    live = private(debian, start)
    path = str(tmp_path / "plain.core")
    assert heapspy.run("snapshot", live.pid, "-o", path).status == heapspy.DONE
    with open(path, "rb") as file:
        image = file.read()
    told = json.loads(live.ready)
    assert set(told["forms"]) - set(found(told["forms"], image)) <= {"freed object"}


# Of two stops: when, and how long they took.
OF_THE_STOP = {"pause_ns", "pauses_ns", "time_utc", "warnings", "uptime_ms", "file", "path"}


def is_same(before, after):
    """Equal but for what redaction says that it has taken."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(is_same(before[key], after[key]) for key in before.keys() - OF_THE_STOP)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(is_same, before, after))
    if isinstance(before, str) and isinstance(after, str):
        return before == after or "redacted>" in after or "…" in after
    return before == after


def different(before, after, path=""):
    """Where they are not the same, for the message."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [found for key in sorted((before.keys() | after.keys()) - OF_THE_STOP)
                for found in different(before.get(key), after.get(key), path + "." + key)]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [found for i, (left, right) in enumerate(zip(before, after)) for found in different(left, right, "%s[%d]" % (path, i))]
    return [] if is_same(before, after) else ["%s: %.80r, redacted %.80r" % (path, before, after)]


def test_commands(two_interpreter, start, tmp_path):
    """Of one target, blocked: each command tells the same of a snapshot as it is and of a redacted one, reprs and values aside."""
    live = private(two_interpreter, start)
    live.wait_blocked()
    plain, without = str(tmp_path / "plain.core"), str(tmp_path / "redacted.core.zst")
    assert heapspy.run("snapshot", live.pid, "-o", plain).status == heapspy.DONE
    assert heapspy.run("snapshot", live.pid, "-o", without, "--redact").status == heapspy.DONE
    commands = [[name] for name in ("report", "memory", "gc", "threads", "lines", "caches", "cycles", "suspects")]
    commands += [["objects", "__main__.Holder"], ["objects", "builtins.module"], ["why", "__main__.Holder"], ["refs", "__main__.HOLDER"]]
    for name, *arguments in commands:
        before, after = (heapspy.run(name, path, *arguments, "-f", "json") for path in (plain, without))
        assert before.status == after.status, (name, before, after)
        if before.status == heapspy.DONE:
            assert not different(before.json(), after.json())[:5], name
    told = heapspy.run("objects", without, "builtins.str")
    assert "redacted>" in told.output and "redacted snapshot" in told.output


def test_file_without_secrets(debian, start, tmp_path):
    """In the notes, too: the command line, the paths of mappings, registers."""
    live = private(debian, start)
    told = json.loads(live.ready)
    for option in "--redact", "--redact=all":
        path = str(tmp_path / "redacted.core")
        assert heapspy.run("snapshot", live.pid, "-o", path, option, "--force").status == heapspy.DONE
        with open(path, "rb") as file:
            assert not found(told["forms"], file.read())


def test_only_all_can_be_asked_for(debian, start, tmp_path):
    live = start(debian, "modes.py", "read", 0)
    done = heapspy.run("snapshot", live.pid, "-o", tmp_path / "x.core", "--redact=some")
    assert done.status == heapspy.USAGE and not os.listdir(tmp_path)
