"""A stale calibration must be told, and one that fits must not be blamed: both directions, over several seeds."""

import numpy as np
import pytest
from support.waves import grid, make
from wavestim.hardware.sources import open_recording
from wavestim.realtime import Engine, EngineConfig, calibrate, track
from wavestim.realtime.staleness import WHY

XY, FS, BAND = grid(6, 6, 0.5), 500.0, (8.0, 24.0)
M = len(XY)
SEEDS = (1, 2, 3)


def state(seed, seconds=22.0, **change):
    return make(seed=seed, seconds=seconds, fs=FS, xy=XY, **change)[0]


@pytest.fixture(scope="module")
def calibrations():
    return {seed: calibrate(state(seed, 20.0), fs_hz=FS, positions_mm=XY, band_hz=BAND) for seed in SEEDS}


def told(x, calibration):
    """Seconds until it is called stale (None: never), and why."""
    engine = Engine(EngineConfig(fs_hz=FS, positions_mm=XY, band_hz=BAND))
    engine.apply_calibration(calibration)
    for i in range(0, len(x), 250):
        engine.process(np.ascontiguousarray(x[i : i + 250]), i)
        if engine.stale:
            assert i <= engine.stale_sample < i + 250
            return (i + 250) / FS, engine.stale
    return None, ()


def test_the_same_state_is_never_called_stale(calibrations):
    for seed in SEEDS:
        for session in (100, 200):
            assert told(state(seed + session, 40.0), calibrations[seed]) == (None, ())


def test_a_short_calibration_knows_little_and_blames_little():
    for seed in range(3):
        c = calibrate(state(seed, 20.0)[:1250], fs_hz=FS, positions_mm=XY, band_hz=BAND)
        assert told(state(seed + 50, 30.0), c) == (None, ())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"beta": 1.9}, "colour"),
        ({"beta": 0.8}, "colour"),
        ({"f0": 19.0}, "frequency"),
        ({"f0": 11.0}, "frequency"),
    ],
)
def test_another_colour_or_frequency_is_told_within_twenty_seconds(calibrations, change, why):
    for seed in SEEDS:
        after_s, reasons = told(state(seed + 100, **change), calibrations[seed])
        assert after_s is not None
        assert after_s <= 20
        assert why in reasons


def altered(x, how):
    rng = np.random.default_rng(9)
    x = x.copy()
    if how == "louder":
        return 2 * x
    if how == "softer":
        return x / 2
    if how == "moved":
        return x[:, rng.permutation(M)]
    if how == "dead":
        x[:, [3, 12]] = 0
        return x
    x += 60 * rng.standard_normal((len(x), 1)).astype(np.float32)  # a noisy reference
    return x


@pytest.mark.parametrize(
    ("how", "why"), [("louder", "level"), ("softer", "level"), ("moved", "covariance"), ("dead", "channels"), ("reference", "covariance")]
)
def test_another_amplifier_probe_or_reference_is_told_within_twenty_seconds(calibrations, how, why):
    for seed in SEEDS:
        after_s, reasons = told(altered(state(seed + 100), how), calibrations[seed])
        assert after_s is not None
        assert after_s <= 20
        assert why in reasons


@pytest.mark.parametrize("renew", [False, True])
def test_a_change_within_a_session_is_told_and_taken_back(calibrations, renew):
    x = state(101, 55.0)
    x[5000:15000] *= 2.5
    engine = Engine(EngineConfig(fs_hz=FS, positions_mm=XY, band_hz=BAND, renew=renew))
    engine.apply_calibration(calibrations[1])
    stale = np.zeros(len(x), dtype=bool)
    for start in range(0, len(x), 100):
        engine.run(np.ascontiguousarray(x[start : start + 100]), start)
        stale[start : start + 100] = engine.stale != ()
    assert not stale[:5000].any()
    learned = [sample for sample, _ in engine.take_calibrations()[1:]]
    if renew:  # told, then learned anew: in either state the calibration in use soon fits again
        assert stale[5000:10000].any() or learned[0] < 8000
        assert 5000 < learned[0] < 11000
        assert not stale[learned[0] + 100 : 15000].any()
        assert any(sample > 15000 for sample in learned)
    else:
        assert stale[8000:14000].all()
        assert not learned
    assert not track(x[5000:], FS, XY, BAND).stale[:10000].any()  # learned in that state, it fits it


@pytest.mark.parametrize(("before", "after"), [(1.9, 0.7), (0.7, 1.9)])
def test_a_noise_of_another_colour_is_learned_anew_within_five_seconds(before, after):
    """The wave stays; below the band the noise goes one way, above it the other."""
    x, change = state(7, 22.0, beta=before, shared=0.0), 10.0
    n = round(change * FS)
    x[n:] = state(7, 22.0, beta=after, shared=0.0)[n:]
    swaps_s = [sample / FS for sample, _ in track(x, FS, XY, BAND).calibrations[1:]]
    assert len(swaps_s) >= 1
    assert change < swaps_s[0] < change + 5


def test_light_does_not_make_a_calibration_stale(calibrations):
    x = state(102)
    engine = Engine(EngineConfig(fs_hz=FS, positions_mm=XY, band_hz=BAND))
    engine.apply_calibration(calibrations[2])
    for start in range(0, len(x), 250):
        engine.post("mask", 20.0, start)
        x[start : start + 60] += 800 * np.exp(-np.arange(60) / 15.0)[: len(x) - start, None].astype(np.float32)
        engine.process(np.ascontiguousarray(x[start : start + 250]), start)
        assert engine.stale == ()


def test_it_is_the_same_to_the_bit_however_the_samples_are_cut(calibrations):
    x = altered(state(103), "louder")
    values = []
    for size in (97, 4000):
        engine = Engine(EngineConfig(fs_hz=FS, positions_mm=XY, band_hz=BAND, renew=False))
        engine.apply_calibration(calibrations[3])
        for i in range(0, len(x), size):
            engine.process(np.ascontiguousarray(x[i : i + size]), i)
        values.append((engine.stale, engine.stale_sample, engine.staleness))
    assert values[0] == values[1]
    assert set(values[0][2]) == set(WHY)


@pytest.mark.parametrize("learned_s", [2.5, 9.5])
def test_a_real_recording_is_not_stale_by_its_own_beginning(learned_s):
    recording = open_recording("ecog-strip")
    x = np.concatenate([block for _, block in recording.blocks(4096)])
    start = x[: round(learned_s * recording.fs_hz)]
    c = calibrate(start, fs_hz=recording.fs_hz, positions_mm=recording.positions_mm, band_hz=BAND)
    assert not track(x, recording.fs_hz, recording.positions_mm, BAND, calibration=c).stale.any()


@pytest.mark.filterwarnings("error")
def test_what_was_learned_on_silence_has_no_opinion():
    c = calibrate(np.zeros((2000, M)), fs_hz=FS, positions_mm=XY, band_hz=BAND)
    assert "level" not in told(state(1, 12.0), c)[1]
