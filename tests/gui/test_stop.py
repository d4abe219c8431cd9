"""STOP asks nothing of a rig that may hang: a byte, and after 200 ms the end of its process."""

import subprocess
import sys

from wavestim.gui import stop
from wavestim.gui.stop import CONFIRM_S, Stopping


def pressed(byte=True):
    done = []
    return Stopping(10.0, lambda: byte, lambda: done.append("killed")), done


def test_the_byte_is_set(tmp_path):
    (tmp_path / "stop").write_bytes(b"\0")
    assert stop.press(tmp_path)
    assert (tmp_path / "stop").read_bytes() == b"\1"
    assert not stop.press(tmp_path / "nowhere")


def test_a_rig_that_confirms_is_left_to_finish():
    stopping, done = pressed()
    stopping.turn(10.1, False)
    stopping.turn(10.15, True)
    stopping.turn(20.0, False)
    assert (stopping.outcome, done) == ("confirmed", [])


def test_a_rig_that_says_nothing_is_killed_once():
    stopping, done = pressed()
    stopping.turn(10.0 + CONFIRM_S - 0.01, False)
    assert (stopping.outcome, done) == ("waiting", [])
    stopping.turn(10.0 + CONFIRM_S, False)
    stopping.turn(11.0, False)
    assert (stopping.outcome, done) == ("killed", ["killed"])


def test_without_a_byte_to_set_it_is_killed_at_once():
    stopping, done = pressed(byte=False)
    assert (stopping.outcome, done) == ("killed", ["killed"])


def test_killing_what_is_gone_is_no_error():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    stop.kill(child.pid)
