"""Warming: the figures of the published heat equation, the sums that stand in for it, and what the first wall makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from wavestim.controller.experiment.heatkernel import DISTANCES_MM, TAU_S, fit, step_rise_k_per_mw
from wavestim.controller.experiment.thermal import Faces, heating, rises_c
from wavestim.realtime.governor import decay

FOR_EVER_S = 1e4
# K/mW for ever, then after 5 ms, 20 ms, 0.1 s, 1 s and 10 s at the site; for ever at 1 mm and at 2 mm
TABLE = {
    0.2: (0.566, 0.0102, 0.0379, 0.140, 0.388, 0.526, 0.118, 0.046),
    0.3: (0.366, 0.0031, 0.0118, 0.051, 0.202, 0.326, 0.118, 0.046),
    0.4: (0.266, 0.0013, 0.0051, 0.023, 0.119, 0.227, 0.116, 0.046),
    0.5: (0.207, 0.0007, 0.0026, 0.012, 0.075, 0.169, 0.112, 0.046),
}
AT = ((FOR_EVER_S, 0), (0.005, 0), (0.02, 0), (0.1, 0), (1, 0), (10, 0), (FOR_EVER_S, 1), (FOR_EVER_S, 2))


def step(sigma_mm: float, seconds: float, distance_mm: float) -> float:
    """Warming by the model at a distance from one LED that gives 1 mW for so long."""
    model = heating([[0.0, 0.0], [distance_mm or 99.0, 0.0]], sigma_mm)
    return float(model.pulse(seconds, np.array([1.0, 0.0]))[1 if distance_mm else 0].sum())


@pytest.mark.parametrize("sigma_mm", TABLE)
def test_step_responses_are_those_of_the_heat_equation(sigma_mm: float) -> None:
    """Within 5 % of the equation everywhere in the table; the table itself is rounded to its last digit."""
    for (seconds, distance_mm), printed in zip(AT, TABLE[sigma_mm], strict=True):
        exact = step_rise_k_per_mw(sigma_mm, seconds, distance_mm)
        digit = 10.0 ** -len(str(printed).split(".")[1])
        assert exact == pytest.approx(printed, abs=0.6 * digit, rel=0.002)
        assert step(sigma_mm, seconds, distance_mm) == pytest.approx(exact, rel=0.05)


@pytest.mark.parametrize("sigma_mm", TABLE)
def test_warming_is_never_put_too_low(sigma_mm: float) -> None:
    """At any time and any distance, between the places and times of the fit too; at the site itself it is not put much too high either."""
    rng = np.random.default_rng(5)
    for seconds in 10 ** rng.uniform(-2.3, 3, 40):
        distance_mm = float(rng.choice([0.0, rng.uniform(0.05, 12)]))
        exact, found = step_rise_k_per_mw(sigma_mm, seconds, distance_mm), step(sigma_mm, seconds, distance_mm)
        assert found > 0.985 * exact
        assert distance_mm > 0 or found < 1.05 * exact


def test_the_file_holds_what_the_fit_gives() -> None:
    for sigma_mm, i in ((0.4, 0), (0.4, 8), (0.3, 3)):
        model = heating([[0.0, 0.0], [DISTANCES_MM[i], 0.0]], sigma_mm)
        assert model.k_per_mw[0, 1] == pytest.approx(fit(sigma_mm, DISTANCES_MM[i]), rel=1e-3, abs=2e-4)
        assert model.tau_s == pytest.approx(TAU_S)


def test_pulses_add_up_and_fade() -> None:
    """5 ms of 10 mW at 20 Hz: 0.266 K steady, and a ripple of 0.013 K."""
    at_10_mw = 10 / (np.pi * 0.01)
    one = Faces(np.zeros((1, 2)), 0.2)
    rises = rises_c([(i / 20, [(0, 0.005, at_10_mw)]) for i in range(8000)], one)[:, 0]
    assert rises[-1] == pytest.approx(0.266 + 0.0065, rel=0.02)
    assert rises[0] == pytest.approx(0.013, rel=0.05)
    later = rises_c([(0.0, [(0, 0.005, at_10_mw)]), (300.0, [])], one)[:, 0]
    assert later[1] < 1e-3 * later[0]


def test_decay_has_the_bits_of_the_tick() -> None:
    x = np.array([0.0, 1.0, 0.05, -0.2])
    assert decay(x) == pytest.approx(np.exp(-x), rel=1e-15)
    assert decay(0.5).shape == ()
