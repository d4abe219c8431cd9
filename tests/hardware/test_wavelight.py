"""The driver against the real firmware core in simulated time: what was ordered is what shines, and what is told is what happened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import KINDS, Light, LightError, PatternEntry, open_light
from wavestim.hardware.lights.wavelight import words as w
from wavestim.hardware.lights.wavelight.inbox import Inbox
from wavestim.hardware.lights.wavelight.link import NO_LINE, NO_PATTERN, TOO_MANY, press
from wavestim.hardware.lights.wavelight.question import Questions


def kinds(desk):
    return [e.kind for e in desk.events]


def test_it_is_a_light(desk):
    assert isinstance(desk.light, Light)
    info = desk.light.info
    assert (info.kind, info.board, info.n_sites, info.guarantee) == ("simulated", "host", 25, "scheduled")
    assert (info.tick_ns, info.max_pulse_us, info.duty_max, info.heartbeat_timeout_ms, info.boot_id) == (500, 20_000, 0.2, 100, 1)


def test_light_falls_on_the_commanded_tick(desk):
    desk.light.upload(4, [PatternEntry(k, 300 * k, 5000, 255) for k in range(25)])
    desk.light.arm()
    desk.run(1)
    wanted = []
    for n in range(5):
        wanted.append(desk.fire(n, 20_000 + 317 * n, slot=4))
        desk.run(60)
    edges = desk.core.edges()
    ons = edges[(edges["led"] == 0) & (edges["level"] > 0)]["device_us"]
    assert ons.tolist() == [t / 1000 for t in wanted]
    fired = [e for e in desk.events if e.kind == "fired"]
    assert [(e.decision, e.device_on_ns, e.dark, e.cut) for e in fired] == [(n, t, False, False) for n, t in enumerate(wanted)]
    assert [e.device_off_ns - e.device_on_ns for e in fired] == [(24 * 300 + 5000) * 1000] * 5
    assert [e.decision for e in desk.events if e.kind == "acked"] == [0, 1, 2, 3, 4]


def test_a_sham_is_told_like_light_but_dark(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    at = desk.fire(8, 10_000, flags=1)
    desk.run(40)
    assert [(e.kind, e.decision, e.dark) for e in desk.events] == [("acked", 8, True), ("fired", 8, True)]
    assert desk.events[-1].device_on_ns == at
    assert len(desk.core.edges()) == 0


def test_refusals_come_with_their_word_and_decision(desk):
    desk.flash()
    desk.fire(1, 10_000)
    desk.run(3)
    assert [(e.kind, e.decision, e.reason) for e in desk.events] == [("refused", 1, "not-armed")]
    desk.light.arm()
    desk.events.clear()
    desk.run(1)
    desk.fire(2, 100)
    desk.fire(3, 30_000)
    desk.fire(4, 31_000)
    desk.run(50)
    assert {e.decision: e.reason for e in desk.events if e.kind == "refused"} == {2: "late", 4: "duty"}
    assert [e.decision for e in desk.events if e.kind == "fired"] == [3]


def test_what_cannot_be_sent_is_a_negative_code(desk):
    assert press(desk.port, "fire", 1, 5, 0, 10**9) == NO_PATTERN
    for k in range(17):
        desk.light.upload(k, [PatternEntry(k, 0, 1000, 255)])
    desk.light.arm()
    desk.run(1)
    at = desk.core.device_ns(desk.clock.now_ns) + 50_000_000
    codes = [press(desk.port, "fire", k, k, 0, at) for k in range(17)]
    assert codes == [0] * 16 + [TOO_MANY]
    desk.run(80)
    assert press(desk.port, "fire", 99, 16, 0, at + 100_000_000) == 0
    desk.light.close()
    assert press(desk.port, "heartbeat", value=1) == NO_LINE
    assert press(desk.port, "abort") == NO_LINE


def test_a_stale_generation_is_refused_by_the_board(desk):
    desk.flash(slot=2)
    desk.light.arm()
    desk.run(1)
    desk.light.link.set_generation(2, 77)
    desk.fire(1, 10_000, slot=2)
    desk.run(20)
    assert [(e.kind, e.reason, e.detail) for e in desk.events] == [("refused", "bad-generation", 1)]


def test_a_lost_acknowledgement_is_asked_for_again_and_fires_once(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.fire(5, 40_000)
    desk.light.link.lose_back = 1
    desk.run(80)
    assert kinds(desk) == ["acked", "fired"]
    assert len(desk.core.edges()) == 2


def test_a_lost_order_is_repeated_in_time(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose(1)
    at = desk.fire(5, 40_000)
    desk.run(80)
    assert kinds(desk) == ["acked", "fired"]
    assert desk.core.edges()["device_us"][0] == at / 1000


def test_an_order_lost_for_good_is_told_as_lost(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose(1)
    desk.fire(5, 2000)  # too near for a second try
    desk.run(700)
    assert [(e.kind, e.decision, e.reason) for e in desk.events] == [("lost", 5, "no-answer")]
    assert desk.light.link.open_fires() == []


@pytest.mark.parametrize("withdraw", [["cancel"], ["disarm", "arm"], ["abort", "arm"]], ids=" then ".join)
def test_a_withdrawn_order_is_not_repeated(desk, withdraw):
    """It was lost on its way; what was asked for after it holds."""
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose(1)
    desk.fire(5, 60_000)
    for call in withdraw:
        getattr(desk.light, call)()
    desk.run(700)
    assert len(desk.core.edges()) == 0
    assert [(e.kind, e.reason) for e in desk.events if e.decision == 5] == [("lost", "no-answer")]


def test_an_order_given_while_another_thread_withdraws_is_not_repeated(desk, monkeypatch):
    """It slips in between, is lost, and must not come behind the CANCEL."""
    desk.flash()
    desk.light.arm()
    desk.run(1)
    write = desk.light.link.__class__.write
    ordered = []

    class Slips:
        """The link, with an engine that orders just before CANCEL goes out."""

        def __getattr__(self, name):
            return getattr(desk.light.link, name)

        def write(self, frame):
            if not ordered and frame[1] == w.Command.CANCEL:
                desk.light.link.lose(1)
                ordered.append(desk.fire(5, 60_000))
            return write(desk.light.link, frame)

    monkeypatch.setattr(desk.light._questions, "link", Slips())
    desk.light.cancel()
    desk.run(700)
    assert len(ordered) == 1
    assert len(desk.core.edges()) == 0


def test_a_burst_whose_answers_are_late_fires_once_each_and_is_told_so(desk):
    """More orders than the board remembers answers to, all of them repeated."""
    for k in range(16):
        desk.flash(slot=k, site=k)
    desk.light.arm()
    desk.run(1)
    at = desk.core.device_ns(desk.clock.now_ns) + 80_000_000
    assert [press(desk.port, "fire", k, k, 0, at) for k in range(16)] == [0] * 16
    desk.light.link.lose_back = 16
    desk.run(150)
    assert [e.decision for e in desk.events if e.kind == "acked"] == list(range(16))
    assert sorted(e.decision for e in desk.events if e.kind == "fired") == list(range(16))
    assert len(desk.events) == 32
    assert len(desk.core.edges()) == 32


def test_the_last_event_lost_is_asked_for_again(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.fire(1, 5000)
    desk.run(8)
    desk.light.link.lose_back = 2  # FIRED, and nothing comes after it; nor does the first question arrive back
    desk.run(450)
    assert [(e.kind, e.decision) for e in desk.events] == [("acked", 1), ("fired", 1)]


def test_why_the_board_is_dark_is_asked_for_when_an_order_is_refused(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose_back = 1  # SAFE
    desk.run(200, beat=False)
    assert kinds(desk) == []
    desk.fire(1, 20_000)
    desk.run(10)
    assert [(e.kind, e.reason) for e in desk.events] == [("refused", "not-armed"), ("safe", "heartbeat")]


def test_how_many_events_are_lost_is_told_and_the_others_are_kept(desk):
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose_back = 50
    for _ in range(50):
        desk.core.ttl(0, True)
        desk.run(1)
    desk.core.ttl(0, True)
    desk.run(60)
    kept = [e.kind for e in desk.events]
    assert kept == ["lost"] + ["ttl"] * 32
    assert (desk.events[0].reason, desk.events[0].detail) == ("events", 19)


def test_a_lost_event_is_asked_for_again(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.fire(1, 5000)
    desk.run(8)
    desk.light.link.lose_back = 1  # FIRED of decision 1
    desk.run(40)
    desk.fire(2, 5000)
    desk.run(60)
    assert [e.decision for e in desk.events if e.kind == "fired"] in ([1, 2], [2, 1])
    assert "lost" not in kinds(desk)


def test_silence_of_the_engine_is_told_as_heartbeat(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.fire(3, 400_000)
    desk.run(300, beat=False)
    assert [(e.kind, e.decision, e.reason) for e in desk.events[1:]] == [("dropped", 3, "heartbeat"), ("safe", -1, "heartbeat")]
    assert desk.light.status().state == "safe"
    assert desk.light.status().cause == "heartbeat"
    desk.light.arm()  # clears it
    assert desk.light.status().state == "armed"


def test_abort_from_the_engine_thread(desk):
    desk.flash(width_us=20_000)
    desk.light.arm()
    desk.run(1)
    desk.fire(1, 3000)
    desk.run(8)
    assert press(desk.port, "abort") == 0
    desk.run(2)
    assert desk.core.lit == []
    fired, safe = desk.events[-2:]
    assert (fired.kind, fired.decision, fired.cut) == ("fired", 1, True)
    assert (safe.kind, safe.reason, safe.detail) == ("safe", "abort", 1)


def test_abort_and_disarm_wait_for_the_board(desk):
    desk.light.arm()
    desk.light.abort()
    assert desk.core.state == "safe"
    desk.light.disarm()
    assert desk.core.state == "idle"


def test_clock_samples_give_the_clock_within_their_slack(desk):
    for _ in range(20):
        desk.light.ping()
        desk.run(7, beat=False)
    assert len(desk.samples) == 20
    for s in desk.samples:
        assert s.slack_ns >= -500
        host, device = s.point
        assert abs(desk.core.device_ns(round(host)) - device) <= s.slack_ns / 2 + 1000
    assert min(s.slack_ns for s in desk.samples) < 2000  # all of the wire is accounted for


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


def test_limits_of_the_board_can_be_tightened(desk):
    assert desk.light.limit(w.Limit.MAX_PULSE_US) == 20_000
    assert desk.light.limit(w.Limit.MAX_PULSE_US, 5000) == 5000
    with pytest.raises(LightError, match="looser"):
        desk.light.limit(w.Limit.MAX_PULSE_US, 6000)


@pytest.mark.parametrize(
    ("slot", "entries", "what"),
    [
        (160, [PatternEntry(0, 0, 5000, 255)], "slots 0 to 159"),
        (0, [], "is empty"),
        (0, [PatternEntry(25, 0, 5000, 255)], "site 25"),
        (0, [PatternEntry(0, 0, 5001, 255)], "5001 us wide"),
        (0, [PatternEntry(0, 0, 24_000, 255)], r"refused pattern for slot 0: width"),
        (0, [PatternEntry(0, 0, 5000, 255), PatternEntry(0, 10_000, 5000, 255)], "duty"),
        (0, [PatternEntry(0, 300_000, 5000, 255)], "at most 200 ms"),
        (0, [PatternEntry(k % 25, 0, 1000, 255) for k in range(65)], "more entries than the board holds"),
    ],
)
def test_patterns_that_cannot_be_are_explained(desk, slot, entries, what):
    with pytest.raises(LightError, match=what):
        desk.light.upload(slot, entries)
    assert press(desk.port, "fire", 0, 0, 0, 10**9) == NO_PATTERN


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


def test_two_runs_are_the_same_to_the_bit(desk):
    def run():
        core, clock = FirmwareCore(25, boot_ns=-5_000, drift_ppm=12), VirtualClock()
        light = open_light("simulated", core=core, clock=clock)
        light.upload(0, [PatternEntry(k, 200 * k, 4000, 200) for k in range(10)])
        light.arm()
        port, told = light.port(), []
        for k in range(400):
            if k % 20 == 0:
                press(port, "heartbeat", value=k + 1)
                light.ping()
            if k % 70 == 5:
                press(port, "fire", k, 0, 0, core.device_ns(clock.now_ns + 12_345_678))
            clock.now_ns += 1_000_000
            core.advance(clock.now_ns)
            told += light.poll()
        return core.edges().tobytes(), told

    assert run() == run()


def test_the_sequence_wraps_many_times(desk):
    desk.flash(width_us=1000)
    desk.light.arm()
    for n in range(400):
        desk.fire(n, 4000)
        desk.light.ping()
        desk.run(10)
    fired = [e.decision for e in desk.events if e.kind == "fired"]
    assert fired == list(range(400))
    assert len(desk.samples) == 400
