# SPDX-License-Identifier: Apache-2.0
"""`heapspy diff`: moments of one process, of a process and its successor, of workers; and what cannot be compared."""
import json
import shutil
import subprocess

import pytest

import heapspy

LIMIT = ("--max-pause", 20000)


def snapshot(live, path, *options):
    live.wait_blocked()
    done = heapspy.run("snapshot", live.pid, "-o", path, *LIMIT, *options)
    assert done.status == heapspy.DONE, done
    return path


def gcore(live, path):
    """As gdb writes it; the file's name ends in the PID."""
    live.wait_blocked()
    subprocess.run(["gcore", "-o", str(path), str(live.pid)], check=True, capture_output=True, timeout=120)
    return "%s.%d" % (path, live.pid)


def tell(live, letters):
    for letter in letters:
        answer = json.loads(live.command(letter))
    return answer


def rows(told):
    return {row["type"]: row for row in told["types"]}


def warned(told, words):
    return any(words in warning for warning in told["warnings"])


def suspect_at(told, address):
    return next((suspect for suspect in told["suspects"] if suspect["address"] and int(suspect["address"], 16) == address), None)


# --- one process ----------------------------------------------------------------------------------------------------------

def test_three_moments_of_one_process(two_interpreter, start, tmp_path):
    """As growth of three samples; and the thousand events that came between the first two are known to have survived."""
    live = start(two_interpreter, "growing.py")
    old = snapshot(live, tmp_path / "old.core")
    tell(live, "gr")
    new = snapshot(live, tmp_path / "new.core")
    figures = tell(live, "gr")
    newer = snapshot(live, tmp_path / "newer.core")
    told = heapspy.run("diff", old, new, newer, "-f", "json").json()
    assert told["join"] == "address" and told["in_order"] and told["warnings"] == []
    assert [moment["pid"] for moment in told["moments"]] == [live.pid] * 3
    assert [moment["origin"] for moment in told["moments"]] == ["snapshot"] * 3
    assert rows(told)["__main__.Event"]["count"] == [2000, 3000, 4000]
    assert rows(told)["__main__.Request"]["count"] == [2000] * 3 and rows(told)["__main__.Request"]["turnover"] >= 0.97
    attribution = told["attribution"]
    assert sum(part["bytes"] for part in attribution["parts"]) == attribution["rss_growth_bytes"]
    for address in (figures["events"], figures["seen"]):
        suspect = suspect_at(told, address)
        assert suspect and suspect["length"] == [2000, 3000, 4000] and suspect["kept"] == 1
        assert suspect["confidence"] in ("high", "medium")
    survivors = {place["path"]: place for place in told["survivors"]["places"] if place["type"] == "__main__.Event"}
    assert survivors["__main__.EVENTS[*]"]["count"] == 1000 and len(survivors) == 1
    assert not any(place["type"] == "__main__.Request" for place in told["survivors"]["places"])
    text = heapspy.run("diff", old, new, newer).output
    assert "joined  by address" in text and "\nSURVIVORS  " in text and "payload 1" not in text and "host-" not in text


def test_names_that_were_looked_up_are_no_leak(two_interpreter, start, tmp_path):
    """They stay in the type cache until others take their place there: held by it, and nothing that grows."""
    live = start(two_interpreter, "growing.py")
    old = snapshot(live, tmp_path / "old.core")
    tell(live, "nn")
    new = snapshot(live, tmp_path / "new.core")
    names = heapspy.run("objects", new, "str", "--where", "repr~*looked_up_*", "-f", "json").json()["objects"]
    paths = heapspy.run("why", new, *(row["address"] for row in names[:50]), "-f", "json").json()["results"]
    assert sum(told["paths"][0]["expression"] == "<interpreter type_cache>" for told in paths) > 20
    told = heapspy.run("diff", old, new, "-f", "json").json()
    count = rows(told)["builtins.str"]["count"]
    assert told["suspects"] == [] and count[-1] - count[0] > 100


