"""The light plan: every wave meets a pattern near enough, sham shares its slots, and the order is balanced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.controller.experiment import (
    ExperimentError,
    Plan,
    balanced_sequence,
    bank,
    check_light,
    electrode_positions,
    led_positions,
    load_experiment,
    plan,
    site_index,
)

WAVE = {"kind": "travelling", "heading": "with", "speed_mm_s": "wave", "width_ms": 5, "irradiance_mw_mm2": 2}


def made(e: Any, board: Any) -> Plan:
    xy = electrode_positions(e)
    return plan(e, xy, led_positions(e, xy), board)


def conditions(*patterns: Any) -> list[dict[str, Any]]:
    return [{"name": f"c{i}", "pattern": p} for i, p in enumerate(patterns)]


@pytest.mark.parametrize("n_slots", [4, 16, 32, 64, 128, 255])
def test_the_demo_fits_every_board_and_keeps_within_200_ms(board: Any, n_slots: int) -> None:
    e = load_experiment("against-the-wave")
    p = made(e, board(n_slots=n_slots))
    assert len(p.slots) <= n_slots
    assert max(s.duration_ms for s in p.slots) <= 200
    check_light(e, p, board(n_slots=n_slots))
    with_, against, sham = p.conditions
    assert (with_.heading, against.heading, sham.heading) == ("with", "against", "with")
    assert (with_.heading_deg, against.heading_deg) == (0, 180)
    assert with_.slot0 == against.slot0 == sham.slot0 == 0
    assert [c.dark for c in p.conditions] == [False, False, True]


def test_slots_are_where_the_engine_looks_for_them(board: Any) -> None:
    e = load_experiment("against-the-wave")
    p = made(e, board())
    c = p.conditions[0]
    leds = led_positions(e, electrode_positions(e))
    for i_speed, speed in enumerate(c.speeds_mm_s):
        for i_heading in range(c.n_headings):
            slot = p.slots[c.slot0 + i_speed * c.n_headings + i_heading]
            u = np.array([np.cos(2 * np.pi * i_heading / c.n_headings), np.sin(2 * np.pi * i_heading / c.n_headings)])
            for entry in slot.entries:
                assert entry.delay_us / 1000 == pytest.approx(
                    ((leds[entry.site] - leds[slot.entries[0].site]) @ u) / speed * 1000, abs=0.003
                )


def test_lead_is_the_delay_of_the_led_nearest_the_site(board: Any) -> None:
    e = load_experiment("against-the-wave")
    p = made(e, board())
    xy = electrode_positions(e)
    leds = led_positions(e, xy)
    nearest = int(np.argmin(np.round(np.hypot(*(leds - xy[44]).T), 9)))
    for slot in p.slots:
        assert slot.lead_ms == next(x.delay_us for x in slot.entries if x.site == nearest) / 1000
    assert len(slot.name) <= 48


@given(st.floats(45, 950), st.floats(0, 360))
def test_every_wave_meets_a_pattern_near_enough(speed: float, direction: float) -> None:
    leds = np.array([[x, y] for y in np.arange(5) * 0.8 for x in np.arange(5) * 0.8])
    b = bank.choose(128, leds, 5, headings=True, speeds=True)
    assert b is not None
    assert (b.n_headings, len(b.speeds_mm_s)) == (16, 8)
    d_heading = min(abs((direction - i * 22.5 + 180) % 360 - 180) for i in range(16))
    d_speed = min(abs(np.log(speed / s)) for s in b.speeds_mm_s)
    assert d_heading <= 11.26
    assert d_speed <= np.log(25) / 16 + 1e-9


def test_speeds_whose_pattern_is_too_long_are_left_out() -> None:
    wide = np.array([[0.0, 0.0], [19.5, 0.0]])  # 19.5 mm within 195 ms: 100 mm/s
    b = bank.choose(64, wide, 5, headings=True, speeds=True)
    assert b is not None
    assert min(b.speeds_mm_s) > 100


def test_fixed_and_chosen_parts_of_a_pattern(experiment: Any, board: Any) -> None:
    e = experiment(conditions=conditions({**WAVE, "heading": 30}, {**WAVE, "speed_mm_s": 200}, {**WAVE, "heading": 30, "speed_mm_s": 200}))
    p = made(e, board())
    fixed_heading, fixed_speed, fixed = p.conditions
    assert (fixed_heading.heading, fixed_heading.heading_deg, fixed_heading.n_headings) == ("fixed", 30, 1)
    assert len(fixed_heading.speeds_mm_s) > 1
    assert (fixed_speed.heading, fixed_speed.n_headings, fixed_speed.speeds_mm_s) == ("with", 16, ())
    assert (fixed.n_headings, fixed.speeds_mm_s) == (1, ())
    starts = [c.slot0 for c in p.conditions]
    assert starts == sorted(set(starts))


def test_other_light_gets_a_bank_of_its_own(experiment: Any, board: Any) -> None:
    p = made(experiment(conditions=conditions(WAVE, {**WAVE, "width_ms": 3}, {**WAVE, "heading": "orthogonal"})), board())
    a, b, c = p.conditions
    assert a.slot0 == c.slot0 != b.slot0
    assert (c.heading, c.heading_deg) == ("orthogonal", 90)


@pytest.mark.parametrize("seed", range(20))
def test_conjugate_light_meets_every_led_at_its_own_phase(experiment: Any, board: Any, seed: int) -> None:
    """Held against the phase of a plane wave as it would be at the moment each LED lights."""
    rng = np.random.default_rng(seed)
    e = experiment({"kind": "conjugate", "width_ms": 2, "irradiance_mw_mm2": 2})
    p, leds = made(e, board(n_slots=128)), led_positions(e, electrode_positions(e))
    c, site = p.conditions[0], electrode_positions(e)[site_index(e, electrode_positions(e), leds, p.slots)]
    i_speed, i_heading = int(rng.integers(len(c.speeds_mm_s))), int(rng.integers(c.n_headings))
    slot = p.slots[c.slot0 + i_speed * c.n_headings + i_heading]
    cycle_ms = 1000 / np.sqrt(e.band_hz[0] * e.band_hz[1])
    turn = 2 * np.pi * i_heading / c.n_headings
    behind_ms = ((leds - site) @ [np.cos(turn), np.sin(turn)]) / c.speeds_mm_s[i_speed] * 1000
    assert len(slot.entries) == len(leds)
    assert slot.duration_ms <= cycle_ms + 2
    nearest = int(np.argmin(np.hypot(*(leds - site).T)))
    for entry in slot.entries:
        off = (entry.delay_us / 1000 - slot.lead_ms - (behind_ms[entry.site] - behind_ms[nearest])) / cycle_ms
        assert abs(off - round(off)) * 360 < 0.1


def test_antiphase_is_half_a_cycle_later_with_the_same_light(experiment: Any, board: Any) -> None:
    e = experiment(conditions=conditions({"kind": "conjugate"}, {"kind": "conjugate", "relation": "antiphase"}, {"kind": "none"}))
    p = made(e, board())
    assert [c.offset_deg for c in p.conditions] == [0, 180, 0]
    assert len({c.slot0 for c in p.conditions}) == 1


@pytest.mark.parametrize("lag_ms", [5.0, 12.0, 30.0])
def test_light_at_a_lag_is_where_the_wave_of_then_is_now(experiment: Any, board: Any, lag_ms: float) -> None:
    e = experiment({"kind": "lag", "lag_ms": lag_ms})
    p, leds = made(e, board()), led_positions(e, electrode_positions(e))
    c = p.conditions[0]
    assert c.heading == "with"
    for i_speed, speed in enumerate(c.speeds_mm_s):
        for i_heading in range(c.n_headings):
            slot = p.slots[c.slot0 + i_speed * c.n_headings + i_heading]
            turn = 2 * np.pi * i_heading / c.n_headings
            along = leds @ [np.cos(turn), np.sin(turn)]
            age_ms = (along - along.min()) / speed * 1000
            lit = [entry.site for entry in slot.entries]
            others = np.setdiff1d(np.arange(len(leds)), lit)
            assert len(lit) == round(np.sqrt(len(leds))), "the same number at every lag, heading and speed"
            assert slot.lead_ms == 0
            assert np.abs(age_ms[lit] - lag_ms).max() <= np.abs(age_ms[others] - lag_ms).min() + 1e-6
            assert slot.reaches == (lag_ms <= age_ms.max())
    assert any(slot.reaches for slot in p.slots)


def test_lags_get_the_same_light(experiment: Any, board: Any) -> None:
    e = experiment(conditions=conditions(*({"kind": "lag", "lag_ms": lag, "n_leds": 4} for lag in (10, 30))))
    p = made(e, board())
    assert {len(slot.entries) for slot in p.slots} == {4}
    assert len({(entry.width_us, entry.level) for slot in p.slots for entry in slot.entries}) == 1
    assert len({c.slot0 for c in p.conditions}) == 2


def test_shams_alone_have_something_to_be_timed_by(experiment: Any, board: Any) -> None:
    e = experiment(conditions=conditions("none"))
    p = made(e, board())
    assert len(p.slots) == 1
    assert len(p.slots[0].entries) == 1
    assert p.conditions[0].dark
    check_light(e, p, board())


@pytest.mark.parametrize(
    ("patterns", "changes", "expected"),
    [
        ([WAVE], {"n_slots": 3}, "conditions need 4 pattern slots or more, the board has 3"),
        ([WAVE], {"n_sites": 24}, "25 LEDs, but the board drives 24"),
        ([{"kind": "sites", "leds": [25]}], {}, "conditions[0].pattern.leds names LED 25, but the LEDs are 0 to 24"),
        ([{"kind": "lag", "lag_ms": 400}], {}, "no wave that the bank has is still under the LEDs after 400 ms"),
        ([{"kind": "lag", "lag_ms": 10, "n_leds": 26}], {}, "n_leds asks for 26 LEDs, but there are 25"),
    ],
)
def test_plans_that_cannot_be_are_refused(experiment: Any, board: Any, patterns: list[Any], changes: dict[str, int], expected: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        made(experiment(conditions=conditions(*patterns)), board(**changes))
    assert expected in str(caught.value)


def test_leds_too_far_apart_for_any_wave_are_refused(experiment: Any, board: Any) -> None:
    with pytest.raises(ExperimentError, match="too far to cross at 1000 mm/s within the 200 ms"):
        made(experiment(WAVE, leds={"positions_mm": [[0, 0], [300, 0]]}), board())


@given(st.integers(1, 9), st.integers(0, 2**63 - 1))
def test_every_block_holds_every_condition_once(n: int, seed: int) -> None:
    sequence = balanced_sequence(n, seed, 500)
    assert sequence.dtype == np.int16
    assert len(sequence) >= 500
    assert (np.sort(sequence.reshape(-1, n), axis=1) == np.arange(n)).all()


def test_the_sequence_is_made_by_the_seed_alone() -> None:
    assert len(balanced_sequence(3, 1)) >= 2**15
    assert balanced_sequence(3, 1).tobytes() == balanced_sequence(3, 1).tobytes()
    assert balanced_sequence(3, 1)[:30].tolist() != balanced_sequence(3, 2)[:30].tolist()
    assert balanced_sequence(3, 1)[:12].tolist() == balanced_sequence(3, 1, 12).tolist()
