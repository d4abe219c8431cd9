"""The ring of samples: nothing is lost without being counted, and nothing that a reader has not seen is overwritten."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.realtime.config import EngineConfig
from wavestim.realtime.engine import Engine
from wavestim.realtime.loop import Loop
from wavestim.realtime.ring import Ring

M = 3


def block(first: int, n: int) -> np.ndarray:
    return (first + np.arange(n, dtype=np.float32))[:, None] + np.array([0.0, 0.25, 0.5], np.float32)


def connected(capacity: int) -> tuple[Ring, Loop]:
    """A ring with both of its readers: the engine (through a loop) and the recorder."""
    ring = Ring(M, capacity)
    config = EngineConfig(fs_hz=1000.0, positions_mm=np.column_stack([np.arange(M) * 0.4, np.zeros(M)]), band_hz=(8.0, 24.0))
    return ring, Loop(ring, Engine(config))


@given(
    pushes=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4), st.booleans(), st.booleans()), min_size=1, max_size=40),
    capacity=st.integers(8, 64),
)
@settings(max_examples=100)
def test_what_was_taken_is_what_was_accepted_in_order(pushes, capacity):
    """Blocks with and without gaps, readers that keep up or fall behind."""
    ring, loop = connected(capacity)
    counter, accepted, seen, dropped = 0, [], [], 0
    for n, gap, engine_reads, recorder_reads in pushes:
        counter += gap
        took = ring.push(block(counter, n), counter, 1000 * counter)
        accepted += range(counter, counter + took)
        dropped += n - took
        counter += n
        if engine_reads:
            loop.turn_at(0)
        if recorder_reads:
            seen += ring.take()
    seen += ring.take()
    samples = [first + i for first, _, part in seen for i in range(len(part))]
    assert samples == accepted
    assert ring.n_dropped == dropped
    for first, stamps, part in seen:
        np.testing.assert_array_equal(part, block(first, len(part)))
        assert len(stamps) == len(part)


def test_the_slower_reader_decides_what_fits():
    ring, loop = connected(16)
    assert ring.push(block(0, 16), 0, 0) == 16
    assert sum(len(part) for _, _, part in ring.take()) == 16
    assert ring.push(block(16, 4), 16, 0) == 0  # the engine has not read yet
    assert loop.turn_at(0) == 16
    assert ring.push(block(20, 4), 20, 0) == 4
    assert (ring.n_dropped, ring.waiting, ring.waiting_for_recorder) == (4, 4, 4)


def test_a_block_of_another_width_is_refused():
    with pytest.raises(ValueError, match="a block of 2 channels was pushed into a ring of 3"):
        Ring(M, 8).push(np.zeros((4, 2), np.float32), 0, 0)


def test_without_an_engine_the_ring_never_fills():
    ring = Ring(1, 16)
    for first in range(0, 200, 8):
        assert ring.push(np.zeros((8, 1), np.float32), first, 0) == 8
        assert len(ring.take()) == 1
        ring.without_engine()
    assert ring.n_dropped == 0
