"""Two colours: light may push both ways, and no LED is ever below zero. Every place has one of each colour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import electrode_positions, irradiance, led_positions, light_limits, plan
from wavestim.controller.experiment.patterns import irradiance_of
from wavestim.realtime.governor import Governor

SECOND = {"wavelength_nm": 625, "inhibition": {"opsin": "gtacr2", "wavelength_nm": 470}}
LIT = {"width_ms": 5, "irradiance_mw_mm2": 2, "inhibition": {"irradiance_mw_mm2": 4}}


def planned(e: Any, board: Any) -> Any:
    xy = electrode_positions(e)
    return plan(e, xy, led_positions(e, xy), board(n_sites=128))


def test_every_place_has_an_led_of_each_colour(experiment: Any, board: Any) -> None:
    one, two = experiment(), experiment({"kind": "flash", **LIT}, leds=SECOND, opsin="vfchrimson")
    xy = electrode_positions(two)
    leds = led_positions(two, xy)
    n = len(leds) // 2
    np.testing.assert_array_equal(leds[:n], leds[n:])
    np.testing.assert_array_equal(leds[:n], led_positions(one, xy))
    slot = planned(two, board).slots[0]
    assert sorted(e.site for e in slot.entries) == list(range(2 * n))
    assert {(e.site < n, irradiance_of(two, e.level)) for e in slot.entries} == {(True, 2.0), (False, 4.0)}
    assert all(e.level > 0 for e in slot.entries)


@pytest.mark.parametrize(
    ("kind", "wraps"), [({"kind": "conjugate"}, True), ({"kind": "travelling"}, False), ({"kind": "lag", "lag_ms": 5}, False)]
)
def test_the_second_colour_is_half_a_cycle_later(experiment: Any, board: Any, kind: dict[str, Any], wraps: bool) -> None:
    e = experiment({**kind, **LIT}, leds=SECOND, opsin="vfchrimson", band_hz=[10, 40])
    for slot in planned(e, board).slots:
        first = {x.site: x.delay_us for x in slot.entries if x.site < 25}
        second = {x.site - 25: x.delay_us for x in slot.entries if x.site >= 25}
        assert first.keys() == second.keys()
        apart = np.array([second[site] - first[site] for site in first]) / 1000
        np.testing.assert_allclose(np.mod(apart, 50) if wraps else apart, 25, atol=0.01)
        assert slot.duration_ms <= 200
        if wraps:
            assert max(x.delay_us for x in slot.entries) < 50_000, "within one cycle of 20 Hz"


def test_the_delay_between_colours_can_be_said(experiment: Any, board: Any) -> None:
    light = {**LIT, "inhibition": {"irradiance_mw_mm2": 4, "delay_ms": 12}}
    slot = planned(experiment({"kind": "flash", **light}, leds=SECOND, opsin="vfchrimson"), board).slots[0]
    assert {e.delay_us for e in slot.entries if e.site >= 25} == {12_000}


def test_colours_of_two_patterns_that_meet_at_a_place_are_held_together(experiment: Any, board: Any) -> None:
    """Each LED rests as it should; it is the tissue that would get both."""
    light = {"width_ms": 5, "irradiance_mw_mm2": 6, "inhibition": {"irradiance_mw_mm2": 6, "delay_ms": 60}}
    e = experiment({"kind": "flash", **light}, leds=SECOND, opsin="vfchrimson")
    xy = electrode_positions(e)
    leds = led_positions(e, xy)
    governor = Governor(light_limits(e, planned(e, board), leds, board(n_sites=128)))
    assert [governor.ask(0, t) for t in (0.0, 0.062, 0.066, 0.13, 0.132)] == [
        "scheduled",
        "irradiance",
        "scheduled",
        "irradiance",
        "scheduled",
    ]


def test_a_second_colour_without_leds_is_refused(experiment: Any) -> None:
    with pytest.raises(ExperimentError, match=r"lights a second colour, but leds has one; give leds\.inhibition"):
        experiment({"kind": "flash", **LIT})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"opsin": "nobody-knows"}, r"^e: opsin 'nobody-knows' is not known; use one of chr2, "),
        ({"leds": {"inhibition": {"opsin": "nobody-knows"}}}, r"^e: leds\.inhibition: opsin 'nobody-knows' .* use one of gtacr2$"),
        ({"leds": {"inhibition": {"opsin": "chr2"}}}, r"^e: leds\.inhibition: opsin 'chr2' of the second colour does not inhibit; use one"),
    ],
)
def test_an_opsin_that_the_cortex_cannot_have_is_refused_in_a_sentence(experiment: Any, changed: dict[str, Any], expected: str) -> None:
    with pytest.raises(ExperimentError, match=expected):
        irradiance.light_settings(experiment({"kind": "flash"}, name="e", **changed))


@pytest.mark.parametrize("nm", [350, 1100])
def test_every_colour_that_the_file_may_name_can_be_planned(experiment: Any, nm: int) -> None:
    settings = irradiance.light_settings(experiment({"kind": "flash"}, leds={"wavelength_nm": nm, "inhibition": {"wavelength_nm": nm}}))
    assert (settings["wavelength_nm"], settings["inhibition"]["wavelength_nm"]) == (nm, nm)


def test_light_of_both_colours_meets_and_each_spreads_by_its_colour(experiment: Any) -> None:
    e = experiment({"kind": "flash", **LIT}, leds={**SECOND, "positions_mm": [[0, 0]]}, opsin="vfchrimson")
    both = irradiance.spread(led_positions(e, electrode_positions(e)), e.leds, (0.5,))[0]
    red, blue = both[0]
    assert red > blue > 0, "red goes deeper"
    np.testing.assert_array_equal(both[0], both[1])
