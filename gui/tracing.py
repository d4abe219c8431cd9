"""What the traces show: which electrodes, how much of the past, through which filter, at which scale. No Qt.

The filters are causal, with state, as everything is that a rig can know at the time; they delay what they pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfilt_zi
from wavestim.gui.rings import Rows
from wavestim.gui.signal import KEPT_S, Signal

SECONDS = (1.0, 2.0, 5.0, 10.0)
HIGH_PASS_HZ = 2.0
POINTS, POINTS_IN_ALL, LEAST_POINTS = 600, 24_000, 100
"""Of a trace, and of all together; more than there are pixels costs time and shows nothing."""
MOST = 256
SPREAD, NEAR = 24, 16
LADDER_UV = tuple(step * 10.0**power for power in range(6) for step in (1, 2, 5))
Filter = Literal["raw", "band", "high-pass"]
FILTERS: tuple[Filter, ...] = ("raw", "band", "high-pass")


@dataclass(frozen=True)
class TraceView:
    """What a person has chosen for the traces.

    Attributes
    ----------
    seconds : of the past.
    filter : one of :data:`FILTERS`.
    channels : ``spread``, ``near``, ``all``, or numbers such as ``0-7, 12``.
    scale_uv : from line to line; None: as it fits.
    """

    seconds: float = 2.0
    filter: Filter = "raw"
    channels: str = "spread"
    scale_uv: float | None = None

    def scaled(self, now_uv: float, *, larger: bool) -> Self:
        """The next step of 1, 2, 5, from what is shown now."""
        if larger:
            steps = [step for step in LADDER_UV if step < 0.99 * now_uv]
            return replace(self, scale_uv=steps[-1] if steps else LADDER_UV[0])
        return replace(self, scale_uv=next((step for step in LADDER_UV if step > 1.01 * now_uv), LADDER_UV[-1]))


def chosen(what: str, places_mm: NDArray[np.float64], bad: frozenset[int], site: int) -> NDArray[np.intp]:
    """Electrodes of a choice, see ``TraceView``.

    Raises
    ------
    ValueError
        One sentence, when it is no choice.
    """
    n = len(places_mm)
    good = np.array([i for i in range(n) if i not in bad], np.intp)
    if what == "all":
        return good[:MOST]
    if what == "spread":
        return good[:: max(1, -(-len(good) // SPREAD))]
    if what == "near":
        apart = np.hypot(*(places_mm[good] - places_mm[site]).T)
        return np.sort(good[np.argsort(apart, kind="stable")[:NEAR]])
    numbers: list[int] = []
    for part in what.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()) or (part.endswith("-")):
            raise ValueError(f"'{part}' is no electrode; write numbers such as 0-7, 12")
        if int(last or first) >= n:
            raise ValueError(f"there is no electrode {int(last or first)}; the last is {n - 1}")
        if int(last or first) < int(first):
            raise ValueError(f"'{part}' is no range; write the lower number first, as in {last}-{first}")
        numbers += range(int(first), int(last or first) + 1)
    return np.array(list(dict.fromkeys(numbers))[:MOST], np.intp)


class Tracing:
    """Chosen traces through a filter, kept up with what comes.

    Parameters
    ----------
    signal : Signal
    channels : electrodes.
    filter : one of :data:`FILTERS`.
    band_hz : of the experiment.
    """

    def __init__(self, signal: Signal, channels: NDArray[np.intp], filter: Filter, band_hz: tuple[float, float]) -> None:
        self._signal, self.channels = signal, channels
        self._rows = Rows(max(len(signal.view()), round(KEPT_S * signal.rate_hz)), len(channels), np.float32)
        self._sos = _design(filter, band_hz, signal.rate_hz)
        self._state: NDArray[np.float64] | None = None
        self._last = np.zeros(len(channels), np.float32)
        self._taken = signal.total - len(signal)

    def follow(self) -> None:
        """Take in what is new."""
        new = min(self._signal.total - self._taken, len(self._signal))
        self._taken = self._signal.total
        if new:
            self._rows.add(self._filtered(np.asarray(self._signal.view()[-new:, self.channels], np.float32)))

    def shown(self, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.floating]]:
        """Times before now (s) and values (n, electrodes), uV, of so much of the past, not more of them than can be seen."""
        rows = self._rows.view()[-round(seconds * self._signal.rate_hz) :]
        most = max(LEAST_POINTS, min(POINTS, POINTS_IN_ALL // max(1, len(self.channels))))
        width = -(-len(rows) // most) if len(rows) > 2 * most else 1
        begin = -(self._rows.total - len(rows)) % width  # the same bins from frame to frame, so that nothing flickers
        at_s = (np.arange(begin, len(rows)) - len(rows) + 1) / self._signal.rate_hz
        if width == 1:
            return at_s, rows
        n = (len(rows) - begin) // width
        bins = rows[begin : begin + n * width].reshape(n, width, -1)
        out = np.empty((2 * n, rows.shape[1]), rows.dtype)
        out[::2], out[1::2] = bins.min(axis=1), bins.max(axis=1)
        return np.repeat(at_s[: n * width].reshape(n, width).mean(axis=1), 2), out

    def _filtered(self, new: NDArray[np.float32]) -> NDArray[np.floating]:
        """Through the filter; what is missing stays so, and the filter is given the last value instead."""
        if self._sos is None:
            return new
        there = np.isfinite(new)
        at = np.maximum.accumulate(np.where(there, np.arange(len(new))[:, None], -1), axis=0)
        whole = np.where(at >= 0, np.take_along_axis(new, np.maximum(at, 0), axis=0), self._last)
        if self._state is None:
            self._state = sosfilt_zi(self._sos)[:, :, None] * whole[0]
        self._last = whole[-1]
        out, self._state = sosfilt(self._sos, whole, axis=0, zi=self._state)
        return np.where(there, out, np.nan)


def centred(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Each trace around its mean; what is missing stays so."""
    there = np.isfinite(values)
    means = np.where(there, values, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    out: NDArray[np.floating] = values - means
    return out


def fitting_uv(values: NDArray[np.floating], before_uv: float) -> float:
    """A distance from line to line at which traces fit; the one from before while that is good enough."""
    if not np.isfinite(values).any():
        return before_uv or 1.0
    spread = float(np.nanpercentile(np.abs(centred(values)), 98))
    fits = 1.6 * max(spread, 1e-6)
    return before_uv if 0.6 < fits / (before_uv or math.inf) < 1.6 else fits


def _design(filter: Filter, band_hz: tuple[float, float], rate_hz: float) -> NDArray[np.float64] | None:
    if filter == "raw":
        return None
    if filter == "high-pass":
        return np.asarray(butter(2, HIGH_PASS_HZ, "highpass", fs=rate_hz, output="sos"))
    return np.asarray(butter(2, [band_hz[0], min(band_hz[1], 0.45 * rate_hz)], "bandpass", fs=rate_hz, output="sos"))
