"""The driver of our own protocol WL1: the board fires scheduled patterns on its own clock."""

from __future__ import annotations

from wavestim.hardware.lights.wavelight.driver import Wavelight
from wavestim.hardware.lights.wavelight.link import Link
from wavestim.hardware.lights.wavelight.opening import open_serial, open_virtual

__all__ = ["Link", "Wavelight", "open_serial", "open_virtual"]
