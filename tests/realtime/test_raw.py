"""Samples as a converter gives them: int16 at 20-30 kHz says what microvolts say, and what is missing in them costs no more than itself."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.waves import coloured, grid, rms_deg
from wavestim.realtime import Engine, EngineConfig, TriggerConfig, track
from wavestim.realtime.engine import TRACE_COLUMNS
from wavestim.realtime.forecast import RECORD_SIZE
from wavestim.realtime.loop import Loop
from wavestim.realtime.ring import Ring

FS = 20_000.0
XY = grid(3, 3)
K = np.array([0.9, 0.3])
GAIN = 0.25


def wave(t_s):
    """A plane wave of 15 Hz in uV and its phase, at any times."""
    phase = 2 * np.pi * 15 * t_s[:, None] - XY @ K
    return 60 * np.cos(phase), phase


@pytest.fixture(scope="module")
def uv():
    """Four seconds with noise below 1 kHz and hiss above."""
    rng = np.random.default_rng(2)
    n = int(4 * FS)
    noise = 8 * coloured(rng, n, len(XY), 1.3, FS) + 10 * rng.standard_normal((n, len(XY)))
    return (wave(np.arange(n) / FS)[0] + noise).astype(np.float32)


@pytest.fixture(scope="module")
def bits(uv):
    return np.round(uv / GAIN).astype(np.int16)


def plan():
    condition = SimpleNamespace(name="on", dark=False, heading="none", heading_deg=0, offset_deg=0, slot0=0, n_headings=1, speeds_mm_s=())
    slot = SimpleNamespace(name="flash", lead_ms=0.0, duration_ms=2.0, reaches=True)
    return SimpleNamespace(slots=[slot], conditions=[condition], sequence=np.zeros(8, np.int16))


def new_engine(fs=FS, gain_uv=GAIN, **keys):
    trigger = TriggerConfig(site=4, horizon_ms=10, refractory_ms=0, max_phase_sd_deg=180)
    engine = Engine(EngineConfig(fs_hz=fs, positions_mm=XY, band_hz=(8, 24), trigger=trigger, plan=plan(), gain_uv=gain_uv, **keys))
    engine.post("arm")
    return engine


@pytest.fixture(scope="module")
def calibration(bits):
    engine = new_engine()
    engine.run(bits[: int(2.6 * FS)], 0)
    return engine.calibration


def traced(calibration, samples, cuts=None, first=0, **keys):
    """Everything that a calibrated engine says of samples; ``cuts``: lengths of blocks."""
    engine = new_engine(**keys)
    engine.apply_calibration(calibration)
    n = len(samples) + 10
    records, waves, at = np.zeros((n, RECORD_SIZE)), np.zeros((n, TRACE_COLUMNS)), np.full(n, -1, np.int64)
    engine.trace_into(records, waves, at)
    done = 0
    for size in cuts or [len(samples)]:
        engine.process(np.ascontiguousarray(samples[done : done + size]), first + done)
        done += size
    engine.process(np.ascontiguousarray(samples[done:]), first + done)
    ticks = engine.n_traced
    return records[:ticks], waves[:ticks], at[:ticks], engine.take_decisions()


def same(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


def tenth(samples):
    return samples[int(3 * FS) :]


@pytest.mark.parametrize("gain", [GAIN, np.linspace(0.1, 0.3, len(XY)).astype(np.float32)])
def test_bits_with_a_gain_decide_as_microvolts_do(bits, gain):
    made = []
    for samples in (bits, bits * np.asarray(gain, np.float32)):
        engine = new_engine(gain_uv=gain)
        engine.run(samples, 0)
        made.append((engine.take_decisions(), np.frombuffer(engine.calibration.to_bytes(), np.uint8)))
    assert len(made[0][0]) > 10
    assert same(*made)


def test_track_takes_bits(bits):
    n = int(3.5 * FS)
    w = track(bits[:n], fs=FS, positions_mm=XY, band_hz=(8, 24), gain_uv=GAIN)
    v = track(bits[:n] * np.float32(GAIN), fs=FS, positions_mm=XY, band_hz=(8, 24))
    np.testing.assert_array_equal(w.phase, v.phase)
    np.testing.assert_array_equal(w.amplitude_uv, v.amplitude_uv)
    true = wave(np.arange(n) / FS)[1]
    assert rms_deg(w.phase[-2000:] - true[-2000:]) < 15


@pytest.mark.parametrize("gain", [0.0, np.nan, [0.25, 0.25]])
def test_a_gain_that_is_none_is_refused(gain):
    with pytest.raises(ValueError, match="gain_uv must be one finite number of uV per bit, or one for each of the 9 electrodes"):
        new_engine(gain_uv=gain)


def test_a_gain_of_microvolts_is_refused():
    with pytest.raises(ValueError, match="gain_uv is for int16 samples, these are float32"):
        track(np.zeros((10, 9), np.float32), FS, XY, (8, 24), gain_uv=0.2)


@given(st.lists(st.integers(1, 3000), max_size=12))
@settings(max_examples=15)
def test_blocks_of_bits_may_be_cut_anywhere(bits, calibration, cuts):
    part = tenth(bits)
    assert same(traced(calibration, part, cuts), traced(calibration, part))


@pytest.mark.parametrize("fs", [30_000.0, 24_414.0625])
def test_the_delay_of_the_decimation_is_known_to_a_fraction_of_a_sample(fs):
    """Raw samples of 0 to 150 Hz, and every 30th of them at the model's rate, as much later as the engine says: the phases agree."""
    n = int(3.6 * fs)
    noise = np.fft.rfft(8 * coloured(np.random.default_rng(1), n, len(XY), 1.3, fs), axis=0)
    noise[np.fft.rfftfreq(n, 1 / fs) > 150] = 0
    raw = (wave(np.arange(n) / fs)[0] + np.fft.irfft(noise, n, axis=0)).astype(np.float32)
    fast = new_engine(fs)
    rate, factor = fast.rate_hz, round(fs / fast.rate_hz)
    delay = round(fast.delay_s * fs)
    assert fast.delay_s * fs == pytest.approx(delay)
    assert delay == 4 * factor
    learned = new_engine(rate)
    learned.run(raw[::factor][: int(2.6 * rate)], 0)
    part = raw[int(2.6 * fs) :]
    part = np.concatenate([np.repeat(part[:1], 20 * factor, axis=0), part])  # both begin at rest
    ticks = np.arange(factor - 1, len(part), factor)
    of_raw = traced(learned.calibration, part, fs=fs)[0][300:450, 0]
    of_ticks = traced(learned.calibration, part[np.maximum(ticks - delay, 0)], fs=rate)[0][300:450, 0]
    error = np.angle(np.exp(1j * (of_raw - of_ticks))) / (2 * np.pi * 15) * fs
    assert np.abs(error).max() < 0.5
    assert abs(error.mean()) < 0.2


