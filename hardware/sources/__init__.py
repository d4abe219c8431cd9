"""Electrodes in: recordings and streams."""

from ._base import Recording, SourceError
from .file import EXAMPLES, open_recording

__all__ = ["EXAMPLES", "Recording", "SourceError", "open_recording"]
