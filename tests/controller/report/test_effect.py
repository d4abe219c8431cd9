"""The effect of light: a known one is found with its sign, noise alone is not taken for one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from wavestim.controller.report import amplitude_uv, measure
from wavestim.controller.report._session import join

T = np.arange(100) / 1000
OMEGA = 2 * np.pi * 12


def grid() -> np.ndarray:
    x, y = np.meshgrid(np.arange(6) * 0.4, np.arange(6) * 0.4)
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)


def wave(amplitude: float, k: np.ndarray, phase: float = 0.3) -> np.ndarray:
    return amplitude * np.cos(OMEGA * T[:, None] - grid() @ k + phase)


def test_the_amplitude_is_that_of_the_wave_along_k_alone() -> None:
    k = np.array([0.5, 0.3])
    rng = np.random.default_rng(0)
    drift = rng.normal(0, 100, 36) + T[:, None] * rng.normal(0, 1000, 36)
    samples = wave(40, k) + wave(25, -k) + drift
    assert amplitude_uv(samples, T, grid(), k, OMEGA) == pytest.approx(40)
    assert amplitude_uv(samples, T, grid(), -k, OMEGA) == pytest.approx(25)


def test_noise_that_all_channels_share_hardly_moves_it() -> None:
    k = np.array([1.5, 0.0])
    rng = np.random.default_rng(1)
    found = [amplitude_uv(wave(40, k) + rng.normal(0, 60, (100, 1)), T, grid(), k, OMEGA) for _ in range(50)]
    assert np.mean(found) == pytest.approx(40, abs=3)


@pytest.mark.parametrize("k", [np.zeros(2), np.array([1e-4, 0.0]), np.array([np.nan, 0.0])])
def test_waves_that_cannot_be_told_apart_have_no_amplitude(k: np.ndarray) -> None:
    assert np.isnan(amplitude_uv(wave(40, np.array([0.5, 0.0])), T, grid(), k, OMEGA))


def test_a_known_effect_is_found_with_its_sign(make_session: Any) -> None:
    session = make_session(shared_uv=30.0, own_uv=40.0)
    effect = measure(session, join(session))
    by_name = {d.name: d for d in effect.differences}
    assert next(iter(by_name)) == "with-wave − against-wave"
    for name, value in (("with-wave − against-wave", 40), ("with-wave − sham", 20), ("against-wave − sham", -20)):
        assert by_name[name].shown
        assert by_name[name].estimate == pytest.approx(value, abs=2.5)
        assert by_name[name].low < value + 1 < by_name[name].high + 2
    assert effect.reference_uv == pytest.approx(60, rel=0.15)


def test_no_effect_is_rarely_taken_for_one(make_session: Any) -> None:
    shown = 0
    for seed in range(20):
        session = make_session(gains={"with-wave": 1.0, "against-wave": 1.0, "sham": 1.0}, seed=seed, seconds=25.0, shape=(4, 4))
        shown += measure(session, join(session), draws=500).differences[0].shown
    assert shown <= 4


def test_the_window_starts_after_the_longest_pattern_alike_for_all(make_session: Any) -> None:
    session = make_session(seconds=20.0)
    pulses = join(session)
    assert measure(session, pulses, longest_ms=2.0, draws=10).start_ms == 20
    assert measure(session, pulses, longest_ms=70.0, draws=10).start_ms == 80
    assert 20 < measure(session, pulses, draws=10).start_ms < 60


def test_the_artefact_of_light_cannot_pass_for_an_effect(make_session: Any) -> None:
    session = make_session(gains={"with-wave": 1.0, "against-wave": 1.0, "sham": 1.0})
    pulses = join(session)
    for i in np.flatnonzero(pulses.lit):
        start = round(pulses.fire_sample[i])
        session.samples[start - 8 : start + 22] += 500.0
    effect = measure(session, pulses)
    assert max(abs(d.estimate) for d in effect.differences) < 1.5


def test_the_same_seed_gives_the_same_intervals(make_session: Any) -> None:
    session = make_session(seconds=20.0)
    assert measure(session, join(session)).differences == measure(session, join(session)).differences


def test_too_little_says_so(make_session: Any) -> None:
    nothing = make_session(seconds=5.0, every=0.0)
    assert measure(nothing, join(nothing)).why_not == "no pulse was fired"
    one = make_session(seconds=10.0, shape=(1, 1))
    assert "cannot be told" in measure(one, join(one)).why_not
