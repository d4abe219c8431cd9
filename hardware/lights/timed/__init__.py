"""Boards without a clock that end every pulse by themselves: the host says when, at the moment itself."""

from __future__ import annotations

from wavestim.hardware.lights.timed.board import TimedBoard, Words, facts
from wavestim.hardware.lights.timed.line import Line

__all__ = ["Line", "TimedBoard", "Words", "facts"]
