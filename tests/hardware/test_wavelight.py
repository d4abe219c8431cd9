"""The driver against the real firmware core in simulated time: what was ordered is what shines, and what is told is what happened."""

import pytest
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import Light, LightError, PatternEntry, open_light
from wavestim.hardware.lights.wavelight import words as w
from wavestim.hardware.lights.wavelight.link import NO_LINE, NO_PATTERN, TOO_MANY, press


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