def test_growth_between_moments_is_growth_of_samples(debian, start, tmp_path):
    """What the files say, the process said: types, counts, bytes, containers."""
    live = start(debian, "growing.py")
    old = snapshot(live, tmp_path / "old.core")
    tell(live, "g")
    new = snapshot(live, tmp_path / "new.core")
    of_files = heapspy.run("diff", old, new, "-f", "json").json()
    of_both = heapspy.run("diff", old, live.pid, "-f", "json", *LIMIT).json()
    assert of_both["join"] == "address" and of_both["moments"][1]["origin"] == "process"
    for name in ("__main__.Event", "builtins.float", "builtins.dict", "builtins.str"):
        assert rows(of_files)[name] == rows(of_both)[name], name
    names = ("path", "length", "kept", "confidence", "retained_growth_bytes", "grows_by")
    assert [[suspect[name] for name in names] for suspect in of_files["suspects"]] == \
        [[suspect[name] for name in names] for suspect in of_both["suspects"]]
    # one gap tells nothing of steadiness
    assert all(suspect["confidence"] != "high" and suspect["steadiness"] is None for suspect in of_files["suspects"])


def test_cores_of_one_process(debian, start, tmp_path):
    """A core knows neither the boot nor the start: the random bytes of the start tell; what it has no figures of is null."""
    if not shutil.which("gcore"):
        pytest.skip("no gcore")
    live = start(debian, "growing.py")
    old = gcore(live, tmp_path / "old")
    figures = tell(live, "g")
    new = gcore(live, tmp_path / "new")
    told = heapspy.run("diff", old, new, "-f", "json").json()
    assert told["join"] == "address" and "random bytes" in told["join_reason"]
    assert rows(told)["__main__.Event"]["count"] == [2000, 3000]
    assert suspect_at(told, figures["events"])["length"] == [2000, 3000]
    assert [sample["rss_bytes"] for sample in told["samples"]] == [None, None] and warned(told, "RSS is not in a core")
    assert sum(part["bytes"] for part in told["attribution"]["parts"]) == told["attribution"]["rss_growth_bytes"] > 0
    # what a process has and what a core has cannot be held against each other
    told = heapspy.run("diff", old, snapshot(live, tmp_path / "new.core"), "-f", "json").json()
    assert told["join"] == "address" and told["attribution"] is None and warned(told, "is not known")
    assert [sample["rss_bytes"] is None for sample in told["samples"]] == [True, False]


def test_redacted(debian, start, tmp_path):
    """Without values containers are still known; but no value that was freed and made again passes for the one before."""
    live = start(debian, "growing.py")
    old = snapshot(live, tmp_path / "old.core", "--redact")
    plain = snapshot(live, tmp_path / "plain.core")
    tell(live, "g")
    new = snapshot(live, tmp_path / "new.core", "--redact")
    figures = tell(live, "g")
    newer = snapshot(live, tmp_path / "newer.core", "--redact")
    told = heapspy.run("diff", old, new, newer, "-f", "json").json()
    assert told["join"] == "address" and warned(told, "redacted") and all(moment["redacted"] for moment in told["moments"])
    for address in (figures["events"], figures["seen"]):
        assert suspect_at(told, address)["length"] == [2000, 3000, 4000]
    assert rows(told)["builtins.float"]["survivors"] is None
    assert not any(place["type"] == "builtins.str" for place in told["survivors"]["places"])
    mixed = heapspy.run("diff", plain, newer, "-f", "json").json()
    assert mixed["join"] == "path" and "redacted" in mixed["join_reason"]
    assert suspect_at(mixed, figures["events"])["length"] == [2000, 4000]


