"""What an LSL stream says of its channels: labels, units and places, in the two ways that are in use. Pure: XML in, numbers out.

The convention of the XDF meta-data pages has ``location`` in mm and units by name. MNE-LSL writes ``loc`` in metres, as MNE keeps it, and
may give the unit as a power of ten of one volt (``-6``). A channel without a unit is refused: a factor of a million is not guessed.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.hardware.sources._base import SourceError, check_positions

MICROVOLTS = {
    **dict.fromkeys(("nanovolt", "nv"), 1e-3),
    **dict.fromkeys(("microvolt", "uv", "\u00b5v", "\u03bcv"), 1.0),  # both signs that are written for micro
    **dict.fromkeys(("millivolt", "mv"), 1e3),
    **dict.fromkeys(("volt", "v"), 1e6),
}
"""µV in one of the unit, by its name in lower case and in the singular."""
SIGNALS = ("eeg", "ecog", "ieeg", "seeg", "dbs", "lfp", "ephys", "")
"""Types of channels that are electrodes; channels without a type count as such."""


@dataclass(frozen=True)
class Channels:
    """The electrodes of a stream.

    Attributes
    ----------
    index : ndarray (n,)
        Which channels of the stream they are.
    labels : tuple of str
    scale_uv : ndarray (n,), float32
        µV in one unit of the samples.
    positions_mm : ndarray (n, 2), or None
        Where they lie, unless the stream leaves a place out. Of places on a head the third coordinate, up, is left out.
    """

    index: NDArray[np.intp]
    labels: tuple[str, ...]
    scale_uv: NDArray[np.float32]
    positions_mm: NDArray[np.float64] | None


def channels_of(xml: str, n_channels: int, where: str) -> Channels:
    """Read the full description of a stream.

    Parameters
    ----------
    xml : str
        The stream's ``info`` element.
    n_channels : int
        Channels of a sample.
    where : str
        How the stream is called in errors.

    Raises
    ------
    SourceError
        For a description that does not fit the channels, or lacks the unit of an electrode.
    """
    try:
        found = ElementTree.fromstring(xml).findall("./desc/channels/channel")
    except ElementTree.ParseError as error:
        raise SourceError(f"{where}: its description is no XML ({error}); the sender must describe its channels") from error
    if not found:
        raise SourceError(
            f"{where}: does not describe its channels; the sender must give each a unit (desc/channels/channel/unit, such as microvolts)"
        )
    if len(found) != n_channels:
        raise SourceError(f"{where}: describes {len(found)} channels and sends {n_channels}; the sender must describe each of them once")
    index = [i for i, channel in enumerate(found) if _text(channel, "type").lower() in SIGNALS]
    if not index:
        types = ", ".join(sorted({_text(channel, "type") for channel in found}))
        raise SourceError(f"{where}: none of its channels is an electrode (types: {types}); one of {', '.join(SIGNALS[:-1])} is needed")
    electrodes = [found[i] for i in index]
    labels = tuple(_text(channel, "label") or f"ch{i}" for i, channel in zip(index, electrodes, strict=True))
    scale = [_scale(_text(channel, "unit"), f"{where}: channel {label}") for label, channel in zip(labels, electrodes, strict=True)]
    return Channels(np.array(index), labels, np.array(scale, np.float32), _positions(electrodes, where))


def _text(node: ElementTree.Element, name: str) -> str:
    return (node.findtext(name) or "").strip()


def _scale(unit: str, where: str) -> float:
    name = unit.lower()
    for form in (name, name.removesuffix("s")):
        if form in MICROVOLTS:
            return MICROVOLTS[form]
    try:
        return float(10.0 ** (int(unit) + 6))
    except (ValueError, OverflowError):
        said = f"unit {unit!r}" if unit else "no unit"
        raise SourceError(f"{where} has {said}; the sender must say microvolts, millivolts or volts") from None


def _positions(electrodes: Sequence[ElementTree.Element], where: str) -> NDArray[np.float64] | None:
    """(n, 2) mm; None when one electrode lacks a place, or all lie at one (which is how "unknown" is written)."""
    places = [_place(channel) for channel in electrodes]
    known = [place for place in places if place is not None]
    if len(known) < len(places) or (len(known) > 1 and len(set(known)) == 1):
        return None
    return check_positions(known, len(known), where)


def _place(channel: ElementTree.Element) -> tuple[float, float] | None:
    for name, to_mm in (("location", 1.0), ("loc", 1000.0)):
        try:
            x, y = (float(channel.findtext(f"{name}/{axis}") or "nan") * to_mm for axis in "XY")
        except ValueError:
            continue
        if math.isfinite(x) and math.isfinite(y):
            return x, y
    return None


def describe(labels: Sequence[str], positions_mm: ArrayLike | None, kind: str = "LFP") -> list[dict[str, str | dict[str, str]]]:
    """The description of channels in µV as it goes out, one per channel: text by name, places in mm."""
    out: list[dict[str, str | dict[str, str]]] = [{"label": label, "unit": "microvolts", "type": kind} for label in labels]
    if positions_mm is not None:
        for channel, (x, y) in zip(out, np.asarray(positions_mm, dtype=np.float64), strict=True):
            channel["location"] = {"X": repr(float(x)), "Y": repr(float(y)), "Z": "0.0"}
    return out
