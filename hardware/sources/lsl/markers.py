"""Markers that another program sends over LSL: text or numbers, each with its moment on the clock of this machine."""

from __future__ import annotations

from typing import Any

from wavestim.hardware.sources._base import SourceError

from .find import Stream
from .loading import pylsl

OPEN_S = 5.0
KEPT = 36_000
MOST = 256
LONGEST = 200
"""Characters that are kept of a marker."""


class Markers:
    """A stream of markers; it comes back by itself when its sender is started again.

    Parameters
    ----------
    stream : Stream

    Raises
    ------
    SourceError
        When the sender does not answer.
    """

    def __init__(self, stream: Stream) -> None:
        lsl = pylsl()
        self.stream = stream
        # without a rate the length is given in hundreds of samples
        self._inlet: Any = lsl.StreamInlet(stream.handle, max_buflen=KEPT // 100, recover=True, processing_flags=lsl.proc_none)
        try:
            self._inlet.open_stream(OPEN_S)
            self._correction_s = float(self._inlet.time_correction(OPEN_S))
        except (TimeoutError, lsl.util.LostError) as error:
            raise SourceError(f"LSL marker stream {stream}: is announced and does not answer; is a firewall between?") from error

    def flush(self) -> None:
        """Let go of what has come so far."""
        if self._inlet is not None:
            self._inlet.flush()

    def pull(self) -> list[tuple[float, str]]:
        """What has come: (monotonic time s, text). Empty, too, once the stream is lost for good."""
        if self._inlet is None:
            return []
        try:
            rows, stamps = self._inlet.pull_chunk(timeout=0.0, max_samples=MOST)
            if stamps:
                self._correction_s = float(self._inlet.time_correction(0.05))
        except pylsl().util.LostError:
            self._inlet = None
            return []
        except TimeoutError:  # the last correction will do
            pass
        return [(stamp + self._correction_s, marker_text(row)) for row, stamp in zip(rows, stamps, strict=True)]

    def close(self) -> None:
        """Let go of the stream."""
        self._inlet = None


def marker_text(row: list[Any]) -> str:
    """A marker of one or more values on one line."""
    words = (f"{value:g}" if isinstance(value, float) else str(value) for value in row)
    return " ".join(" ".join(words).split())[:LONGEST]
