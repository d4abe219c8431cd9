"""Intan RHX over TCP: its commands, its waveform stream, and the source made of both."""

from .source import find_rhx, open_rhx

__all__ = ["find_rhx", "open_rhx"]
