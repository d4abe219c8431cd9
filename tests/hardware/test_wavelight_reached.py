"""The driver finds its board, a board that was reset, another program or nobody: it goes on, or says in a sentence why not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import KINDS, LightError, PatternEntry, open_light
from wavestim.hardware.lights.wavelight import words as w
from wavestim.hardware.lights.wavelight.inbox import Inbox
from wavestim.hardware.lights.wavelight.link import press
from wavestim.hardware.lights.wavelight.question import Questions


def test_a_board_that_was_reset_must_get_its_patterns_again(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.core.reset(4, boot_id=99)
    desk.run(5)
    assert [e.reason for e in desk.events if e.kind == "safe"] == ["watchdog-reset"]
    with pytest.raises(LightError, match="was reset since its patterns were uploaded"):
        desk.light.arm()
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.fire(1, 10_000)
    desk.run(40)
    assert desk.events[-1].kind == "fired"


def test_why_a_board_was_reset_is_heard_whatever_it_had_said_before(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.fire(1, 5000)
    desk.run(40)
    desk.events.clear()
    desk.core.reset(4, boot_id=99)  # its events count from 0 again
    desk.run(5)
    assert desk.light.was_reset()
    desk.run(5)
    assert [(e.kind, e.reason) for e in desk.events] == [("safe", "watchdog-reset")]


@pytest.mark.parametrize("up_s", [0, 1200, 2000])
def test_the_time_of_a_board_that_has_been_on_for_long_is_that_of_its_edges(up_s):
    """Its counter has passed half of its range: still the time that the board itself would tell."""
    core, clock = FirmwareCore(25, boot_ns=-up_s * 10**9), VirtualClock(5_000_000)
    with open_light("simulated", core=core, clock=clock) as light:
        assert abs(light.status().device_ns - core.device_ns(clock.now_ns)) < 1_000_000
        light.upload(0, [PatternEntry(3, 0, 5000, 255)])
        light.arm()
        at = light.status().device_ns + 20_000_000
        press(light.port(), "heartbeat", value=1)
        assert press(light.port(), "fire", 0, 0, 0, at) == 0
        clock.now_ns += 40_000_000
        core.advance(clock.now_ns)
        (fired,) = [e for e in light.poll()[0] if e.kind == "fired"]
        on, off = core.edges()
    assert (fired.device_on_ns, fired.device_off_ns) == (on["device_us"] * 1000, off["device_us"] * 1000)


class Says:
    """A line that only says something."""

    gone, bad_frames = False, 0

    def __init__(self, said):
        self.said = said

    def read(self):
        said, self.said = self.said, []
        return said

    def now_ns(self):
        return 1

    def fire_of(self, seq):
        return (seq, 0, 0, 5_000_000, 0, False, False) if seq == 7 else None

    def open_fires(self):
        return []

    def encode(self, kind, payload):
        return 1, payload

    def write(self, frame):
        return True

    def acked(self, seq):
        pass

    release = fire_again = acked


@given(st.lists(st.tuples(st.sampled_from([*w.Reply, 0x55]), st.sampled_from([0, 1, 7]), st.binary(max_size=34)), max_size=12))
def test_frames_of_any_size_and_kind_break_nothing(frames):
    """Whole frames from another program or version; the driver goes on listening."""
    inbox = Inbox(Says([(k, kind, seq, payload) for k, (kind, seq, payload) in enumerate(frames)]), 20_000, 5_000_000)
    inbox.pump()
    assert inbox.frames == len(frames)


def test_an_answer_without_what_was_asked_for_is_a_sentence():
    line = Says([(0, w.Reply.ACK, 1, w.ACK.pack(w.Command.COMMIT, 5))])  # and no generation
    questions = Questions(line, Inbox(line, 20_000, 5_000_000), "the port", 1000)
    with pytest.raises(LightError, match="what answers at the port is not a wavelight board"):
        questions.number(w.Command.COMMIT, b"", "pattern", 1)


def test_no_answer_is_a_sentence():
    core, clock = FirmwareCore(), VirtualClock()
    core.freeze(10**12)
    with pytest.raises(LightError, match="no answer from the light at the simulated board"):
        open_light("simulated", core=core, clock=clock)


def test_unknown_kinds_and_keys_are_sentences():
    with pytest.raises(
        LightError, match="unknown kind 'laser'; kinds: cyclops, mm-arduino, pulsepal, simulated, thorlabs-dc4100, wavelight"
    ):
        open_light("laser")
    with pytest.raises(LightError, match="unexpected keyword argument 'colour'"):
        open_light("simulated", colour="blue")
    with pytest.raises(LightError, match="there is no port /dev/tty-not-here"):
        open_light("wavelight", port="/dev/tty-not-here")
    with pytest.raises(LightError, match="either port"):
        open_light("wavelight")
    with pytest.raises(LightError, match="no serial port with serial_number 'X9'"):
        open_light("wavelight", serial_number="X9")
    assert set(KINDS) >= {"simulated", "wavelight"}


def test_close_leaves_dark_and_disarmed(desk):
    desk.flash(width_us=20_000)
    desk.light.arm()
    desk.run(1)
    desk.fire(1, 3000)
    desk.run(8)
    assert desk.core.lit == [3]
    desk.light.close()
    assert desk.core.lit == []
    assert desk.core.state == "idle"
    with pytest.raises(LightError, match="is closed"):
        desk.light.status()