def spoil_rails(part, rng):
    part[rng.random(part.shape) < 0.1] = 32767


def spoil_one_channel(part, rng):
    part[5000:15000, 4] = -32768


def spoil_bursts(part, rng):
    for at in range(3000, 19000, 2000):
        part[at : at + 25] = 32767  # all channels, a millisecond and more


@pytest.mark.parametrize("spoil", [spoil_rails, spoil_one_channel, spoil_bursts])
def test_clipped_bits_are_missing_values(bits, calibration, spoil):
    part = tenth(bits).copy()
    clean = traced(calibration, part)
    spoil(part, np.random.default_rng(0))
    uv = part * np.float32(GAIN)
    uv[np.abs(part.astype(int)) >= 32767] = np.nan
    spoiled = traced(calibration, part)
    assert same(spoiled, traced(calibration, uv))
    assert rms_deg(spoiled[0][500:, 0] - clean[0][500:, 0]) < 4


def test_all_channels_at_the_rails_for_long_is_no_sample_at_all(bits, calibration):
    part = tenth(bits).copy()
    part[10000:14000] = 32767
    records, _, _, _ = traced(calibration, part)
    assert np.isfinite(records).all()
    true = wave((np.arange(len(part)) + 3 * FS) / FS)[1][19::20]  # at the ticks
    phase = records[:, 0] + 2 * np.pi * 15 * 80 / FS - XY[4] @ K  # brought from the middle of the filter to the tick
    assert rms_deg(phase[540:680] - true[540:680, 4]) < 25  # coasting
    assert rms_deg(phase[900:] - true[900:, 4]) < 15


@pytest.mark.parametrize("gap", [7, 20, 333, 4000])
def test_a_gap_inside_a_window_moves_no_tick(bits, calibration, gap):
    part, at = tenth(bits), 10_007
    engine = new_engine()
    engine.apply_calibration(calibration)
    records, waves, ticks = np.zeros((2000, RECORD_SIZE)), np.zeros((2000, TRACE_COLUMNS)), np.full(2000, -1, np.int64)
    engine.trace_into(records, waves, ticks)
    engine.process(part[:at], 0)
    engine.process(part[at + gap :], at + gap)
    n = engine.n_traced
    assert (engine.n_gaps, engine.n_dropped) == (1, gap)
    assert (ticks[:n] % 20 == 19).all()
    whole = traced(calibration, part)
    assert rms_deg(records[n - 150 : n, 0] - whole[0][-150:, 0]) < 5


def test_a_ring_of_bits_feeds_the_engine(bits, calibration):
    part = tenth(bits)
    engine = new_engine()
    engine.apply_calibration(calibration)
    ring = Ring(len(XY), 4096, np.int16)
    loop = Loop(ring, engine)
    kept = []
    for start in range(0, len(part), 1000):
        assert ring.push(part[start : start + 1000], start, start) == len(part[start : start + 1000])
        loop.turn_at(start)
        kept += [block for _, _, block in ring.take()]
    np.testing.assert_array_equal(np.concatenate(kept), part)
    assert engine.take_decisions().tobytes() == traced(calibration, part)[3].tobytes()
    with pytest.raises(ValueError, match="the ring holds int16 samples"):
        ring.push(part[:2].astype(np.float32), 0, 0)
    with pytest.raises(ValueError, match="not float64"):
        Ring(3, 8, np.float64)


@pytest.mark.parametrize("reference", ["average", "median", "channel"])
def test_a_reference_is_taken_off_raw_samples_too(bits, reference):
    hum = (2000 * np.sin(2 * np.pi * 11 * np.arange(len(bits)) / FS)).astype(np.int16)
    steep = [1.6, 0.4]
    phase = 2 * np.pi * 15 * np.arange(len(bits))[:, None] / FS - XY @ steep
    x = (bits - np.round(wave(np.arange(len(bits)) / FS)[0] / GAIN) + 240 * np.cos(phase)).astype(np.int16) + hum[:, None]
    engine = new_engine(reference=reference)
    engine.run(x, 0)
    assert engine.take_decisions()["direction_deg"][-5:] == pytest.approx(np.degrees(np.arctan2(0.4, 1.6)), abs=30)
