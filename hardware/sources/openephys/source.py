"""Open Ephys as a live source: the thread that moves blocks, from Falcon Output or ZMQ Interface, into the intake."""

from __future__ import annotations

import abc
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing

import numpy as np

from .._base import SourceError
from .._live import SILENT_S, LiveError, LiveInfo, LiveSource
from ..intake import Intake
from . import falcon, zmqwire
from .assembly import Assembler, Layout
from .doubt import Doubt
from .falcon import FalconBlock
from .garbled import GarbledError
from .place import Place
from .wire import Message, messages
from .zmqwire import ChannelData, Ttl

OTHER_S = 2.0
"""So long another stream comes in the place of ours before it is believed."""
MOST_EDGES = 1024


def falcon_block(message: Message) -> FalconBlock:
    """The block in a message; ``GarbledError`` for anything else."""
    if len(message.frames) != 1:
        raise GarbledError(f"a message of {len(message.frames)} frames; Falcon Output sends 1")
    return falcon.decode(message.frames[0])


def kind_of(block: FalconBlock) -> tuple[str, int, int]:
    """Stream, rate and number of channels, which stay as they are."""
    return block.stream, block.fs_hz, len(block.samples)


class _OpenEphys(LiveSource):
    """What both ways have in common: messages are taken until the session ends or the plugin is silent for too long."""

    def __init__(self, info: LiveInfo, place: Place) -> None:
        super().__init__(info)
        self._place = place

    def receive(self, intake: Intake) -> str:
        take = self.taker(intake)
        heard, blocks = time.monotonic(), 0
        with closing(messages(self._place.host, self._place.port, self.finish)) as coming:
            for message in coming:
                if intake.blocks != blocks:
                    heard, blocks = time.monotonic(), intake.blocks
                elif time.monotonic() - heard > SILENT_S:  # whatever came, it was no samples
                    raise self._place.silent(SILENT_S)
                if message is None:
                    continue
                try:
                    take(message)
                except GarbledError:
                    intake.was_garbled()
                except LiveError:
                    raise
                except SourceError as error:  # of a stream, which does not know where it comes from
                    raise LiveError(f"{self._place}, {error}") from None
        return ""

    @abc.abstractmethod
    def taker(self, intake: Intake) -> Callable[[Message], None]:
        """The function that takes a message."""


class FalconSource(_OpenEphys):
    """Blocks of Falcon Output.

    Parameters
    ----------
    info : LiveInfo
    place : where it is
    first : FalconBlock
        What blocks look like.
    """

    def __init__(self, info: LiveInfo, place: Place, first: FalconBlock) -> None:
        super().__init__(info, place)
        self._kind = kind_of(first)

    def taker(self, intake: Intake) -> Callable[[Message], None]:
        doubt = Doubt()
        code = 0

        def take(message: Message) -> None:
            nonlocal code
            block = falcon_block(message)
            if kind_of(block) != self._kind:
                if doubt.confirmed(kind_of(block), block.first_sample):
                    raise LiveError(
                        f"{self._place}: {_changed(self._kind, kind_of(block))}; set it back in the GUI, or start the session anew"
                    )
                raise GarbledError("a block unlike all others")
            doubt.next_block()
            n = intake.block(block.first_sample, np.ascontiguousarray(block.samples.T, dtype=np.float32), message.host_ns)
            if n == 0 or not len(block.event_codes):
                return
            codes = block.event_codes.astype(np.int64)
            steps = np.flatnonzero(np.diff(codes, prepend=code))
            for i in steps.tolist():
                intake.event(block.first_sample + i, "ttl", int(codes[i]))
            code = int(codes[-1])

        return take


def _changed(was: tuple[str, int, int], now: tuple[str, int, int]) -> str:
    """What is other than before, in words."""
    said = ("it sends stream {1}, not {0}", "its rate changed from {0} to {1} Hz", "it sends {1} channels, not {0}")
    return ", ".join(text.format(a, b) for text, a, b in zip(said, was, now, strict=True) if a != b)


class Edges:
    """TTL edges, which come beside the blocks: each is told with the block that it stands in, under that block's numbers.

    Parameters
    ----------
    intake : Intake
    fs_hz : float
    """

    def __init__(self, intake: Intake, fs_hz: float) -> None:
        self._intake, self._near = intake, fs_hz
        self._waiting: deque[Ttl] = deque(maxlen=MOST_EDGES)

    def add(self, edge: Ttl) -> None:
        """One has come, before or after its block; the oldest of too many has none."""
        if len(self._waiting) == MOST_EDGES:
            self._intake.was_untold()
        self._waiting.append(edge)

    def until(self, first: int, end: int) -> None:
        """A block has gone on; edges of another run of the counter wait for theirs."""
        for _ in range(len(self._waiting)):
            edge = self._waiting.popleft()
            if first - self._near <= edge.sample < end:
                self._intake.event(edge.sample, "ttl", edge.word)
            else:
                self._waiting.append(edge)


class ZmqSource(_OpenEphys):
    """Channels of ZMQ Interface, put together.

    Parameters
    ----------
    info : LiveInfo
    place : where it is
    layout : Layout
        What blocks are made of.
    """

    def __init__(self, info: LiveInfo, place: Place, layout: Layout) -> None:
        super().__init__(info, place)
        self._layout = layout

    def taker(self, intake: Intake) -> Callable[[Message], None]:
        assembler, edges = Assembler(self._layout), Edges(intake, self._layout.fs_hz)
        said_at, said_holes, garbled = 0, 0, 0
        ours_ns = time.monotonic_ns()

        def take(message: Message) -> None:
            nonlocal said_at, said_holes, garbled, ours_ns
            data = zmqwire.decode(message.frames)
            if isinstance(data, Ttl) and data.stream == self._layout.stream:
                edges.add(data)
            if not isinstance(data, ChannelData):
                return
            if data.stream != self._layout.stream:
                if message.host_ns - ours_ns > OTHER_S * 1e9:
                    raise LiveError(
                        f"{self._place}: it sends stream {data.stream}, not {self._layout.stream}; set it back in the GUI, or start the "
                        "session anew"
                    )
                return
            ours_ns = message.host_ns
            for first, block in assembler.add(data):
                if intake.block(first, block, message.host_ns):
                    edges.until(first, first + len(block))
                at = intake.sample(first)
                if assembler.holes > said_holes and at >= said_at:
                    n, said_holes, said_at = assembler.holes - said_holes, assembler.holes, at + round(self._layout.fs_hz)
                    self.mark(at, "note", f"{n} single channels were missing from blocks, {assembler.holes} in all")
            if assembler.garbled > garbled:
                intake.was_garbled(assembler.garbled - garbled)
                garbled = assembler.garbled

        return take
