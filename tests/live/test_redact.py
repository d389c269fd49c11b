# SPDX-License-Identifier: Apache-2.0
"""Redaction: no secret is in the image, and nothing else is lost: what is decoded is the same object by object."""
import json
import os
import subprocess

import heapspy
import pytest

REDACT_DUMP = os.path.join(heapspy.BUILD, "tests", "live", "redact_dump")

# Heaps that between them have every kind of object, root and allocator state that a decoder knows.
HEAPS = [
    ("zoo.py",), ("graph_zoo.py",), ("planted.py",), ("weak.py",), ("caches.py",), ("traced.py", 3, 1, 0), ("modes.py", "threads", 8),
    ("modes.py", "subinterpreters", 2), ("corrupt.py", "all"),
]


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


@pytest.mark.parametrize("heap", HEAPS, ids=lambda heap: "-".join(map(str, heap)))
def test_everything_else_is_kept(two_interpreter, start, tmp_path, heap):
    live = start(two_interpreter, *heap)
    before, after, _ = redacted(live, tmp_path)
    assert len(before) > 5000
    assert not differences(before, after)


def test_everything_else_is_kept_without_names(two_interpreter, start, tmp_path):
    before, after, _ = redacted(start(two_interpreter, "graph_zoo.py"), tmp_path, "--all")
    assert not differences(before, after)


@pytest.mark.parametrize("allocator", ["malloc", "debug"])
def test_other_allocators(debian, start, tmp_path, allocator):
    before, after, _ = redacted(start(debian, "graph_zoo.py", environment={"PYTHONMALLOC": allocator}), tmp_path)
    assert not differences(before, after)


def private(interpreter, start):
    return start(interpreter, "private.py", "heapspyargumentsecret", environment={"HEAPSPY_SECRET": "heapspyenvironmentsecret"})


def found(forms, image):
    return sorted({what for what, its_forms in forms.items() for form in its_forms if bytes.fromhex(form) in image})


def test_no_secret(every_interpreter, start, tmp_path):
    """Nor its characters, nor its digits, nor its hash; names of code, types, modules and attributes are there."""
    live = private(every_interpreter, start)
    told = json.loads(live.ready)
    before, after, image = redacted(live, tmp_path)
    assert not differences(before, after)
    assert not found(told["forms"], image)
    assert [name for name in told["kept"] if name.encode() not in image] == []


def test_no_secret_and_no_names(two_interpreter, start, tmp_path):
    live = private(two_interpreter, start)
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
