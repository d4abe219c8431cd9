"""Dose against the worked values of the heat equation: 0.266 K per mW steady, 0.0013 K for 5 ms, 0.1 K for 10 mW at 20 Hz."""

from __future__ import annotations

import numpy as np
import pytest
from wavestim.controller.experiment.thermal import Faces
from wavestim.controller.record.dose import dose
from wavestim.controller.record.summary import may_have_shone

SPOT_MM = 0.2
AREA = np.pi * 0.1**2
SITES = np.array([[0.0, 0.0], [1.0, 0.0], [9.0, 0.0]])


def rise(pulses, leds=SITES):
    return dose(pulses, Faces(leds, SPOT_MM))["max_temperature_rise_c"]


def test_steady_light_of_a_milliwatt():
    assert rise([(0.0, [(0, 1000.0, 1 / AREA)])]) == pytest.approx(0.266, abs=0.005)


@pytest.mark.parametrize(("width_s", "kelvin"), [(0.005, 0.0013), (0.02, 0.0051), (0.1, 0.023), (1.0, 0.119), (10.0, 0.227)])
def test_one_pulse_of_a_milliwatt(width_s, kelvin):
    assert rise([(0.0, [(0, width_s, 1 / AREA)])]) == pytest.approx(kelvin, rel=0.05)


def test_five_milliseconds_of_ten_milliwatts_at_twenty_hertz():
    """Duty 0.1: a tenth of 10 mW steady, and the ripple of the last pulse."""
    found = rise([(i / 20, [(0, 0.005, 10 / AREA)]) for i in range(6000)])
    assert found == pytest.approx(0.266, abs=0.02)


def test_neighbours_warm_each_other_and_distant_sites_do_not():
    alone = rise([(0.0, [(0, 100.0, 1 / AREA)])])
    near = rise([(0.0, [(0, 100.0, 1 / AREA), (1, 100.0, 1 / AREA)])])
    far = rise([(0.0, [(0, 100.0, 1 / AREA), (2, 100.0, 1 / AREA)])])
    assert near == pytest.approx(alone + 0.116, abs=0.01)
    assert alone < far < alone * 1.05


def test_light_is_counted_where_it_fell():
    found = dose([(0.0, [(0, 0.005, 2.0)]), (1.0, [(0, 0.005, 2.0), (2, 0.01, 4.0)])], Faces(SITES, SPOT_MM))
    assert found["lit_ms_per_site"] == [10.0, 0.0, 10.0]
    assert found["energy_mj_mm2_per_site"] == [0.02, 0.0, 0.04]
    assert found["hottest_site"] == 2
    assert dose([], Faces(np.zeros((0, 2)), SPOT_MM))["max_temperature_rise_c"] == 0


def test_light_of_which_nobody_knows_counts():
    """The line was cut, or the board said something else than it must: the pulse may have shone."""
    told = [
        ("fired", "", False), ("cut", "cut", False), ("lost", "no-answer", False), ("lost", "no-answer", True),
        ("lost", "session-ended", False), ("missed", "late", False), ("refused", "duty", False), ("dark", "", True),
    ]  # fmt: skip
    pulses = np.array(told, dtype=[("verdict", "U12"), ("reason", "U16"), ("dark", bool)])
    assert may_have_shone(pulses).tolist() == [True, True, True, False, False, False, False, False]
