"""The suggested band: what a lab would lose if it were put where there is no rhythm, or beside the one there is."""

import numpy as np
import pytest
from support.waves import coloured, grid, make
from wavestim.hardware.sources import open_recording
from wavestim.realtime.spectrum import take_apart

FS, XY = 500.0, grid(4, 4)


@pytest.mark.parametrize("beta", [0.5, 1.3, 2.2])
@pytest.mark.parametrize("f0", [7.0, 15.0, 28.0])
def test_the_band_lies_around_the_peak_whatever_the_slope_of_the_noise(beta, f0):
    x, _, _ = make(seed=int(10 * beta + f0), seconds=12.0, fs=FS, xy=XY, f0=f0, beta=beta, band=(0.6 * f0, 1.6 * f0))
    s = take_apart(x, FS)
    low, high = s.peaks[0].band_hz
    assert abs(s.peaks[0].centre_hz - f0) < 1.2
    assert low < f0 - 1 < f0 + 1 < high
    assert low > 0.35 * f0
    assert high < 1.9 * f0
    assert abs(s.beta - beta) < 0.15


@pytest.mark.parametrize("beta", [0.3, 1.3, 2.2])
def test_noise_alone_suggests_no_band(beta):
    for seed in range(4):
        assert take_apart(50 * coloured(np.random.default_rng(seed), 6000, 8, beta, FS), FS).peaks == ()


def test_a_knee_is_no_rhythm_and_is_found():
    rng = np.random.default_rng(3)
    f = np.fft.rfftfreq(20000, 1 / FS)
    z = (rng.standard_normal((len(f), 6)) + 1j * rng.standard_normal((len(f), 6))) / np.sqrt(10.0**3 + f**3)[:, None]
    s = take_apart(np.fft.irfft(z, axis=0) * 1e4, FS)
    assert s.peaks == ()
    assert 6 < s.knee_hz < 16
    assert 2.4 < s.beta < 3.6


def test_mains_is_no_rhythm():
    x = 50 * coloured(np.random.default_rng(1), 6000, 8, 1.3, FS)
    x += 40 * np.cos(2 * np.pi * 50 * np.arange(6000) / FS)[:, None]
    assert take_apart(x, FS).peaks == ()


def test_the_packaged_strip_has_its_beta_rhythm():
    recording = open_recording("ecog-strip")
    s = take_apart(np.concatenate([block for _, block in recording.blocks(4096)]).astype(float), recording.fs_hz)
    assert 16 < s.peaks[0].centre_hz < 21
    low, high = s.peaks[0].band_hz
    assert 10 < low < 16
    assert 21 < high < 28


def test_too_few_samples_or_silence_suggest_nothing():
    assert take_apart(np.zeros((1000, 4)), FS).peaks == ()
    assert take_apart(np.random.default_rng(0).standard_normal((40, 4)), FS).peaks == ()
