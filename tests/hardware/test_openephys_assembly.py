"""Messages of one channel each become blocks in which every value stands where it belongs, or is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.hardware.sources import SourceError
from wavestim.hardware.sources.openephys.assembly import Assembler, Layout, layout_of
from wavestim.hardware.sources.openephys.zmqwire import ChannelData

FS_HZ, N = 1000.0, 10
LAYOUT = Layout("LFP", FS_HZ, (2, 5, 7), ("CH3", "CH6", "CH8"))


def value(channel: int, sample: int) -> float:
    return channel * 10_000 + sample


def message(block: int, column: int, first: int | None = None, n: int = N) -> ChannelData:
    channel, first = LAYOUT.channels[column], block * N if first is None else first
    samples = np.array([value(channel, first + i) for i in range(n)], np.float32)
    return ChannelData("LFP", channel, LAYOUT.names[column], first, samples, FS_HZ, 0)


def all_of(blocks: Iterable[int]) -> list[ChannelData]:
    return [message(block, column) for block in blocks for column in range(3)]


def assembled(assembler: Assembler, messages: Iterable[ChannelData]) -> dict[int, np.ndarray]:
    """Sample -> row, of all that went on; a sample goes on once, and none before one that has gone."""
    rows: dict[int, np.ndarray] = {}
    for data in messages:
        for first, block in assembler.add(data):
            assert not rows or first > max(rows)
            rows |= {first + i: row for i, row in enumerate(block)}
    for first, block in assembler.flush():
        rows |= {first + i: row for i, row in enumerate(block)}
    for sample, row in rows.items():
        for channel, x in zip(LAYOUT.channels, row, strict=True):
            assert np.isnan(x) or x == value(channel, sample)
    return rows


def test_a_block_goes_on_with_its_last_channel() -> None:
    assembler = Assembler(LAYOUT)
    sizes = [len(assembler.add(data)) for data in all_of([0, 1])]
    assert sizes == [0, 0, 1, 0, 0, 1]


@given(st.sets(st.tuples(st.integers(0, 19), st.integers(0, 2)), max_size=20))
def test_what_is_lost_is_missing_and_counted(lost: set[tuple[int, int]]) -> None:
    """A block of which nothing came is a gap for the counters behind; all else is there, or counted."""
    assembler = Assembler(LAYOUT)
    sent = [(block, column) for block in range(20) for column in range(3) if (block, column) not in lost]
    rows = assembled(assembler, [message(*one) for one in sent] + all_of([20, 21]))
    blocks = {block for block, _ in sent}
    first = min(blocks, default=20)
    assert sorted(rows) == [s for block in sorted(blocks | {20, 21}) for s in range(block * N, block * N + N)]
    missing = sum(np.isnan(rows[block * N]).sum() for block in blocks)
    assert assembler.holes == missing == sum((block, column) in lost for block in blocks for column in range(3))
    assert (assembler.late, assembler.garbled) == (0, 0)
    assert first >= 0


@given(st.lists(st.integers(0, 59), max_size=20), st.integers(1, 40))
def test_twice_and_late_change_nothing(again: list[int], after: int) -> None:
    messages = all_of(range(20))
    changed = list(messages)
    for i in sorted(again, reverse=True):
        changed.insert(min(i + after, len(changed)), messages[i])
    assembler = Assembler(LAYOUT)
    rows = assembled(assembler, changed)
    assert sorted(rows) == list(range(200))
    assert not np.isnan(list(rows.values())).any()
    assert assembler.late == len(again)
    assert assembler.holes == 0


def test_a_late_channel_stays_missing() -> None:
    messages = all_of(range(6))
    messages.insert(12, messages.pop(4))
    assembler = Assembler(LAYOUT)
    rows = assembled(assembler, messages)
    assert (assembler.holes, assembler.late) == (1, 1)
    assert np.isnan(rows[10]).tolist() == [False, True, False]


@given(st.integers(0, 17), st.integers(0, 2), st.one_of(st.integers(0, 40).map(lambda i: i * N), st.integers(0, 10**12)))
def test_a_counter_that_nobody_confirms_costs_one_channel_of_one_block(block: int, column: int, first: int) -> None:
    messages = all_of(range(20))
    messages[block * 3 + column] = replace(messages[block * 3 + column], first_sample=first)
    if first in (block * N, block * N + N) or (block, column) == (0, 0):
        return  # the true one, the next block, or the first word that is heard
    assembler = Assembler(LAYOUT)
    rows = [first + i for data in messages for first, b in assembler.add(data) for i in range(len(b))]
    assert rows == list(range(200))
    assert assembler.holes == 1


def test_acquisition_begins_anew() -> None:
    assembler = Assembler(LAYOUT)
    firsts = [first for data in all_of([500, 501, 0, 1]) for first, _ in assembler.add(data)]
    assert firsts == [5000, 5010, 0, 10]
    assert assembler.holes == 0


def test_one_channel_alone() -> None:
    layout = Layout("LFP", FS_HZ, (2,), ("CH3",))
    assembler = Assembler(layout)
    firsts = [first for block in (0, 1, 3, 4, 5, 900, 901) for first, _ in assembler.add(message(block, 0))]
    assert firsts == [0, 10, 30, 40, 50, 9000, 9010]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fs_hz": 2000.0}, "rate changed from 1000 to 2000 Hz"),
        ({"channel": 9, "name": "CH10"}, r"channel 9 \(CH10\) came in addition to the 3"),
        ({"name": "ADC1"}, "is called ADC1 now"),
    ],
)
def test_a_change_is_believed_when_it_is_told_twice(change: dict[str, object], words: str) -> None:
    assembler = Assembler(LAYOUT)
    messages = all_of(range(10))
    for data in [*messages[:7], replace(messages[7], **change), *messages[8:]]:  # once: a damaged message
        assembler.add(data)
    assert assembler.garbled == 1
    assembler.add(replace(message(10, 0), **change))
    for column in range(3):
        assembler.add(message(10, column))
    with pytest.raises(SourceError, match=words):
        assembler.add(replace(message(11, 0), **change))


def test_a_channel_that_is_not_sent_any_more_is_named() -> None:
    assembler = Assembler(LAYOUT)
    for block in range(100):
        assembler.add(message(block, 0))
        assembler.add(message(block, 2))
    assembler.add(message(100, 0))
    assembler.add(message(100, 2))
    with pytest.raises(SourceError, match="channel CH6 is not sent any more"):
        assembler.add(message(101, 0))


def test_the_layout_is_what_came_twice() -> None:
    messages = all_of([0, 1, 2])
    odd = replace(messages[4], channel=3, name="CH4")
    slow = replace(messages[5], fs_hz=1.0)
    assert layout_of([*messages[:4], odd, slow, *messages[6:]]) == LAYOUT
    with pytest.raises(SourceError, match="no channel came twice"):
        layout_of(messages[:3])
