"""The primary statistic: what fades everywhere alike is no code of the wave, what travels is, and chance is 5 %."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.planting import BAND_HZ, GRID, scene, trials
from wavestim.controller.context import AssayError
from wavestim.controller.context.filters import settle_ms
from wavestim.controller.context.information import Codes, Trials, encode, tokens_for
from wavestim.controller.context.interaction import interaction, turned_p
from wavestim.controller.context.planted import WITHOUT, a_scene
from wavestim.controller.context.power import power

SETTLE_MS = settle_ms(BAND_HZ)
AGE_MS = np.arange(1, 9) * 10.0


def codes(table, blocks=8, noise=0.0, seed=0):
    """Codes of which the information is this table (ages, electrodes)."""
    rng = np.random.default_rng(seed)
    shape = (blocks, len(table), 3, table.shape[1])
    code = np.sqrt(table)[None, :, None, :] * np.exp(2j * np.pi * rng.random((1, 1, 3, 1)))
    return Codes(code + noise * (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)), AGE_MS, 1000)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 3), st.floats(-3, 3))
def test_what_fades_everywhere_alike_has_none_however_steep(seed, fade, slope):
    rng = np.random.default_rng(seed)
    gain = np.exp(slope * GRID[:, 0] + rng.standard_normal(len(GRID)))
    found = interaction(codes(np.exp(-fade * AGE_MS / 10)[:, None] * gain), GRID[:, 0] * 5, GRID, SETTLE_MS, seed)
    assert abs(found.correlation.estimate) < 1e-6


@pytest.mark.parametrize("heading", [0.0, 70.0, 200.0])
def test_a_code_that_travels_is_seen_with_its_direction_and_delay(heading):
    way = np.array([np.cos(np.deg2rad(heading)), np.sin(np.deg2rad(heading))])
    x = GRID @ way
    x = x - x.min()
    table = np.exp(-((AGE_MS[:, None] - 15 - 20 * x) ** 2) / 200)
    found = interaction(codes(table, noise=0.3), x * 5, GRID, 5.0)
    assert found.p < 0.01
    assert found.correlation.low > 0.3
    assert abs(found.heading_deg) < 12
    assert 2.5 < found.delay_ratio.estimate < 5
    back = interaction(codes(table, noise=0.3), -x * 5, GRID, 5.0)
    assert back.p > 0.5


def test_information_is_zero_on_average_where_there_is_none_and_the_square_of_the_code_where_there_is_one():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(60):
        token = rng.integers(3, size=400)
        noise = rng.standard_normal((400, 1, 2)) + 1j * rng.standard_normal((400, 1, 2))
        noise[:, 0, 1] += np.array([2.0, -1.0, -1.0])[token]
        found.append(encode(Trials(noise, token, np.ones(400, bool), np.array([10.0]), 10.0, 3, 2)).information())
    mean, se = np.mean(found, axis=0), np.std(found, axis=0) / np.sqrt(60)
    assert (np.abs(mean[:, 0]) < 4 * se[:, 0]).all()
    assert mean[0, 1] == pytest.approx(2.0 / 2.0, rel=0.02)  # mean square of the code over that of the noise
    assert -2 * 2 / 400 < mean[1, 1] < 4 * se[1, 1]  # chance correlations between lags, taken out on the whole


def test_few_tokens_and_sequences_whose_lags_cannot_be_told_apart_are_refused():
    some = trials("none", scene(), 400, 1)
    with pytest.raises(AssayError, match="too few"):
        encode(replace(some, pattern=some.pattern[:80], token=some.token[:80], usable=some.usable[:80]))
    with pytest.raises(AssayError, match="more entropy"):
        encode(replace(some, token=np.arange(400) % 4))
    with pytest.raises(AssayError, match="without light"):
        encode(replace(some, usable=np.arange(400) % 10 == 0))


def test_false_positives_stay_below_five_percent():
    """Fixed seeds; scripts/measure_assay.py asks a thousand sessions of each kind."""
    positives = 0
    for seed in range(4):
        for kind in WITHOUT:
            s = a_scene(np.random.default_rng([seed, 1]))
            found = interaction(encode(trials(kind, s, 500, seed)), s.travel_ms, s.positions_mm, SETTLE_MS, seed)
            positives += found.p < 0.05
    assert positives <= 1


def test_a_pilot_names_a_number_of_tokens_that_is_enough():
    s = scene()
    pilot = interaction(encode(trials("wave", s, 600, 1)), s.travel_ms, GRID, SETTLE_MS)
    needed = power(pilot, 600, tokens_for(4, 4))
    assert needed.needed is not None
    assert needed.needed <= 4000
    assert needed.power[-1] > needed.power[5]
    found = interaction(encode(trials("wave", s, needed.needed, 2)), s.travel_ms, GRID, SETTLE_MS)
    assert found.p < 0.05
    nothing = interaction(encode(trials("none", s, 600, 1)), s.travel_ms, GRID, SETTLE_MS)
    assert power(nothing, 600, 480).needed is None


def test_on_a_line_electrodes_are_exchanged_instead_of_turning_the_map():
    line = np.column_stack([np.arange(12) * 0.4, np.zeros(12)])
    s = scene(positions_mm=line)
    found = interaction(encode(trials("wave", s, 900, 3)), s.travel_ms, line, SETTLE_MS)
    assert not found.by_turning
    assert found.p < 0.05


def test_a_turned_map_is_worse_by_its_angle():
    p = turned_p(np.cos(np.deg2rad([0.0, 5.0, 90.0])), np.sin(np.deg2rad([0.0, 5.0, 90.0])), np.eye(2))
    assert p[0] < 0.01
    assert p[1] == pytest.approx(10 / 360, abs=0.01)
    assert p[2] == pytest.approx(0.5, abs=0.01)
