"""What is pulled without Python stands where judging every stamp would have put it; a liblsl of this file sends the chunks."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.hardware.sources.intake import Intake
from wavestim.hardware.sources.lsl.pulling import Puller
from wavestim.hardware.sources.lsl.stamps import StampCounter
from wavestim.realtime.ring import Ring

FS_HZ, M = 1000.0, 3
PULL = ctypes.CFUNCTYPE(
    ctypes.c_ulong,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_float),
    ctypes.POINTER(ctypes.c_double),
    ctypes.c_ulong,
    ctypes.c_ulong,
    ctypes.c_double,
    ctypes.POINTER(ctypes.c_int32),
)
TIMEOUT, LOST = -1, -2


class Sender:
    """``lsl_pull_chunk_f`` of a stream whose chunks are known; lost at its end."""

    def __init__(self, chunks: list[tuple[np.ndarray, np.ndarray]]) -> None:
        self.chunks, self.rest = list(chunks), (np.zeros(0), np.zeros((0, M)))
        self.called = PULL(self.pull)

    @property
    def address(self) -> int:
        return ctypes.cast(self.called, ctypes.c_void_p).value or 0

    def pull(self, inlet: Any, data: Any, stamps: Any, n_data: int, n_stamps: int, timeout_s: float, error: Any) -> int:
        stamps_s, rows = self.rest
        if not len(stamps_s) and n_stamps == 1:
            if not self.chunks:
                error[0] = LOST
                return 0
            stamps_s, rows = self.chunks.pop(0)
        n = min(len(stamps_s), n_stamps)
        self.rest = stamps_s[n:], rows[n:]
        for i in range(n):
            stamps[i] = stamps_s[i]
            for k in range(M):
                data[i * M + k] = rows[i, k]
        return n * M


def heard(sender: Sender, *, follow: bool) -> tuple[list[tuple[int, list[list[float]]]], tuple[int, ...]]:
    """What comes of a stream, with samples that go on by themselves or with every one judged."""
    ring, counter = Ring(2, 100_000), StampCounter(FS_HZ)
    intake = Intake(FS_HZ, 2, ring.sink())
    puller = Puller(sender.address, M, [2, 0], [1.0, 1000.0], FS_HZ, intake)
    puller.attach(1)
    clocks = 0
    while True:
        due_s = counter.due_s
        if follow and due_s is not None:
            puller.follow(counter.next, due_s)
        got = puller.pull(0.0)
        if len(got.taken_s):
            before = counter.next
            assert counter.place(got.taken_s) == [(before, 0, len(got.taken_s))]
        runs = counter.place(got.stamps_s)
        if counter.n_clocks > clocks:
            clocks = counter.n_clocks
            intake.restarted()
        for first, start, stop in runs:
            intake.block(first, got.block_uv[start:stop], got.host_ns)
        if got.lost:
            break
    found: dict[int, list[float]] = {}
    for first, _, block in ring.take():
        found |= {first + i: row.tolist() for i, row in enumerate(block)}
    return sorted(found.items()), (intake.samples, intake.lost, intake.late, intake.duplicated, intake.restarts, intake.garbled)


def stream(lots: list[tuple[int, str]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Chunks of so many samples, each with what becomes of it; no two go astray to the same place, which would be another clock."""
    at, chunks, held = 0, [], []
    for n, fate in lots:
        k = np.arange(at, at + n)
        chunk = k / FS_HZ + 50_000.0, np.column_stack([k + c / 10 for c in range(M)]).astype(np.float32)
        at += n
        if fate == "held":
            held.append(chunk)
        elif fate == "astray":
            chunks.append((chunk[0] + 1e6 * len(chunks) + 1e6, chunk[1]))
        elif fate == "no number":
            chunks.append((np.where(k == k[0], np.nan, chunk[0]), chunk[1]))
        elif fate == "wanders":
            chunks.append((chunk[0] + 0.0004, chunk[1]))
        elif fate != "lost":
            chunks += [chunk] * (2 if fate == "twice" else 1) + held
            held = []
    return chunks + held


FATES = st.sampled_from(["sent"] * 8 + ["lost", "twice", "held", "astray", "no number", "wanders"])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 30), FATES), min_size=1, max_size=40))
def test_following_is_judging(lots: list[tuple[int, str]]) -> None:
    chunks = stream(lots)
    assert heard(Sender(chunks), follow=True) == heard(Sender(chunks), follow=False)


def test_channels_are_chosen_and_scaled_and_a_grid_needs_no_judging() -> None:
    sender = Sender(stream([(4, "sent")] * 100))
    ring = Ring(2, 1000)
    puller = Puller(sender.address, M, [2, 0], [1.0, 1000.0], FS_HZ, Intake(FS_HZ, 2, ring.sink()))
    puller.attach(1)
    puller.follow(0, 50_000.0)
    got = puller.pull(10.0)
    assert (got.lost, len(got.taken_s), len(got.stamps_s), len(got.ages_s)) == (True, 400, 0, 100)
    ((first, _, block),) = ring.take()
    assert first == 0
    np.testing.assert_allclose(block[:, 0], np.arange(400) + 0.2, atol=1e-4)
    np.testing.assert_array_equal(block[:, 1], np.arange(400) * 1000)


def test_a_channel_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no channel 3"):
        Puller(1, M, [0, 3], [1.0, 1.0], FS_HZ, Intake(FS_HZ, 2, Ring(2, 10).sink()))
