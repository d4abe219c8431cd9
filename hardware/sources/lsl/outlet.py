"""Streams that go out over LSL: samples with a full description of their channels, and lines of text with their moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .loading import pylsl
from .metadata import describe

MAKER = "wavestim"


class SampleOutlet:
    """A stream of samples in µV.

    Parameters
    ----------
    name, type : str
    fs_hz : float
    labels : (channels,)
    positions_mm : (channels, 2), optional
    source_id : str
        By which a reader finds the stream again when its sender was started anew.
    """

    def __init__(self, name: str, type: str, fs_hz: float, labels: Sequence[str], positions_mm: ArrayLike | None, source_id: str) -> None:
        lsl = pylsl()
        info = lsl.StreamInfo(name, type, len(labels), fs_hz, lsl.cf_float32, source_id)
        desc = info.desc()
        desc.append_child_value("manufacturer", MAKER)
        channels = desc.append_child("channels")
        for about in describe(labels, positions_mm):
            channel = channels.append_child("channel")
            for key, value in about.items():
                if isinstance(value, str):
                    channel.append_child_value(key, value)
                else:
                    node = channel.append_child(key)
                    for axis, number in value.items():
                        node.append_child_value(axis, number)
        self._outlet: Any = lsl.StreamOutlet(info)

    @property
    def has_readers(self) -> bool:
        return bool(self._outlet.have_consumers())

    def send(self, samples: NDArray[np.float32], stamps_s: NDArray[np.float64]) -> None:
        """Samples (n, channels) and the monotonic time of each."""
        self._outlet.push_chunk(np.ascontiguousarray(samples), stamps_s.tolist())


class TextOutlet:
    """A stream of lines of text, without a rate.

    Parameters
    ----------
    name, source_id : str
    """

    def __init__(self, name: str, source_id: str) -> None:
        lsl = pylsl()
        info = lsl.StreamInfo(name, "Markers", 1, lsl.IRREGULAR_RATE, lsl.cf_string, source_id)
        info.desc().append_child_value("manufacturer", MAKER)
        self._outlet: Any = lsl.StreamOutlet(info)

    @property
    def has_readers(self) -> bool:
        return bool(self._outlet.have_consumers())

    def send(self, text: str, at_s: float) -> None:
        """A line, and its monotonic time."""
        self._outlet.push_sample([text], at_s)
