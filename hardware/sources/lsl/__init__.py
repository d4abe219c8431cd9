"""Lab Streaming Layer: streams of samples and markers in, decisions and pulses out. Loads pylsl only when something is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wavestim.hardware.sources._live import Found

if TYPE_CHECKING:
    from .outlet import TextOutlet
    from .source import LslSource


def open_lsl(name: str | None = None, type: str | None = None, markers: str | None = None) -> LslSource:
    """See :func:`wavestim.hardware.sources.lsl.source.open_stream`."""
    from .source import open_stream

    return open_stream(name, type, markers)


def find_lsl() -> list[Found]:
    """Streams that could be a source."""
    from .find import streams

    return [Found("lsl", {"name": s.name}, str(s)) for s in streams() if s.rate_hz > 0 and not s.text]


def text_outlet(name: str, source_id: str) -> TextOutlet:
    """See :class:`wavestim.hardware.sources.lsl.outlet.TextOutlet`."""
    from .outlet import TextOutlet

    return TextOutlet(name, source_id)


__all__ = ["find_lsl", "open_lsl", "text_outlet"]
