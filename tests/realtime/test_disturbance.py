"""Artefacts that nobody announced: a user gets pulses at wrong phases that were said to be right, or none after any strong rhythm."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt
from support.waves import grid, make, rms_deg
from wavestim.realtime import track

FROM, TO, N = 6000, 6700, 9500
XY = grid(8, 8)
T = np.arange(TO - FROM) / 1000
RNG = np.random.default_rng(5)
GAIN = 1 + 0.2 * RNG.standard_normal(len(XY))
MUSCLE = sosfiltfilt(butter(4, (40, 150), "bandpass", fs=1000, output="sos"), RNG.standard_normal((len(T), len(XY))), axis=0)
ARTEFACTS = {
    "movement": 2000 * (np.sin(2 * np.pi * 3 * T) * np.hanning(len(T)))[:, None] * GAIN,
    "movement seen by some electrodes": 2000 * (np.sin(2 * np.pi * 3 * T) * np.hanning(len(T)))[:, None] * (np.arange(len(XY)) % 3 == 0),
    "muscle": 400 * MUSCLE / MUSCLE.std(),
    "another's stimulation": 3000 * (np.exp(-(np.arange(len(T)) % 137) / 8))[:, None] * GAIN,
}


@pytest.fixture(scope="module")
def wave():
    lfp, phase, _ = make("planar", seed=81, seconds=N / 1000, snr_db=5, xy=XY)
    return lfp, phase


def seen(lfp):
    return track(lfp, fs=1000, positions_mm=XY, band_hz=(8, 24))


@pytest.mark.parametrize("name", ARTEFACTS)
def test_an_artefact_is_not_taken_for_a_phase(wave, name):
    lfp, phase = wave
    spoilt = lfp.copy()
    spoilt[FROM:TO] += ARTEFACTS[name].astype(np.float32)
    w = seen(spoilt)
    wrong = rms_deg((w.phase - phase)[FROM + 300 : TO])
    assert wrong > 50, "an artefact that does no harm tests nothing"
    assert np.median(w.phase_sd_deg[FROM + 300 : TO]) > 120
    after = slice(TO + 1000, N)
    assert rms_deg((w.phase - phase)[after]) < 25
    assert np.median(w.phase_sd_deg[after]) < 30


def test_a_strong_rhythm_that_begins_is_none():
    clean, phase, _ = make("planar", seed=81, seconds=N / 1000, snr_db=60, xy=XY)
    noise, _, _ = make("none", seed=82, seconds=N / 1000, xy=XY)
    rising = np.clip((np.arange(N) - FROM) / 200, 0, 1)[:, None]
    w = seen((noise + 10 * rising * clean).astype(np.float32))
    assert rms_deg((w.phase - phase)[FROM + 500 :]) < 30
    assert np.median(w.phase_sd_deg[FROM + 500 :]) < 40


def test_what_stays_is_how_the_recording_is_now():
    lfp, phase, _ = make("planar", seed=83, seconds=26, snr_db=5, xy=XY)
    slow = sosfiltfilt(butter(2, (2, 5), "bandpass", fs=1000, output="sos"), np.random.default_rng(6).standard_normal(len(lfp)))
    lfp[FROM:] += (400 * slow / slow.std()).astype(np.float32)[FROM:, None] * GAIN.astype(np.float32)
    w = seen(lfp)
    assert w.phase_sd_deg[FROM + 500 : FROM + 1500].mean() > 120
    assert np.median(w.phase_sd_deg[-4000:]) < 90
    assert rms_deg((w.phase - phase)[-4000:]) < 60
