"""Real recordings, against the phase that a zero-phase filter sees afterwards.

Nobody knows the true phase of a recording. The reference is a band-pass filter run there and back and the Hilbert transform; it sees the
future, and in noise it has an error of its own, larger where the rhythm is weak.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, hilbert, sosfiltfilt, welch
from wavestim.controller.bench import metrics, tuning
from wavestim.controller.bench.accuracy import errors, times
from wavestim.controller.bench.peers import PEERS, TRACKER
from wavestim.controller.bench.scenes import Array, Scene
from wavestim.controller.errors import WavestimError
from wavestim.hardware.sources import SourceError, open_recording

PACKAGED = ("ecog-strip", "m1-beta")
BANDS_HZ = {"theta": (4.0, 8.0), "alpha": (8.0, 13.0), "beta": (13.0, 30.0)}
DOMINANT_HZ = (4.0, 30.0)
HORIZONS_MS = (0, 10, 20, 50)
TUNED_ON = 0.4
"""Part of a recording on which the peers' settings are chosen; the rest is judged."""
EDGE_S = 1.0
"""What the reference filter spoils at the end."""
SHORTEST_S = 8.0


class RecordingsError(WavestimError):
    """The folder of recordings cannot be used."""


@dataclass(frozen=True)
class Signal:
    """A recording in memory."""

    name: str
    lfp: NDArray[np.float32]
    fs_hz: float
    positions_mm: Array


def found_in(folder: Path) -> list[str]:
    """What lies in a folder, by path."""
    if not folder.is_dir():
        raise RecordingsError(f"--recordings {folder}: is not a folder; give one with .npz files or recordings that neo reads")
    return sorted(str(path) for path in folder.iterdir() if not path.name.startswith("."))


def load(path_or_name: str, longest_s: float) -> Signal:
    """The first ``longest_s`` of a recording, channels that are dead or incomplete left out."""
    recording = open_recording(path_or_name)
    name = Path(path_or_name).stem
    if recording.positions_mm is None:
        raise SourceError(f"{name}: says nothing of where its electrodes are; save it as .npz with positions_mm")
    n = min(recording.n_samples, round(longest_s * recording.fs_hz))
    if n < SHORTEST_S * recording.fs_hz:
        raise SourceError(f"{name}: lasts {recording.n_samples / recording.fs_hz:.1f} s; {SHORTEST_S:g} s are the least")
    lfp = np.concatenate([block for first, block in recording.blocks(1 << 16) if first < n])[:n]
    good = np.isfinite(lfp).all(axis=0) & (lfp.std(axis=0) > 0)
    if not good.any():
        raise SourceError(f"{name}: no channel is alive throughout; it must hold one that is")
    return Signal(name, np.ascontiguousarray(lfp[:, good]), recording.fs_hz, recording.positions_mm[good])


def bands(signal: Signal) -> dict[str, tuple[float, float]]:
    """The usual bands, and the one around the peak that stands out most above the spectrum's power law."""
    f, power = welch(signal.lfp / signal.lfp.std(axis=0), signal.fs_hz, nperseg=round(2 * signal.fs_hz), axis=0)
    power = power.mean(axis=1)
    fit = (f >= 2) & (f <= 45)
    slope, level = np.polyfit(np.log(f[fit]), np.log(power[fit]), 1)
    inside = (f >= DOMINANT_HZ[0]) & (f <= DOMINANT_HZ[1])
    excess = np.log(power[inside]) - level - slope * np.log(f[inside])
    peak = float(f[inside][np.argmax(excess)])
    half = max(2.0, peak / 4)
    found = {**BANDS_HZ, "dominant": (peak - half, peak + half)}
    return {name: band for name, band in found.items() if band[1] < 0.4 * signal.fs_hz}


def scene_of(signal: Signal, band_hz: tuple[float, float], evaluate_from: int, end: int) -> Scene:
    """A recording with its reference phase, up to sample ``end``."""
    sos = butter(4, band_hz, "bandpass", fs=signal.fs_hz, output="sos")
    z = hilbert(sosfiltfilt(sos, signal.lfp.astype(np.float64), axis=0), axis=0)[:end]
    unknown = np.full(end, np.nan)
    return Scene(
        lfp=signal.lfp[:end], fs_hz=signal.fs_hz, positions_mm=signal.positions_mm, band_hz=band_hz, phase=np.angle(z), amplitude=np.abs(z),
        direction_deg=unknown, speed_mm_s=unknown, kind=np.full(end, "unknown"), evaluate_from=evaluate_from,
    )  # fmt: skip


def names_of_bands() -> tuple[str, ...]:
    """Bands that every recording is looked at in."""
    return (*BANDS_HZ, "dominant")


def score_band(path_or_name: str, name: str, longest_s: float) -> dict[str, Any]:
    """Errors of the tracker and of each peer in a band of a recording, or why it was left out."""
    try:
        signal = load(path_or_name, longest_s)
    except SourceError as error:
        return {"left_out": str(error)}
    band_hz = bands(signal).get(name)
    if band_hz is None:
        return {"left_out": f"{signal.name}: {signal.fs_hz:g} Hz are too few for the band {name}"}
    n = len(signal.lfp)
    first = round(TUNED_ON * n)
    tuned_on = scene_of(signal, band_hz, first // 2, first)
    judged = scene_of(signal, band_hz, first, n - round(EDGE_S * signal.fs_hz))
    horizons_s = tuple(h / 1000 for h in HORIZONS_MS)
    at = times(judged, max(horizons_s))
    found: dict[str, Any] = {
        "recording": signal.name, "channels": signal.lfp.shape[1], "seconds": n / signal.fs_hz,
        "band": name, "band_hz": band_hz, "rms_deg": {}, "settings": {},
    }  # fmt: skip
    for method in (TRACKER, *PEERS):
        if signal.lfp.shape[1] < method.least_channels:
            continue
        losses = tuning.loss_deg(tuned_on, method) if len(method.grid) > 1 else [0.0]
        settings = method.grid[int(np.argmin(losses))]
        estimate = method.run(judged, at, horizons_s, settings)
        by_horizon = {}
        for h, wrong in zip(HORIZONS_MS, errors(judged, at, estimate, HORIZONS_MS), strict=True):
            amplitude = judged.amplitude[at + round(h / 1000 * signal.fs_hz)][:, estimate.sites]
            strong = amplitude >= np.median(amplitude, axis=0)
            by_horizon[str(h)] = {"all": metrics.rms_deg(wrong), "strong": metrics.rms_deg(wrong[strong])}
        found["rms_deg"][method.name] = by_horizon
        found["settings"][method.name] = dict(settings)
    return found


def paths(folder: Path | None) -> list[str]:
    """The packaged recordings and those of a folder."""
    return [*PACKAGED, *(found_in(folder) if folder is not None else [])]


def best_peer(rms_deg: Mapping[str, Mapping[str, Mapping[str, float]]], horizon_ms: str, samples: str) -> str:
    """Name of the peer with the least error."""
    return min((name for name in rms_deg if name != TRACKER.name), key=lambda name: rms_deg[name][horizon_ms][samples])
