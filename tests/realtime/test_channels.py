"""Channels judged: a bad one that is believed spoils the wave, a good one that is left out is lost."""

import numpy as np
from support.waves import grid, make
from wavestim.realtime.electrodes import channel_faults
from wavestim.realtime.gains import relative_gains
from wavestim.realtime.layout import make_layout

XY = grid(5, 5)


def test_every_fault_has_its_name():
    x = make(seed=2, seconds=4.0, fs=500.0, xy=XY)[0].astype(float)
    x[:, 3] = 7.0
    x[:, 11] = x[:, 10]
    x[:, 17] *= 1000
    x[:, 20] *= 1e-4
    faults = channel_faults(x)
    assert faults[[3, 10, 11, 17, 20]].tolist() == ["dead", "shorted", "shorted", "noisy", "faint"]
    assert (np.delete(faults, [3, 10, 11, 17, 20]) == "").all()


def test_a_recording_that_is_silent_or_shorted_throughout_keeps_its_channels():
    assert (channel_faults(np.zeros((100, 4))) == "").all()
    assert (channel_faults(np.tile(np.random.default_rng(0).standard_normal((100, 1)), (1, 4))) == "").all()


def test_gains_are_told_from_the_neighbours():
    xy = grid(8, 8)
    gain = np.exp(0.4 * np.random.default_rng(5).standard_normal(64))
    x = make(seed=5, seconds=8.0, fs=500.0, xy=xy, snr_db=6)[0] * gain
    used = np.ones(64, dtype=bool)
    used[4] = False
    found = relative_gains(x, make_layout(xy, used).modes, used, 500.0, (8.0, 24.0))
    assert np.isnan(found[4])
    assert np.corrcoef(np.log(found[used]), np.log(gain[used]))[0, 1] > 0.75


def test_few_channels_say_nothing_of_each_other():
    used = np.ones(4, dtype=bool)
    assert np.isnan(relative_gains(np.ones((1000, 4)), np.ones((4, 1)) / 2, used, 500.0, (8.0, 24.0))).all()
