"""What a user would lose if harmonics were taken for noise, noise for a wave, or the first bad second for the truth."""

import numpy as np
import pytest
from support.waves import apart_deg, discharge, grid, make, noise, utah
from wavestim.realtime import track

XY = utah()
BAND = (4, 10)
WARM = 1500
TRAVELLING = ["planar", "rotating", "source", "sink"]


@pytest.mark.parametrize("direction", [-159, -80, 0, 45, 130])
@pytest.mark.parametrize("shape", ["sharp", "spike-wave"])
def test_direction_of_a_discharge_with_harmonics_and_jumping_frequency(shape, direction):
    """Harmonics lie where the noise is learned: whitened as noise they would take the wave with them."""
    lfp, _, truth = discharge(direction, seed=direction + 900, shape=shape)
    w = track(lfp, fs=500, positions_mm=XY, band_hz=BAND)
    error = apart_deg(w.direction_deg, truth)[WARM:]
    assert abs(np.degrees(np.angle(np.exp(1j * np.deg2rad(error)).mean()))) < 20
    assert (np.abs(error) < 30).mean() > 0.7
    planar = w.kind[WARM:] == "planar"
    assert planar.mean() > 0.15
    assert np.median(np.abs(error[planar])) < 20


@pytest.mark.parametrize(
    "change", [{"in_step": 1.0}, {"snr_db": 0.0}, {"snr_db": 20.0}, {"band": (1.0, 4.0), "fs": 250.0, "speed": 40.0, "seconds": 12.0}]
)
def test_direction_beside_a_synchronous_part_in_noise_without_noise_and_when_slow(change):
    lfp, _, truth = discharge(-159, seed=77, **change)
    fs = change.get("fs", 500.0)
    w = track(lfp, fs=fs, positions_mm=XY, band_hz=change.get("band", BAND))
    error = apart_deg(w.direction_deg, truth)[int(3 * fs) :]
    assert abs(np.degrees(np.angle(np.exp(1j * np.deg2rad(error)).mean()))) < 20
    assert (np.abs(error) < 30).mean() > 0.6


def test_uncertainty_in_discharges_is_the_error_that_is_made():
    predicted, achieved = [], []
    for seed, shape in enumerate(["sharp", "spike-wave", "sawtooth", "sharp"]):
        lfp, phase, _ = discharge(60.0 * seed, seed=seed + 40, shape=shape)
        w = track(lfp, fs=500, positions_mm=XY, band_hz=BAND)
        predicted.append(np.exp(-(np.deg2rad(w.phase_sd_deg[WARM:]) ** 2) / 2).mean())
        achieved.append(np.cos(w.phase - phase)[WARM:].mean())
    assert np.mean(predicted) < 1.2 * np.mean(achieved)


@pytest.mark.parametrize("kind", ["white", "red and shared", "in step", "reference only", "hum", "muscle", "steps", "rhythm in step"])
def test_noise_does_not_travel(kind):
    for seed in (1, 2):
        w = track(noise(kind, seed), fs=500, positions_mm=XY, band_hz=BAND)
        assert np.isin(w.kind, TRAVELLING).mean() < 0.02
        if kind not in ("in step", "reference only", "rhythm in step"):  # those have one phase, and it is known
            assert (w.phase_sd_deg < 60).mean() < 0.3


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("unit", ["volts", "integers", "float64", "amplifier offset"])
def test_units_and_offsets_do_not_matter(unit):
    lfp, _, _ = make("planar", seed=6, seconds=5, snr_db=5, direction=40)
    lfp = {"volts": lfp * 1e-6, "integers": (lfp * 10).astype(np.int16), "float64": lfp.astype(float), "amplifier offset": lfp + 1e6}[unit]
    w = track(lfp, fs=1000, positions_mm=grid(), band_hz=(8, 24))
    assert (w.kind[3000:] == "planar").mean() > 0.9
    assert np.median(np.abs(apart_deg(w.direction_deg[3000:], 40))) < 10
    assert np.median(w.phase_sd_deg[3000:]) < 30


def clicks(x):
    x[np.random.default_rng(0).integers(0, len(x), 40)] += 1e4


def late_start(x):
    x[:650] = np.nan


def half_die(x):
    x[2000:, ::2] = x[2000, ::2]


def amplifier_steps(x):
    x[1000:] += 5000
    x[2500:] -= 20000


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("spoil", [clicks, late_start, half_die, amplifier_steps])
def test_a_wave_is_found_through_bad_recording(spoil):
    lfp, _, truth = discharge(-159, seed=12, shape="sharp", waxes=False)
    spoil(lfp)
    w = track(lfp, fs=500, positions_mm=XY, band_hz=BAND)
    error = apart_deg(w.direction_deg, truth)[2200:]
    assert (np.abs(error) < 40).mean() > 0.6
    assert np.isin(w.kind[2200:], TRAVELLING).any()


def test_channels_that_all_die_leave_no_wave_behind():
    lfp, _, _ = discharge(-159, seed=12, shape="sharp", waxes=False)
    lfp[2500:] = 3
    w = track(lfp, fs=500, positions_mm=XY, band_hz=BAND)
    assert np.isin(w.kind[-1000:], ["none", "undetermined"]).all()
    assert (w.phase_sd_deg[-1000:] > 100).all()


@pytest.mark.parametrize("cut", [1100, 1249, 1250, 1251, 2700])
def test_no_future_whether_missing_absurd_or_absent(cut):
    lfp, _, _ = discharge(30, seed=3, seconds=6)
    whole = track(lfp, fs=500, positions_mm=XY, band_hz=BAND)
    nothing, absurd = lfp.copy(), lfp.copy()
    nothing[cut:], absurd[cut:] = np.nan, 1e9
    for other in (nothing, absurd, lfp[:cut]):
        w = track(other, fs=500, positions_mm=XY, band_hz=BAND)
        for name in ("phase", "direction_deg", "speed_mm_s", "pgd", "frequency_hz", "kind", "phase_sd_deg"):
            np.testing.assert_array_equal(getattr(w, name)[:cut], getattr(whole, name)[:cut], err_msg=name)


@pytest.mark.parametrize("fs", [250.0, 488.28125, 1250.0, 2000.0])
def test_usable_after_three_seconds_at_any_rate(fs):
    xy = grid(6, 6)
    lfp, _, _ = make("planar", seed=5, seconds=3.3, fs=fs, snr_db=8, xy=xy)
    w = track(lfp, fs=fs, positions_mm=xy, band_hz=(8, 24))
    assert (w.kind[int(3 * fs) :] == "planar").mean() > 0.6
    assert w.phase_sd_deg[int(3 * fs)] < 40
