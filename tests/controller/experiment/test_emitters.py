"""Fibres, LEDs and power curves by name: what the file says wins, what is not known is told with what is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import electrode_positions, led_positions, light_limits, plan
from wavestim.controller.experiment.emitters import curve_names, emitter, emitter_names, power_curve
from wavestim.controller.experiment.patterns import irradiance_of
from wavestim.hardware.simulated import load_opsin, opsin_names
from wavestim.hardware.simulated.light import foutz


@pytest.mark.parametrize("name", emitter_names())
def test_every_emitter_has_a_source_and_fits_the_file(experiment: Any, name: str) -> None:
    leds = experiment(leds={"emitter": name}).leds
    row = emitter(name)
    assert len(row["source"]) > 40
    assert all(getattr(leds, key) == value for key, value in row.items() if key != "source")


def test_what_the_file_says_wins(experiment: Any) -> None:
    leds = experiment(leds={"emitter": "surface-led-500um", "spot_mm": 0.3}).leds
    assert (leds.spot_mm, leds.na, leds.contact) == (0.3, 1.0, "touching")


@pytest.mark.parametrize("name", curve_names())
def test_power_curves_rise_to_full_output(experiment: Any, name: str) -> None:
    points = power_curve(name, 30.0)
    assert (points[0], points[-1]) == ((0, 0.0), (255, 30.0))
    e = experiment(leds={"power_curve": {"curve": name, "full_mw_mm2": 30}}, safety={"max_irradiance_mw_mm2": 40})
    assert irradiance_of(e, 255) == 30
    assert (np.diff([irradiance_of(e, level) for level in range(256)]) > 0).all()


@pytest.mark.parametrize(
    ("leds", "expected"),
    [
        ({"emitter": "torch"}, "emitter 'torch' is not known; use one of fibre-200um-na022"),
        ({"power_curve": {"curve": "cubic", "full_mw_mm2": 1}}, "power_curve 'cubic' is not known; use one of pulse-width"),
        ({"power_curve": {"curve": "pulse-width"}}, "takes two keys: {curve: NAME, full_mw_mm2: X}"),
        ({"power_curve": {"curve": "pulse-width", "full_mw_mm2": "bright"}}, "takes two keys"),
        ({"power_curve": {"curve": "pulse-width", "full_mw_mm2": -1}}, "takes two keys: {curve: NAME, full_mw_mm2: X}, X > 0"),
    ],
)
def test_what_is_not_known_is_told(experiment: Any, leds: Any, expected: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        experiment(leds=leds)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_led_in_the_tissue_warms_it_with_all_its_power(experiment: Any, board: Any) -> None:
    def peak(**leds: Any) -> float:
        e = experiment(leds=leds)
        xy = electrode_positions(e)
        at = led_positions(e, xy)
        return float(light_limits(e, plan(e, xy, at, board()), at, board()).peak_c.max())

    assert peak(wall_plug=0.1) == pytest.approx(10 * peak(), rel=1e-6)
    assert peak(contact="touching") > 1.5 * peak()


def test_chr2_answers_to_less_than_opens_half_of_it() -> None:
    """60 nW from a face of 10 x 15 um made cells spike: its light where the nearest cells are, and what so little opens."""
    least, most = load_opsin("chr2").threshold_mw_mm2(470) or (0.0, 0.0)
    face_mm2 = 0.010 * 0.015
    at_a_cell = 60e-6 / face_mm2 * float(foutz(0.015, radius_mm=np.sqrt(face_mm2 / np.pi), na=1.0))
    assert at_a_cell < least
    full, some, half = (load_opsin("chr2").respond(e, 5.0, 470, 10.0).max() for e in (100.0, least, 2.0))
    assert some / full == pytest.approx(0.05, abs=0.01)
    assert 0.4 < half / full < 0.5 < load_opsin("chr2").respond(most, 5.0, 470, 10.0).max() / full


@pytest.mark.parametrize("name", opsin_names())
def test_an_opsin_needs_more_light_where_it_sees_less(name: str) -> None:
    opsin = load_opsin(name)
    if opsin.effective_mw_mm2 is None:
        assert opsin.threshold_mw_mm2(590) is None
        return
    assert opsin.effective_source
    peak_nm = float(opsin.spectrum[np.argmax(opsin.spectrum[:, 1]), 0])
    least, surely = opsin.threshold_mw_mm2(peak_nm) or (0.0, 0.0)
    assert (least, surely) == pytest.approx(opsin.effective_mw_mm2)
    assert least < surely
    aside = opsin.threshold_mw_mm2(peak_nm + 30)
    assert aside is None or aside[0] > least
    assert opsin.threshold_mw_mm2(900) is None
