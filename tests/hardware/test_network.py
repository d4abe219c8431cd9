"""The network in silico that studies run: what a delay, a wave and a control are there."""

from __future__ import annotations

from typing import TypedDict, Unpack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.hardware.simulated import wiring
from wavestim.hardware.simulated.network import Network
from wavestim.hardware.simulated.wiring import Path, Wiring


class Settings(TypedDict, total=False):
    """What a network may be told beside its wiring."""

    dt_s: float
    tau_s: float
    saturation: float
    noise: float
    n_runs: int
    seed: int


def network(wired: Wiring, **more: Unpack[Settings]) -> Network:
    return Network(wired.n_units, wired.first, wired.source, wired.weight, wired.delay_s, **more)


def by_hand(wired: Wiring, drive: np.ndarray, steps: int, tau_s: float, frequency_hz: float, saturation: float) -> np.ndarray:
    """The equation of the module's head, unit by unit."""
    omega, dt = 2 * np.pi * frequency_hz, 1e-3
    z = np.zeros((steps + 1, wired.n_units), complex)
    late = np.maximum(np.rint(wired.delay_s / dt), 1).astype(int)
    for t in range(1, steps + 1):
        heard = np.zeros(wired.n_units, complex)
        for i, j, w, d in zip(wired.target, wired.source, wired.weight, late, strict=True):
            heard[i] += w * np.exp(1j * omega * d * dt) * (z[t - d, j] if t >= d else 0)
        new = np.exp(-dt / tau_s + 1j * omega * dt) * z[t - 1] + (1 - np.exp(-dt / tau_s)) * (heard + drive)
        z[t] = new / np.sqrt(1 + np.abs(new) ** 2 / saturation**2)
    return z[-1]


@given(seed=st.integers(0, 1000), asymmetry=st.floats(0, 1), speed_mm_s=st.floats(20, 500))
def test_it_does_what_its_equation_says(seed: int, asymmetry: float, speed_mm_s: float) -> None:
    rng = np.random.default_rng(seed)
    wired = wiring.sheet(rng.uniform(0, 1.5, (9, 2)), asymmetry=asymmetry, speed_mm_s=speed_mm_s)
    drive = rng.normal(size=9).astype(np.float32)
    made = network(wired, saturation=0.5)
    made.advance(40, drive[:, None])
    np.testing.assert_allclose(made.z[:, 0], by_hand(wired, drive, 40, 5e-3, 15.0, 0.5), atol=2e-5)


def test_the_same_seed_gives_the_same_bits_however_time_is_cut() -> None:
    wired = wiring.sheet(wiring.grid_mm(5, 4, 0.4))
    drive = np.random.default_rng(2).normal(size=(20, 3)).astype(np.float32)
    whole, cut = (network(wired, noise=0.05, n_runs=3, seed=9) for _ in range(2))
    whole.advance(50, drive)
    for n in (1, 7, 20, 22):
        cut.advance(n, drive)
    assert np.array_equal(whole.z, cut.z)


def test_what_enters_at_one_edge_arrives_at_the_other_when_it_travels() -> None:
    units = wiring.grid_mm(16, 4, 0.4)
    drive, dark = np.zeros((64, 1), np.float32), np.zeros((64, 1), np.float32)
    drive[units[:, 0] < 0.2] = 1.0
    peaks = {}
    for name, wired in (("wave", wiring.sheet(units)), ("local", wiring.local(wiring.sheet(units)))):
        made = network(wired)
        made.advance(5, drive)
        seen = []
        for _ in range(80):
            made.advance(1, dark)
            seen.append(np.abs(made.z[units[:, 0] > 5.8]).mean())
        peaks[name] = (int(np.argmax(seen)), max(seen))
    assert peaks["wave"][0] > 20, "6 mm take their time"
    assert peaks["wave"][1] > 0.02
    assert peaks["local"][1] == 0.0


