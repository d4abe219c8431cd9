"""What the window says of a session is what the session told, at any length, in a fixed amount of memory."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.controller.cli._finish import WHY_DARK
from wavestim.gui import words
from wavestim.gui.eventlog import KEPT, EventLog
from wavestim.gui.knowledge import NEW, Knowledge
from wavestim.gui.lamps import lamps
from wavestim.gui.phasebook import ALL
from wavestim.gui.pulsebook import WAITING
from wavestim.gui.rings import Angles, Histogram, LongRun, Rows
from wavestim.gui.signal import KEPT_S, SHOWN_HZ, Signal
from wavestim.gui.words import codes
from wavestim.hardware.lights.wavelight.words import CAUSES, NACKS
from wavestim.realtime.records import KINDS, VERDICTS

N = 16
WAVE = {
    "speed_mm_s": 200.0,
    "frequency_hz": 10.0,
    "pgd": 0.9,
    "direction_deg": 30.0,
    "wavelength_mm": 20.0,
    "amplitude_uv": 50.0,
    "stale": False,
}


@pytest.fixture
def knowledge(told):
    return Knowledge(told, EventLog())


def tick(knowledge, sample, kind="planar", phase_deg=0.0):
    arrays = {"phase_rad": np.full(N, math.radians(phase_deg), np.float32), "sd_deg": np.full(N, 20, np.float32)}
    knowledge.hear("tick", {"sample": sample, "kind": kind, **WAVE}, arrays, 0.0)


def wave(knowledge, index, sample, kind="planar", decision=-1, condition="", phase_deg=0.0):
    row = {
        "sample": sample,
        "decision": decision,
        "condition": condition,
        "phase_deg": phase_deg,
        "sd_deg": 20.0,
        "wave_kind": kind,
        **WAVE,
    }
    knowledge.hear("waves", {"first": index, "rows": [row]}, {}, 0.0)


def decide(knowledge, index, sample=1000, verdict="scheduled", condition="lit", kind="planar"):
    row = {"sample": sample, "fire_sample": sample + 40.0, "site": 5, "condition": condition, "direction_deg": 30.0, "verdict": verdict}
    row |= {"wave_kind": kind, "start_sample": sample + 38.0, "slot": 1}
    knowledge.hear("decisions", {"first": index, "rows": [row]}, {}, 0.0)


def pulse(knowledge, index, at=1040.0, verdict="fired"):
    budget = {"queue_us": 20.0, "compute_us": 20.0, "serial_us": 10.0, "margin_us": 38_000.0}
    row = {"decision": index, "fire_sample": at, "verdict": verdict, "dark": verdict == "dark", "reason": "late", **budget}
    knowledge.hear("pulses", {"first": knowledge.streams["pulses"].next, "rows": [row]}, {}, 0.0)


@given(st.lists(st.integers(0, 23), max_size=30))
def test_rows_keep_the_newest(sizes):
    rows, said = Rows(10, 2), np.zeros((0, 2))
    for size in sizes:
        new = np.arange(2 * size, dtype=float).reshape(size, 2) + len(said)
        rows.add(new)
        said = np.concatenate([said, new])
        np.testing.assert_array_equal(rows.view(), said[-10:])
    assert rows.total == len(said)


@given(st.lists(st.floats(-720, 720), min_size=1, max_size=40))
def test_angles_are_counted_in_the_nearest_sector(angles):
    counted = Angles(36)
    for angle in angles:
        counted.add(angle)
    assert counted.total == len(angles)
    assert 0 <= counted.sd_deg <= 180
    one = Angles(36)
    one.add(angles[0])
    off = (10 * int(np.flatnonzero(one.counts)[0]) - angles[0] + 180) % 360 - 180
    assert abs(off) <= 5 + 1e-9


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(-5, 5)), min_size=1, max_size=200))
def test_the_whole_session_fits_into_its_bins_and_nothing_is_lost(steps):
    run, at_s, total = LongRun(1, bins=8, width_s=1.0), 0.0, 0.0
    for step_s, value in steps:
        at_s += step_s
        total += value
        run.add(at_s, [value])
        assert len(run.view()) <= 8
    assert run._sums.sum() == pytest.approx(total, abs=1e-9)
    assert run._counts.sum() == len(steps)
    times = run.view()[:, 0]
    assert (np.diff(times) > 0).all()
    assert abs(times[-1] - at_s) <= run.width_s
    assert times[0] >= steps[0][0]


@pytest.mark.parametrize("fs_hz", [1000.0, 30_000.0])
def test_samples_that_come_faster_than_can_be_seen_are_averaged(fs_hz):
    signal, first = Signal(fs_hz, 2), 0
    ramp = np.arange(round(fs_hz), dtype=np.float32)[:, None] * [1, -1]
    for n in (7, 100, 333, 1, 2000):
        signal.add(first, ramp[first : first + n])
        first += min(n, len(ramp) - first)
    assert signal.rate_hz <= SHOWN_HZ
    step = fs_hz / signal.rate_hz
    rows = signal.view()
    assert len(rows) == first // step
    np.testing.assert_allclose(np.diff(rows[:, 0]), step)
    assert rows[0, 0] == (step - 1) / 2


def test_a_histogram_leaves_nothing_out_that_is_a_number():
    histogram = Histogram([1, 10, 100])
    for value in (0.1, 5, 50, 5000, math.nan):
        histogram.add(value)
    assert histogram.counts.tolist() == [2, 2]
    assert histogram.part(0.5) == 5.5
    assert math.isnan(Histogram([1, 2]).part(0.5))


def test_phases_are_counted_by_condition(knowledge):
    wave(knowledge, 0, 1000, decision=0, condition="lit", phase_deg=90.0)
    wave(knowledge, 1, 1100, decision=1, condition="sham", phase_deg=-90.0)
    assert knowledge.phases.of("known", ALL).total == 2
    assert knowledge.phases.of("known", "lit").mean_deg == pytest.approx(90)
    assert knowledge.phases.of("known", "never").total == 0
    assert len(knowledge.trends) == 0, "a moment of light is none of the ten a second"


def test_light_is_handed_on_once(knowledge):
    decide(knowledge, 0)
    pulse(knowledge, 0, at=1040.5)
    assert [(shone.sample, shone.begin, shone.slot) for shone in knowledge.new_light()] == [(1040.5, 1038.5, 1)]
    assert knowledge.new_light() == []
    assert knowledge.pulses.latency.total == 1


def test_nothing_undetermined_is_a_number(knowledge):
    assert not knowledge.known
    for kind in KINDS:
        tick(knowledge, 1000, kind=kind)
        line = words.wave_line(knowledge.tick, knowledge.kind)
        assert ("undetermined" in line) == (kind in ("undetermined", "none"))
        assert ("mm/s" in line) == ("°" in line) == (kind == "planar"), "no other wave has one direction and one speed"
    fresh = Knowledge(knowledge.facts, EventLog())
    wave(fresh, 0, 1000, kind="undetermined")
    assert np.isnan(fresh.trends.view()[-1, 1:4]).all()
    assert np.isnan(fresh.whole.view()[-1, 1:4]).all()
    wave(fresh, 1, 1100, kind="synchronous")
    assert np.isfinite(fresh.trends.view()[-1, 1:4]).tolist() == [False, True, True], "it has no speed"
    decide(fresh, 0, kind="synchronous")
    assert fresh.pulses.directions.total == 0
    decide(fresh, 1)
    assert fresh.pulses.directions.total == 1


def test_a_wave_is_forgotten_when_its_samples_come_no_more(knowledge):
    tick(knowledge, 1000)
    knowledge.hear("samples", {"first": 1000}, {"uv": np.zeros((20, N), np.float32)}, 5.0)
    knowledge.turn(5.9)
    assert knowledge.known
    knowledge.turn(6.1)
    assert not knowledge.known
    assert not knowledge.fresh
    knowledge.hear("samples", {"first": 1020}, {"uv": np.zeros((20, N), np.float32)}, 7.0)
    knowledge.hear("end", {"reason": "STOP"}, {}, 7.0)
    tick(knowledge, 1040)
    knowledge.turn(7.1)
    assert not knowledge.known, "it is over"


def test_old_news_is_no_news():
    source, *others = lamps({"state": "armed", "free_bytes": 1e11}, 0.1, 3.0, True)
    assert source.level == "good"
    assert {(lamp.level, lamp.words) for lamp in others} == {("warn", "no news for 3 s")}
    assert lamps({"state": "running"}, 0.1, 3.0, True)[1].level == "lit", "light may come all the same"
    assert lamps({"state": "running"}, 0.1, 0.1, True)[3].words == "disk unknown"


def test_a_wave_is_told_by_what_its_kind_has():
    told = {"direction_deg": 30.0, "speed_mm_s": 200.0, "frequency_hz": 12.0, "centre_mm": None, "sense": 0}
    assert words.wave_line(told, "planar") == "planar · 30° · 200 mm/s · 12.0 Hz"
    assert words.wave_line(told, "synchronous") == "synchronous · 12.0 Hz"
    assert (
        words.wave_line({**told, "centre_mm": [0.31, -1.0], "sense": -1}, "rotating")
        == "rotating clockwise around (0.3, -1.0) mm · 12.0 Hz"
    )
    assert words.wave_line({**told, "centre_mm": [0.31, -1.0]}, "sink") == "sink around (0.3, -1.0) mm · 12.0 Hz"


def test_lost_samples_are_a_gap_in_the_traces(knowledge):
    knowledge.hear("samples", {"first": 0}, {"uv": np.ones((10, N), np.float32)}, 0.0)
    knowledge.hear("samples", {"first": 15}, {"uv": np.ones((10, N), np.float32)}, 0.0)
    assert np.isnan(knowledge.traces.view()[:, 0]).tolist() == [False] * 10 + [True] * 5 + [False] * 10


def test_once_it_is_over_the_wave_is_undetermined_at_once(knowledge):
    """Whether it has said so or was killed: what was known last would look like a wave."""
    knowledge.hear("samples", {"first": 0}, {"uv": np.ones((10, N), np.float32)}, 5.0)
    knowledge.hear("tick", {"kind": "planar"}, {"phase_rad": np.zeros(N), "sd_deg": np.zeros(N)}, 5.0)
    knowledge.turn(5.1)
    assert knowledge.known
    knowledge.read_on()
    knowledge.turn(5.2)
    assert not knowledge.known


def test_every_veto_and_verdict_has_words():
    assert set(VERDICTS[1:]) == set(codes.VETOES)
    assert codes.marker("held", "asked for") == "held, asked for"
    assert codes.marker("never-heard-of", "x") == "never-heard-of: x"


def test_every_reason_that_the_board_or_the_way_to_it_gives_has_words():
    """What the log, the lamp of the light and light by hand say."""
    assert {*NACKS.values(), *CAUSES.values(), *WHY_DARK} - {""} <= set(codes.REASONS)
    assert codes.verdict("missed", "no-samples") == "pulse missed, it stayed dark: no samples came"
    assert codes.marker("disarmed", "no-samples, abort") == "disarmed: no samples came, the board was told to go dark"
    assert codes.marker("disarmed", "nobody ran it for 300 s") == "disarmed: nobody ran it for 300 s"


def test_the_same_veto_again_is_one_line(knowledge):
    for i in range(3):
        decide(knowledge, i, verdict="unsure")
    assert [(line.text, line.times) for line in knowledge.log.lines] == [("light withheld: the phase is not sure enough", 3)]
    assert knowledge.pulses.vetoes == {"unsure": 3}


def test_topics_of_a_newer_rig_are_passed_over(knowledge):
    knowledge.hear("weather", {"rain": True}, {}, 0.0)
    assert knowledge.state == ""


def test_memory_does_not_grow_with_the_session(knowledge):
    block = {"uv": np.zeros((17, N), np.float32)}

    def hour(start):
        for i in range(start, start + 3000):
            knowledge.hear("samples", {"first": 17 * i}, block, 0.0)
            tick(knowledge, 17 * i)
            decide(knowledge, i, sample=17 * i, verdict="scheduled" if i % 2 else "unsure")
            if i % 4 == 1:
                pulse(knowledge, i, at=17 * i + 5.0, verdict="fired" if i % 8 == 1 else "missed")
            wave(knowledge, i, 17 * i)
            knowledge.hear("marker", {"index": i, "sample": 17 * i, "kind": "note", "text": str(i)}, {}, 0.0)

    hour(0)
    before = size(knowledge)
    hour(3000)
    assert size(knowledge) <= before
    assert len(knowledge.traces) == KEPT_S * 1000
    assert len(knowledge.log.only("events")) <= KEPT
    assert len(knowledge.log.only("vetoes")) <= KEPT
    assert len(knowledge.pulses._waiting) <= WAITING
    assert len(knowledge.new_light()) <= NEW
    assert all(len(stream._waiting) == 0 for stream in knowledge.streams.values())


def size(knowledge):
    book = knowledge.pulses
    arrays = sum(kept.nbytes for kept in (knowledge.traces, knowledge.trends, knowledge.whole))
    return (
        arrays + sum(len(kept) for kept in (knowledge.log.lines, book.recent, book._waiting, knowledge._new)) + sys.getsizeof(book.verdicts)
    )


@pytest.mark.parametrize(
    ("status", "silent_s", "which", "level", "said"),
    [
        ({"state": "running"}, 0.1, 1, "lit", "light may come"),
        ({"state": "recording"}, 0.1, 1, "good", "dark"),
        ({"state": "paused", "safe": ["heartbeat"]}, 0.1, 1, "bad", "dark: the board heard nothing of the engine"),
        ({"state": "running"}, 3.0, 0, "bad", "no samples for 3 s"),
        ({"state": "running", "dropped": 7}, 0.1, 0, "warn", "7 samples lost"),
        ({"state": "running", "pulses": {"fired": 10, "missed": 5}}, 0.1, 2, "warn", "5 of 15 missed"),
        ({"state": "running", "realtime": "best effort: no SCHED_FIFO"}, 0.1, 2, "warn", "best effort"),
        ({"state": "running", "free_bytes": 1e9}, 0.1, 3, "warn", "records, only 1.0 GB free"),
    ],
)
def test_lamps_say_why(status, silent_s, which, level, said):
    lamp = lamps({"free_bytes": 1e11, **status}, silent_s, 0.1, True)[which]
    assert (lamp.level, lamp.words) == (level, said)


def test_lamps_of_a_rig_that_is_gone_promise_nothing():
    assert {lamp.level for lamp in lamps({"state": "running"}, 0.0, 0.0, False)} == {"off"}


def test_facts_are_those_of_the_experiment(told):
    assert (told.target_deg, told.bad, told.lit) == (90, frozenset({3}), {"lit": (2, 0), "sham": ()})
    assert told.site in (5, 6, 9, 10)
