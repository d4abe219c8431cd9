"""The phase found afterwards is that of the wave and not of one noisy electrode, and nothing of the light is in it."""

from __future__ import annotations

import numpy as np
import pytest
from wavestim.controller.record.pooling import HALF_S, Pool

FS, HZ, BAND = 1000.0, 13.0, (8.0, 24.0)
LINE = (np.arange(6) - 2.5) * 0.4
GRID = np.column_stack([np.tile(LINE, 6), np.repeat(LINE, 6)])
K = np.array([0.9, -0.5])


def samples(phase_at, at, *, fs=FS, noise=0.0, seed=0, positions=GRID):
    """Around the row ``at`` of the middle: 50 uV of a wave of these phases (rad) at the electrodes."""
    half = round(HALF_S * fs)
    t = (np.arange(2 * half + 1) - at) / fs
    x = 50 * np.cos(2 * np.pi * HZ * t[:, None] + phase_at)
    return x + noise * np.random.default_rng(seed).standard_normal((len(t), len(positions)))


def off(seen, phase_rad):
    return (seen.phase_deg - np.degrees(phase_rad) + 180) % 360 - 180


@pytest.mark.parametrize("lit", [False, True])
def test_many_noisy_electrodes_are_better_than_one(lit):
    """Light at the site comes 12 samples after the first light of its pattern."""
    spread = {}
    for name, places in (("all", GRID), ("one", GRID[:1])):
        pool, errors = Pool(places, FS, BAND), []
        for seed in range(40):
            phase = 2 * np.pi * seed / 40 - places @ K
            seen = pool.look(samples(phase, pool.half + 0.3, noise=150, seed=seed, positions=places), pool.half + 0.3, 0,
                             pool.half - 11.7 if lit else None)  # fmt: skip
            errors.append(off(seen, phase[0]))
        spread[name] = np.sqrt(np.mean(np.square(errors)))
    assert spread["all"] < 0.4 * spread["one"]
    assert spread["all"] < (25 if lit else 15)


def test_the_plane_is_told():
    pool = Pool(GRID, FS, BAND)
    seen = pool.look(samples(-GRID @ K, pool.half), pool.half, 35)
    np.testing.assert_allclose(seen.k_rad_mm, K, atol=0.05)
    assert seen.fit > 0.95
    assert off(seen, -GRID[35] @ K) == pytest.approx(0, abs=2)
    assert seen.turn_rad_s == pytest.approx(2 * np.pi * HZ, rel=0.05)


def test_what_turns_is_no_plane_and_has_its_phase_at_every_place():
    pool, round_it = Pool(GRID, FS, BAND), np.arctan2(GRID[:, 1], GRID[:, 0])
    for site in (0, 5, 30, 35, 12):
        seen = pool.look(samples(round_it, pool.half), pool.half, site)
        assert seen.k_rad_mm is None
        assert off(seen, round_it[site]) == pytest.approx(0, abs=15)


def test_on_a_strip_nothing_is_known_across_it():
    strip = np.column_stack([np.zeros(8), np.arange(8) * 0.2])
    pool = Pool(strip, FS, BAND)
    seen = pool.look(samples(-strip @ [0.0, 2.0], pool.half, positions=strip), pool.half, 2)
    np.testing.assert_allclose(seen.k_rad_mm, [0, 2], atol=0.1)


@pytest.mark.parametrize("fs", [500.0, 2500.0, 30_000.0])
@pytest.mark.parametrize("lit", [False, True])
def test_at_any_rate(fs, lit):
    pool = Pool(GRID, fs, BAND)
    at = pool.half + 0.4
    seen = pool.look(samples(1.0 - GRID @ K, at, fs=fs), at, 7, at - 0.01 * fs if lit else None)
    assert off(seen, 1.0 - GRID[7] @ K) == pytest.approx(0, abs=8 if lit else 1)


def test_nothing_of_the_light_is_in_it():
    pool = Pool(GRID, FS, BAND)
    dark = samples(-GRID @ K, pool.half, noise=20)
    light = dark.copy()
    light[pool.half - 9 :] += 5000 * np.arange(36)
    begin = pool.half - 9.4
    seen, wanted = (pool.look(x, pool.half, 3, begin) for x in (light, dark))
    assert (seen.phase_deg, *seen.k_rad_mm) == (wanted.phase_deg, *wanted.k_rad_mm)


def test_electrodes_that_say_nothing_are_left_out():
    pool, whole = Pool(GRID, FS, BAND, bad=(1,)), samples(-GRID @ K, round(HALF_S * FS), noise=5)
    spoilt = whole.copy()
    spoilt[:, 1] = 1e5 * np.random.default_rng(3).standard_normal(len(spoilt))
    spoilt[100, 2] = np.nan
    spoilt[:, 3] = 0.0
    spoilt[:, 4] += 5000 * np.random.default_rng(4).standard_normal(len(spoilt))
    for site in (1, 2, 3, 4, 20):
        assert off(pool.look(spoilt, pool.half, site), -GRID[site] @ K) == pytest.approx(0, abs=6)


def test_where_nothing_can_be_known():
    pool = Pool(GRID, FS, BAND)
    assert pool.look(np.full((2 * pool.half + 1, 36), np.nan), pool.half, 0) is None
    assert pool.look(samples(-GRID @ K, pool.half), pool.half, 0, 20.0) is None, "light from nearly the beginning"
    silent = pool.look(np.zeros((2 * pool.half + 1, 36)), pool.half, 0)
    assert np.isfinite(silent.phase_deg)


def test_electrodes_in_one_place_are_one():
    same = np.zeros((5, 2))
    pool = Pool(same, FS, BAND)
    seen = pool.look(samples(np.full(5, 0.7), pool.half, noise=5, positions=same), pool.half, 1)
    assert seen.k_rad_mm is None
    assert off(seen, 0.7) == pytest.approx(0, abs=3)
