"""Delays and levels: with and against must be the same light in mirrored order, and never more of it than asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.controller.experiment import ExperimentError, patterns

LEDS = np.array([[x, y] for y in (-1.0, 0.0, 1.0) for x in (-1.0, 0.0, 1.0)])


def delays(entries: patterns.Entries) -> dict[int, int]:
    return {e.site: e.delay_us for e in entries}


def test_light_travels_towards_its_heading() -> None:
    by_led = delays(patterns.travelling(LEDS, 0, 100, 5, 51))
    assert [by_led[i] for i in (3, 4, 5)] == [0, 10_000, 20_000]
    by_led = delays(patterns.travelling(LEDS, 90, 100, 5, 51))
    assert [by_led[i] for i in (1, 4, 7)] == [0, 10_000, 20_000]


@given(st.floats(-180, 180), st.floats(20, 1000))
def test_against_is_with_mirrored(heading: float, speed: float) -> None:
    there = delays(patterns.travelling(LEDS, heading, speed, 5, 51))
    back = delays(patterns.travelling(LEDS, heading + 180, speed, 5, 51))
    whole = max(there.values())
    assert all(abs(there[i] + back[i] - whole) <= 8 for i in there)


@given(st.floats(-180, 180), st.floats(20, 5000), st.integers(0, 2**40))
def test_shuffled_is_the_same_light_in_another_order(heading: float, speed: float, seed: int) -> None:
    ordered, scrambled = patterns.travelling(LEDS, heading, speed, 5, 51), patterns.shuffled(LEDS, heading, speed, 5, 51, seed)
    assert sorted(e.delay_us for e in ordered) == sorted(e.delay_us for e in scrambled)
    assert {e.site for e in ordered} == {e.site for e in scrambled}
    assert scrambled == patterns.shuffled(LEDS, heading, speed, 5, 51, seed)


def test_shuffling_does_scramble() -> None:
    assert delays(patterns.travelling(LEDS, 30, 100, 5, 51)) != delays(patterns.shuffled(LEDS, 30, 100, 5, 51, 1))


@given(st.floats(0.004, 20))
def test_times_are_on_the_grid_and_widths_never_longer_than_asked(width: float) -> None:
    for entry in patterns.travelling(LEDS, 17, 123, width, 51):
        assert entry.delay_us % 4 == 0
        assert entry.width_us % 4 == 0
        assert width - 0.004 - 1e-9 <= entry.width_us / 1000 <= width + 1e-8


def test_flash_sites_and_dark() -> None:
    assert [tuple(e) for e in patterns.flash(2, 5, 9)] == [(0, 0, 5000, 9), (1, 0, 5000, 9)]
    assert [tuple(e) for e in patterns.sites([3, 1], [2, 0.5], 1, 9)] == [(1, 500, 1000, 9), (3, 2000, 1000, 9)]
    assert patterns.dark() == ()
    assert patterns.duration_ms(patterns.sites([3, 1], [2, 0.5], 1, 9)) == 3


def test_touching_flashes_of_one_led_are_one_long_flash() -> None:
    assert patterns.lit_spans_us(patterns.sites([0, 0, 0], [0, 5, 20], 5, 9)) == {0: [(0, 10_000), (20_000, 25_000)]}


def test_levels_follow_the_ideal_and_the_measured_curve(experiment: Any) -> None:
    e = experiment()
    assert [patterns.level_for(e, p, "k") for p in (2, 10, 5)] == [51, 255, 127]
    measured = experiment(leds={"power_curve": [[10, 0.0], [110, 1.0], [210, 5.0]]})
    assert [patterns.level_for(measured, p, "k") for p in (0.5, 1, 3)] == [60, 110, 160]


@given(st.floats(0.05, 10))
def test_no_level_is_brighter_than_asked(irradiance: float) -> None:
    from wavestim.controller.experiment import parse_experiment

    e = parse_experiment("name: x\nconditions: [{name: a, pattern: none}]")
    assert patterns.irradiance_of(e, patterns.level_for(e, irradiance, "k")) <= irradiance * (1 + 1e-6)


@pytest.mark.parametrize(
    ("irradiance", "expected"), [(11, "is more than the 10 mW/mm2 of safety"), (0.01, "is dimmer than the first of the 255")]
)
def test_light_that_the_led_cannot_make_is_refused(experiment: Any, irradiance: float, expected: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        patterns.level_for(experiment(), irradiance, "conditions[0].pattern")
    assert expected in str(caught.value)
    assert "conditions[0].pattern.irradiance_mw_mm2" in str(caught.value)
