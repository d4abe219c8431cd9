"""What is drawn of a wave and of samples is what they are: which way it goes, in which order light comes, what a filter lets through."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.gui.facts import Lit, Plan, facts_from
from wavestim.gui.flowfield import FlowField
from wavestim.gui.lightshow import SHOWN_MS, lit_now, slowed
from wavestim.gui.signal import Signal
from wavestim.gui.timeleft import LEAST_S, disk_left_s, time_left_s
from wavestim.gui.tracing import LADDER_UV, POINTS_IN_ALL, TraceView, Tracing, chosen, fitting_uv
from wavestim.gui.viewing import View
from wavestim.gui.words import live

from .conftest import TEXT, about

GRID = np.array([[0.4 * (i % 5), 0.4 * (i // 5)] for i in range(25)])


@given(st.integers(0, 3), st.booleans())
def test_four_quarter_turns_and_two_mirrors_are_none(turns, mirrored):
    view = View(turns, mirrored)
    assert view.turn().turn().turn().turn() == view
    assert view.mirror().mirror() == view
    np.testing.assert_array_equal(np.abs(view.seen(GRID)).sum(axis=1), np.abs(GRID).sum(axis=1))


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turn_is_counter_clockwise_as_it_is_seen(mirrored):
    view = View(1, mirrored)
    np.testing.assert_array_equal(view.turn().seen(GRID), view.seen(GRID) @ np.array([[0, 1], [-1, 0]]))


@settings(max_examples=25)
@given(st.floats(-180, 180), st.floats(1.5, 20.0))
def test_flow_goes_where_the_wave_goes(direction_deg, wavelength_mm):
    along = np.array([math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))])
    phase = (1.0 - 2 * np.pi / wavelength_mm * (GRID @ along) + np.pi) % (2 * np.pi) - np.pi
    bad = np.arange(25) == 7
    flow = FlowField(GRID, 0.4, bad).directions(phase)
    assert np.isnan(flow[7]).all()
    np.testing.assert_allclose(flow[~bad], np.broadcast_to(along, (24, 2)), atol=1e-6)


def test_flow_of_a_rotating_wave_goes_around():
    centre = GRID - GRID.mean(axis=0)
    flow = FlowField(GRID, 0.4, np.zeros(25, bool)).directions(-np.arctan2(centre[:, 1], centre[:, 0]))
    outer = np.hypot(*centre.T) > 0.7
    around = np.column_stack([-centre[:, 1], centre[:, 0]]) / np.hypot(*centre.T)[:, None].clip(1e-9)
    assert (np.einsum("ij,ij->i", flow, around)[outer] > 0.9).all()


def test_flat_is_nowhere_and_one_electrode_has_no_neighbours():
    assert np.isnan(FlowField(GRID, 0.4, np.zeros(25, bool)).directions(np.full(25, 1.0))).all()
    assert np.isnan(FlowField(GRID[:1], 1.0, np.zeros(1, bool)).directions(np.zeros(1))).all()


def test_light_is_drawn_in_its_order():
    pattern = tuple(Lit(led, 4.0 * led, 5.0) for led in range(4))
    assert slowed(pattern) == pytest.approx(SHOWN_MS / 17)
    shown = [lit_now(pattern, ms) for ms in np.arange(0, SHOWN_MS + 50, 10.0)]
    assert shown[0] == [0]
    assert shown[-1] == lit_now(pattern, -1.0) == []
    assert list(dict.fromkeys(led for leds in shown for led in leds)) == [0, 1, 2, 3]
    assert slowed(()) == slowed((Lit(0, 0.0, 600.0),)) == 1.0


def test_patterns_are_those_of_the_journal():
    from wavestim.controller.experiment import parse_experiment

    kept = {"slots": [{"name": "x", "entries": [[3, 4000, 5000, 2.0], [1, 0, 5000, 2.0]]}], "own_light": False, "seconds": 600}
    facts = facts_from(about(), parse_experiment(TEXT), kept)
    assert facts.patterns == ((Lit(1, 0.0, 5.0), Lit(3, 4.0, 5.0)),)
    by_hand = facts_from(about(), parse_experiment(TEXT), kept | {"manual_slots": [{"name": "LED 2", "entries": [[2, 0, 1000, 2.0]]}]})
    assert by_hand.patterns[1] == (Lit(2, 0.0, 1.0),)
    assert (facts.own_light, facts.plan) == (False, Plan(seconds=600))
    blocks = parse_experiment(TEXT + "schedule: {trials_per_block: 10, blocks: 3}\nstop: {after_s: 60}\n")
    assert facts_from(about(), blocks).plan == Plan(30, None, {"lit": 15, "sham": 15}, 60)


def fed(rate_hz, samples, step):
    signal = Signal(rate_hz, samples.shape[1])
    tracing = Tracing(signal, np.arange(samples.shape[1]), "band", (8.0, 16.0))
    for first in range(0, len(samples), step):
        signal.add(first, samples[first : first + step])
        tracing.follow()
    return tracing


@pytest.mark.parametrize("step", [17, 250, 2999])
def test_a_filter_does_not_know_in_which_pieces_samples_came(step):
    rng = np.random.default_rng(3)
    samples = rng.normal(size=(3000, 2)).astype(np.float32)
    np.testing.assert_allclose(fed(1000.0, samples, step).shown(1.0)[1], fed(1000.0, samples, 3000).shown(1.0)[1], atol=1e-6)


def test_the_band_is_let_through_and_the_rest_is_not():
    t = np.arange(5000) / 1000
    samples = np.column_stack([np.sin(2 * np.pi * hz * t) for hz in (12, 1, 60)]).astype(np.float32)
    at_s, out = fed(1000.0, samples, 50).shown(1.0)
    assert at_s[-1] == 0
    assert np.abs(out).max(axis=0) == pytest.approx([1.0, 0.0, 0.0], abs=0.12)


def test_what_is_missing_stays_missing_and_does_not_stop_the_filter():
    samples = np.sin(2 * np.pi * 12 * np.arange(6000) / 1000)[:, None].astype(np.float32)
    samples[4000:4100] = np.nan
    out = fed(1000.0, samples, 50).shown(5.0)[1]
    assert np.isnan(out).any()
    assert np.isfinite(out[-100:]).all()


def test_no_more_is_drawn_than_can_be_seen_and_no_peak_is_lost():
    samples = np.zeros((10_000, 100), np.float32)
    samples[9_137, 42] = 99.0
    signal = Signal(1000.0, 100)
    tracing = Tracing(signal, np.arange(100), "raw", (8.0, 16.0))
    signal.add(0, samples)
    tracing.follow()
    at_s, out = tracing.shown(10.0)
    assert out.size <= 2 * POINTS_IN_ALL
    assert out.max() == 99.0
    assert at_s[np.argmax(out[:, 42])] == pytest.approx((9_137 - 9_999) / 1000, abs=0.1)


def test_electrodes_are_chosen_by_words_and_numbers():
    bad = frozenset([3])
    assert chosen("all", GRID, bad, 12).tolist() == [i for i in range(25) if i != 3]
    assert chosen("near", GRID, bad, 12)[0] != 3
    assert 12 in chosen("near", GRID, bad, 12)
    assert len(chosen("spread", np.repeat(GRID, 40, axis=0), bad, 12)) <= 24
    assert chosen("3, 0-2,1", GRID, bad, 12).tolist() == [3, 0, 1, 2]
    for wrong in ("", "x", "1-", "0-99", "-3", "7-0"):
        with pytest.raises(ValueError, match=r"electrode|range"):
            chosen(wrong, GRID, bad, 12)


def test_the_scale_goes_by_steps_and_fits_when_it_is_left_alone():
    view = TraceView().scaled(130.0, larger=True)
    assert view.scale_uv == 100
    assert view.scaled(100.0, larger=True).scale_uv == 50
    assert view.scaled(100.0, larger=False).scale_uv == 200
    assert TraceView().scaled(1e9, larger=False).scale_uv == LADDER_UV[-1]
    values = 10 * np.sin(np.arange(1000))[:, None]
    fits = fitting_uv(values, 0.0)
    assert fits == pytest.approx(16, rel=0.05)
    assert fitting_uv(1.2 * values, fits) == fits, "it does not breathe"
    assert fitting_uv(np.full((3, 1), np.nan), 7.0) == 7.0


def status(seconds, **more):
    return {"seconds": seconds, **more}


@pytest.mark.parametrize(
    ("plan", "said", "conditions", "left_s"),
    [
        (Plan(), status(100.0), {}, None),
        (Plan(seconds=600.0), status(100.0), {}, 500.0),
        (Plan(trials=40), status(120.0, course={"trials": 10}), {}, 300.0),
        (Plan(trials=40, seconds=130.0), status(120.0, course={"trials": 10}), {}, 10.0),
        (Plan(pulses=20), status(120.0), {"lit": 5, "sham": 5}, 100.0),
        (Plan(conditions={"lit": 10, "sham": 10}), status(120.0), {"lit": 10, "sham": 5}, 100.0),
        (Plan(trials=40), status(20.0 + LEAST_S / 2, course={"trials": 9}), {}, None),
    ],
)
def test_what_is_left_is_told_by_what_was_done(plan, said, conditions, left_s):
    found = time_left_s(plan, said, conditions, 20.0)
    assert found == (None if left_s is None else pytest.approx(left_s))


def test_the_disk_lasts_as_long_as_the_session_writes_so_much():
    said = status(100.0, written_bytes=4e7, free_bytes=4e9, ring_fill=0.01, telemetry_dropped=2, dropped=0)
    assert disk_left_s(said) == pytest.approx(10_000)
    assert "full in 2.8 h" in live.store(said, "")
    assert live.buffers(said) == ("ring 1 % full · 2 views dropped · 0 samples lost", False)
    assert live.buffers({**said, "dropped": 7})[1]
    assert disk_left_s(status(1.0)) is None
    assert live.UNKNOWN in live.store(status(1.0), live.buffers(status(1.0))[0])
    assert live.phase_line("the model", 100.0, 20.0, 5, -100.0).count("-160°") == 1
