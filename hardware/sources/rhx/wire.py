"""What goes over the wires of Intan RHX: channel names, the order of words in a frame, block sizes, burst lengths.

Read from Intan-RHX 3.4.0 (commit a121e798), for layout only. Nothing in the stream describes it: who listens knows what was switched on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from wavestim.hardware.sources._base import SourceError

MAGIC = 0x2EF07A08
FRAMES = 128
"""Frames in a block, whatever the controller."""
GAIN_UV = 0.195
"""uV per bit of the amplifier bands."""
MID = 32768
"""The code of 0 uV."""
BANDS = {"wide": "", "low": "Low"}
"""Our word for a band -> the end of its switch's name."""
STIM, USB3, USB2 = "ControllerStimRecord", "ControllerRecordUSB3", "ControllerRecordUSB2"
CONTROLLERS = (USB2, USB3, STIM)
RATES_HZ = (1000, 1250, 1500, 2000, 2500, 3000, 3333, 4000, 5000, 6250, 8000, 10000, 12500, 15000, 20000, 25000, 30000)
USB_BLOCKS = {30000: 8, 25000: 6, 20000: 5, 15000: 4, 12500: 3, 10000: 3, 8000: 2, 6250: 2}
"""Blocks that RHX reads from its USB at a time, aimed at 30 Hz; one at lower rates. No command changes it."""
MAX_CHANNELS = 1024
_RANGE = re.compile(r"([A-P])-(\d{3})(?::([A-P])-(\d{3}))?", re.IGNORECASE)


def block_bytes(n_words: int) -> int:
    """Bytes of a block whose frames hold so many 16-bit words."""
    return 4 + FRAMES * (4 + 2 * n_words)


def rate_hz(said: str) -> float:
    """The sample rate that ``SampleRateHertz`` stands for.

    Raises
    ------
    SourceError
        For one that no controller has.
    """
    if not said.isdigit() or int(said) not in RATES_HZ:
        raise SourceError(f"rhx: a sample rate of '{said}' Hz; RHX has {', '.join(map(str, RATES_HZ))}")
    return 10000 / 3 if said == "3333" else float(said)


def burst_ms(fs_hz: float) -> float:
    """How long a burst is that RHX reads from its USB: the oldest sample has waited for it."""
    return USB_BLOCKS.get(round(fs_hz), 1) * FRAMES / fs_hz * 1000


def channel_names(text: str) -> tuple[str, ...]:
    """``A-000:A-031,B-000:B-015`` as native names in the order in which RHX sends them.

    Raises
    ------
    SourceError
        For anything else, a range that falls, or a name twice.
    """
    names: list[str] = []
    for part in text.replace(" ", "").split(","):
        found = _RANGE.fullmatch(part)
        if found is None:
            raise SourceError(f"rhx: channels '{part}': give native names, such as A-000:A-063 or A-000:A-031,B-000:B-031")
        port, first, to_port, last = found[1].upper(), int(found[2]), (found[3] or found[1]).upper(), int(found[4] or found[2])
        if to_port != port or last < first:
            raise SourceError(f"rhx: channels '{part}': a range rises and stays in one port; write A-000:A-063,B-000:B-063 for two ports")
        names += [f"{port}-{i:03d}" for i in range(first, last + 1)]
    if len(set(names)) != len(names) or len(names) > MAX_CHANNELS:
        raise SourceError(f"rhx: channels '{text}': every channel once, and at most {MAX_CHANNELS}")
    return tuple(sorted(names))


@dataclass(frozen=True)
class Setup:
    """What RHX was told to send.

    Attributes
    ----------
    controller : str
    fs_hz : float
    channels : native names
    band : ``wide`` or ``low``
    digital : str
        Name of the digital input that was switched on, for the word of all 16 lines; empty without one.
    """

    controller: str
    fs_hz: float
    channels: tuple[str, ...]
    band: str
    digital: str

    @property
    def n_words(self) -> int:
        """16-bit words in a frame: the amplifier channels, then the digital inputs."""
        return len(self.channels) + bool(self.digital)

    @property
    def switches(self) -> tuple[str, ...]:
        """The parameters that are true."""
        return tuple(f"{c}.TCPDataOutputEnabled{BANDS[self.band]}" for c in self.channels) + (
            (f"{self.digital}.TCPDataOutputEnabled",) if self.digital else ()
        )


def digital_name(controller: str) -> str:
    """The first digital input of a controller."""
    return "DIGITAL-IN-00" if controller == USB2 else "DIGITAL-IN-01"
