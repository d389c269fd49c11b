# SPDX-License-Identifier: Apache-2.0
"""A wrong layout ends in an error that names the check, never in wrong numbers."""
import collections
import ctypes.util
import glob
import http.server
import os
import re
import shutil
import subprocess
import threading

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


def test_every_field_shifted(found, full, debian, start, tell):
    """Rejected, or the census is what it was: no third way. Debian's interpreter; with --full one of each minor version."""
    tested = [debian]
    # the sanitizers see as much of a heap that is small
    target = ["modes.py", "read", 0] if heapspy.has_sanitizers() and not full else ["zoo.py"]
    if full:
        tested = list({interpreter.minor: interpreter for interpreter in found.all}.values())
    for interpreter in tested:
        live = start(interpreter, *target)
        options = ["--no-dwarf"] if interpreter.flavour != "dwarf" else []
        outcomes = mutate_all(live, *options)
        harmful = outcomes["harmful"] + outcomes["died"]
        tell("%s: %d shifts rejected, %d harmless, %d told as incomplete; undetected and harmful: %s" % (
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


def test_layout_list(found):
    """Every table by name, and that of the system's interpreter is among them."""
    done = heapspy.run("layout", "list")
    heading, *rows = [line.split() for line in done.output.splitlines()]
    assert done.status == heapspy.DONE and heading == ["TABLE", "fields", "BUILD-ID"] and len(rows) >= 20
    assert all(len(row) == 3 and int(row[1]) > 500 and int(row[2], 16) for row in rows)
    assert {row[0].split(".")[1] for row in rows} == {str(minor) for minor in range(8, 16)}


def test_layout_is_written_to_a_file(found, tmp_path):
    """What dump writes is what is shipped; check says so, and where there is nothing to compare with, what to do."""
    interpreter = next((i for i in found.all if i.flavour == "dwarf"), None)
    if interpreter is None:
        pytest.skip("needs an interpreter with debug information")
    path = tmp_path / "table"
    assert heapspy.run("layout", "dump", interpreter.path, "-o", path).status == heapspy.DONE
    assert path.read_text() == heapspy.run("layout", "dump", interpreter.path).output and path.stat().st_mode & 0o777 == 0o600
    checked = heapspy.run("layout", "check", interpreter.path)
    assert checked.status == heapspy.DONE and re.search(r"\b0 differences", checked.output)


@pytest.mark.parametrize("arguments, status, word", [
    ([], heapspy.USAGE, "dump"), (["frob"], heapspy.USAGE, "allowed: dump, check, list"), (["dump"], heapspy.USAGE, "path"),
    (["list", "x"], heapspy.USAGE, "too many"), (["check", "/bin/ls"], heapspy.NOT_CPYTHON, "no CPython"), (["dump", "/nowhere"], heapspy.FAILED, "/nowhere"),
    (["list", "-o", ""], heapspy.USAGE, "file name")])
def test_layout_bad_input(arguments, status, word):
    done = heapspy.run("layout", *arguments)
    assert done.status == status and word in done.errors and not done.output, done


class Server:
    """What debuginfod serves, of one file; and what it was asked for."""

    def __init__(self, build_id, path):
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                is_there = self.path == "/buildid/%s/debuginfo" % build_id
                self.send_response(200 if is_there else 404)
                self.send_header("Content-Length", str(os.path.getsize(path) if is_there else 0))
                self.end_headers()
                if is_there:
                    with open(path, "rb") as file:
                        shutil.copyfileobj(file, self.wfile)

            def log_message(self, *arguments):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.mark.parametrize("has_file", [True, False])
def test_debug_file_from_a_server(found, start, tmp_path, has_file):
    """Asked only when DEBUGINFOD_URLS names it; where it has nothing, the next source is taken."""
    if not ctypes.util.find_library("debuginfod"):
        pytest.skip("needs libdebuginfod (Debian: libdebuginfod1)")
    pairs = [(stripped, twin) for stripped in found.all if stripped.flavour == "stripped" for twin in found.all
             if twin.flavour == "dwarf" and twin.version == stripped.version]
    if not pairs:
        pytest.skip("needs an interpreter with debug information and its stripped copy")
    stripped, twin = pairs[0]
    library = glob.glob(os.path.join(os.path.dirname(twin.path), "..", "lib", "libpython3*.so.1.0"))[0]
    notes = subprocess.run(["readelf", "-n", library], capture_output=True, text=True).stdout
    build_id = re.search("Build ID: ([0-9a-f]+)", notes).group(1)
    server = Server(build_id if has_file else "00", library)
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    live = start(stripped, "modes.py", "read", 0)
    without = heapspy.run("report", live.pid, "--types-only", "--no-cache", "-f", "json", env=environment).json()
    assert not server.asked
    environment.update(DEBUGINFOD_URLS=server.url, DEBUGINFOD_CACHE_PATH=str(tmp_path))
    told = heapspy.run("report", live.pid, "--types-only", "--no-cache", "-f", "json", env=environment).json()
    assert "/buildid/%s/debuginfo" % build_id in server.asked
    assert heapspy.count(told, "__main__.Marked") == heapspy.count(without, "__main__.Marked") == 20000
    assert (told["process"]["layout_source"] != without["process"]["layout_source"]) == has_file
    assert ("debug file" in told["process"]["layout_source"]) == has_file, told["process"]
    server.server.shutdown()
