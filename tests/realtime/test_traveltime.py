"""Light that is aimed at what the wave launched a moment ago comes to the wrong place if travel times are wrong."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt
from support.layouts import LAYOUTS
from support.waves import grid, make
from wavestim.realtime import calibrate, track
from wavestim.realtime.forecast import RECORD_SIZE
from wavestim.realtime.records import KINDS
from wavestim.realtime.traveltime import travel_times
from wavestim.realtime.walk import walk_from

OMEGA = 2 * np.pi * 15
# of a tick's record (forecast.pxd)
PHI, OMEGA_AT, KX, KY, VAR_OMEGA, VAR_KX, PHI_FREE, OMEGA_FREE, VAR_FREE, PLANE, AMPLITUDE, ERROR_SCALE, PATTERN = (
    0, 1, 2, 3, 8, 9, 13, 14, 16, 17, 19, 22, 24,
)  # fmt: skip
IRREGULAR, STRIP = LAYOUTS["irregular"], grid(1, 12, 0.4)


@pytest.fixture(scope="module", params=["grid", "irregular", "strip"])
def calibration(request):
    xy = {"grid": grid(), "irregular": IRREGULAR, "strip": STRIP}[request.param]
    return calibrate(np.random.default_rng(0).standard_normal((2500, len(xy))), fs_hz=1000.0, positions_mm=xy, band_hz=(8.0, 24.0))


def record(plane=0.0, k=(0.0, 0.0), pattern=None):
    rec = np.zeros((1, RECORD_SIZE))
    rec[0, [PHI, OMEGA_AT, KX, KY, PHI_FREE, OMEGA_FREE, PLANE, AMPLITUDE, ERROR_SCALE]] = [2.0, OMEGA, *k, -1.0, OMEGA, plane, 40.0, 1.0]
    rec[0, [VAR_OMEGA, VAR_KX, VAR_FREE]] = [4.0, 0.01, 0.02]
    if pattern is not None:
        rec[0, PATTERN : PATTERN + len(pattern)] = pattern.real
        rec[0, PATTERN + len(pattern) : PATTERN + 2 * len(pattern)] = pattern.imag
    return rec


def times(rec, kind, calibration, site):
    time_s, sd_s = travel_times(rec, np.array([KINDS.index(kind)], np.intc), calibration, site)
    return time_s[0], sd_s[0]


def test_of_a_plane_wave_they_are_k_dot_r_over_omega(calibration):
    k, site, xy = np.array([2.1, -0.9 if calibration.layout_mm[:, 1].any() else 0.0]), 5, calibration.layout_mm
    found, sd = times(record(1.0, k), "planar", calibration, site)
    np.testing.assert_allclose(found, (xy - xy[site]) @ k / OMEGA, atol=1e-12)
    expected = np.sqrt(0.01 * (xy[:, 0] - xy[site, 0]) ** 2 + 4.0 * found**2) / OMEGA
    np.testing.assert_allclose(sd, expected, atol=1e-12)
    assert found[site] == 0
    assert sd[site] == 0


def test_of_a_pattern_they_follow_its_phase_beyond_half_a_cycle(calibration):
    """From the rim over most of a cycle: the phase difference itself would jump."""
    xy = calibration.layout_mm
    phase = -1.0 * xy[:, 0] - 0.1 * xy[:, 0] ** 2
    modes = calibration.modes
    pattern = modes.T @ (40 * np.exp(1j * phase))
    held = modes @ pattern
    good = np.abs(held * np.exp(-1j * phase) - 40) < 8  # where the modes show it; elsewhere the model knows another wave
    assert good.mean() > 0.7
    site = int(np.argmin(np.where(good, xy[:, 0], np.inf)))
    found, _ = times(record(pattern=pattern), "source", calibration, site)
    np.testing.assert_allclose(found[good], (phase[site] - phase)[good] / OMEGA, atol=0.35 / OMEGA)
    assert np.nanmax(found) > 0.5 / 15


def test_a_rotating_wave_has_its_seam_behind_the_centre(calibration):
    if not calibration.layout_mm[:, 1].any():
        pytest.skip("nothing rotates on a strip")
    xy = calibration.layout_mm
    angle = np.arctan2(xy[:, 1], xy[:, 0])
    pattern = calibration.modes.T @ (np.hypot(*xy.T) * np.exp(1j * angle))  # the two first-order modes: exact
    site = int(np.argmax(xy[:, 0] - np.abs(xy[:, 1])))
    found, sd = times(record(pattern=pattern), "rotating", calibration, site)
    ahead = np.angle(np.exp(1j * (angle - angle[site])))
    seen = (np.abs(ahead) < 2.0) & (np.hypot(*xy.T) > 0.6)
    np.testing.assert_allclose(found[seen], -ahead[seen] / OMEGA, atol=1e-9)
    near, far = np.argmin(np.hypot(*xy.T)), np.argmax(xy[:, 1])
    assert not sd[near] < sd[far]  # the centre has no phase


def test_where_the_pattern_has_no_amplitude_there_is_none_and_the_way_goes_on(calibration):
    """A standing node between site and electrode is passed over."""
    xy = calibration.layout_mm
    site, node = int(np.argmin(xy[:, 0])), int(np.argsort(np.abs(xy[:, 0]))[0])
    pattern = calibration.modes.T @ ((xy[:, 0] - xy[node, 0]) + 0j)
    found, sd = times(record(pattern=pattern), "source", calibration, site)
    assert np.isnan(found[node])
    assert np.isinf(sd[node])
    far = int(np.argmax(xy[:, 0]))
    assert abs(abs(found[far]) - np.pi / OMEGA) < 1e-6
    assert np.isnan(times(record(pattern=pattern), "source", calibration, node)[0]).all()  # nor is there anything to count from


@pytest.mark.parametrize("kind", ["undetermined", "none", "standing", "synchronous"])
def test_what_does_not_travel_has_none(calibration, kind):
    found, sd = times(record(1.0, (1.0, 0.0)), kind, calibration, 0)
    assert np.isnan(found).all()
    assert np.isinf(sd).all()


@pytest.mark.parametrize("site", [0, 37, 59])
def test_the_walk_visits_every_electrode_over_those_in_use(site):
    used = np.ones(60, bool)
    used[[site, 7, 20]] = False
    order, before = walk_from(site, IRREGULAR, used)
    assert sorted(order) == list(range(60))
    rank = np.empty(60, int)
    rank[order] = np.arange(60)
    others = np.flatnonzero(np.arange(60) != site)
    assert (rank[before[others]] < rank[others]).all()
    assert (used[before[others]] | (before[others] == site)).all()
    step = np.hypot(*(IRREGULAR - IRREGULAR[before])[used].T)
    assert np.median(step) < 0.6  # of 4 x 4 mm with 60 electrodes: neighbours


CASES = [
    ("planar", grid(), 200.0), ("planar", IRREGULAR, 200.0), ("planar", STRIP, 60.0),
    ("rotating", grid(), 200.0), ("source", grid(), 100.0), ("source", IRREGULAR, 100.0),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "xy", "speed"), CASES)
def test_tracked_travel_times_are_those_of_the_wave_and_know_how_good_they_are(kind, xy, speed):
    site = len(xy) // 3
    lfp, phase, _ = make(kind, xy=xy, seconds=9.0, snr_db=3.0, speed=speed, direction=20.0, seed=4)
    w = track(lfp, fs=1000, positions_mm=xy, band_hz=(8, 24))
    late = slice(4000, None)
    found, sd = w.travel_time_s(site)[late], w.travel_time_sd_s(site)[late]
    assert found.shape == (5000, len(xy))
    known = np.isfinite(found)
    assert known.mean() > 0.85
    assert (np.isfinite(sd) == known).all()
    error = np.angle(np.exp(1j * (found * 2 * np.pi * 15 - (phase[late, [site]] - phase[late])))) / (2 * np.pi * 15)
    rms = np.sqrt(np.mean(error[known] ** 2))
    assert rms < 0.004
    assert 0.4 < np.sqrt(np.mean(sd[known] ** 2)) / rms < 4
    assert (found[:, site][known[:, site]] == 0).all()


@pytest.mark.parametrize("kind", ["synchronous", "none"])
def test_tracked_rhythms_that_do_not_travel_have_none(kind):
    lfp, _, _ = make(kind, seconds=7.0, snr_db=3.0, seed=2)
    w = track(lfp, fs=1000, positions_mm=grid(), band_hz=(8, 24))
    assert np.isnan(w.travel_time_s(0)).mean() > 0.98


def test_it_is_what_crossed_the_site_that_long_ago():
    """The definition, held against the samples: what is at an electrode now was at the site a travel time ago."""
    lfp, _, _ = make("planar", seconds=7.0, snr_db=20.0, speed=120.0, direction=0.0, seed=3)
    w = track(lfp, fs=1000, positions_mm=grid(), band_hz=(8, 24))
    site, end = 41, 48
    lag = round(1000 * np.median(w.travel_time_s(site)[4000:, end]))
    assert lag > 15  # 2.8 mm further on at 120 mm/s
    x = sosfiltfilt(butter(3, (8, 24), "bandpass", fs=1000, output="sos"), lfp, axis=0)
    assert np.corrcoef(x[4000:, end], x[4000 - lag : -lag, site])[0, 1] > 0.95


def test_a_site_that_is_not_there_is_refused_and_before_the_calibration_there_is_nothing():
    lfp, _, _ = make("planar", seconds=3.0, snr_db=6.0)
    w = track(lfp, fs=1000, positions_mm=grid(), band_hz=(8, 24))
    with pytest.raises(ValueError, match="electrodes 0 to 99"):
        w.travel_time_s(100)
    assert np.isnan(w.travel_time_s(3)[:2000]).all()
