"""The same driver over a real pseudo-terminal and pyserial, the board served in real time by a thread; waits are for data, not for time."""

import csv
import io
import json
import os
import subprocess
import sys
import termios
import threading
from types import SimpleNamespace

import pytest
from wavestim.hardware.firmware.board import PtyBoard
from wavestim.hardware.firmware.device import serve_device
from wavestim.hardware.lights import LightError, PatternEntry, open_light
from wavestim.hardware.lights.wavelight import opening
from wavestim.hardware.lights.wavelight.link import NO_PATTERN, press
from wavestim.hardware.lights.wavelight.usbserial import LineReport


class Served:
    """A board on a pseudo-terminal in a thread."""

    def __init__(self, **core):
        self.board = PtyBoard(25, **core)
        self.edges = []
        self.changed = threading.Condition()
        self.done = False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.done:
            edges = self.board.service(0.01)
            with self.changed:
                self.edges += edges.tolist()
                self.changed.notify_all()

    def until(self, condition, tries=3000):
        with self.changed:
            return any(condition() or (not self.changed.wait(0.01) and condition()) for _ in range(tries))

    def close(self):
        self.done = True
        self.thread.join()
        self.board.close()


@pytest.fixture
def served():
    s = Served()
    yield s
    s.close()


def heard(light, *kinds):
    """The first news of these kinds; the heart beats meanwhile."""
    beat = light.status().device_ns // 1000 & 0x3FFFFFFF
    for k in range(3000):
        press(light.port(), "heartbeat", value=beat + k)
        light.wait(0.01)
        for event in light.poll()[0]:
            if event.kind in kinds:
                return event
    raise AssertionError(f"none of {kinds}")


def shine(light):
    """Order slot 0 until the machine is quick enough; when it was ordered, and what the board says of it.

    A loaded machine may be late: then the board refuses, as it must, or goes dark, and the next order is given with more room.
    """
    for room_ms in (50, 200, 800, 3200):
        light.arm()
        at = (light.status().device_ns + room_ms * 1_000_000) // 500 * 500
        assert press(light.port(), "fire", 7, 0, 0, at) == 0
        answer = heard(light, "fired", "refused", "dropped", "lost", "safe")
        if answer.kind == "fired":
            return at, answer
    raise AssertionError("the machine is too slow for any light")


def test_light_over_a_real_line(served):
    light = open_light("wavelight", port=served.board.pty_name, answer_s=10)
    assert (light.info.kind, light.info.board) == ("wavelight", "host")
    with pytest.raises(LightError, match="in use by another program"):
        open_light("wavelight", port=served.board.pty_name)
    light.upload(0, [PatternEntry(k, 0, 4000, 255) for k in range(25)])
    light.ping()
    at, fired = shine(light)
    assert (fired.decision, fired.device_on_ns, fired.device_off_ns) == (7, at, at + 4_000_000)
    assert served.until(lambda: len(served.edges) == 50)
    assert {e[1] for e in served.edges} == {at, at + 4_000_000}
    light.close()
    assert served.until(lambda: not served.board.connected)
    assert served.board.core.state == "idle"


def test_a_board_is_found_by_its_serial_number(served, monkeypatch):
    other, mine = (SimpleNamespace(device=d, serial_number=n) for d, n in (("/dev/tty-other", "A1"), (served.board.pty_name, "9A6F3C21")))
    monkeypatch.setattr(opening.list_ports, "comports", lambda: [other, mine])
    with open_light("wavelight", serial_number="9A6F3C21", answer_s=10) as light:
        assert (light.where, light.info.board) == (served.board.pty_name, "host")
    with pytest.raises(LightError, match=r"no serial port with serial_number 'X9'; ports with one: /dev/tty-other \(A1\), .* \(9A6F3C21\)"):
        open_light("wavelight", serial_number="X9")


def test_a_host_that_dies_leaves_darkness(served):
    light = open_light("wavelight", port=served.board.pty_name, answer_s=10)
    light.arm()
    assert served.until(lambda: served.board.core.state == "armed")
    light.link.detach()
    light._on_close()  # the descriptor closes as the kernel does for a killed process
    assert served.until(lambda: served.board.core.state == "safe")
    assert served.board.core.lit == []
    again = open_light("wavelight", port=served.board.pty_name, answer_s=10)
    assert again.status().state == "safe"
    again.arm()
    again.close()


def test_a_board_that_vanishes_is_told_once_and_refuses(served):
    light = open_light("wavelight", port=served.board.pty_name, answer_s=10)
    port = light.port()
    served.close()
    light.wait(60.0)
    events = light.poll()[0] + light.poll()[0]
    assert [(e.kind, e.reason) for e in events] == [("lost", "line")]
    assert press(port, "heartbeat", value=1) < 0
    with pytest.raises(LightError, match="is gone"):
        light.status()
    light.close()


