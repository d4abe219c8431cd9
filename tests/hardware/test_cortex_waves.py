"""The mock cortex carries the wave it is asked for: without this every figure that is checked against its truth means nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt
from wavestim.hardware.simulated import CortexConfig, SimulatedRig, Tokens, Truth

GRID = np.column_stack([a.ravel() for a in np.meshgrid(np.arange(10), np.arange(10))]) * 0.4 - 1.8
LEDS = GRID.reshape(10, 10, 2)[::2, ::2].reshape(-1, 2)
STEADY = {"direction_sd_deg": 0.0, "speed_log_sd": 0.0, "frequency_sd_hz": 0.0, "amplitude_log_sd": 0.0}


def record(
    tmp_path: Path, seconds: float = 10.0, *, seed: int = 1, fs_hz: float = 1000.0, positions=GRID, **keys
) -> tuple[np.ndarray, Truth]:
    path = tmp_path / "truth"
    with SimulatedRig(CortexConfig(**keys), positions, LEDS, fs_hz=fs_hz, seed=seed, truth_path=path) as rig:
        samples = rig.read(round(seconds * fs_hz))
    return samples, Truth(path)


def circular_mean_deg(angles_deg: np.ndarray) -> float:
    return float(np.rad2deg(np.angle(np.exp(1j * np.deg2rad(angles_deg.astype(float))).mean())))


@pytest.mark.parametrize("direction", [0.0, 90.0, -135.0, 30.0, 180.0])
def test_travels_where_it_was_told(tmp_path, direction):
    _, truth = record(tmp_path, 4.0, direction_deg=direction, **STEADY)
    error = (circular_mean_deg(truth.rows["direction_deg"]) - direction + 180) % 360 - 180
    assert abs(error) < 2
    assert np.median(truth.rows["speed_mm_s"]) == pytest.approx(200, rel=0.03)
    assert set(truth.kind) == {"planar"}


def test_phase_is_omega_t_minus_k_r(tmp_path):
    """φ rises with time, falls along the way of the wave, and is zero where the potential peaks."""
    samples, truth = record(tmp_path, 4.0, direction_deg=0.0, snr_db=80.0, line_uv=0.0, tissue_noise=0.0, **STEADY)
    phase = truth.rows["phase"].astype(float) * (2 * np.pi / 65536)
    rate = np.angle(np.exp(1j * np.diff(phase, axis=0))).mean() * 1000 / (2 * np.pi)
    assert rate == pytest.approx(15, abs=0.1)
    upstream, downstream = 40, 49  # a row of the grid, from −x to +x
    lag = np.angle(np.exp(1j * (phase[:, upstream] - phase[:, downstream])).mean())
    assert lag == pytest.approx(2 * np.pi * 15 / 200 * 3.6, abs=0.1)
    near_zero = np.abs(phase[:, 44]) < 0.05
    assert samples[near_zero, 44].mean() == pytest.approx(truth.rows["amplitude_uv"].mean(), rel=0.03)
    assert samples[:, 44].max() < 1.02 * samples[near_zero, 44].mean()


def test_position_origin_does_not_matter(tmp_path):
    a, _ = record(tmp_path, 0.5, seed=3)
    b, _ = record(tmp_path, 0.5, seed=3, positions=GRID + 7.0)
    assert np.abs(a - b).max() < 1e-2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_stays_a_wave_for_minutes(tmp_path, seed):
    _, truth = record(tmp_path, 120.0, seed=seed)
    assert truth.rows["planarity"].min() > 0.95
    assert 35 < truth.rows["amplitude_uv"].mean() < 60
    deviation = (truth.rows["direction_deg"] - 30 + 180) % 360 - 180
    assert 8 < np.sqrt(np.mean(deviation.astype(float) ** 2)) < 35  # it does wander
    assert truth.rows["frequency_hz"].std() > 0.3


def test_two_modes_of_motor_beta(tmp_path):
    _, truth = record(tmp_path, 60.0, seed=4, state="motor-beta")
    along = np.cos(np.deg2rad(truth.rows["direction_deg"].astype(float) - 45))
    assert np.mean(along > 0.7) > 0.15
    assert np.mean(along < -0.7) > 0.15
    assert np.mean(np.abs(along) < 0.5) < 0.15


@pytest.mark.parametrize(("keys", "asked"), [({}, 0.0), ({"snr_db": 6.0}, 6.0), ({"snr_db": -5.0, "state": "awake-visual"}, -5.0)])
@pytest.mark.parametrize("fs_hz", [500.0, 1000.0])
def test_signal_to_noise_is_what_was_asked(tmp_path, keys, asked, fs_hz):
    noisy, _ = record(tmp_path, 60.0, seed=2, fs_hz=fs_hz, **keys)
    clean, _ = record(tmp_path, 60.0, seed=2, fs_hz=fs_hz, **{**keys, "snr_db": 80.0, "line_uv": 0.0})
    sos = butter(4, (8, 24), "bandpass", fs=fs_hz, output="sos")
    inside = slice(round(fs_hz), -round(fs_hz))
    wave, noise = (sosfiltfilt(sos, x.astype(float), axis=0)[inside] for x in (clean, noisy - clean))
    assert 10 * np.log10((wave**2).mean() / (noise**2).mean()) == pytest.approx(asked, abs=1.0)


def test_noise_is_partly_shared(tmp_path):
    noisy, _ = record(tmp_path, 40.0, shared_noise=0.3, line_uv=0.0)
    clean, _ = record(tmp_path, 40.0, snr_db=80.0, line_uv=0.0)
    correlation = np.corrcoef((noisy - clean).T)
    apart = np.hypot(*(GRID[:, None, i] - GRID[None, :, i] for i in range(2)))
    assert correlation[(apart > 0) & (apart < 0.5)].mean() == pytest.approx(0.3, abs=0.06)
    assert correlation[apart > 4].mean() < 0.12


@pytest.mark.parametrize("keys", [{}, {"tokens": Tokens()}, {"kind": "rotating"}, {"topology": "shuffled"}])
def test_same_bits_however_it_is_read(keys):
    def run(sizes: list[int]) -> np.ndarray:
        rig = SimulatedRig(CortexConfig(**keys), GRID, LEDS, seed=5)
        rig.light(0.1003, 12, 2.0)
        rig.light(0.1053, 12, 0.0)
        return np.concatenate([rig.read(n) for n in sizes])

    whole = run([1000])
    assert np.array_equal(whole, run([1] * 1000))
    assert np.array_equal(whole, run([127, 1, 128, 129, 256, 359]))
    other = SimulatedRig(CortexConfig(**keys), GRID, LEDS, seed=6).read(1000)
    assert not np.allclose(whole, other)


def test_truth_is_the_same_however_it_is_read(tmp_path):
    def run(name: str, sizes: list[int]) -> bytes:
        with SimulatedRig(CortexConfig(), GRID, LEDS, truth_path=tmp_path / name) as rig:
            for n in sizes:
                rig.read(n)
                if n > 1:
                    rig.flush()
        return (tmp_path / name).read_bytes()

    assert run("a", [500]) == run("b", [1] * 500) == run("c", [100, 28, 200, 172])


@pytest.mark.parametrize("topology", ["local", "shuffled"])
def test_controls_have_no_wave(tmp_path, topology):
    _, truth = record(tmp_path, 10.0, topology=topology)
    assert np.median(truth.rows["planarity"]) < 0.5
    assert set(truth.kind) == {"none"}


def test_isotropic_coupling_has_no_direction(tmp_path):
    _, truth = record(tmp_path, 10.0, topology="isotropic")
    assert np.median(truth.rows["speed_mm_s"][5000:]) > 1000


def test_coupling_is_what_holds_the_wave(tmp_path):
    _, truth = record(tmp_path, 30.0, coupling_per_s=0.0, **STEADY)
    assert truth.rows["planarity"][20000:].mean() < 0.5


def test_tokens_enter_in_order_and_are_in_the_truth(tmp_path):
    _, truth = record(tmp_path, 1.0, tokens=Tokens(n_tokens=3, period_ms=20, pulse_ms=5, sequence=(2, 0, 1)), **STEADY)
    token = truth.rows["token"]
    starts = np.flatnonzero((token[1:] >= 0) & (token[:-1] < 0)) + 1
    assert np.array_equal(np.unique(np.diff(starts)), [20])
    assert token[starts][:4].tolist() in ([2, 0, 1, 2], [0, 1, 2, 0])
    played, without = (record(tmp_path, 1.0, snr_db=80.0, tokens=t, **STEADY)[0] for t in (Tokens(), None))
    assert np.abs(played - without).std() > 1.0


@pytest.mark.parametrize("kind", ["rotating", "source", "sink", "standing", "synchronous", "none"])
def test_drawn_kinds(tmp_path, kind):
    samples, truth = record(tmp_path, 1.0, kind=kind)
    assert set(truth.kind) == {kind}
    assert np.isfinite(samples).all()
    phase = truth.rows["phase"].astype(float) * (2 * np.pi / 65536)
    ring = [99, 90, 0, 9]  # corners, counter-clockwise from the upper right
    around = np.angle(np.exp(1j * np.diff(phase[500, [*ring, 99]]))).sum()
    assert around == pytest.approx(-2 * np.pi if kind == "rotating" else 0.0, abs=1e-3)  # travels counter-clockwise: phase falls along it


@pytest.mark.parametrize(
    ("keys", "word"),
    [
        ({"stat": "awake"}, "stat"),
        ({"state": "asleep"}, "asleep"),
        ({"direction_deg": 400}, "direction_deg"),
        ({"band_hz": (20, 10)}, "band_hz"),
        ({"speed_mm_s": -1}, "speed_mm_s"),
        ({"tokens": {"n_tokens": 2, "sequence": (5,)}}, "sequence"),
    ],
)
def test_impossible_requests_are_refused(keys, word):
    with pytest.raises(ValueError, match=word):
        CortexConfig(**keys)


@pytest.mark.parametrize("positions", [np.zeros((3, 3)), np.array([[0.0, np.nan]]), np.zeros((0, 2))])
def test_impossible_positions_are_refused(positions):
    with pytest.raises(ValueError, match="positions_mm"):
        SimulatedRig(CortexConfig(), positions, LEDS)


@pytest.mark.parametrize("positions", [[[0.0, 0.0]], np.column_stack([np.arange(6) * 10.0, np.zeros(6)])])
def test_small_and_large_layouts_work(positions):
    samples = SimulatedRig(CortexConfig(), positions, []).read(300)
    assert samples.shape == (300, len(positions))
    assert np.isfinite(samples).all()
