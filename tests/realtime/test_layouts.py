"""Any layout and any number of electrodes: what a user with another probe than the usual grid would lose."""

import numpy as np
import pytest
from support.layouts import LAYOUTS, length_mm, staggered
from support.waves import coloured, grid, make, rms_deg
from wavestim.realtime import Engine, EngineConfig, track
from wavestim.realtime.electrodes import channel_faults, without_common_mode
from wavestim.realtime.engine import TRACE_COLUMNS
from wavestim.realtime.forecast import RECORD_SIZE
from wavestim.realtime.layout import make_layout

WARM = 3000


def noisy_wave(xy, seconds, direction_deg=0.0, seed=0):
    """A plane wave of 15 Hz that is 2 rad long over the layout, in white noise as large."""
    n = int(seconds * 1000)
    k = 2 / length_mm(xy) * np.array([np.cos(np.deg2rad(direction_deg)), np.sin(np.deg2rad(direction_deg))])
    phase = 2 * np.pi * 15 * np.arange(n)[:, None] / 1000 - xy @ k
    x = np.random.default_rng(seed).standard_normal((n, len(xy)), dtype=np.float32)
    x *= 35
    x += 50 * np.cos(phase)
    return x


def directions_deg(config, x):
    """Of every tick after the warm-up, and how the engine ended."""
    engine = Engine(config)
    records, waves, at = np.zeros((len(x), RECORD_SIZE)), np.zeros((len(x), TRACE_COLUMNS)), np.full(len(x), -1, np.int64)
    engine.trace_into(records, waves, at)
    engine.run(x, 0)
    assert engine.n_traced == len(x)
    assert np.isfinite(np.delete(waves, (9, 10), axis=1)).all()  # but the centre, which most kinds have not
    return waves[WARM:, 0], engine


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_tracks_a_wave(layout):
    xy = LAYOUTS[layout]
    direction = 90 if np.ptp(xy[:, 1]) > 3 * np.ptp(xy[:, 0]) else 0
    speed = 2 * np.pi * 15 * length_mm(xy) / 2
    lfp, phase, _ = make("planar", seed=4, seconds=4, snr_db=5, xy=xy, speed=speed, direction=direction)
    w = track(lfp, fs=1000, positions_mm=xy, band_hz=(8, 24))
    assert rms_deg(w.phase[WARM:] - phase[WARM:]) < 40
    if layout == "single electrode":
        assert not np.isin(w.kind[WARM:], ["planar", "rotating", "source", "sink"]).any()
    else:
        assert np.median(np.abs((w.direction_deg[WARM:] - direction + 180) % 360 - 180)) < 20
        assert 0.7 < np.median(w.speed_mm_s[WARM:]) / speed < 1.4


def test_a_wave_of_more_than_a_cycle_across_the_array_is_found():
    """Its wave vector lies far from none, and a filter that starts from none never gets there."""
    xy = grid(12, 12, 1.5)
    lfp, phase, _ = make("planar", seed=3, seconds=8, xy=xy, snr_db=5)  # 13 mm long, 18 mm across
    w = track(lfp, fs=1000, positions_mm=xy, band_hz=(8, 24))
    assert rms_deg(w.phase[4000:] - phase[4000:]) < 20
    assert (w.kind[4000:] == "planar").mean() > 0.9


def test_columns_of_a_probe_are_a_line():
    """Across 80 um nothing is known of a wave of millimetres: a direction across would be noise."""
    layout = make_layout(staggered(), np.ones(384, dtype=bool))
    assert layout.extent_mm[1] == 0
    assert layout.extent_mm[0] == pytest.approx(0.95, rel=0.01)
    assert make_layout(grid(2, 8), np.ones(16, dtype=bool)).extent_mm[1] > 0


@pytest.mark.parametrize("m", [1, 2, 3, 16, 129, 4096])
def test_from_one_to_thousands_of_electrodes(m):
    side = int(np.ceil(np.sqrt(m)))
    xy = grid(side, side)[:m] if m > 3 else grid(1, m)
    found, engine = directions_deg(EngineConfig(fs_hz=1000, positions_mm=xy, band_hz=(8, 24)), noisy_wave(xy, 3.5))
    assert engine.calibration.modes.shape == (m, min(m, 10))
    if m > 3:
        assert np.abs(found).max() < 15


def test_electrodes_that_are_left_out_do_not_pull_the_wave_or_stop_it():
    """More than half of a probe switched off is no reason to coast."""
    xy = grid(16, 16)
    x = noisy_wave(xy, 3.5, 60)
    excluded = np.zeros(256, dtype=bool)
    excluded[:150] = True
    x[:, excluded] = 3000 * np.random.default_rng(1).standard_normal((len(x), 150))
    found, _ = directions_deg(EngineConfig(fs_hz=1000, positions_mm=xy, band_hz=(8, 24), excluded=excluded), x)
    assert np.abs(found - 60).max() < 20


def test_steering_of_wide_arrays_is_that_of_narrow_ones():
    """The renewal is spread over ticks on a wide array: the wave is followed all the same when it turns."""
    xy = grid(26, 26, 0.1)
    x = np.concatenate([noisy_wave(xy, 4), noisy_wave(xy, 8, 120, seed=1)])
    found, _ = directions_deg(EngineConfig(fs_hz=1000, positions_mm=xy, band_hz=(8, 24)), x)
    assert np.abs(found[:900]).max() < 15
    assert np.abs(found[-1000:] - 120).max() < 15


def test_bad_channels_are_the_dead_the_loud_and_the_doubled():
    rng = np.random.default_rng(3)
    x = (20 * coloured(rng, 2500, 300, 1.0, 1000.0)).astype(np.float32)
    x[:, 10] = 0
    x[:, 200] *= 300
    x[:, 77] = x[:, 250]
    x[::7, 99] = x[::7, 100]  # alike now and then is not the same
    assert np.flatnonzero(channel_faults(x) != "").tolist() == [10, 77, 200, 250]
    assert not (channel_faults(np.repeat(x[:, :1], 5, axis=1)) != "").any()  # all alike: nothing to choose from
    assert not (channel_faults(np.zeros((100, 5))) != "").any()
    loud = np.arange(300) >= 100
    x[:, loud] *= 100
    assert np.flatnonzero((channel_faults(x, loud) != "")[:100]).tolist() == [10]


def test_a_common_average_is_noticed_among_the_channels_in_use():
    rng = np.random.default_rng(3)
    x = 20 * coloured(rng, 2500, 100, 1.0, 1000.0)
    used = np.arange(100) < 90
    y = x.copy()
    y[:, :90] -= y[:, :90].mean(axis=1, keepdims=True)
    assert without_common_mode(y, used)
    assert not without_common_mode(x, used)
