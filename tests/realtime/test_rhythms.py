"""Real rhythms: what a user would lose if another rhythm passed for noise, noise for a wave, or one wave were all that the model knows."""

import numpy as np
import pytest
from scipy.signal import butter, freqz_sos, hilbert, sosfilt, sosfiltfilt
from support.waves import coloured, grid, make, rms_deg
from wavestim.hardware.sources import open_recording
from wavestim.realtime import track
from wavestim.realtime.bandfilter import design
from wavestim.realtime.colour import inverse, whitening_filter
from wavestim.realtime.noise import background, peak_cut

MOVES = ["planar", "rotating", "source", "sink"]
XY = grid()


def zero_phase(x, band_hz, fs_hz):
    return hilbert(sosfiltfilt(butter(4, band_hz, "bandpass", fs=fs_hz, output="sos"), x, axis=0), axis=0)


@pytest.mark.parametrize("beta", [0.5, 1.5, 3.0])
def test_a_rhythm_beside_the_band_is_not_background(beta):
    f = np.arange(0.0, 200.0)
    power = np.maximum(f, 0.5)[:, None] ** -beta * np.ones(4)
    bump = 1 + 20 * np.exp(-0.5 * ((f - 20) / 3) ** 2)
    beside = (f >= 2) & (f <= 60) & ~((f > 3) & (f < 9))
    found = background(f, power * bump[:, None], beside=beside)
    assert abs(found.beta - beta) < 0.2
    assert not found.quiet[18:23].any()
    assert any(low < 20 < high for low, high, _ in found.peaks)
    assert all(high < 17 or low > 23 for low, high in found.flanks_hz)


def test_noise_is_white_up_to_the_highest_frequency_when_it_has_a_floor():
    fs_hz, f = 500.0, np.arange(0.0, 251.0)
    power = 1 / np.maximum(f, 0.5) ** 2 + 1 / 80.0**2
    beside = (f >= 2) & (f <= 60) & ((f < 4) | (f > 15))
    found = background(f, power[:, None] * np.ones(4), beside=beside, beyond=(f > 60) & (f < 225))
    sos = whitening_filter(f, found.log_power, fs_hz, 9.0)
    left = power * np.abs(freqz_sos(sos, f, fs=fs_hz)[1]) ** 2
    heard = left[(f >= 2) & (f <= 225)]
    assert heard.max() / heard.min() < 2
    x = np.random.default_rng(0).standard_normal((1000, 2))
    np.testing.assert_allclose(sosfilt(inverse(sos), sosfilt(sos, x, axis=0), axis=0), x, atol=1e-9)


def test_what_a_low_pass_took_is_not_raised_again():
    f = np.arange(0.0, 501.0)
    power = 1 / np.maximum(f, 0.5)[:, None] ** 1.5 * np.where(f > 150, 1e-12, 1)[:, None]
    found = background(f, power, beside=(f >= 2) & (f <= 60), beyond=(f > 60) & (f < 300))
    np.testing.assert_allclose(found.log_power[2:], -1.5 * np.log(f[2:]), atol=0.1)


def test_shared_noise_with_a_floor_is_no_rhythm_in_step():
    rng = np.random.default_rng(3)
    slow = coloured(rng, 10_000, 37, 2.0, 500.0)
    noise = slow / slow.std(axis=0) + 0.15 * rng.standard_normal(slow.shape)
    w = track(50 * (noise[:, :36] + 0.7 * noise[:, 36:]), 500.0, XY[:36], (5.0, 14.0))
    assert np.mean(w.kind[2000:] == "none") > 0.8


def test_an_equalizer_takes_a_peak_down_and_leaves_the_rest():
    from scipy.signal import sosfreqz

    response = abs(sosfreqz(peak_cut(15.0, 25.0, 16.0, 1000.0), worN=[1.0, np.sqrt(15 * 25.0), 200.0], fs=1000.0)[1]) ** 2
    np.testing.assert_allclose(response, [1, 1 / 16, 1], rtol=0.06)


