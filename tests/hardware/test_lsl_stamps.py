"""Samples of a stream without a counter get one from their stamps: what is lost is counted, what comes twice or astray does no harm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.hardware.sources.lsl.stamps import RateChangedError, StampCounter

START_S = 86_400.0


def counted(counter: StampCounter, chunks: list[np.ndarray]) -> list[int]:
    """Counters of all samples, in the order in which they came."""
    out: list[int] = []
    for stamps in chunks:
        runs = counter.place(stamps)
        assert [start for _, start, _ in runs] == [0, *[stop for _, _, stop in runs[:-1]]]
        assert runs[-1][2] == len(stamps)
        for first, start, stop in runs:
            out += range(first, first + stop - start)
    return out


def grid(fs_hz: float, n: int, ppm: float = 0.0) -> np.ndarray:
    return START_S + np.arange(n) / (fs_hz * (1 + ppm * 1e-6))


@settings(max_examples=60)
@given(
    fs_hz=st.sampled_from([250.0, 1000.0, 10000 / 3, 30000.0]),
    ppm=st.floats(-200, 200),
    fates=st.lists(st.sampled_from(["here", "here", "here", "lost", "twice", "late"]), min_size=1, max_size=60),
    sizes=st.lists(st.integers(1, 40), min_size=60, max_size=60),
    cuts=st.lists(st.integers(0, 500), max_size=8),
)
def test_the_stamps_of_a_device_give_every_sample_its_own_place(fs_hz, ppm, fates, sizes, cuts):
    """Whatever is dropped, repeated or held back, and however the rest is cut into pulls."""
    ends = np.cumsum([1, *sizes])
    stamps = grid(fs_hz, int(ends[-1]), ppm)
    came, held = [np.array([0])], []
    for fate, start, stop in zip(fates, ends[:-1], ends[1:], strict=False):
        samples = np.arange(start, stop)
        came += {"here": [samples, *held], "lost": [], "twice": [samples, samples], "late": []}[fate]
        held = [samples] if fate == "late" else [] if fate == "here" else held
    order = np.concatenate(came)
    assert counted(StampCounter(fs_hz), np.split(stamps[order], sorted({c for c in cuts if 0 < c < len(order)}))) == order.tolist()


@pytest.mark.parametrize("wander_ms", [0.3, 10.0])
def test_among_wandering_stamps_a_loss_is_counted_when_it_shows(wander_ms):
    fs_hz, chunk, lost = 1000.0, 4, 40
    stamps = grid(fs_hz, 16_000, ppm=40.0)
    late = np.repeat(np.random.default_rng(1).exponential(wander_ms / 1000, len(stamps) // chunk), chunk)
    stamps = np.delete(stamps + late, np.arange(10_000, 10_000 + lost))
    counter = StampCounter(fs_hz)
    counters = np.array(counted(counter, np.split(stamps, range(chunk, len(stamps), chunk))))
    assert counter.wander_ms > 0
    moved = counters - np.arange(len(counters))
    settled = moved[8_000:10_000]
    assert settled.min() == settled.max()  # nothing is lost by the wander of the stamps alone
    assert abs(moved[-1] - settled[-1] - lost) <= 2
    assert moved[10_000 + 3000] == moved[-1]  # and it was told within three seconds


@given(st.integers(1, 400), st.sampled_from([np.nan, np.inf, -np.inf, 1e9, -1e9, 0.0, 1e300]))
@settings(max_examples=40)
def test_stamps_that_make_no_sense_move_nothing(at, wrong):
    stamps = grid(1000.0, 500)
    stamps[at : at + 3] = wrong
    assert counted(StampCounter(1000.0), np.split(stamps, range(7, 500, 7))) == list(range(500))


@given(st.lists(st.lists(st.floats(width=64), min_size=0, max_size=20), max_size=20))
@settings(max_examples=100)
def test_no_stamps_break_the_counter(chunks):
    counter = StampCounter(1000.0)
    for chunk in chunks:
        try:
            runs = counter.place(np.array(chunk, dtype=np.float64))
        except RateChangedError:
            return
        assert sum(stop - start for _, start, stop in runs) == len(chunk)
        assert all(first >= 0 for first, _, _ in runs)


def test_another_clock_is_noticed_and_the_count_goes_on():
    counter = StampCounter(1000.0)
    counted(counter, [grid(1000.0, 3000)])
    after = counted(counter, np.split(grid(1000.0, 400) - 80_000.0, range(4, 400, 4)))
    assert counter.n_clocks == 1
    assert after == list(range(3000, 3400))


@pytest.mark.parametrize("rate_hz", [500.0, 1100.0, 2000.0])
def test_another_rate_than_was_said_is_told(rate_hz):
    counter = StampCounter(1000.0)
    with pytest.raises(RateChangedError) as told:
        counted(counter, np.split(grid(rate_hz, 10_000), range(20, 10_000, 20)))
    assert told.value.rate_hz == pytest.approx(rate_hz, rel=0.01)


def test_samples_stamped_in_bursts_are_no_other_rate():
    """Some senders give all samples of a packet one stamp."""
    counter = StampCounter(1000.0)
    stamps = np.repeat(grid(1000.0, 8000)[31::32], 32)
    assert counted(counter, np.split(stamps, range(32, len(stamps), 32)))[-1] == pytest.approx(len(stamps) - 1, abs=32)


def test_a_moment_of_the_senders_clock_has_a_counter():
    counter = StampCounter(1000.0)
    counted(counter, [grid(1000.0, 100)])
    assert counter.at(START_S + 0.2505) == pytest.approx(250.5, abs=1e-3)
