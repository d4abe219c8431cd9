"""``track_regions()``: one engine for each of several arrays, and the delay with which a wave crosses from one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.realtime._track import Track, track
from wavestim.realtime.calibration import Calibration, ModelOptions
from wavestim.realtime.config import Reference
from wavestim.realtime.crossing import follow, samples_of_a_look

Array = NDArray[np.float64]
LONGEST_DELAY_S = 0.1


@dataclass(frozen=True)
class Crossed:
    """How a wave crosses from one region to another, as far as it was known at every sample.

    Attributes
    ----------
    delay_s : (n,) s, positive where the wave comes to the second region after the first, from site to site. Always finite: a best guess.
    sd_s : (n,) s, its SD, other cycles included as far as they are probable; infinite while the phases are not locked.
    locking : (n,) 0 to 1, the coherence of the two phasors at that delay, over about 140 cycles (the phase locking value, where both
        phases are sure).
    chance : (n,) the locking that rhythms of this regularity exceed by chance in one look of 200.
    known : (n,) bool: locked beyond chance, one cycle 19 times as probable as all others together, and in both regions there is a phase to
        speak of just now.
    sites : electrodes, numbered in the whole recording, between which the delay counts.
    """

    delay_s: Array
    sd_s: Array
    locking: Array
    chance: Array
    known: NDArray[np.bool_]
    sites: tuple[int, int]


@dataclass(frozen=True)
class Regions:
    """The waves of several regions.

    Attributes
    ----------
    regions : by name, each region's :class:`Track`, over its own channels.
    channels : by name, the channels of the recording that belong to it.
    fs_hz, band_hz, positions_mm : as they were given.
    """

    regions: Mapping[str, Track]
    channels: Mapping[str, NDArray[np.intp]]
    fs_hz: float
    band_hz: tuple[float, float]
    positions_mm: Array

    def crossing(self, a: str, b: str, *, sites: tuple[int, int] | None = None, longest_delay_s: float = LONGEST_DELAY_S) -> Crossed:
        """With which delay the wave crosses from region ``a`` to region ``b``; causal, like the tracks.

        A phase difference is a delay but for whole periods of the rhythm. Which one it is is taken from how the rhythm wavers: see
        ``docs/wave-model.md``. A rhythm that hardly changes in frequency or amplitude does not tell.

        Parameters
        ----------
        a, b : names of two regions.
        sites : an electrode of each, numbered in the whole recording; by default those nearest to the regions' centroids.
        longest_delay_s : to either side.

        Raises
        ------
        ValueError
            For a region or a site that is not there, or a delay that does not suit the band.
        """
        for name in (a, b):
            if name not in self.regions:
                raise ValueError(f"there is no region {name!r}; there are {', '.join(map(repr, self.regions))}")
        if a == b:
            raise ValueError(f"a crossing leads from one region to another, not from {a!r} to itself")
        chosen = sites or (self._central(a), self._central(b))
        every = samples_of_a_look(self.fs_hz, self.band_hz, longest_delay_s)
        n = len(self.regions[a].kind)
        looks = np.arange(0, n, every)
        columns = [column for name, site in zip((a, b), chosen, strict=True) for column in self._seen(name, site, looks)]
        found = follow(np.ascontiguousarray(np.column_stack(columns)), self.fs_hz, self.band_hz, longest_delay_s)
        held = found[np.arange(n) // every]
        return Crossed(held[:, 0], held[:, 1], held[:, 2], held[:, 3], held[:, 5] > 0, (int(chosen[0]), int(chosen[1])))

    def _central(self, name: str) -> int:
        channels = self.channels[name]
        away = self.positions_mm[channels] - self.positions_mm[channels].mean(axis=0)
        return int(channels[np.argmin(np.round(np.hypot(*away.T), 9))])

    def _seen(self, name: str, site: int, looks: NDArray[np.intp]) -> tuple[Array, Array]:
        """Phase and SD at a site of a region, rad, at these samples."""
        at = np.flatnonzero(self.channels[name] == site)
        if not len(at):
            raise ValueError(f"electrode {site} does not lie in region {name!r}")
        phase, sd = self.regions[name].forecast_at(looks, 0.0)
        return phase[:, at[0]], sd[:, at[0]]


def track_regions(
    lfp: ArrayLike,
    fs: float,
    positions_mm: ArrayLike,
    region: Sequence[object] | NDArray[np.str_],
    band_hz: tuple[float, float],
    *,
    calibrations: Mapping[str, Calibration | bytes] | None = None,
    reference: Reference = "none",
    gain_uv: ArrayLike | None = None,
    options: ModelOptions | None = None,
) -> Regions:
    """Track the waves of several regions that were recorded together: two arrays, or probes in two areas.

    Every region has a wave model of its own, with its own modes, noise and calibration: :func:`track` over its channels.

    Parameters
    ----------
    lfp, fs, positions_mm, band_hz, reference, gain_uv, options : see :func:`track`. A common reference is taken within each region.
        Regions may share one frame of coordinates or have one each.
    region : (channels,) label of each channel. Channels whose label is empty belong to none and are left out.
    calibrations : of regions, by name.

    Returns
    -------
    Regions

    Raises
    ------
    ValueError
        For labels that do not fit the channels, and what :func:`track` refuses.
    """
    x = np.asarray(lfp)
    xy = np.atleast_2d(np.asarray(positions_mm, dtype=np.float64))
    if x.ndim != 2 or x.shape[1] != len(xy):
        raise ValueError(f"lfp of shape {x.shape} does not fit {len(xy)} positions: it must be (samples, {len(xy)})")
    labels = [str(label) for label in np.asarray(region).tolist()]
    if len(labels) != len(xy):
        raise ValueError(f"region has {len(labels)} labels for {len(xy)} channels: give one each")
    names = [name for name in dict.fromkeys(labels) if name]
    if not names:
        raise ValueError("region names no region: give the channels labels that are not empty")
    strange = [name for name in calibrations or {} if name not in names]
    if strange:
        raise ValueError(f"there is a calibration for region {strange[0]!r}, but the regions are {', '.join(map(repr, names))}")
    gain = None if gain_uv is None else np.broadcast_to(np.asarray(gain_uv, dtype=np.float64), (len(xy),))
    channels = {name: np.flatnonzero(np.array(labels) == name) for name in names}
    tracks = {}
    for name, mine in channels.items():
        try:
            tracks[name] = track(
                np.ascontiguousarray(x[:, mine]), fs, xy[mine], band_hz, calibration=(calibrations or {}).get(name),
                reference=reference, gain_uv=None if gain is None else gain[mine], options=options,
            )  # fmt: skip
        except ValueError as error:
            raise ValueError(f"region {name!r}: {error}") from error
    return Regions(tracks, channels, float(fs), (float(band_hz[0]), float(band_hz[1])), xy)