def test_order(debian, start, tmp_path):
    """The order given is what is compared: less is shown as less, and nothing is suspected of growing backwards."""
    live = start(debian, "growing.py")
    old = snapshot(live, tmp_path / "old.core")
    tell(live, "g")
    new = snapshot(live, tmp_path / "new.core")
    told = heapspy.run("diff", new, old, "-f", "json").json()
    assert rows(told)["__main__.Event"]["count"] == [3000, 2000]
    assert not told["in_order"] and warned(told, "order of time") and told["suspects"] == [] and told["survivors"] is None
    assert told["seconds"] < 0
    done = heapspy.run("diff", new, old, "--fail-on-growth", "1k")
    assert done.status == heapspy.USAGE and "later" in done.errors, done
    assert heapspy.run("diff", old, new, "--fail-on-growth", "10k").status == 1
    assert heapspy.run("diff", old, new, "--fail-on-growth", "1G").status == heapspy.DONE
    assert heapspy.run("diff", old, old, "--fail-on-growth", "1").status == heapspy.DONE


# --- different processes --------------------------------------------------------------------------------------------------

def test_restarted(two_interpreter, start, tmp_path):
    """By path: what is longer is found at its new address; what was kept is not claimed to be known."""
    before, after = start(two_interpreter, "growing.py"), start(two_interpreter, "growing.py")
    old = snapshot(before, tmp_path / "old.core")
    figures = tell(after, "ggg")
    new = snapshot(after, tmp_path / "new.core")
    told = heapspy.run("diff", old, new, "-f", "json").json()
    assert told["join"] == "path" and warned(told, "not known") and told["survivors"] is None
    assert [moment["pid"] for moment in told["moments"]] == [before.pid, after.pid]
    for address in (figures["events"], figures["seen"]):
        suspect = suspect_at(told, address)
        assert suspect and suspect["length"] == [2000, 5000] and suspect["rank"] <= 2, told["suspects"]
        assert suspect["confidence"] == "medium" and suspect["kept"] is None and suspect["steadiness"] is None
    assert suspect_at(told, figures["events"])["grows_by"][0] == {"type": "__main__.Event", "count": 3000}
    assert not any(suspect["confidence"] == "high" for suspect in told["suspects"])
    assert all(row["survivors"] is None and row["turnover"] is None for row in told["types"])
    assert heapspy.run("diff", old, new, "--fail-on-growth", "10k").status == 1
    text = heapspy.run("diff", old, new).output
    assert "joined  by path and type" in text and " in 0." not in text and "/s)" not in text
    # two that are alike
    nothing = heapspy.run("diff", old, snapshot(start(two_interpreter, "growing.py"), tmp_path / "other.core"), "-f", "json").json()
    assert not [suspect for suspect in nothing["suspects"] if suspect["confidence"] != "low"], nothing["suspects"]


def test_versions_and_programs_differ(debian, found, start, tmp_path):
    """Compared, with a warning; each version against each, in both directions."""
    others = [i for i in found.all if i.flavour != "debian" and i.minor in ("3.8", "3.14")]
    if not others:
        pytest.skip("one version of Python is here")
    live = start(debian, "growing.py")
    old = snapshot(live, tmp_path / "old.core")
    for i, interpreter in enumerate(others):
        other = start(interpreter, "growing.py")
        figures = tell(other, "gg")
        new = snapshot(other, tmp_path / ("new-%d.core" % i))
        told = heapspy.run("diff", old, new, "-f", "json").json()
        assert warned(told, "CPython") and told["join"] == "path"
        assert suspect_at(told, figures["events"])["length"] == [2000, 4000]
        back = heapspy.run("diff", new, old, "-f", "json").json()
        assert warned(back, "CPython") and rows(back)["__main__.Event"]["count"] == [4000, 2000]
        assert not any("EVENTS" in (suspect["path"] or "") for suspect in back["suspects"])
    leaking = start(debian, "leaking.py")
    told = heapspy.run("diff", old, leaking.pid, "-f", "json", *LIMIT).json()
    assert warned(told, "another program")
    ticket = heapspy.run("diff", old, tmp_path / "new-0.core", leaking.pid, "-f", "md", *LIMIT).output.splitlines()
    assert 10 < len(ticket) <= 40 and max(map(len, ticket)) <= 100, ticket


