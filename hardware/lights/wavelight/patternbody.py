"""A pattern as the board takes it: entries in units of 4 us, checked against what the board said of itself."""

from __future__ import annotations

from collections.abc import Sequence

from wavestim.hardware.lights._base import LightError, LightInfo, PatternEntry
from wavestim.hardware.lights.wavelight import words as w

UNIT_US = 4


def pattern_body(info: LightInfo, slot: int, entries: Sequence[PatternEntry], where: str) -> bytes:
    """The bytes of a pattern.

    Parameters
    ----------
    info : LightInfo
        Of the board.
    slot : int
        Where it will be put.
    entries : sequence of PatternEntry
        Pulses; delays are rounded to 4 us, widths must be multiples of it.
    where : str
        Which pattern on which board, for messages.

    Raises
    ------
    LightError
        When the board could not take it.
    """
    if not 0 <= slot < info.n_slots:
        raise LightError(f"{where}: the board has slots 0 to {info.n_slots - 1}")
    if not entries:
        raise LightError(f"{where} is empty; a pattern has at least one pulse (a sham is a pattern fired dark)")
    out = bytearray()
    for k, (site, delay_us, width_us, level) in enumerate(entries):
        delay = round(delay_us / UNIT_US)
        if width_us % UNIT_US:
            raise LightError(f"{where}: entry {k} is {width_us} us wide; the board counts in {UNIT_US} us")
        if not (0 <= site < info.n_sites and 0 <= level <= 255):
            raise LightError(f"{where}: entry {k} has site {site}, level {level}; 0..{info.n_sites - 1} and 0..255 exist")
        if not (0 <= delay <= 0xFFFF and 0 < width_us // UNIT_US <= 0xFFFF):
            raise LightError(f"{where}: entry {k} starts at {delay_us} us and lasts {width_us} us; a pattern lasts at most 200 ms")
        out += w.ENTRY.pack(site, delay, width_us // UNIT_US, level)
    return bytes(out)
