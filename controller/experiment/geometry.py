"""Where electrodes and LEDs are, in mm, and which electrode is the trigger site."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._probe import FileProbe, GridProbe
from wavestim.controller.experiment._source import FileSource
from wavestim.controller.experiment._types import Plan, SlotPlan
from wavestim.controller.experiment.schema import Experiment

Positions = NDArray[np.float64]
SAME_PLACE_MM = 1e-6
MAX_LEDS = 64
"""As many as a board holds in one pattern: every LED of a travelling pattern lights once."""


def electrode_positions(experiment: Experiment, recorded_mm: ArrayLike | None = None) -> Positions:
    """Positions of the channels in mm, (n, 2), in channel order.

    Parameters
    ----------
    experiment : Experiment
        Its probe.
    recorded_mm : array, optional
        The positions that came with the recording, used by ``probe: recording``.

    Raises
    ------
    ExperimentError
        When positions cannot be found, do not fit the channel map, or put two electrodes at one place.
    """
    probe = experiment.probe
    if isinstance(probe, GridProbe):
        electrodes = _grid(probe)
    elif isinstance(probe, FileProbe):
        electrodes, _ = _probe_file(probe.path)
    else:
        electrodes = _recorded(experiment, recorded_mm)
    positions = np.ascontiguousarray(electrodes[_channel_order(len(electrodes), probe.channel_map, experiment.name)])
    _check(positions, experiment)
    return positions


def led_positions(experiment: Experiment, positions_mm: ArrayLike) -> Positions:
    """Positions of the LEDs in mm, (m, 2); those of a second colour follow, at the same places.

    When the file gives none, there is one over every fourth electrode, or fewer on a large array. Over a grid these are every second row
    and column (a strip: every fourth electrode), otherwise channels 0, 4, 8, ...; where that were more than ``MAX_LEDS``, every third,
    fourth, ... of them.
    """
    colours = 1 if experiment.leds.inhibition is None else 2
    return np.tile(_places(experiment, positions_mm, MAX_LEDS // colours), (colours, 1))


def _places(experiment: Experiment, positions_mm: ArrayLike, most: int) -> Positions:
    given = experiment.leds.positions_mm
    if given is not None:
        return np.asarray(given, dtype=np.float64).reshape(-1, 2)
    probe = experiment.probe
    if isinstance(probe, GridProbe):
        step = 4 if 1 in (probe.rows, probe.columns) else 2
        while -(-probe.rows // step) * -(-probe.columns // step) > most:
            step += 1
        grid = _grid(probe).reshape(probe.rows, probe.columns, 2)
        return np.ascontiguousarray(grid[::step, ::step].reshape(-1, 2))
    positions = np.asarray(positions_mm, dtype=np.float64)
    return np.ascontiguousarray(positions[:: max(4, -(-len(positions) // most))])


def site_index(experiment: Experiment, positions_mm: ArrayLike, leds_mm: ArrayLike, slots: Plan | Sequence[SlotPlan]) -> int:
    """The electrode at which the phase counts.

    ``center``: nearest the centroid; ``led``: nearest the LED that lights first in the first slot; or an index. Bad channels are
    passed over by the words and refused as an index.
    """
    positions, site = np.asarray(positions_mm, dtype=np.float64), experiment.trigger.site
    bad = set(experiment.probe.bad_channels)
    if isinstance(site, int):
        if site >= len(positions):
            raise ExperimentError(
                f"{experiment.name}: trigger.site is electrode {site}, but there are electrodes 0 to {len(positions) - 1}"
            )
        if site in bad:
            raise ExperimentError(
                f"{experiment.name}: trigger.site is electrode {site}, which is one of probe.bad_channels; choose another"
            )
        return site
    if site == "center":
        target = positions.mean(axis=0)
    else:
        planned = slots.slots if isinstance(slots, Plan) else slots
        first = min(planned[0].entries, key=lambda e: (e.delay_us, e.site))
        target = np.asarray(leds_mm, dtype=np.float64)[first.site]
    distance = np.hypot(*(positions - target).T)
    distance[sorted(bad)] = np.inf
    return int(np.argmin(np.round(distance, 9)))


def _grid(probe: GridProbe) -> Positions:
    column, row = np.meshgrid(np.arange(probe.columns), np.arange(probe.rows))
    x = (column - (probe.columns - 1) / 2) * probe.pitch_mm
    y = (row - (probe.rows - 1) / 2) * probe.pitch_mm
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)


def probe_regions(probe: FileProbe) -> tuple[str, ...] | None:
    """The probe that each channel belongs to, by name, in channel order; None when the file holds a single one. Shanks are no regions."""
    names, (_, belongs) = _probe_names(probe.path), _probe_file(probe.path)
    return tuple(names[i] for i in belongs[_channel_order(len(belongs), probe.channel_map, probe.path)]) if len(names) > 1 else None


def _probe_names(path: str) -> list[str]:
    """Of every probe in the file; probe0, probe1, ... where it says none, or the same twice."""
    told = [str(p.name or p.annotations.get("name") or "") for p in _read_probes(path)]
    return [name if name and told.count(name) == 1 else f"probe{i}" for i, name in enumerate(told)]


def _read_probes(path: str) -> list[Any]:
    if not Path(path).is_file():
        raise ExperimentError(f"{path}: no such probe file; give probe.path a probeinterface JSON file")
    from probeinterface import read_probeinterface

    try:
        probes = list(read_probeinterface(path).probes)
        if not probes:
            raise ValueError("it holds no probe")
    except Exception as error:
        raise ExperimentError(f"{path}: not a probeinterface file ({_short(error)}); write_probeinterface makes one") from error
    return probes


def _probe_file(path: str) -> tuple[Positions, NDArray[np.intp]]:
    """Places of the contacts, mm, and the number of the probe that each belongs to; in the order of their channels where they are wired."""
    probes = _read_probes(path)
    try:
        positions = np.concatenate([np.asarray(p.contact_positions, dtype=float)[:, :2] * _mm(p.si_units) for p in probes])
    except Exception as error:
        raise ExperimentError(f"{path}: not a probeinterface file ({_short(error)}); write_probeinterface makes one") from error
    belongs = np.repeat(np.arange(len(probes)), [len(p.contact_positions) for p in probes])
    wired = [p.device_channel_indices for p in probes]
    if all(channels is not None for channels in wired):
        order = _by_wiring(np.concatenate([np.asarray(c) for c in wired]), path)
        return np.ascontiguousarray(positions[order]), belongs[order]
    return positions, belongs


def _by_wiring(channels: NDArray[Any], path: str) -> NDArray[np.intp]:
    """Contacts in the order of the channels they are wired to; -1 is not connected."""
    connected = np.flatnonzero(channels >= 0)
    order = connected[np.argsort(channels[connected])]
    if not np.array_equal(channels[order], np.arange(len(connected))):
        raise ExperimentError(f"{path}: device_channel_indices must name every channel from 0 upwards exactly once (-1 for not connected)")
    return order


def _mm(units: str) -> float:
    try:
        return {"um": 1e-3, "mm": 1.0, "m": 1e3}[units]
    except KeyError:
        raise ValueError(f"its unit '{units}' is none of um, mm, m") from None


def _recorded(experiment: Experiment, recorded_mm: ArrayLike | None) -> Positions:
    if recorded_mm is not None:
        return np.asarray(recorded_mm, dtype=np.float64).reshape(-1, 2)
    source = experiment.source
    if isinstance(source, FileSource) and source.path.endswith(".npz"):
        try:
            with np.load(source.path, allow_pickle=False) as archive:
                return np.asarray(archive["positions_mm"], dtype=np.float64).reshape(-1, 2)
        except (OSError, KeyError, ValueError) as error:
            raise ExperimentError(f"{source.path}: no positions_mm in it ({_short(error)}), which probe: recording needs") from error
    raise ExperimentError(
        f"{experiment.name}: probe: kind 'recording' needs a recording; give source a file, or make probe a grid or a file"
    )


def _channel_order(n: int, channel_map: Sequence[int | None] | None, name: str) -> NDArray[np.intp]:
    """The electrode of every channel, of n electrodes."""
    if channel_map is None:
        return np.arange(n)
    if len(channel_map) != n:
        raise ExperimentError(f"{name}: probe.channel_map has {len(channel_map)} entries for {n} electrodes; give one each")
    connected = [(channel, electrode) for electrode, channel in enumerate(channel_map) if channel is not None]
    return np.array([electrode for _, electrode in sorted(connected)], dtype=np.intp)


def _check(positions: Positions, experiment: Experiment) -> None:
    n = len(positions)
    if n == 0:
        raise ExperimentError(f"{experiment.name}: probe has no connected electrode; give it at least one")
    if not np.isfinite(positions).all():
        lost = int(np.argmin(np.isfinite(positions).all(axis=1)))
        raise ExperimentError(f"{experiment.name}: probe: the position of electrode {lost} is not finite; give it in mm")
    outside = [c for c in experiment.probe.bad_channels if c >= n]
    if outside:
        raise ExperimentError(f"{experiment.name}: probe.bad_channels names channel {outside[0]}, but the channels are 0 to {n - 1}")
    if len(set(experiment.probe.bad_channels)) == n:
        raise ExperimentError(f"{experiment.name}: probe.bad_channels leaves no channel; keep at least one")
    order = np.lexsort(positions.T)
    for a, b in pairwise(order):
        if np.hypot(*(positions[a] - positions[b])) < SAME_PLACE_MM:
            a, b = sorted((int(a), int(b)))
            raise ExperimentError(f"{experiment.name}: probe: electrodes {a} and {b} are at the same place; every electrode needs its own")


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 100 else text[:97] + "..."