def test_controls_take_one_property_away() -> None:
    wave = wiring.sheet(wiring.grid_mm(8, 8, 0.4))
    mixed = wiring.shuffled(wave, np.random.default_rng(1))
    assert np.array_equal(mixed.weight, wave.weight)
    assert np.array_equal(mixed.delay_s, wave.delay_s)
    assert np.array_equal(mixed.target, wave.target)
    assert (mixed.source != wave.source).mean() > 0.9
    assert (mixed.source != mixed.target).all()
    assert not wiring.undelayed(wave).delay_s.any()
    assert len(wiring.local(wave).weight) == 0
    cut = wiring.thinned(wave, 0.3, np.random.default_rng(1))
    assert len(cut.weight) / len(wave.weight) == pytest.approx(0.7, abs=0.05)
    assert (np.diff(cut.first) >= 0).all()
    even = wiring.sheet(wiring.grid_mm(8, 8, 0.4), asymmetry=0.0)
    matrix = np.zeros((64, 64))
    matrix[even.target, even.source] = even.weight
    np.testing.assert_allclose(matrix, matrix.T)


def test_a_wave_goes_on_from_one_region_to_the_next_and_not_without_a_path() -> None:
    one = wiring.sheet(wiring.grid_mm(8, 4, 0.4))
    drive, dark = np.zeros((64, 1), np.float32), np.zeros((64, 1), np.float32)
    drive[:32][one.units_mm[:, 0] < 0.2] = 1.0
    reached = []
    for paths in ([Path(0, 1, gain=0.8, delay_s=0.01)], []):
        both = wiring.joined([one, one], paths)
        made = network(both)
        made.advance(5, drive)
        made.advance(40, dark)
        reached.append(float(np.abs(made.z[32:]).max()))
    assert reached[0] > 0.02
    assert reached[1] == 0.0


@pytest.mark.parametrize(
    "wrong", [{"dt_s": 0.0}, {"tau_s": -1.0}, {"noise": -0.1}, {"saturation": 0.0}, {"n_runs": 0}], ids=lambda wrong: next(iter(wrong))
)
def test_what_makes_no_sense_is_refused(wrong: Settings) -> None:
    with pytest.raises(ValueError, match=r"positive|at least one"):
        network(wiring.sheet(wiring.grid_mm(3, 3, 0.4)), **wrong)


def test_connections_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="units 0 to 1"):
        Network(2, [0, 1, 1], [5], [1.0], [0.0])
    with pytest.raises(ValueError, match="rise from 0"):
        Network(2, [0, 2, 1], [0], [1.0], [0.0])
    with pytest.raises(ValueError, match="finite"):
        Network(2, [0, 1, 1], [0], [np.nan], [0.0])
    made = Network(2, [0, 1, 1], [1], [1.0], [0.0])
    with pytest.raises(ValueError, match="shape"):
        made.advance(1, np.zeros((3, 1), np.float32))
    for asymmetry in (-0.1, 1.1):
        with pytest.raises(ValueError, match="isotropic"):
            wiring.sheet(wiring.grid_mm(3, 3, 0.4), asymmetry=asymmetry)


def test_a_reach_that_reaches_nobody_is_refused() -> None:
    units = wiring.grid_mm(4, 4, 0.4)
    with pytest.raises(ValueError, match="hear nobody"):
        wiring.sheet(units, reach_mm=0.1)
    one = wiring.sheet(units)
    away = wiring.sheet(units + 50.0)
    with pytest.raises(ValueError, match="from 0 to 1 is so short"):
        wiring.joined([one, away], [Path(0, 1, gain=0.8, delay_s=0.01)])
    for wrong in (Path(0, 2, gain=0.8, delay_s=0.01), Path(-1, 0, gain=0.8, delay_s=0.01), Path(0, 1, gain=0.8, delay_s=0.01, blur_mm=0.0)):
        with pytest.raises(ValueError, match="regions 0 to 1"):
            wiring.joined([one, one], [wrong])
