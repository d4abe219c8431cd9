"""Serial ports: opened for one program alone, and why one cannot be, in a sentence."""

from __future__ import annotations

import errno
import termios
from pathlib import Path

import serial
from serial.tools import list_ports
from wavestim.hardware.lights._base import LightError


def open_port(kind: str, name: str, baud: int) -> serial.Serial:
    """Open a serial port, raw and never waiting.

    Parameters
    ----------
    kind : str
        Of the light, for messages.
    name : str
        Device name, such as /dev/ttyACM0.
    baud : int
        Line rate; a USB board ignores it.

    Raises
    ------
    LightError
    """
    try:
        return serial.Serial(name, baudrate=baud, timeout=0, exclusive=True)
    except (serial.SerialException, OSError, ValueError, termios.error) as error:
        raise LightError(_why(kind, name, error)) from None


def _why(kind: str, name: str, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.ENOENT or not Path(name).exists():
        known = ", ".join(sorted(p.device for p in list_ports.comports())) or "none"
        return f"light {kind}: there is no port {name}; ports of this machine: {known}"
    if code == errno.EACCES:
        return f"light {kind}: no permission to open {name}; the user has to be in its group (often dialout)"
    if code in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return f"light {kind}: {name} is in use by another program; close that first"
    return f"light {kind}: {name} cannot be opened as a serial port ({error})"
