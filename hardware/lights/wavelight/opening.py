"""Opening a line: a serial port by name or by the serial number of its USB device, or a core in memory."""

from __future__ import annotations

import os
import termios
from typing import Any

import serial
from serial.tools import list_ports
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights._base import LightError
from wavestim.hardware.lights._ports import open_port
from wavestim.hardware.lights.wavelight.driver import Wavelight
from wavestim.hardware.lights.wavelight.link import Link
from wavestim.hardware.lights.wavelight.usbserial import quicken

REPLY_MS = 5.0
"""How long a fire waits for its acknowledgement, besides what the adapter holds it back."""


def open_serial(port: str | None = None, serial_number: str | None = None, *, baud: int = 500_000, **keys: Any) -> Wavelight:
    """Open the board behind a serial port.

    Parameters
    ----------
    port : str
        Device name; or give `serial_number` (of the USB device) instead.
    baud : int
        Line rate; a USB board ignores it.
    **keys
        Keys of `Wavelight`.
    """
    if (port is None) == (serial_number is None):
        raise LightError("light wavelight: give either port (a device such as /dev/ttyACM0) or serial_number")
    name, line = _open(port, serial_number, baud)
    try:
        line.reset_input_buffer()
        report = quicken(name, line)
        link = Link(line.fileno())
    except BaseException:
        line.close()
        raise

    def reopen() -> bool:
        try:
            found, fresh = _open(port, serial_number, baud)
            with fresh:
                fresh.reset_input_buffer()
                os.dup2(fresh.fileno(), line.fileno())  # the engine's thread knows the number: it never meets a foreign file under it
        except (LightError, OSError, termios.error):  # it is not there, or gone again already
            return False
        os.set_blocking(line.fileno(), False)
        quicken(found, line)  # an adapter that was out has forgotten it
        return True

    keys.setdefault("reply_timeout_ms", REPLY_MS + report.holds_back_ms)
    return Wavelight(link, name, baud=baud, on_close=line.close, on_reopen=reopen, line=report, **keys)


def _open(port: str | None, serial_number: str | None, baud: int) -> tuple[str, serial.Serial]:
    name = port if port is not None else _by_serial_number(str(serial_number))
    return name, open_port("wavelight", name, baud)


def open_virtual(core: FirmwareCore | None = None, clock: VirtualClock | None = None, *, baud: int = 500_000, **keys: Any) -> Wavelight:
    """A board in memory under a simulated clock; `baud` is that of the core. Its answers are exact in that clock."""
    keys.setdefault("answer_s", 0.05)
    keys.setdefault("nonce", 0x57415645)
    keys.setdefault("kind", "simulated")
    return Wavelight(Link(-1, core or FirmwareCore(), clock or VirtualClock()), "the simulated board", baud=baud, **keys)


def _by_serial_number(number: str) -> str:
    found = [p.device for p in list_ports.comports() if p.serial_number == number]
    if not found:
        known = ", ".join(f"{p.device} ({p.serial_number})" for p in list_ports.comports() if p.serial_number) or "none"
        raise LightError(f"light wavelight: no serial port with serial_number {number!r}; ports with one: {known}")
    return str(found[0])
