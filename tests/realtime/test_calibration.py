"""A calibration from elsewhere: it is used on the probe it was learned on, in its band, at its rate, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
from support.waves import grid, make, rms_deg, wander
from wavestim.realtime import Calibration, ModelOptions, calibrate, track
from wavestim.realtime.fit import misfit, sound
from wavestim.realtime.tuning import LEAST_GAIN, SEARCHED, tune

XY, FS, BAND = grid(5, 5, 0.6), 500.0, (8.0, 24.0)


@pytest.fixture(scope="module")
def calibration():
    return calibrate(make(seed=1, seconds=6.0, fs=FS, xy=XY)[0], fs_hz=FS, positions_mm=XY, band_hz=BAND)


def test_it_fits_its_own_probe_wherever_that_is(calibration):
    assert misfit(calibration, XY, BAND, FS) is None
    assert misfit(calibration, XY + np.array([3.0, -2.0]), BAND, FS) is None
    assert misfit(calibration, XY.round(2), BAND, FS) is None
    strip = np.column_stack([np.arange(8) * 0.3, np.zeros(8)])
    of_strip = calibrate(make(seed=1, seconds=4.0, fs=FS, xy=strip)[0], fs_hz=FS, positions_mm=strip, band_hz=BAND)
    assert misfit(of_strip, strip, BAND, FS) is None
    assert "other positions" in str(misfit(of_strip, strip * 1.1, BAND, FS))


@pytest.mark.parametrize(
    ("positions", "band", "rate", "says"),
    [
        (XY[:24], BAND, FS, "25 electrodes, the source has 24"),
        (XY * 1.2, BAND, FS, "other positions"),
        (XY[::-1], BAND, FS, "other positions"),
        (XY, (8.0, 25.0), FS, "8-24 Hz, not 8-25 Hz"),
        (XY, BAND, 1000.0, "for 500 Hz"),
    ],
)
def test_it_is_refused_elsewhere_with_a_sentence_that_says_why(calibration, positions, band, rate, says):
    assert says in str(misfit(calibration, positions, band, rate))
    lfp = np.zeros((100, len(positions)), np.float32)
    with pytest.raises(ValueError, match="the calibration is for"):
        track(lfp, rate, positions, band, calibration=calibration)


@pytest.mark.parametrize(
    "change",
    [
        {"modes": np.zeros((25, 40))},
        {"noise_cov": np.zeros((3, 3))},
        {"k_rad_mm": np.array([np.nan, 0.0])},
        {"flank_sos": (np.zeros((2, 5)),)},
        {"used": np.zeros(25, dtype=bool)},
        {"watch_limit": np.zeros(2)},
    ],
)
def test_arrays_that_the_tick_could_not_take_are_refused(calibration, change):
    assert not sound(replace(calibration, **change))
    assert "no calibration has" in str(misfit(replace(calibration, **change), XY, BAND, FS))


def test_bytes_are_as_good_as_the_calibration(calibration):
    lfp, phase, _ = make(seed=2, seconds=6.0, fs=FS, xy=XY)
    a = track(lfp, FS, XY, BAND, calibration=calibration)
    b = track(lfp, FS, XY, BAND, calibration=calibration.to_bytes())
    assert np.array_equal(a.phase, b.phase)
    assert rms_deg(a.phase[1000:] - phase[1000:]) < 45
    assert Calibration.from_bytes(calibration.to_bytes()).to_bytes() == calibration.to_bytes()


def calm_and_quick(seed, calm):
    """Two tissues with other dynamics than the defaults are for; samples, phase."""
    rng = np.random.default_rng(seed)
    n = 25_000
    tau_s, sd_hz, sd_amplitude = (2.0, 0.2, 0.1) if calm else (0.4, 2.0, 0.5)
    phi = 2 * np.pi * np.cumsum(14 + sd_hz * wander(rng, n, tau_s, FS)) / FS
    amplitude = np.exp(sd_amplitude * wander(rng, n, tau_s, FS))
    phase = phi[:, None] - XY @ [0.5, 0.2]
    return 40 * amplitude[:, None] * np.cos(phase) + make("none", seed=seed, seconds=n / FS, fs=FS, xy=XY)[0], phase


@pytest.mark.parametrize("calm", [True, False])
def test_constants_learned_from_half_a_minute_lower_the_phase_error_on_the_rest(calm):
    x, phase = calm_and_quick(1, calm)
    half = 12_500
    c = calibrate(x[:half], fs_hz=FS, positions_mm=XY, band_hz=BAND)
    found = tune(c, x[:half] @ np.where(c.used[:, None], c.modes, 0.0))
    assert found.gain_nats_per_s is not None
    assert found.gain_nats_per_s >= LEAST_GAIN
    assert set(found.changed) <= set(SEARCHED)
    assert (found.options.sd_freq < ModelOptions().sd_freq) == calm
    errors = []
    for calibration in (c, calibrate(x[:half], fs_hz=FS, positions_mm=XY, band_hz=BAND, options=found.options)):
        w = track(x[half:], FS, XY, BAND, calibration=calibration)
        errors.append(rms_deg(w.forecast(0.02)[1000:-10] - phase[half:][1010:]))
    assert errors[1] < errors[0]


def test_constants_stay_when_others_are_no_better_on_the_half_kept_apart(calibration):
    assert tune(calibration, np.zeros((1000, calibration.modes.shape[1]))).gain_nats_per_s is None  # too short to search
    x = make("none", seed=3, seconds=20.0, fs=FS, xy=XY)[0]
    x[5000:] *= 3  # two halves with nothing in common
    found = tune(calibration, x @ calibration.modes)
    assert found.gain_nats_per_s is not None
    assert bool(found.changed) == (found.gain_nats_per_s >= LEAST_GAIN)
    assert found.changed or found.options == calibration.options
