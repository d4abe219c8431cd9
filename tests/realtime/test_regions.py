"""Two arrays in one recording are not one array, and a delay between them that is not known must not be reported as if it were."""

import numpy as np
import pytest
from support.regions import BAND, PLACES, two_arrays
from wavestim.realtime import track, track_regions
from wavestim.realtime.crossing import follow

FS = 1000.0
KNOWN_FROM = 14000


def regions_of(delay_s, **how):
    lfp, xy, labels = two_arrays(delay_s, **how)
    return track_regions(lfp, fs=FS, positions_mm=xy, region=labels, band_hz=BAND)


# half a period of 15 Hz is 33 ms
@pytest.mark.parametrize(("delay_s", "snr_db"), [(0.016, 0.0), (0.05, 0.0), (0.05, 5.0), (-0.08, 5.0), (0.0, 5.0)])
def test_the_delay_of_a_wave_that_crosses_is_found_beyond_half_a_cycle(delay_s, snr_db):
    found = regions_of(delay_s, snr_db=snr_db, seed=3).crossing("V1", "V4")
    known = found.known[KNOWN_FROM:]
    assert known.mean() > 0.9
    error = found.delay_s[KNOWN_FROM:][known] - delay_s
    assert np.abs(error).max() < 0.006
    assert np.sqrt(np.mean(found.sd_s[KNOWN_FROM:][known] ** 2)) < 0.01
    assert (found.locking[KNOWN_FROM:][known] > found.chance[KNOWN_FROM:][known]).all()
    assert np.isfinite(found.delay_s).all()
    assert not found.known[:2500].any()


@pytest.mark.parametrize(("snr_db", "spread_hz"), [(0.0, 0.8), (5.0, 0.8), (5.0, 0.3), (5.0, 2.0)])
def test_two_rhythms_of_one_frequency_are_not_a_crossing(snr_db, spread_hz):
    assert regions_of(None, snr_db=snr_db, spread_hz=spread_hz, seed=6).crossing("V1", "V4").known.mean() <= 0.05


def test_noise_is_not_a_crossing():
    rng = np.random.default_rng(0)
    lfp = np.cumsum(rng.standard_normal((20000, 50)), axis=0) * 0.2 + rng.standard_normal((20000, 50))
    found = track_regions(lfp, fs=FS, positions_mm=PLACES, region=["a"] * 25 + ["b"] * 25, band_hz=BAND).crossing("a", "b")
    assert found.known.mean() <= 0.05


@pytest.mark.parametrize("silence", [np.nan, 0.0])
def test_what_was_known_is_not_known_any_more_when_a_region_falls_silent(silence):
    lfp, xy, labels = two_arrays(0.03, snr_db=5.0, seconds=20.0, seed=3)
    lfp[14000:, 25:] = silence
    found = track_regions(lfp, fs=FS, positions_mm=xy, region=labels, band_hz=BAND).crossing("V1", "V4")
    assert found.known[13000:14000].all()
    assert not found.known[18000:].any()


def test_a_rhythm_that_does_not_waver_tells_neither_cycle_nor_locking():
    """Any two constant tones of one frequency are locked: that they are says nothing."""
    phase = 2 * np.pi * 15 * np.arange(4000) / 125
    looks = np.column_stack([phase, np.full(4000, 0.2), phase - 1.0, np.full(4000, 0.2)])
    out = follow(looks, 125.0, BAND, 0.1)
    assert not out[:, 5].any()
    assert np.isinf(out[:, 1]).all()


def test_back_is_minus_there_and_sites_add_their_own_travel_time():
    found = regions_of(0.04, snr_db=5.0, seed=5, seconds=20.0)
    there, back = found.crossing("V1", "V4"), found.crossing("V4", "V1")
    np.testing.assert_allclose(back.delay_s[KNOWN_FROM:], -there.delay_s[KNOWN_FROM:], atol=1e-9)
    assert there.sites == (12, 37)
    other = found.crossing("V1", "V4", sites=(12, 39))  # 0.8 mm further along x, at 200 mm/s and 17 degrees to it
    both = other.known & there.known
    assert both[KNOWN_FROM:].mean() > 0.9
    assert np.median((other.delay_s - there.delay_s)[both]) == pytest.approx(0.0038, abs=0.001)


def test_it_is_causal_and_every_region_is_what_track_makes_of_it():
    lfp, xy, labels = two_arrays(0.03, snr_db=5.0, seconds=12.0)
    how = {"fs": FS, "positions_mm": xy, "region": labels, "band_hz": BAND}
    whole, part = track_regions(lfp, **how), track_regions(lfp[:11000], **how)
    for field in ("delay_s", "sd_s", "locking", "chance", "known"):
        a, b = getattr(whole.crossing("V1", "V4"), field)[:11000], getattr(part.crossing("V1", "V4"), field)
        np.testing.assert_array_equal(a, b)
    alone = track(lfp[:, 25:], fs=FS, positions_mm=xy[25:], band_hz=BAND)
    np.testing.assert_array_equal(whole.regions["V4"].phase, alone.phase)
    assert list(whole.regions) == ["V1", "V4"]
    assert list(whole.channels["V4"]) == list(range(25, 50))


def test_channels_may_be_mixed_or_belong_to_no_region():
    lfp, xy, labels = two_arrays(0.03, snr_db=5.0, seconds=4.0)
    order = np.random.default_rng(1).permutation(50)
    plain = track_regions(lfp, fs=FS, positions_mm=xy, region=labels, band_hz=BAND)
    lfp, xy, labels = lfp[:, order], xy[order], labels[order].astype("U4")
    labels[labels == "V4"] = ""
    mixed = track_regions(lfp, fs=FS, positions_mm=xy, region=labels, band_hz=BAND)
    assert list(mixed.regions) == ["V1"]
    np.testing.assert_allclose(mixed.regions["V1"].frequency_hz, plain.regions["V1"].frequency_hz, atol=1e-3)


def test_what_does_not_fit_is_told():
    lfp, xy, labels = two_arrays(0.03, seconds=3.0)
    how = {"fs": FS, "positions_mm": xy, "band_hz": BAND}
    with pytest.raises(ValueError, match="49 labels for 50 channels"):
        track_regions(lfp, region=labels[1:], **how)
    with pytest.raises(ValueError, match="names no region"):
        track_regions(lfp, region=[""] * 50, **how)
    with pytest.raises(ValueError, match="region 'V1': electrodes 0 and 1 are at one place"):
        track_regions(lfp, region=labels, fs=FS, band_hz=BAND, positions_mm=np.zeros((50, 2)))
    found = track_regions(lfp, region=labels, **how)
    with pytest.raises(ValueError, match="no region 'MT'; there are 'V1', 'V4'"):
        found.crossing("V1", "MT")
    with pytest.raises(ValueError, match="not from 'V1' to itself"):
        found.crossing("V1", "V1")
    with pytest.raises(ValueError, match="electrode 3 does not lie in region 'V4'"):
        found.crossing("V1", "V4", sites=(0, 3))
    with pytest.raises(ValueError, match="longest_delay_s must lie between"):
        found.crossing("V1", "V4", longest_delay_s=5.0)
    with pytest.raises(ValueError, match="calibration for region 'MT'"):
        track_regions(lfp, region=labels, calibrations={"MT": b""}, **how)
