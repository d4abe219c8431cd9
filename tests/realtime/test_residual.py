"""What electrodes have beyond the smooth modes: followed where it is a rhythm, left alone where it is noise about a wave."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import butter, hilbert, sosfilt, sosfiltfilt
from support.waves import coloured, grid, make, rms_deg
from wavestim.realtime import Engine, EngineConfig, track
from wavestim.realtime.engine import TRACE_COLUMNS
from wavestim.realtime.fit import sound
from wavestim.realtime.forecast import RECORD_SIZE

FS, BAND = 500.0, (8.0, 24.0)
XY = grid(6, 6)


def own_rhythms(seed, seconds):
    """A rhythm of its own at every electrode, uV."""
    rng = np.random.default_rng(seed)
    n, m = round(seconds * FS), len(XY)
    rhythm = sosfilt(butter(1, (13, 17), "bandpass", fs=FS, output="sos"), rng.standard_normal((n, m)), axis=0)
    return (40 * (rhythm / rhythm.std() + 0.5 * coloured(rng, n, m, 1.3, FS))).astype(np.float32)


@pytest.fixture(scope="module")
def rhythms():
    return own_rhythms(3, 16)


@pytest.fixture(scope="module")
def tracked(rhythms):
    return track(rhythms, FS, XY, BAND)


def without(calibration):
    return replace(calibration, residual_covariance=np.zeros(0))


def test_a_rhythm_of_its_own_at_every_electrode_is_followed_as_well_as_by_a_filter_for_each(rhythms, tracked):
    x, late = rhythms.astype(float), slice(3000, -500)
    z = hilbert(sosfiltfilt(butter(4, BAND, "bandpass", fs=FS, output="sos"), x, axis=0), axis=0)
    band = sosfilt(butter(1, BAND, "bandpass", fs=FS, output="sos"), x, axis=0)
    causal = np.angle(band - 1j * np.gradient(band, axis=0) * FS / (2 * np.pi * np.sqrt(np.prod(BAND))))
    large = np.abs(z[late]) > np.median(np.abs(z), axis=0)
    error = rms_deg((tracked.phase - np.angle(z))[late][large])
    assert error < rms_deg((causal - np.angle(z))[late][large])
    modes_alone = track(rhythms, FS, XY, BAND, calibration=without(tracked.calibration)).phase
    assert error < 0.6 * rms_deg((modes_alone - np.angle(z))[late][large])
    sd = np.sqrt(np.mean(tracked.forecast_sd_deg(0.0)[late][large] ** 2))
    assert 0.5 * error < sd < 2 * error


@pytest.mark.parametrize("kind", ["planar", "rotating", "source"])
@pytest.mark.parametrize("snr_db", [0, 5])
def test_of_a_wave_in_noise_nothing_beyond_the_modes_is_followed(kind, snr_db):
    lfp = make(kind, seed=11, seconds=8, snr_db=snr_db)[0]
    w = track(lfp, 1000, grid(), BAND)
    assert len(w.calibration.residual_covariance)
    alone = track(lfp, 1000, grid(), BAND, calibration=without(w.calibration))
    again = track(lfp, 1000, grid(), BAND, calibration=w.calibration)
    np.testing.assert_array_equal(again.phase, alone.phase)


def test_missing_channels_and_light_leave_it_finite(rhythms, tracked):
    x = rhythms.copy()
    x[:, 7] = np.nan
    x[2000:2600, ::3] = np.nan
    x[4000:4003] = np.nan
    x[4500:5200:40, 11] = np.nan
    engine = Engine(EngineConfig(fs_hz=FS, positions_mm=XY, band_hz=BAND))
    engine.apply_calibration(tracked.calibration)
    records, waves = np.zeros((len(x), RECORD_SIZE)), np.zeros((len(x), TRACE_COLUMNS))
    own = np.zeros((len(x), len(XY)), np.complex64)
    engine.trace_into(records, waves, np.zeros(len(x), np.int64), own)
    for at in range(5200, 6000, 150):
        engine.post("mask", 15.0, at)
    engine.process(x[:6000], 0)
    engine.process(x[6100:6700], 6100)  # and a gap
    engine.process(x[7900:], 7900)  # and one after which the wave is forgotten
    assert np.isfinite(records).all()
    assert np.isfinite(own).all()
    assert np.abs(own).max() < 10 * x[np.isfinite(x)].std()
    assert np.abs(own[1900, 8]) > 0
    assert np.abs(own[-1200:, 7]).max() < 1e-6  # nothing is known of it
    w = track(x, FS, XY, BAND)
    assert np.isfinite(w.phase).all()
    assert np.isfinite(w.forecast_sd_deg(0.02)).all()


def test_int16_and_the_microvolts_that_they_stand_for_give_the_same_bits(rhythms):
    bits = np.round(rhythms[:5000] / 0.25).astype(np.int16)
    a, b = track(bits, FS, XY, BAND, gain_uv=0.25), track(bits * np.float32(0.25), FS, XY, BAND)
    np.testing.assert_array_equal(a.phase, b.phase)


def test_it_is_off_where_modes_hold_nearly_all_that_there_is(tracked):
    strip = np.column_stack([0.4 * np.arange(12), np.zeros(12)])
    w = track(own_rhythms(5, 4)[:, :12], FS, strip, BAND)
    assert not len(w.calibration.residual_covariance)
    c = tracked.calibration
    assert sound(c)
    assert not sound(replace(c, residual_covariance=c.residual_covariance[:-1]))
    assert not sound(replace(c, residual_taps=c.residual_taps[2:]))
    assert not sound(replace(c, residual_drift=c.residual_drift[0]))
