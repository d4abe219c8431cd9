"""What is known only afterwards: when light really came on, and the phase of the wave at that moment.

In the simulation the truth is known: the edges of light and the cortex are on file with the true relation of their clocks. On real data
the phase is estimated with a zero-phase filter, from sham pulses and replays only: behind real light it would leak the evoked response
backwards over light-on. At light, and shortly before light that is in the samples, the estimate ends at light-on and is marked as such;
shortly after light there is none that could be believed, and the pulse is marked contaminated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.pooling import AFTER_LIGHT_S, BEFORE_LIGHT_S, Pool
from wavestim.controller.record.records import CAME, LIT, PULSE_TRUTH
from wavestim.controller.record.rows import Samples
from wavestim.hardware.simulated.truth import KINDS, Truth
from wavestim.realtime.records import MANUAL

if TYPE_CHECKING:
    from wavestim.controller.record.session import Session

SEARCH_US = 2000.0
"""An edge of light is looked for this near to where the board said it was."""
CLOCK, TRUTH_FILE, EDGES = "rig-clock.json", "truth.bin", "edges.csv"
EDGE = np.dtype([("device_us", "f8"), ("led", "i4"), ("level", "i4")])
Floats = NDArray[np.float64]


def wrap_deg(angle: Any) -> Floats:
    """Into (-180, 180]."""
    wrapped: Floats = 180.0 - np.mod(180.0 - np.asarray(angle, dtype=np.float64), 360.0)
    return wrapped


def pulse_truth(session: Session) -> NDArray[np.void]:
    """Rows of :data:`PULSE_TRUTH` for every pulse that came on, light or sham.

    Parameters
    ----------
    session : Session
        With its pulses and decisions; what is not known stays NaN.
    """
    pulses, decisions = session.pulses, session.decisions
    came = np.isin(pulses["verdict"], CAME)
    came &= (pulses["decision"] >= 0) & (pulses["decision"] < len(decisions))
    mine = decisions[pulses["decision"][came]]
    out = np.zeros(int(came.sum()), PULSE_TRUTH)
    out["decision"] = pulses["decision"][came]
    for name in ("true_sample", "onset_error_us", "true_phase_deg", "phase_error_deg", "direction_error_deg"):
        out[name] = np.nan
    clock = _rig_clock(session.path)
    if clock is not None:
        _from_simulation(session, clock, out, pulses[came], mine)
    else:
        _from_samples(session, out, pulses[came], mine)
    by_hand = mine["condition"] == MANUAL  # aimed at nothing
    for name in out.dtype.names or ():
        if out.dtype[name].kind == "f":
            out[name][by_hand] = np.nan
    out["truth"][by_hand] = ""
    return out


def _rig_clock(path: Path) -> tuple[float, float] | None:
    """Device us at sample 0 and a second, of a simulation that left a truth to read; None of anything else."""
    try:
        clock = json.loads((path / CLOCK).read_text(encoding="ascii"))
        Truth(path / TRUTH_FILE).close()
        return float(clock["device_us_at_sample0"]), float(clock["device_us_per_s"])
    except (OSError, ValueError, KeyError, TypeError):  # not a simulation, or its process died before they were written
        return None


def _from_simulation(
    session: Session, clock: tuple[float, float], out: NDArray[np.void], pulses: NDArray[np.void], decisions: NDArray[np.void]
) -> None:
    us_at_sample0, us_per_sample = clock[0], clock[1] / session.fs_hz
    lead_us = (decisions["fire_sample"] - decisions["start_sample"]) * us_per_sample
    at_site_us = pulses["onset_device_us"] + lead_us
    at_site_us = _as_shone(session, at_site_us, decisions["site"], pulses["dark"])
    out["true_sample"] = (at_site_us - us_at_sample0) / us_per_sample
    out["onset_error_us"] = (out["true_sample"] - decisions["fire_sample"]) * us_per_sample
    with Truth(session.path / TRUTH_FILE) as truth:
        inside = (out["true_sample"] >= 0) & (out["true_sample"] <= len(truth) - 1)
        decided = inside & (decisions["sample"] < len(truth))
        phase = np.full(len(out), np.nan)
        phase[inside] = np.degrees(truth.phase(out["true_sample"][inside], decisions["site"][inside]))
        rows = truth.rows[decisions["sample"][decided]]
        planar = rows["kind"] == KINDS.index("planar")
        wrong = np.where(planar, wrap_deg(decisions["direction_deg"][decided] - rows["direction_deg"]), np.nan)
    out["true_phase_deg"] = phase
    out["phase_error_deg"] = wrap_deg(phase - decisions["target_deg"])
    out["direction_error_deg"][decided] = wrong
    out["truth"] = np.where(np.isfinite(phase), "simulation", "")


def _as_shone(session: Session, expected_us: Floats, sites: NDArray[np.int32], dark: NDArray[np.bool_]) -> Floats:
    """The edges that were really seen, where there was light: at the LED nearest the site, nearest to where the board said."""
    path = session.path / EDGES
    leds = np.asarray(session.about.get("leds_mm", ()), dtype=np.float64).reshape(-1, 2)
    if not path.is_file() or not len(leds):
        return expected_us
    edges = read_edges(path)
    nearest = {int(s): int(np.argmin(np.round(np.hypot(*(leds - session.positions_mm[s]).T), 9))) for s in np.unique(sites)}
    seen = expected_us.copy()
    for site, led in nearest.items():
        on = np.sort(edges["device_us"][(edges["led"] == led) & (edges["level"] > 0)])
        for i in np.flatnonzero((sites == site) & ~dark):
            found = on[np.argmin(np.abs(on - expected_us[i]))] if len(on) else np.nan
            seen[i] = found if abs(found - expected_us[i]) <= SEARCH_US else np.nan
    return seen


def read_edges(path: Path) -> NDArray[np.void]:
    """Edges of light (``device_us``, ``led``, ``level``); the process may have died within a line."""
    data = path.read_bytes()
    lines = data[: data.rfind(b"\n") + 1].splitlines()[1:]
    try:
        return np.loadtxt(lines, delimiter=",", dtype=EDGE, ndmin=1) if lines else np.zeros(0, EDGE)
    except ValueError:  # slower, and leaves out what makes no sense
        return np.array([edge for line in lines if (edge := _edge(line)) is not None], dtype=EDGE)


def _edge(line: bytes) -> tuple[float, int, int] | None:
    try:
        device_us, led, level = line.split(b",")
        return float(device_us), int(led), int(level)
    except ValueError:
        return None


def light_in_samples(session: Session) -> tuple[Floats, Floats]:
    """First and last samples of light that the samples show: of a replay that of the session it replays."""
    if session.about.get("recording") is not None:
        spans = np.asarray(session.about.get("recorded_light", ()), dtype=np.float64).reshape(-1, 2)
    else:
        pulses = session.pulses
        shone = pulses[np.isin(pulses["verdict"], LIT) & ~pulses["dark"]]
        begun = first_light(shone, session.decisions[shone["decision"]])
        spans = np.column_stack([begun, begun])  # counted from light-on, as the refractory time is
    return np.sort(spans[:, 0]), np.sort(spans[:, 1])


def first_light(pulses: NDArray[np.void], decisions: NDArray[np.void]) -> Floats:
    """When the first LED of each pattern came on, in samples, as acknowledged; ``decisions``: those of the pulses."""
    late = pulses["fire_sample"] - decisions["fire_sample"]
    first: Floats = decisions["start_sample"] + np.where(np.isfinite(late), late, 0.0)
    return first


def near_light(at: Floats, lit: tuple[Floats, Floats], fs_hz: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether light was on at each of these samples or shortly before it; whether light comes shortly after it.

    Parameters
    ----------
    at : (n,)
    lit : first and last samples of lit spans, each ascending
    fs_hz : float
    """
    first, last = lit
    begun = np.searchsorted(first, at, side="left")  # light that begins at this very moment is not before it
    over = np.searchsorted(last, at - AFTER_LIGHT_S * fs_hz, side="left")
    coming = np.searchsorted(first, at + BEFORE_LIGHT_S * fs_hz, side="right")
    return begun > over, coming > begun


