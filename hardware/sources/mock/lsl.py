"""A real LSL outlet at a desk: plays samples with the stamps of a device clock, and markers beside them if wanted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.sources.lsl.outlet import SampleOutlet, TextOutlet

from ._peer import Peer
from ._played import Played

BLOCK_MS = 4.0
ASTRAY_S = 1e6

Chunk = tuple[NDArray[np.float32], NDArray[np.float64]]


class LslPeer(Peer):
    """Sends while somebody listens.

    Parameters
    ----------
    played : Played
    name, type : str
        Of the stream.
    markers : str, optional
        Name of a stream of markers: ``second N`` at every second of samples.
    block_ms : float
        Samples go out in chunks of so much time.
    """

    def __init__(
        self, played: Played, *, name: str = "wavestim-mock", type: str = "LFP", markers: str | None = None, block_ms: float = BLOCK_MS
    ) -> None:
        self.played = played
        self.block = max(1, round(block_ms * played.fs_hz / 1000))
        self._name, self._marker_name = name, markers
        self._outlet: SampleOutlet | None = SampleOutlet(
            name, type, played.fs_hz, played.channel_names, played.positions_mm, f"wavestim-mock-{name}"
        )
        self._markers = TextOutlet(markers, f"wavestim-mock-{markers}") if markers is not None else None
        self._sent, self.begin_s = 0, 0.0
        self._listened = False

    @property
    def source(self) -> Mapping[str, Any]:
        """See ``Peer``."""
        return {"kind": "lsl", "name": self._name} | ({} if self._marker_name is None else {"markers": self._marker_name})

    def running(self) -> bool:
        """See ``Peer``."""
        listened = self._outlet is not None and self._outlet.has_readers
        if listened and not self._listened:
            self.begin_s = time.monotonic() - self._sent / self.played.fs_hz
        self._listened = listened
        return listened

    def packets(self, samples: NDArray[np.float32]) -> list[Chunk]:
        """See ``Peer``."""
        n, fs = np.arange(self._sent, self._sent + len(samples)), self.played.fs_hz
        self._sent += len(samples)
        stamps_s = self.begin_s + n / fs
        if self._markers is not None:
            for second in range(int(np.ceil(n[0] / fs)), int(np.ceil(self._sent / fs))):
                self._markers.send(f"second {second}", self.begin_s + second)
        return [(samples, stamps_s)]

    def send(self, packet: Chunk) -> None:
        """See ``Peer``."""
        if self._outlet is not None:
            self._outlet.send(*packet)

    def garbled(self, packet: Chunk, rng: np.random.Generator) -> Chunk:
        """What a sender can do wrong over TCP: samples that are no numbers, or stamps of another time."""
        samples, stamps_s = packet
        if rng.random() < 0.5:
            return np.full_like(samples, np.nan), stamps_s
        return samples, stamps_s + rng.uniform(-ASTRAY_S, ASTRAY_S)

    def split(self, packet: Chunk, rng: np.random.Generator) -> list[Chunk]:
        """A chunk in two sends."""
        samples, stamps_s = packet
        at = int(rng.integers(0, len(samples) + 1))
        return [(samples[part], stamps_s[part]) for part in (slice(0, at), slice(at, None)) if len(samples[part])]

    def close(self) -> None:
        """The streams are gone for good."""
        self._outlet = self._markers = None
