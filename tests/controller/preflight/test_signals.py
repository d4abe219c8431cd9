"""What the checks of samples say of samples whose faults are known: a fault that is passed over here is light on a wrong rig."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.waves import grid, make
from wavestim.controller.preflight import arrivals, electrodes, probeorder, rhythm
from wavestim.controller.preflight.heard import Heard
from wavestim.hardware.sources import LiveCounts, LiveInfo

FS = 500.0
XY = grid(6, 6, 0.4)
Samples = NDArray[np.float64]


@pytest.fixture(scope="module")
def x() -> Samples:
    return np.asarray(make(seed=3, seconds=8.0, fs=FS, xy=XY, snr_db=0, direction=20)[0], dtype=np.float64)


def good(x: Samples) -> NDArray[np.bool_]:
    return np.ones(x.shape[1], dtype=bool)


def heard(
    late_ms: Samples,
    n: int = 1,
    fs: float = 1000.0,
    counts: LiveCounts | None = None,
    lost_at: int | None = None,
    asked_s: float | None = None,
) -> Heard:
    """Blocks of n samples that come so many ms late, one number a block; a hundred samples are missing before block ``lost_at``."""
    info = LiveInfo("lsl", "somewhere", fs, ("a", "b"))
    pieces: list[Any] = []
    for i, late in enumerate(late_ms):
        first = i * n + (100 if lost_at is not None and i >= lost_at else 0)
        stamp = int((first + n - 1) * 1e9 / fs + late * 1e6)
        pieces.append((first, np.full(n, stamp, dtype=np.int64), np.zeros((n, 2), dtype=np.float32)))
    return Heard(info, pieces, len(late_ms) * n / fs if asked_s is None else asked_s, counts or LiveCounts())


@given(st.integers(1, 34), st.floats(0, 3), st.integers(0, 2**31))
@settings(max_examples=25)
def test_jitter_and_bursts_are_no_step_of_the_clock(block: int, jitter_ms: float, seed: int) -> None:
    late = np.random.default_rng(seed).exponential(jitter_ms + 1e-3, 8000 // block)
    assert arrivals.check_sample_clock(heard(late, block)).level == "green"


@given(st.floats(6, 100), st.sampled_from((-1, 1)), st.floats(2, 6), st.integers(0, 2**31))
@settings(max_examples=25)
def test_a_step_of_the_clock_is_found_and_dated(step_ms: float, sign: int, at_s: float, seed: int) -> None:
    late = np.random.default_rng(seed).exponential(0.5, 8000)
    late[round(at_s * 1000) :] += sign * step_ms
    found = arrivals.check_sample_clock(heard(late))
    assert found.level == "red"
    assert abs(found.figures["step_ms"] - sign * step_ms) < 1
    assert abs(found.figures["at_s"] - at_s) <= 0.5


@pytest.mark.parametrize(
    ("source", "level", "says"),
    [
        (heard(np.zeros(8000)), "green", "none lost"),
        (heard(np.zeros(8000), lost_at=4000), "red", "100 samples were lost"),
        (heard(np.zeros(20000), lost_at=4000), "amber", "100 samples were lost"),
        (heard(np.zeros(8000), counts=LiveCounts(lost=7)), "amber", "7 samples were lost"),
        (heard(np.zeros(3000), asked_s=8.0), "red", "3000 of about 8000 samples came"),
        (heard(np.zeros(0), asked_s=8.0), "red", "0 of about 8000"),
        (heard(np.arange(8000) * 0.03), "red", "970.9 samples a second come, 1000 were announced"),
    ],
)
def test_a_source_that_loses_stalls_or_runs_at_another_rate_is_told(source: Heard, level: str, says: str) -> None:
    found = arrivals.check_source(source)
    assert found.level == level
    assert says in found.what


def test_samples_are_judged_on_the_longest_stretch_without_a_gap() -> None:
    first, x = heard(np.zeros(1000), lost_at=300).longest()
    assert (first, len(x)) == (400, 700)


def test_bad_channels_are_named_and_too_many_or_the_site_are_red(x: Samples) -> None:
    none = np.zeros(36, dtype=bool)
    found, fine = electrodes.check_channels(x, none, 14)
    assert (found.level, fine.all()) == ("green", True)
    y = x.copy()
    y[:, 7], y[:, 9] = 0.0, y[:, 8]
    found, fine = electrodes.check_channels(y, none, 14)
    assert found.level == "amber"
    assert {b["channel"]: b["reason"] for b in found.figures["bad"]} == {7: "dead", 8: "shorted", 9: "shorted"}
    assert "bad_channels: [7, 8, 9]" in found.do
    assert np.flatnonzero(~fine).tolist() == [7, 8, 9]
    assert electrodes.check_channels(y, none, 7)[0].level == "red"
    assert electrodes.check_channels(y, np.isin(np.arange(36), (7, 8, 9)), 14)[0].level == "green"


@pytest.mark.parametrize(("factor", "level"), [(1.0, "green"), (1000.0, "red"), (1e-3, "red"), (1e6, "red")])
def test_a_wrong_unit_is_red(x: Samples, factor: float, level: str) -> None:
    assert electrodes.check_amplitude(x * factor, FS, good(x)).level == level


@pytest.mark.parametrize("factor", [5.0, 0.2])
def test_a_bank_of_channels_with_another_gain_is_named(x: Samples, factor: float) -> None:
    y = x.copy()
    y[:, 12:24] *= factor
    found = electrodes.check_amplitude(y, FS, good(x))
    assert found.level == "red"
    assert found.figures["channels"] == list(range(12, 24))
    assert abs(np.log(found.figures["factor"] / factor)) < 0.5


@pytest.mark.parametrize(("uv", "line_hz", "level"), [(0.0, 50, "green"), (60.0, 50, "amber"), (60.0, 60, "amber"), (500.0, 60, "red")])
def test_hum_is_named_with_its_frequency(x: Samples, uv: float, line_hz: float, level: str) -> None:
    t = np.arange(len(x))[:, None] / FS
    found = electrodes.check_hum(x + uv * np.cos(2 * np.pi * line_hz * t + np.arange(36) / 9), FS, good(x), None, (8, 24))
    assert found.level == level
    if uv:
        assert found.figures["line_hz"] == line_hz
        assert abs(found.figures["amplitude_uv"] / uv - 1) < 0.3


def test_hum_inside_the_band_is_red_and_a_notch_is_told_to_help(x: Samples) -> None:
    y = x + 60 * np.cos(2 * np.pi * 50 * np.arange(len(x))[:, None] / FS)
    assert electrodes.check_hum(y, FS, good(x), None, (30, 70)).level == "red"
    assert electrodes.check_hum(y, FS, good(x), 50.0, (8, 24)).level == "green"


@given(st.integers(0, 5), st.integers(0, 5), st.booleans(), st.integers(0, 200))
@settings(max_examples=10)
def test_any_two_rows_or_columns_that_are_swapped_are_found_and_none_is_invented(a: int, b: int, columns: bool, seed: int) -> None:
    x = np.asarray(make(seed=seed, seconds=8.0, fs=FS, xy=XY, snr_db=0, direction=20)[0], dtype=np.float64)
    places = np.arange(36).reshape(6, 6)
    order = places.copy()
    if columns:
        order[:, [a, b]] = order[:, [b, a]]
    else:
        order[[a, b]] = order[[b, a]]
    found = probeorder.check_probe(x[:, order.ravel()], FS, XY, good(x))
    assert found.level == ("green" if a == b else "red"), found


def test_a_map_of_another_probe_is_found(x: Samples) -> None:
    found = probeorder.check_probe(x[:, np.random.default_rng(1).permutation(36)], FS, XY, good(x))
    assert found.level == "red"
    assert "nothing to do with how near they lie" in found.what


def test_two_channels_that_are_swapped_are_named_as_the_source_counts_them(x: Samples) -> None:
    y, fine = x.copy(), good(x)
    y[:, [8, 27]] = y[:, [27, 8]]
    y[:, 0] = 0
    fine[0] = False
    found = probeorder.check_probe(y, FS, XY, fine)
    assert found.level == "red"
    assert "channels 8 and 27" in found.what


def test_channels_that_share_nothing_or_are_few_are_not_judged(x: Samples) -> None:
    noise = np.random.default_rng(5).standard_normal((4000, 36))
    assert probeorder.check_probe(noise, FS, XY, good(x)).level == "amber"
    assert probeorder.check_probe(x[:, :6], FS, XY[:6], np.ones(6, dtype=bool)).level == "amber"


def test_a_rhythm_beside_the_band_is_amber_with_a_band_and_none_is_red(x: Samples) -> None:
    inside = rhythm.check_rhythm(x, FS, good(x), (8, 24), True)
    assert inside.level == "green"
    assert 13 < inside.figures["frequency_hz"] < 17
    louder = x + 400 * np.sin(2 * np.pi * 35 * np.arange(len(x)) / FS)[:, None]  # what lies beside the band turns no phase of it
    assert abs(rhythm.check_rhythm(louder, FS, good(x), (8, 24), True).figures["frequency_hz"] - inside.figures["frequency_hz"]) < 1
    beside = rhythm.check_rhythm(x, FS, good(x), (30, 45), True)
    low, high = beside.figures["suggested_band_hz"]
    assert beside.level == "amber"
    assert low < 15 < high
    assert f"band_hz: [{low:g}, {high:g}]" in beside.do
    noise = np.cumsum(np.random.default_rng(6).standard_normal((4000, 36)), axis=0)
    assert rhythm.check_rhythm(noise, FS, good(x), (8, 24), True).level == "red"
    assert rhythm.check_rhythm(noise, FS, good(x), (8, 24), False).level == "amber"


def test_mains_that_a_slow_stream_folds_are_not_called_absent(x: Samples) -> None:
    found = electrodes.check_hum(x[::5], FS / 5, good(x), None, (8, 24))
    assert (found.level, found.looked) == ("amber", False)
    assert "100 Hz" in found.what
