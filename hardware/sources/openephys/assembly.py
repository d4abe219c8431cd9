"""Blocks of all channels from messages of one channel each, as ZMQ Interface sends them. Pure.

A channel whose message was lost is missing (NaN) in its block; such a block goes on when messages of another one come. There is no
checksum, so what contradicts all that is known (a rate, a channel, a counter out of order) is believed when a second message says the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._base import SourceError
from .doubt import Doubt
from .zmqwire import ChannelData

Block = tuple[int, NDArray[np.float32]]
BACK_S = 1.0
"""What is further behind than this is not late: the counter began anew."""
GONE_S = 1.0
"""A channel that is missing for so long is not sent any more."""


@dataclass(frozen=True)
class Layout:
    """What a stream is made of.

    Attributes
    ----------
    stream : its name.
    fs_hz : samples a second.
    channels : indices in the stream, ascending.
    names : of the channels.
    """

    stream: str
    fs_hz: float
    channels: tuple[int, ...]
    names: tuple[str, ...]


def layout_of(seen: Iterable[ChannelData]) -> Layout:
    """The layout of the stream that these messages came from: what most of them say, and every channel that came twice.

    Raises
    ------
    SourceError
        When no channel came twice.
    """
    rates: dict[float, int] = {}
    channels: dict[tuple[int, str], int] = {}
    stream = ""
    for data in seen:
        stream = data.stream
        rates[data.fs_hz] = rates.get(data.fs_hz, 0) + 1
        channels[data.channel, data.name] = channels.get((data.channel, data.name), 0) + 1
    found = dict(sorted(channel for channel, times in channels.items() if times > 1))
    if not found:
        raise SourceError(f"stream {stream or '?'}: no channel came twice; is acquisition running in the Open Ephys GUI?")
    return Layout(stream, max(rates, key=rates.__getitem__), tuple(found), tuple(found.values()))


class Assembler:
    """Puts the channels of a block together.

    Parameters
    ----------
    layout : Layout
        What every block must hold.

    Attributes
    ----------
    holes : int
        Channels that were missing from blocks, each counted once a block.
    late : int
        Messages that came when their block had gone on, or twice.
    garbled : int
        Messages that contradict the rest and were left out.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.holes = self.late = self.garbled = 0
        self._columns = {channel: i for i, channel in enumerate(layout.channels)}
        self._doubt = Doubt()
        self._first = -1  # of the block that is being put together; -1: none
        self._next = -1  # where the block after it begins
        self._block = np.zeros((0, len(self._columns)), np.float32)
        self._waiting: set[int] = set()
        self._held: ChannelData | None = None
        self._absent = np.zeros(len(self._columns), np.int64)  # samples since the channel came

    def add(self, data: ChannelData) -> list[Block]:
        """Take a message; returns the blocks (first sample, samples x channels) that can go on.

        Raises
        ------
        SourceError
            When the stream has another rate, a channel more or a channel less than at the beginning.
        """
        if self._contradicts(data):
            return []
        done: list[Block] = []
        if data.first_sample != self._first:
            reference = self._first if self._first >= 0 else self._next - 1
            if self._next >= 0 and 0 <= reference - data.first_sample < BACK_S * self.layout.fs_hz:
                self.late += 1
                return []
            if self._next >= 0 and data.first_sample != self._next:
                held, self._held = self._held, data
                if held is None or data.first_sample not in (held.first_sample, held.first_sample + len(held.samples)):
                    self.garbled += held is not None
                    return []
                self._held = None
                done += self._begin(held)
                done += self._put(held)
            if data.first_sample != self._first:
                done += self._begin(data)
        return done + self._put(data)

    def flush(self) -> list[Block]:
        """The block that is being put together as it is, if there is one.

        Raises
        ------
        SourceError
            When a channel has been missing for too long.
        """
        if self._first < 0:
            return []
        done = [(self._first, self._block)]
        missing = sorted(self._waiting)
        self.holes += len(missing)
        self._first = -1
        self._absent[missing] += len(self._block)
        if missing and self._absent.max() > GONE_S * self.layout.fs_hz:
            name = self.layout.names[int(np.argmax(self._absent))]
            raise SourceError(
                f"stream {self.layout.stream}: channel {name} is not sent any more; select the same {len(self._columns)} channels as at "
                "the beginning, or start the session anew"
            )
        self._doubt.next_block()
        return done

    def _begin(self, data: ChannelData) -> list[Block]:
        done = self.flush()
        if self._held is not None and self._held.first_sample <= data.first_sample:
            self._held = None  # nobody confirmed it
            self.garbled += 1
        self._first, self._next = data.first_sample, data.first_sample + len(data.samples)
        self._block = np.full((len(data.samples), len(self._columns)), np.nan, np.float32)
        self._waiting = set(self._columns.values())
        return done

    def _put(self, data: ChannelData) -> list[Block]:
        column = self._columns[data.channel]
        if len(data.samples) != len(self._block):
            self.garbled += 1
            return []
        if column not in self._waiting:
            self.late += 1
            return []
        self._block[:, column] = data.samples
        self._absent[column] = 0
        self._waiting.remove(column)
        return [] if self._waiting else self.flush()

    def _contradicts(self, data: ChannelData) -> bool:
        """Whether the message is not of this stream as it was; raises when that is certain."""
        stream, fs_hz = self.layout.stream, self.layout.fs_hz
        what = ""
        if data.fs_hz != fs_hz:
            what = f"its rate changed from {fs_hz:g} to {data.fs_hz:g} Hz"
        elif data.channel not in self._columns:
            what = f"channel {data.channel} ({data.name}) came in addition to the {len(self._columns)} of the beginning"
        elif data.name != self.layout.names[self._columns[data.channel]]:
            what = f"channel {self.layout.names[self._columns[data.channel]]} is called {data.name} now"
        if not what:
            return False
        if self._doubt.confirmed(what, data.first_sample):
            raise SourceError(f"stream {stream}: {what}; set it back in the Open Ephys GUI, or start the session anew")
        self.garbled += 1
        return True
