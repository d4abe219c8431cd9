"""Electrodes in: recordings and streams."""

from ._base import RawRecording, Recording, SourceError, as_stored, regions_of
from .file import EXAMPLES, open_recording

__all__ = ["EXAMPLES", "RawRecording", "Recording", "SourceError", "as_stored", "open_recording", "regions_of"]
