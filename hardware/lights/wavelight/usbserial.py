"""Adapters that hold answers back: the latency timer of an FTDI chip is shortened and its event character set, where the system allows."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import serial

SYSFS = Path("/sys/bus/usb-serial/devices")
LEAST_MS = 1
EVENT_CHARACTER = 256
"""Enabled (bit 8), character 0x00: the end of every frame is handed on at once."""


@dataclass(frozen=True)
class LineReport:
    """What a serial line does to answers."""

    latency_timer_ms: int | None = None
    """How long the adapter may hold an answer back; None: it has no such timer."""
    event_character: bool = False
    """The end of a frame is handed on at once, whatever the timer says."""
    note: str = ""
    """What could not be set, and what would help."""

    @property
    def holds_back_ms(self) -> float:
        """Longest time that the adapter adds to an answer."""
        return 0.0 if self.event_character or self.latency_timer_ms is None else float(self.latency_timer_ms)


def quicken(device: str, line: serial.Serial, sysfs: Path = SYSFS) -> LineReport:
    """Make an adapter hand answers on as soon as it can.

    Parameters
    ----------
    device : str
        Name of the port; a link such as ``/dev/serial/by-id/…`` is followed.
    line : Serial
        The open port.
    sysfs : Path
        Where the system keeps the settings of adapters.

    Returns
    -------
    LineReport
        What holds now; nothing that fails here is an error.
    """
    folder = sysfs / Path(device).resolve().name
    timer, event = folder / "latency_timer", folder / "event_char"
    before = _number(timer)
    if before is None:
        return LineReport()
    if before > LEAST_MS and not _written(timer, LEAST_MS):
        with contextlib.suppress(OSError, ValueError, NotImplementedError, AttributeError):
            line.set_low_latency_mode(True)  # the same through a flag of the line, which needs no right to write there
    now = _number(timer) or before
    report = LineReport(now, _written(event, EVENT_CHARACTER))
    if report.holds_back_ms <= LEAST_MS:
        return report
    return LineReport(now, False, f"answers are held back {now} ms; a person with the right to may write {LEAST_MS} into {timer}")


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _written(path: Path, value: int) -> bool:
    try:
        if not path.exists():
            return False
        path.write_text(f"{value}\n", encoding="ascii")
    except OSError:
        return False
    return True
