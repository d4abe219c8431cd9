"""The colours of the two themes. Those that carry meaning stay apart for the colour-blind, and always have a word or a shape beside them.

Dark: Okabe and Ito's (https://jfly.uni-koeln.de/color). Light: the same hues, darkened until they stand out on white.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BLACK, WHITE = "#000000", "#ffffff"


@dataclass(frozen=True)
class Colours:
    """Of one theme; read as ``theme.GROUND`` and so on.

    Attributes
    ----------
    ground, panel, button, line : behind everything, behind a panel's drawing, of a button, between things.
    text, dim, off : of what is read, of what is beside it, of what is not there now.
    good, warn, bad : as it should be, look at it, do something.
    light, target, data : light that shines, what is wanted, what was measured; also for lines on ``panel``.
    glow, glow_line : of a lit LED and around every LED, on the colours of the phase.
    warn_text, bad_text : ``warn`` and ``bad`` for words.
    stop, stop_hover, stop_line : of STOP.
    """

    ground: str
    panel: str
    button: str
    line: str
    text: str
    dim: str
    off: str
    good: str
    warn: str
    bad: str
    light: str
    target: str
    data: str
    glow_line: str
    warn_text: str
    bad_text: str
    glow: str = "#f0e442"
    stop: str = "#c8201a"
    stop_hover: str = "#a81510"
    stop_line: str = "#ff8a80"


Name = Literal["dark", "light"]
THEMES: dict[Name, Colours] = {
    "dark": Colours(
        ground="#0e1116",
        panel="#171c24",
        button="#252d38",
        line="#323b48",
        text="#e8ecf1",
        dim="#93a0b0",
        off="#5b6675",
        good="#1fb58f",
        warn="#e69f00",
        bad="#e0561b",
        light="#f0e442",
        target="#56b4e9",
        data="#b8c4d2",
        glow_line="#f0e442",
        warn_text="#e69f00",
        bad_text="#ff7a45",
    ),
    "light": Colours(
        ground="#e9edf2",
        panel="#ffffff",
        button="#ffffff",
        line="#c3cbd6",
        text="#12181f",
        dim="#4d5866",
        off="#8c96a4",
        good="#009e73",
        warn="#b85000",
        bad="#7d0c1e",
        light="#b09000",
        target="#0062a8",
        data="#3f4b5a",
        glow_line="#12181f",
        warn_text="#944000",
        bad_text="#9c1024",
        stop_line="#7d0c1e",
    ),
}


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, 0 to 1, as WCAG 2 has it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21, as WCAG 2 has it: 4.5 for text, 3 for what is drawn."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ink(fill: str) -> str:
    """Black or white, whichever is read better on a colour."""
    return max(BLACK, WHITE, key=lambda colour: contrast(colour, fill))
