"""Samples by their counter: what is there is there, what is missing is NaN, whatever gaps there are."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from wavestim.controller.lookback.reel import Reel, Stretch

PIECES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 30)), min_size=1, max_size=6)


def reel_of(pieces):
    """A reel, and what it holds by counter."""
    stretches, row, first = [], 0, 1000
    for n, gap in pieces:
        stretches.append(Stretch(row, first, n))
        row, first = row + n, first + n + gap
    rows = np.arange(2 * row, dtype=np.float32).reshape(row, 2)
    held = {s.first + i: rows[s.row + i] for s in stretches for i in range(s.n)}
    return Reel(lambda start, stop: rows[start:stop], stretches, 2), held


@given(PIECES, st.integers(950, 1400), st.integers(0, 120))
def test_a_window_holds_what_there_is(pieces, first, n):
    reel, held = reel_of(pieces)
    wanted = np.array([held.get(first + i, [np.nan, np.nan]) for i in range(n)], np.float32).reshape(n, 2)
    np.testing.assert_array_equal(reel.window(first, n), wanted)


@given(PIECES, st.integers(950, 1300), st.integers(1, 50), st.one_of(st.none(), st.integers(950, 1300)))
def test_blocks_are_whole_in_order_and_never_across_a_gap(pieces, since, size, until):
    reel, held = reel_of(pieces)
    told = {}
    for first, block in reel.blocks(since, size, until):
        assert 0 < len(block) <= size
        told.update({first + i: row for i, row in enumerate(block)})
    wanted = [k for k in held if k >= since and (until is None or k < until)]
    assert list(told) == wanted
    assert all(np.array_equal(told[k], held[k]) for k in wanted)


def test_what_follows_a_counter_that_ran_backwards_is_left_out():
    reel = Reel(lambda a, b: np.zeros((b - a, 1), np.float32), [Stretch(0, 100, 50), Stretch(50, 160, 20), Stretch(70, 0, 300)], 1)
    assert (reel.first, reel.end, reel.gaps, reel.runs_back) == (100, 180, [(150, 10)], 0)


def test_nothing_is_there():
    reel = Reel(lambda a, b: np.zeros((0, 1), np.float32), [], 1)
    assert (reel.first, reel.end, reel.gaps) == (0, 0, [])
    assert np.isnan(reel.window(0, 3)).all()
