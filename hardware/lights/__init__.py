"""Light out: drivers behind one protocol. `open_light` is the door; a driver is imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from wavestim.hardware.lights._base import ClockSample, Light, LightError, LightEvent, LightInfo, LightStatus, PatternEntry

__all__ = [
    "KINDS",
    "ClockSample",
    "Light",
    "LightError",
    "LightEvent",
    "LightInfo",
    "LightStatus",
    "PatternEntry",
    "known_info",
    "open_light",
]

KINDS: dict[str, tuple[str, str]] = {
    "simulated": ("wavestim.hardware.lights.wavelight.opening", "open_virtual"),
    "wavelight": ("wavestim.hardware.lights.wavelight.opening", "open_serial"),
    "pulsepal": ("wavestim.hardware.lights.pulsepal", "PulsePal"),
    "cyclops": ("wavestim.hardware.lights.cyclops", "open_cyclops"),
    "mm-arduino": ("wavestim.hardware.lights.mm_arduino", "MmArduino"),
    "thorlabs-dc4100": ("wavestim.hardware.lights.thorlabs", "open_thorlabs"),
}
"""kind -> (module, function) of its driver."""


KNOWN: dict[str, tuple[str, str]] = {
    "pulsepal": ("wavestim.hardware.lights.pulsepal", "PulsePal"),
    "cyclops": ("wavestim.hardware.lights.cyclops", "CyclopsSketch"),
    "mm-arduino": ("wavestim.hardware.lights.mm_arduino", "MmArduino"),
}
"""kind -> (module, class) of drivers whose boards are all alike: what they can do is known without one."""


def known_info(kind: str) -> LightInfo | None:
    """What every board of this kind can do; None when each has to say it itself."""
    if kind not in KNOWN:
        return None
    module, name = KNOWN[kind]
    info: LightInfo = getattr(import_module(module), name).INFO
    return info


def open_light(kind: str, **keys: Any) -> Light:
    """Open a light.

    Parameters
    ----------
    kind : str
        ``wavelight`` (keys ``port`` or ``serial_number``, ``baud``), ``simulated`` (keys ``core``, ``clock``: in memory, simulated time),
        ``pulsepal``, ``cyclops``, ``mm-arduino`` (``port`` and keys of each), ``thorlabs-dc4100`` (``port``, ``gate``, ``currents_ma``).
    **keys
        Of the driver.

    Raises
    ------
    LightError
        One sentence: what, where, what would be right.
    """
    if kind not in KINDS:
        raise LightError(f"light: unknown kind {kind!r}; kinds: {', '.join(sorted(KINDS))}")
    module, function = KINDS[kind]
    try:
        light: Light = getattr(import_module(module), function)(**keys)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise LightError(f"light {kind}: {str(error).split('() ')[-1]}") from None
    return light
