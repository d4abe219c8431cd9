"""Two colours: light may push both ways, and no LED is ever below zero. Every place has one of each colour."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import electrode_positions, irradiance, led_positions, light_limits, plan, unmeasured
from wavestim.controller.experiment.manual import manual_light
from wavestim.controller.experiment.patterns import faces_by_level, faces_mw_mm2, irradiance_of
from wavestim.hardware.simulated.streaming import by_led
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


BLUE = {**SECOND, "inhibition": {**SECOND["inhibition"], "power_curve": [[0, 0], [255, 5]]}}


def test_each_colour_has_its_own_power(experiment: Any, board: Any) -> None:
    e = experiment({"kind": "flash", **LIT}, leds={**BLUE, "power_curve": [[0, 0], [255, 20]]}, opsin="vfchrimson")
    made = planned(e, board)
    slot, n = made.slots[0], made.n_leds // 2
    assert {(x.site < n, x.level) for x in slot.entries} == {(True, 25), (False, 204)}
    faces = faces_mw_mm2(e, slot.entries, made.n_leds)
    assert {(x.site < n, round(face, 2)) for x, face in zip(slot.entries, faces, strict=True)} == {(True, 1.96), (False, 4.0)}
    xy = electrode_positions(e)
    limits = light_limits(e, made, led_positions(e, xy), board(n_sites=128))
    assert limits.dose_mj_mm2[0, 0] == pytest.approx(0.005 * (1.96 + 4.0), rel=0.01), "both colours, at every place"
    np.testing.assert_array_equal(limits.dose_mj_mm2[0, :n], limits.dose_mj_mm2[0, n:])
    red, blue = by_led(faces_by_level(e), 2)
    assert (red[255], blue[255]) == (20, 5), "what the tissue of the mock rig gets"


def test_no_colour_is_brighter_than_its_own_power(experiment: Any, board: Any) -> None:
    with pytest.raises(ExperimentError, match=r"inhibition\.irradiance_mw_mm2: 6 mW/mm2 is more than the 5 mW/mm2 of their power_curve"):
        planned(experiment({"kind": "flash", "inhibition": {"irradiance_mw_mm2": 6}}, leds=BLUE), board)


def test_what_nobody_measured_of_a_second_colour_is_said(experiment: Any) -> None:
    curve = {"power_curve": [[0, 0], [255, 20]]}
    for leds, said in (
        ({**SECOND, **curve}, "leds.inhibition.power_curve is not given"),
        ({**BLUE, **curve}, ""),
        (BLUE, "leds.power_curve is"),
    ):
        e = experiment({"kind": "flash"}, leds=leds, light={"kind": "wavelight", "port": "x"})
        assert unmeasured(e).startswith(said)
        assert bool(unmeasured(e)) == bool(said)


def test_leds_of_the_second_colour_can_be_lit_alone(experiment: Any, board: Any) -> None:
    leds = {**BLUE, "positions_mm": [[0, 0], [1, 0]]}
    slot = planned(experiment({"kind": "sites", "leds": [1, 3], "irradiance_mw_mm2": 5}, leds=leds), board).slots[0]
    assert [(x.site, x.level) for x in slot.entries] == [(1, 127), (3, 255)]
    for pattern, last in (({"leds": [4]}, 3), ({"leds": [2], "inhibition": {}}, 1)):
        with pytest.raises(ExperimentError, match=f"but the LEDs are 0 to {last}"):
            planned(experiment({"kind": "sites", **pattern}, leds=leds), board)


def test_a_test_pulse_is_as_bright_as_its_colour_is_in_the_conditions(experiment: Any, board: Any) -> None:
    leds = {**BLUE, "positions_mm": [[0, 0]]}
    for light, levels in (({"inhibition": {"irradiance_mw_mm2": 4}}, (51, 204)), ({}, (51, 102))):
        e = experiment({"kind": "flash", "irradiance_mw_mm2": 2, **light}, leds=leds)
        able = board(trains=True, delay_step_us=4, width_step_us=4)
        by_hand = manual_light(e, planned(e, board), 2, able)
        assert by_hand.widths_ms[0] == 1
        assert tuple(slot.entries[0].level for slot in by_hand.slots[:2]) == levels


def test_a_late_second_colour_is_told_when_a_pattern_is_too_long(experiment: Any, board: Any) -> None:
    late = {"inhibition": {"delay_ms": 198}}
    with pytest.raises(ExperimentError, match=r"198 ms of which the second colour is late: lower its delay_ms"):
        planned(experiment({"kind": "travelling", **late}, leds=SECOND), board)


def test_one_wrong_number_in_the_only_condition_is_one_thing(experiment: Any) -> None:
    with pytest.raises(ExperimentError) as caught:
        experiment({"kind": "flash", "inhibition": {"irradiance_mw_mm2": 0}}, leds=SECOND)
    assert "inhibition.irradiance_mw_mm2 must be > 0, not 0" in str(caught.value)
    assert "more)" not in str(caught.value)


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
