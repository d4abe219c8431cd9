"""Several arrays in one recording: which of them a session runs on, and what of an experiment follows from that.

Modes, noise and waves of one array say nothing of another, so a session tracks one region: the one that is asked for, or the one that
holds the trigger site. Electrodes elsewhere are recorded and left out like bad channels; LEDs that the file does not place lie over the
region; the centre is the region's. All of it is written into the experiment, so the session folder says what ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._probe import FileProbe
from wavestim.controller.experiment.geometry import MAX_LEDS, probe_regions
from wavestim.controller.experiment.schema import Experiment


@dataclass(frozen=True)
class Region:
    """The region that was chosen.

    Attributes
    ----------
    name : str
    labels : (channels,) the region of each channel; empty where it has none.
    """

    name: str
    labels: tuple[str, ...]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(channels,) those of the region."""
        return np.array([label == self.name for label in self.labels], dtype=bool)

    @property
    def sizes(self) -> dict[str, int]:
        """Channels of every region, in the order of the recording."""
        return sizes(self.labels)


def sizes(labels: Sequence[str]) -> dict[str, int]:
    """Channels of every region."""
    return {name: list(labels).count(name) for name in dict.fromkeys(labels) if name}


def region_labels(experiment: Experiment | None, recorded: Sequence[str] | None) -> tuple[str, ...] | None:
    """The region of every channel: the recording's word, or else that of a probe file with several probes; None when neither has one."""
    if recorded is not None:
        return tuple(recorded)
    probe = experiment.probe if experiment is not None else None
    return probe_regions(probe) if isinstance(probe, FileProbe) else None


def choose_region(labels: Sequence[str] | None, asked: str | None, where: str, site: int | None = None) -> Region | None:
    """The region to run on; None when there is but one and none is asked for.

    Parameters
    ----------
    labels : (channels,), optional
    asked : str, optional
        By name.
    where : str
        What the message begins with.
    site : int, optional
        The electrode that must lie in it. Without one, and when no region is asked for: the region with most channels, the first of these.

    Raises
    ------
    ExperimentError
        When there is no such region, or the site lies elsewhere.
    """
    if asked is None and len(set(labels or ())) < 2:
        return None
    if labels is None:
        raise ExperimentError(
            f"{where}: there is no region '{asked}', because nothing says which channels form one; "
            "give an .npz with 'region' (a name for each channel) or a probe file with several probes"
        )
    found = sizes(labels)
    known = ", ".join(f"'{name}' ({n} channels)" for name, n in found.items())
    if asked is not None and asked not in found:
        raise ExperimentError(f"{where}: there is no region '{asked}'" + (f"; there are {known}" if known else "; no channel has one"))
    at = labels[site] if site is not None and site < len(labels) else None
    if at is not None and (not at or at != (asked or at)):
        lies = f"of region '{at}'" if at else "of no region"
        raise ExperimentError(f"{where}: trigger.site is electrode {site}, {lies}; choose one of {asked or known}")
    if asked is None:
        asked = at or max(found, key=lambda name: found[name])
    return Region(asked, tuple(labels))


def in_region(
    experiment: Experiment, positions_mm: ArrayLike, recorded: Sequence[str] | None, asked: str | None
) -> tuple[Experiment, Region | None]:
    """The experiment on one region, and which that is; as it was, and None, where there are no several.

    Parameters
    ----------
    experiment : Experiment
    positions_mm : (channels, 2)
    recorded : (channels,), optional
        The labels that came with the recording.
    asked : str, optional
        The region's name.

    Raises
    ------
    ExperimentError
        When labels, trigger site and region do not fit each other.
    """
    positions = np.asarray(positions_mm, dtype=np.float64)
    labels, site = region_labels(experiment, recorded), experiment.trigger.site
    if labels is not None and len(labels) != len(positions):
        raise ExperimentError(f"{experiment.name}: there are {len(labels)} region labels for {len(positions)} electrodes; give one each")
    region = choose_region(labels, asked, experiment.name, site if isinstance(site, int) else _under_leds(experiment, positions, labels))
    if region is None:
        return experiment, None
    left_out = set(experiment.probe.bad_channels) | {int(c) for c in np.flatnonzero(~region.inside)}
    changes: dict[str, object] = {"probe": experiment.probe.model_copy(update={"bad_channels": tuple(sorted(left_out))})}
    mine = np.flatnonzero(region.inside)
    if experiment.leds.positions_mm is None:
        leds = positions[mine][:: max(4, -(-len(mine) // MAX_LEDS))]
        changes["leds"] = experiment.leds.model_copy(update={"positions_mm": tuple((float(x), float(y)) for x, y in leds)})
    good = [int(c) for c in mine if c not in experiment.probe.bad_channels]
    if not good:
        raise ExperimentError(f"{experiment.name}: probe.bad_channels leaves no channel of region '{region.name}'; keep at least one")
    if site == "center":
        away = np.hypot(*(positions[good] - positions[mine].mean(axis=0)).T)
        changes["trigger"] = experiment.trigger.model_copy(update={"site": good[int(np.argmin(np.round(away, 9)))]})
    return experiment.model_copy(update=changes), region


def _under_leds(experiment: Experiment, positions: NDArray[np.float64], labels: Sequence[str] | None) -> int | None:
    """The electrode nearest to the middle of LEDs that the file places, when the site is to be found from them."""
    if experiment.trigger.site != "led" or experiment.leds.positions_mm is None or labels is None:
        return None
    away = np.hypot(*(positions - np.asarray(experiment.leds.positions_mm).mean(axis=0)).T)
    away[[not label for label in labels]] = np.inf
    return int(np.argmin(np.round(away, 9)))