def test_the_causal_filter_is_close_to_the_zero_phase_one():
    rng = np.random.default_rng(5)
    rhythm = sosfilt(butter(1, (13, 17), "bandpass", fs=500.0, output="sos"), rng.standard_normal((12000, 3)), axis=0)
    x = rhythm / rhythm.std() + 0.3 * coloured(rng, 12000, 3, 1.0, 500.0)
    found = design(x[:2000], 500.0, (8.0, 24.0))
    truth = zero_phase(x, (8.0, 24.0), 500.0)
    taps = np.zeros(len(found.taps) * found.stride, complex)
    taps[:: found.stride] = found.taps
    z = np.array([np.convolve(c, taps)[: len(c)] for c in x.T]).T
    late = slice(2500, 11500)
    large = np.abs(truth[late]) > np.median(np.abs(truth))
    assert rms_deg(np.angle(z * truth.conj())[late][large]) < 20
    for lag in (0, 10):  # and what it says of its error a moment ahead is the error there
        k = lag / 500.0 / found.step_s
        ahead = np.interp(k, np.arange(len(found.ahead)), found.ahead)
        unexplained = np.interp(k, np.arange(len(found.ahead)), found.unexplained)
        error = np.mean(np.abs(truth[2500 + lag : 11500 + lag] - ahead * z[late]) ** 2) / np.mean(np.abs(z[late]) ** 2)
        assert 0.5 * unexplained < error < 2 * unexplained


@pytest.mark.parametrize("band_hz", [(13.0, 30.0), (8.0, 24.0), (30.0, 45.0)])
def test_on_a_real_strip_the_phase_is_as_good_as_a_causal_filter_at_every_electrode(band_hz):
    recording = open_recording("ecog-strip")
    x = np.concatenate([block for _, block in recording.blocks(4096)])
    w = track(x, recording.fs_hz, recording.positions_mm, band_hz)
    z = zero_phase(x.astype(float), band_hz, recording.fs_hz)
    truth, late = np.angle(z), slice(3000, -500)
    large = np.abs(z)[late] > np.median(np.abs(z), axis=0)
    # analytic signal of a causal band-pass, its own delay at the band's centre taken out
    sos = butter(1, band_hz, "bandpass", fs=recording.fs_hz, output="sos")
    quadrature = np.gradient(sosfilt(sos, x.astype(float), axis=0), axis=0)
    causal = np.angle(sosfilt(sos, x.astype(float), axis=0) - 1j * quadrature * recording.fs_hz / (2 * np.pi * np.sqrt(np.prod(band_hz))))
    assert rms_deg((w.phase - truth)[late][large]) < 1.05 * rms_deg((causal - truth)[late][large])
    assert np.isin(w.kind[late], MOVES).mean() < 0.05  # nothing is known to travel along it


def noise_with_the_covariance_of_a_wave(seed):
    """Cosine and sine of one plane wave, each with a rhythm of its own: the covariance of a wave that travels, and none that does."""
    rng = np.random.default_rng(seed)
    k = 0.47 * np.array([np.cos(seed), np.sin(seed)])
    a = sosfilt(butter(2, (13, 17), "bandpass", fs=1000.0, output="sos"), rng.standard_normal((9000, 2)), axis=0)
    a /= a.std()
    x = a[:, :1] * np.cos(XY @ k) + a[:, 1:] * np.sin(XY @ k)
    return (50 * (x + 1.2 * coloured(rng, 9000, len(XY), 1.4, 1000.0))).astype(np.float32)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_with_the_covariance_of_a_wave_does_not_travel(seed):
    w = track(noise_with_the_covariance_of_a_wave(seed), fs=1000, positions_mm=XY, band_hz=(8, 24))
    assert np.isin(w.kind[3000:], MOVES).mean() < 0.1


@pytest.mark.parametrize("seed", [4, 5])
def test_a_source_is_told_from_a_rhythm_in_step(seed):
    for kind in ("source", "synchronous"):
        lfp, _, _ = make(kind, seed=seed, seconds=8, snr_db=5)
        w = track(lfp, fs=1000, positions_mm=XY, band_hz=(8, 24))
        assert (w.kind[3000:] == kind).mean() > 0.6


def test_another_noise_is_learned_anew():
    """The wave goes on, the noise becomes flatter, stronger and shared: the model says so, learns again, and is right again."""
    lfp, phase, _ = make("planar", seed=8, seconds=26, snr_db=5)
    rng = np.random.default_rng(9)
    shared, own = coloured(rng, 18000, 1, 0.3, 1000.0), coloured(rng, 18000, len(XY), 0.3, 1000.0)
    lfp[8000:] += 60 * (shared * np.linspace(0.2, 1.8, len(XY)) + 0.3 * own)
    w = track(lfp, fs=1000, positions_mm=XY, band_hz=(8, 24))
    assert w.stale[8000:].any() or len(w._calibrations) > 1
    assert len(w._calibrations) > 1
    renewed = int(w._calibrations[1][0])
    assert 8000 < renewed < 20000
    assert rms_deg((w.phase - phase)[-4000:]) < 25
    again = track(lfp, fs=1000, positions_mm=XY, band_hz=(8, 24))
    np.testing.assert_array_equal(again.phase, w.phase)