def _from_samples(session: Session, out: NDArray[np.void], pulses: NDArray[np.void], decisions: NDArray[np.void]) -> None:
    band = tuple(float(f) for f in session.experiment["band_hz"])
    replay = not session.about.get("own_light", session.about.get("recording") is None)
    acked = np.where(np.isfinite(pulses["fire_sample"]), pulses["fire_sample"], decisions["fire_sample"])
    out["true_sample"] = acked
    out["onset_error_us"] = (acked - decisions["fire_sample"]) / session.fs_hz * 1e6
    own = replay | pulses["dark"]  # its light is not in the samples
    begin = np.where(own, acked, first_light(pulses, decisions))  # its own light is not before it
    after, before = near_light(begin, light_in_samples(session), session.fs_hz)
    pool = Pool(session.positions_mm, session.fs_hz, band, session.experiment.get("probe", {}).get("bad_channels", ()))
    for i, first, samples in _windows(session.samples, acked, pool.half):
        unlit = bool(own[i]) and not before[i]
        seen = pool.look(samples, acked[i] - first, int(decisions["site"][i]), None if unlit else begin[i] - first)
        if seen is None:
            continue
        out["true_phase_deg"][i] = seen.phase_deg
        out["phase_error_deg"][i] = wrap_deg(seen.phase_deg - decisions["target_deg"][i])
        out["truth"][i] = "contaminated" if after[i] else ("zero-phase" if unlit else "ends-at-light")


def _windows(samples: Samples, centres: Floats, half: int) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """(index, first sample, 2 half + 1 samples around the centre) in one pass, only where there are so many; constant memory."""
    order = np.argsort(centres, kind="stable")
    wanted = [(int(i), round(float(centres[i])) - half) for i in order if np.isfinite(centres[i])]
    held: NDArray[np.float32] | None = None
    held_first = 0
    for first, block in samples.blocks(8192):
        if held is not None and first == held_first + len(held):
            held = np.concatenate([held, block])
        else:
            held, held_first = block, first
        while wanted and wanted[0][1] + 2 * half + 1 <= held_first + len(held):
            i, start = wanted.pop(0)
            if start >= held_first:
                yield i, start, held[start - held_first : start - held_first + 2 * half + 1]
        keep = wanted[0][1] - held_first if wanted else len(held)
        if keep > 0:
            held, held_first = held[keep:], held_first + min(keep, len(held))


def write_truth(session: Session, path: Path) -> None:
    """Work it out and keep it, so that report and summary read the same numbers."""
    draft = path.with_name(path.name + ".part")
    try:
        with draft.open("wb") as file:
            np.savez(file, pulses=pulse_truth(session))
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