def test_a_board_that_is_plugged_in_again_is_found_dark_and_without_patterns(served, tmp_path, monkeypatch):
    quickened = []
    monkeypatch.setattr(opening, "quicken", lambda name, line: quickened.append(name) or LineReport())
    name = tmp_path / "board"
    name.symlink_to(served.board.pty_name)
    light = open_light("wavelight", port=str(name), answer_s=10)
    port = light.port()
    light.upload(0, [PatternEntry(0, 0, 4000, 255)])
    light.arm()
    descriptor = light.link
    assert press(port, "fire", 5, 0, 0, light.status().device_ns + 1_500_000_000) == 0
    served.close()
    light.wait(60.0)
    assert [(e.kind, e.reason) for e in light.poll()[0] if e.kind == "lost"] == [("lost", "line")]
    assert not light.reopen()
    name.unlink()
    again = Served(boot_id=2)
    try:
        name.symlink_to(again.board.pty_name)
        with monkeypatch.context() as loose:  # a contact that bounces

            def gone_again(port):
                raise termios.error(5, "Input/output error")

            loose.setattr(opening.serial.Serial, "reset_input_buffer", gone_again)
            assert not light.reopen()
        assert light.reopen()
        assert quickened == [str(name)] * 2  # an adapter that was out holds answers back again
        assert light.link is descriptor  # what the engine's thread holds is still the line
        assert (light.info.boot_id, light.status().state) == (2, "idle")
        assert [(e.kind, e.decision, e.reason) for e in light.poll()[0]] == [("lost", 5, "line")]
        assert press(port, "fire", 6, 0, 0, light.status().device_ns + 100_000_000) == NO_PATTERN
        light.upload(0, [PatternEntry(0, 0, 4000, 255)])
        light.arm()
        assert press(port, "heartbeat", value=1) == 0
        assert light.status().state == "armed"
        light.close()
    finally:
        again.close()


def test_something_else_on_the_port_is_not_a_board():
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    stop = threading.Event()
    os.set_blocking(master, False)

    def chatter():
        while not stop.wait(0.002):
            try:
                os.read(master, 100)
                os.write(master, b"OK\r\n\0")
            except BlockingIOError:
                continue

    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        with pytest.raises(LightError, match="not a wavelight board"):
            open_light("wavelight", port=os.ttyname(slave), answer_s=0.1)
    finally:
        stop.set()
        thread.join()
        os.close(master)
        os.close(slave)


def test_the_device_says_where_it_is_and_logs_what_shone(tmp_path):
    path, said, seen = tmp_path / "edges.csv", io.StringIO(), []
    stop = threading.Event()
    server = threading.Thread(target=serve_device, args=(path, seen.append), kwargs={"stop": stop.is_set, "out": said, "slice_s": 0.01})
    server.start()
    try:
        for _ in range(3000):
            if said.getvalue().endswith("\n"):
                break
            stop.wait(0.01)
        told = json.loads(said.getvalue())
        assert told["board"] == "host"
        assert path.read_text() == "device_us,led,level\n"
        light = open_light("wavelight", port=told["pty"], answer_s=10)
        light.upload(0, [PatternEntry(3, 0, 4000, 128)])
        _, fired = shine(light)
        assert fired.decision == 7
        light.close()
    finally:
        stop.set()
        server.join()
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert [(int(r["led"]), int(r["level"])) for r in rows] == [(3, 128), (3, 0)]
    assert float(rows[1]["device_us"]) - float(rows[0]["device_us"]) == 4000
    assert sum(len(e) for e in seen) == 2


def test_a_board_that_is_not_built_here_is_a_sentence():
    with pytest.raises(LightError, match="boards: host"):
        serve_device(board="z80")


def test_the_device_ends_dark_and_clean_on_sigterm_with_light_on(tmp_path):
    code = "import sys; from wavestim.hardware.firmware.device import serve_device; serve_device(sys.argv[1])"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    path = tmp_path / "edges.csv"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True, env=env) as server:
        told = json.loads(server.stdout.readline())
        light = open_light("wavelight", port=told["pty"], answer_s=10)
        for led in range(10):
            light.upload(led, [PatternEntry(led, 0, 20_000, 255)])
        for _ in range(20):  # a loaded machine may be too slow for the board's heartbeat
            light.arm()
            begin = light.status().device_ns
            for led in range(10):  # 20 of 25 ms, from now until the board misses its heartbeat
                press(light.port(), "fire", led, led, 0, begin + (20 + 25 * led) * 1_000_000)
            if first_of(light, "fired", "safe") == "fired":
                break
        server.terminate()
        assert server.wait(30) == 0
        light.close()
    rows = list(csv.DictReader(path.read_text().splitlines()))
    lit = [int(r["led"]) for r in rows if int(r["level"])]
    assert lit
    assert sorted(lit) == sorted(int(r["led"]) for r in rows if not int(r["level"]))  # whatever shone was put out


def first_of(light, *kinds):
    """The kind of the first news of these kinds."""
    for _ in range(3000):
        light.wait(0.01)
        if found := [e.kind for e in light.poll()[0] if e.kind in kinds]:
            return found[0]
    raise AssertionError("no news")
