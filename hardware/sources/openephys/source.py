"""Open Ephys as a live source: the thread that moves blocks, from Falcon Output or ZMQ Interface, into the intake."""

from __future__ import annotations

import abc
import time
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
        heard = time.monotonic()
        with closing(messages(self._place.host, self._place.port, self.finish)) as coming:
            for message in coming:
                if message is None:
                    if time.monotonic() - heard > SILENT_S:
                        raise self._place.silent(SILENT_S)
                    continue
                heard = time.monotonic()
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
        assembler = Assembler(self._layout)
        said_at, said_holes, garbled = 0, 0, 0

        def take(message: Message) -> None:
            nonlocal said_at, said_holes, garbled
            data = zmqwire.decode(message.frames)
            if isinstance(data, Ttl) and data.stream == self._layout.stream:
                intake.event(data.sample, "ttl", data.word)
            if not isinstance(data, ChannelData) or data.stream != self._layout.stream:
                return
            for first, block in assembler.add(data):
                intake.block(first, block, message.host_ns)
                at = intake.sample(first)
                if assembler.holes > said_holes and at >= said_at:
                    n, said_holes, said_at = assembler.holes - said_holes, assembler.holes, at + round(self._layout.fs_hz)
                    self.mark(at, "note", f"{n} single channels were missing from blocks, {assembler.holes} in all")
            if assembler.garbled > garbled:
                intake.was_garbled(assembler.garbled - garbled)
                garbled = assembler.garbled

        return take
