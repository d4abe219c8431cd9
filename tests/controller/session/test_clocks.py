"""Clocks: light comes when the log says only if sample, host and device time are brought together rightly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.controller.session.clocks import ClockModel, Line, SampleClock


@pytest.mark.parametrize("burst", [1, 34])
def test_sample_clock_takes_the_luckiest_arrivals(burst):
    rng = np.random.default_rng(1)
    clock = SampleClock(1000.0, fixed_delay_ms=2.0)
    for last in range(burst - 1, 60_000, burst):
        received = int(last * 1e6 * (1 + 20e-6) + 2_000_000 + 5_000_000_000 + rng.exponential(300_000))
        clock.add(last + 1 - burst, np.full(burst, received))
    line = clock.fit()
    error = line(60_000) - (60_000e6 * (1 + 20e-6) + 5_000_000_000)
    assert abs(error) < 60_000


def test_after_a_restart_only_what_came_since_counts():
    clock = SampleClock(1000.0)
    clock.add(0, np.arange(5000) * 1_000_000)
    clock.restart(4000)
    clock.add(3000, np.arange(3000, 4500) * 1_000_000 + np.where(np.arange(3000, 4500) < 4000, 0, 30_000_000))
    line = clock.fit()
    assert line(4200.0) == pytest.approx(4230e6, abs=1000)


@pytest.mark.parametrize("off_s", [-100.0, -0.005, 30.0])
def test_one_wrong_stamp_of_the_source_moves_no_clock(off_s):
    clock, late_ns = SampleClock(1000.0), 3_000_000
    for second in range(20):
        first = second * 1000
        clock.add(first, (first + np.arange(1000)) * 1_000_000 + late_ns)
        clock.told(first + 999, int((first + 999) * 1e6 + (off_s * 1e9 if second == 12 else 0)), 200_000)
    assert clock.fit()(20_000.0) == pytest.approx(20_000e6, abs=1000), "what the stamps say is older than any arrival"


def test_what_is_told_of_a_pulse_covers_both_clocks():
    model = ClockModel(Line(0.0, 0.0, 1e6, 30_000.0), Line(0.0, 0.0, 1.0, 12_000.0))
    assert model.as_dict()["uncertainty_ns"] == 42_000.0


@given(sample=st.floats(0, 1e8))
def test_the_model_inverts_itself(sample):
    model = ClockModel(Line(1000.0, 5e12, 1e6 * (1 + 3e-5), 10.0), Line(5e12, 7e9, 1 - 2e-5, 10.0))
    assert model.sample(model.device_ns(sample)) == pytest.approx(sample, abs=1e-4)


def test_a_starved_host_does_not_bend_the_sample_clock():
    """Whole seconds in which every block came late, as on a busy computer: the light must not follow them."""
    rng = np.random.default_rng(3)
    clock = SampleClock(1000.0)
    for first in range(0, 30_000, 10):
        hiccup = 80e6 if first // 1000 in (0, 1, 7, 8, 21) else 0.0
        received = (first + 9) * 1e6 * (1 - 15e-6) + 9e12 + rng.exponential(50_000) + hiccup
        clock.add(first, np.full(10, int(received)))
    line = clock.fit()
    assert abs(line(30_000) - (30_000e6 * (1 - 15e-6) + 9e12)) < 50_000
    assert line.uncertainty < 50_000
