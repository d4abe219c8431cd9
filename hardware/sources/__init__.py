"""Electrodes in: recordings and streams."""

from ._base import RawRecording, Recording, SourceError, as_stored, regions_of
from ._live import KINDS, ClockPoint, Found, Live, LiveCounts, LiveError, LiveEvent, LiveInfo, LiveSource, find_live, open_live
from .file import EXAMPLES, open_recording

__all__ = [
    "EXAMPLES",
    "KINDS",
    "ClockPoint",
    "Found",
    "Live",
    "LiveCounts",
    "LiveError",
    "LiveEvent",
    "LiveInfo",
    "LiveSource",
    "RawRecording",
    "Recording",
    "SourceError",
    "as_stored",
    "find_live",
    "open_live",
    "open_recording",
    "regions_of",
]