# --- workers --------------------------------------------------------------------------------------------------------------

def test_siblings(debian, start, tmp_path):
    """Of four, one has more events; its list is named, not what is in it, nor what holds it. The same of files."""
    workers = [start(debian, "growing.py") for _ in range(4)]
    tell(workers[2], "ggg")
    told = heapspy.run("diff", "--siblings", *[live.pid for live in workers], "-f", "json", *LIMIT).json()
    assert [sibling["pid"] for sibling in told["siblings"]] == [live.pid for live in workers]
    holders = {holder["path"]: holder for holder in told["holders"]}
    assert set(holders) == {"__main__.EVENTS", "__main__.SEEN"}, holders
    events = holders["__main__.EVENTS"]
    assert events["length"] == [2000, 2000, 5000, 2000] and events["outlier"] == 2
    assert events["median_length"] == 2000 and events["excess_items"] == 3000 and events["excess_bytes"] > 0
    types = {row["type"]: row for row in told["types"]}
    assert types["__main__.Event"]["count"] == [2000, 2000, 5000, 2000] and types["__main__.Event"]["outlier"] == 2
    files = [snapshot(live, tmp_path / ("%d.core" % i)) for i, live in enumerate(workers)]
    of_files = heapspy.run("diff", "--siblings", *files, "-f", "json").json()
    assert of_files["holders"] == told["holders"] and of_files["types"] == told["types"]
    text = heapspy.run("diff", "--siblings", *files).output
    assert "HOLDERS THAT DIFFER" in text and "__main__.EVENTS" in text and "payload 1" not in text
    alike = heapspy.run("diff", "--siblings", *files[:2], "-f", "json").json()
    assert alike["holders"] == []


def test_siblings_of_which_one_is_gone(debian, start):
    workers = [start(debian, "growing.py") for _ in range(2)]
    gone = subprocess.Popen(["true"])
    gone.wait()
    done = heapspy.run("diff", "--siblings", workers[0].pid, gone.pid, workers[1].pid, "-f", "json", *LIMIT)
    assert done.status == heapspy.GONE, done
    told = json.loads(done.output)
    assert len(told["siblings"]) == 2 and not told["complete"] and warned(told, str(gone.pid))
    done = heapspy.run("diff", "--siblings", workers[0].pid, gone.pid, *LIMIT)
    assert done.status == heapspy.GONE and done.output == ""


# --- what cannot be compared ----------------------------------------------------------------------------------------------

def test_bad_files(debian, start, tmp_path):
    """The file that is wrong is named; nothing is written."""
    live = start(debian, "growing.py")
    good = snapshot(live, tmp_path / "good.core")
    data = good.read_bytes()
    wrong = {"cut.core": data[:len(data) // 2], "text.core": b"no core at all\n" * 100, "empty.core": b"",
             "flipped.core": data[:len(data) * 3 // 4] + bytes([data[len(data) * 3 // 4] ^ 1]) + data[len(data) * 3 // 4 + 1:]}
    for name, content in wrong.items():
        path = tmp_path / name
        path.write_bytes(content)
        for order in ((good, path), (path, good)):
            done = heapspy.run("diff", *order)
            assert done.status == heapspy.FAILED and done.output == "", (name, done)
            assert name in done.errors, done.errors
    done = heapspy.run("diff", good, tmp_path / "missing.core")
    assert done.status == heapspy.USAGE and "missing.core" in done.errors


@pytest.mark.parametrize("arguments", [(), ("1",), ("1", "2", "3", "4"), ("--siblings", "1"), ("--siblings", "1", "2", "--fail-on-growth", "1M"),
                                       ("--siblings", "1", "2", "-f", "md"), ("1", "2", "--fail-on-growth", "0")])
def test_wrong_arguments(arguments):
    assert heapspy.run("diff", *arguments).status == heapspy.USAGE
