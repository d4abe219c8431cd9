"""What a check of the rig says: green, amber or red, what was seen, and what to do about it in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["green", "amber", "red"]
ORDER: tuple[Level, ...] = ("green", "amber", "red")


@dataclass(frozen=True)
class Finding:
    """One check.

    Attributes
    ----------
    check : its name, a word that scripts can rely on
    level : ``green``; ``amber``: go on if you know why; ``red``: not before it is put right
    what : what was seen, a sentence
    do : what to do about it; empty when there is nothing to do
    figures : the numbers behind it
    looked : false when nothing could be judged: what an earlier preflight found then stands
    timed : a computer that other programs hold up can be the cause
    """

    check: str
    level: Level
    what: str
    do: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    looked: bool = True
    timed: bool = False


def green(check: str, what: str, **figures: Any) -> Finding:
    """All is well."""
    return Finding(check, "green", what, "", figures)


def amber(check: str, what: str, do: str, **figures: Any) -> Finding:
    """Worth a thought, or not known."""
    return Finding(check, "amber", what, do, figures)


def unlooked(check: str, what: str, do: str, **figures: Any) -> Finding:
    """Not judged: amber, and no earlier verdict is lifted by it."""
    return Finding(check, "amber", what, do, figures, looked=False)


def red(check: str, what: str, do: str, **figures: Any) -> Finding:
    """No light like this."""
    return Finding(check, "red", what, do, figures)


def late_red(check: str, what: str, do: str, **figures: Any) -> Finding:
    """Red, unless this computer was held up meanwhile."""
    return Finding(check, "red", what, do, figures, timed=True)


def worst(findings: Iterable[Finding]) -> Level:
    """The level of the whole: that of the worst check."""
    return ORDER[max((ORDER.index(f.level) for f in findings), default=0)]
