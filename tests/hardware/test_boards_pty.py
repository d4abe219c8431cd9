"""The real driver over a pseudo-terminal and each board as a process of its own, in real time; waits are for data, not for time."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from support import avr_board
from wavestim.hardware.lights import LightError, PatternEntry, open_light
from wavestim.hardware.lights.wavelight.link import press


class Device:
    """``wavestim lights device`` and its edge file."""

    def __init__(self, board, path):
        self.path, self.board = path, board
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        code = "from wavestim.controller.cli import main; main()"
        command = [sys.executable, "-c", code, "lights", "device", "--board", board, "--edges", str(path)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env)
        self.told = json.loads(self.process.stdout.readline())

    def edges(self, n):
        """The first n edges, once they are there."""
        pause = threading.Event()
        for _ in range(3000):
            rows = list(csv.DictReader(self.path.read_text().splitlines()))
            if len(rows) >= n:
                return [(float(r["device_us"]), int(r["led"]), int(r["level"])) for r in rows]
            pause.wait(0.01)
        raise AssertionError(rows)

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.stdout.close()
        return self.process.wait(30)


@pytest.fixture(params=["host", "atmega2560"])
def device(request, tmp_path):
    if request.param == "atmega2560" and (reason := avr_board.missing()):
        pytest.skip(reason)
    d = Device(request.param, tmp_path / "edges.csv")
    yield d
    if d.process.poll() is None:
        d.close()


def first(light, port, *kinds):
    """The first event of these kinds; the heart beats meanwhile."""
    beat = light.status().device_ns // 1000 & 0x3FFFFFFF
    for k in range(3000):
        press(port, "heartbeat", value=beat + k)
        light.wait(0.01)
        for event in light.poll()[0]:
            if event.kind in kinds:
                return event
    raise AssertionError(f"none of {kinds}")


def test_one_order_one_pulse_and_the_log_agrees_with_the_light(device):
    light = open_light("wavelight", port=device.told["pty"], answer_s=10)
    assert (device.told["board"], light.info.board) == (device.board, device.board)
    assert device.path.read_text() == "device_us,led,level\n"
    light.upload(0, [PatternEntry(k, 0, 4000, 255) for k in range(8)])
    with pytest.raises(LightError, match="width"):
        light.upload(1, [PatternEntry(0, 0, 20_004, 255)])
    port = light.port()
    for room_ms in (100, 400, 1600):  # a loaded machine may be late: then the board refuses, as it must
        light.arm()
        at = (light.status().device_ns + room_ms * 1_000_000) // 500 * 500
        assert press(port, "fire", 7, 0, 0, at) == 0
        if (answer := first(light, port, "acked", "refused", "lost", "safe")).kind == "acked":
            fired = first(light, port, "fired", "dropped", "safe", "lost")
            if fired.kind == "fired":
                break
    assert (answer.kind, fired.kind) == ("acked", "fired")
    assert (fired.decision, fired.device_on_ns, fired.device_off_ns) == (7, at, at + 4_000_000)
    edges = device.edges(16)
    assert [level for _, _, level in edges] == [255] * 8 + [0] * 8
    low = at / 1000 % (2**32 / 2)
    assert all(abs(us - low - (0 if level else 4000)) <= 1.0 for us, _, level in edges)
    light.close()


def test_a_host_that_is_gone_leaves_darkness(device):
    light = open_light("wavelight", port=device.told["pty"], answer_s=10)
    light.arm()
    assert light.status().state == "armed"
    light.link.detach()
    light._on_close()  # the descriptor closes as the kernel does for a killed process
    for _ in range(100):
        again = open_light("wavelight", port=device.told["pty"], answer_s=10)
        state = again.status().state
        if state == "safe":
            break
        again.link.detach()
        again._on_close()
    assert state == "safe"
    again.arm()
    again.close()
    assert device.close() == 0
    assert device.path.read_text() == "device_us,led,level\n"
