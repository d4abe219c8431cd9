"""What is missing, twice, late or unbelievable is counted, and only what is new goes on, in order and under the session's counter."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.hardware.sources import LiveInfo, LiveSource
from wavestim.hardware.sources.intake import Intake
from wavestim.realtime.ring import Ring

FS_HZ, BLOCK = 1000.0, 10
MS = 1_000_000


class Bench:
    def __init__(self, dtype=np.float32):
        self.ring = Ring(2, 100_000, dtype)
        self.intake = Intake(FS_HZ, 2, self.ring.sink())
        self.dtype = dtype

    def put(self, counter, n=BLOCK, at_ms=0):
        values = np.repeat(np.arange(counter, counter + n)[:, None] % 30000, 2, axis=1).astype(self.dtype)
        return self.intake.block(counter, values, at_ms * MS)

    def taken(self):
        return [(first, block[:, 0].tolist()) for first, _, block in self.ring.take()]


def test_a_gap_stays_a_gap_and_the_first_counter_is_sample_0():
    bench = Bench()
    bench.put(500)
    bench.put(530)
    assert bench.taken() == [(0, list(range(500, 510))), (30, list(range(530, 540)))]
    assert (bench.intake.lost, bench.intake.gaps, bench.intake.restarts) == (20, 1, 0)
    assert bench.intake.first_counter == 500


def test_late_is_told_from_twice():
    bench = Bench()
    for counter in (0, 10, 30, 20, 20, 40, 40):
        bench.put(counter)
    i = bench.intake
    assert (i.lost, i.late, i.duplicated, i.samples) == (10, 10, 20, 40)


def test_only_the_new_part_of_an_overlapping_block_goes_on():
    bench = Bench(np.int16)
    bench.put(0)
    assert bench.put(5) == 5
    assert bench.taken() == [(0, list(range(15)))]


def test_a_counter_that_cannot_be_is_not_believed_once_but_twice():
    bench = Bench()
    bench.put(0)
    bench.put(10**12)
    bench.put(10)
    assert (bench.intake.garbled, bench.intake.restarts) == (1, 0)
    assert bench.taken() == [(0, list(range(20)))]


def test_a_restart_goes_on_where_the_clock_puts_it():
    bench = Bench()
    for k in range(300):
        bench.put(10 * k, at_ms=10 * k)
    bench.taken()
    bench.put(0, at_ms=5000)
    bench.put(10, at_ms=5010)
    ((first, values),) = bench.taken()
    assert values == list(range(10, 20))
    assert first == 3000 + (5010 - 2990) - BLOCK
    assert bench.intake.restarts == 1
    assert bench.intake.take_events() == [(first, "restart", bench.intake.skipped)]


def test_a_line_that_chatters_hides_no_restart():
    """While nobody takes events there is no room for all of them: what is left out is counted, a restart is not."""
    bench = Bench()
    bench.put(0)
    for _ in range(10_000):
        bench.intake.event(5, "ttl", 1)
    bench.intake.restarted()
    bench.put(0, at_ms=1000)
    events = bench.intake.take_events()
    assert [kind for _, kind, _ in events].count("restart") == 1
    assert bench.intake.untold == 10_000 - [kind for _, kind, _ in events].count("ttl") > 0


def test_a_restart_that_is_known_loses_nothing():
    bench = Bench()
    bench.put(7, at_ms=0)
    bench.intake.restarted()
    bench.put(3, at_ms=100)
    assert [first for first, _ in bench.taken()] == [0, 100]


@given(st.lists(st.tuples(st.sampled_from(["send", "drop", "twice", "late"]), st.integers(1, 40)), max_size=60))
def test_every_sample_is_accounted_for(steps):
    bench, counter, sent, twice = Bench(), 0, set(), 0
    bench.put(0, 1)
    sent.add(0)
    counter, held = 1, None
    for what, n in steps:
        block = (counter, n)
        counter += n
        if what == "late" and held is None:
            held = block
            continue
        if what == "drop":
            continue
        bench.put(*block)
        sent |= set(range(block[0], counter))
        if held is not None:
            bench.put(*held)
            held = None
        if what == "twice":
            twice += n
            bench.put(*block)
    got = [value for _, values in bench.taken() for value in values]
    i = bench.intake
    assert got == sorted(sent)
    assert i.samples == len(sent)
    assert i.duplicated == twice
    assert i.lost == (max(sent) + 1) - len(sent)
    assert i.late <= i.lost


@given(
    st.lists(
        st.tuples(st.integers(-(2**40), 2**40) | st.integers(-(2**63), 2**63 - 1), st.integers(1, 50), st.integers(0, 2**40)), max_size=40
    )
)
def test_whatever_counters_come_the_session_goes_forward(blocks):
    bench = Bench()
    for counter, n, at in blocks:
        bench.intake.block(counter, np.zeros((n, 2), np.float32), at)
    last = -1
    for first, stamps, _ in bench.ring.take():
        assert first > last
        last = first + len(stamps) - 1


def test_blocks_of_another_kind_are_refused():
    bench = Bench()
    with pytest.raises(ValueError, match="shape"):
        bench.intake.block(0, np.zeros((5, 3), np.float32))
    with pytest.raises(ValueError, match="float32"):
        bench.intake.block(0, np.zeros((5, 2), np.int16))


class Failing(LiveSource):
    def receive(self, intake):
        intake.block(0, np.ones((4, 2), np.float32))
        self.mark(intake.sample(2), "marker", "go")
        self.seen = threading.get_ident()
        raise OSError("the cable is out")


def test_a_source_that_fails_has_ended_and_says_why():
    ring = Ring(2, 64)
    source = Failing(LiveInfo("test", "here", FS_HZ, ("a", "b")))
    source.start(ring.sink())
    source.stop()
    assert source.ended == "here: OSError: the cable is out"
    assert source.counts.samples == 4
    assert [(e.sample, e.kind, e.text) for e in source.take_events()] == [(2, "marker", "go")]
    assert source.seen != threading.get_ident()
