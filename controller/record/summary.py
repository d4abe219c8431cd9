"""``summary.json``: the figures of a session, worked out from its journal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment.thermal import SIGMA_MM, Faces
from wavestim.controller.record.dose import dose, entries_of, slots_of
from wavestim.controller.record.hashing import decisions_sha256
from wavestim.controller.record.loopback import loopback
from wavestim.controller.record.trials import course_of, summary_of
from wavestim.controller.staleness import STALE
from wavestim.realtime.records import DECISION, MANUAL

if TYPE_CHECKING:
    from wavestim.controller.record.session import Session

LIT = ("fired", "cut")
Summary = dict[str, Any]


def summarise(session: Session) -> Summary:
    """The figures of a session, finished or not.

    Parameters
    ----------
    session : Session

    Returns
    -------
    dict
        Plain values, the keys of ``summary.json``.
    """
    decisions, every = session.decisions, session.pulses
    drawn = decisions[decisions["condition"] != MANUAL]
    by_hand = decisions["condition"][every["decision"]] == MANUAL if len(every) else np.zeros(0, np.bool_)
    pulses = every[~by_hand]
    counts = session.meta.get("counts", {})
    lit = np.isin(pulses["verdict"], LIT) & ~pulses["dark"]
    came = lit | (pulses["verdict"] == "dark") | (np.isin(pulses["verdict"], LIT) & pulses["dark"])
    ended = pulses["reason"] == "session-ended"
    found: Summary = {
        "session": str(session.path.absolute()),
        "samples": int(counts.get("samples", session.samples.shape[0])),
        "dropped_samples": int(counts.get("dropped", sum(max(0, n) for _, n in session.samples.gaps))),
        "ticks": int(counts.get("ticks", session.decided_to)),
        "decisions": len(decisions),
        "decisions_sha256": decisions_sha256(decisions.astype(DECISION, copy=False)),
        "pulses": {
            "scheduled": int((drawn["verdict"] == "scheduled").sum()),
            "fired": int(lit.sum()),
            "missed": int((np.isin(pulses["verdict"], ("missed", "lost")) & ~ended).sum()),
            "lost": int(((pulses["verdict"] == "lost") & ~ended).sum()),
            "vetoed": int((drawn["verdict"] != "scheduled").sum()),
            "refused": int((pulses["verdict"] == "refused").sum()),
            "dark": int((came & ~lit).sum()),
            "cancelled": int((ended & ~came).sum()),
        },
        **_errors(session, pulses),
        "latency_us": _latency(pulses),
        "dose": _dose(session, decisions, every, may_have_shone(every)),
        "conditions": _conditions(session, decisions, pulses, came),
        **summary_of(session),
        "horizon_ms": _horizon(session),
        "calibration": _calibration(session),
        "light": {name: session.about.get("light", {}).get(name) for name in ("kind", "board", "guarantee", "timing")},
        "pace": session.about.get("pace"),
        "realtime": counts.get("realtime"),
        "stopped_early": bool(counts.get("stopped_early", False)),
        "stopped_by": str(counts.get("stopped_by", "")),
        "safe": list(counts.get("safe", ())),
        "went_dark": counts.get("went_dark"),
    }
    region = session.about.get("region")
    if region is not None:
        found["region"] = {"name": region["name"], "channels": dict(Counter(label for label in region["labels"] if label))}
    reference = session.about.get("recording")
    if reference is not None:
        found["recording"] = reference["path"]
    source = session.meta.get("source")
    if source is not None:
        found["source"] = {"kind": source["kind"], "where": source["where"], **source["counts"]}
    if len(drawn) < len(decisions):
        found["manual_light"] = _by_hand(decisions, every[by_hand])
    gate = loopback(session)
    if gate is not None:
        found["loopback"] = gate
    horizon = session.meta.get("horizon")
    if horizon is not None:
        found["horizon"] = dict(horizon)
    if session.recovered:
        found["recovered"] = session.meta["recovered"]
    return found


def _by_hand(decisions: NDArray[np.void], pulses: NDArray[np.void]) -> Summary:
    """Light that a person asked for: no part of the experiment, and counted in the dose."""
    asked = decisions[decisions["condition"] == MANUAL]
    return {
        "asked": len(asked),
        "fired": int(np.isin(pulses["verdict"], LIT).sum()),
        "withheld": int((asked["verdict"] != "scheduled").sum()),
        "failed": int((~np.isin(pulses["verdict"], LIT)).sum()),
    }


def may_have_shone(pulses: NDArray[np.void]) -> NDArray[np.bool_]:
    """Pulses that gave light, and those of which nobody knows (``lost``, before the end): their light counts in the dose."""
    unknown = (pulses["verdict"] == "lost") & (pulses["reason"] != "session-ended")
    return np.asarray((np.isin(pulses["verdict"], LIT) | unknown) & ~pulses["dark"])


def circular(error_deg: NDArray[np.float64]) -> Summary | None:
    """Bias, circular SD (sqrt(-2 ln R)) and median of absolute errors, degrees; None when there are none."""
    known = error_deg[np.isfinite(error_deg)]
    if not len(known):
        return None
    mean = np.exp(1j * np.radians(known)).mean()
    sd = float(np.degrees(np.sqrt(-2 * np.log(max(abs(mean), 1e-6)))))
    return {
        "bias": round(float(np.degrees(np.angle(mean))), 3),
        "sd": round(min(sd, 180.0), 3),
        "median_abs": round(float(np.median(np.abs(known))), 3),
        "n": len(known),
    }


def _errors(session: Session, pulses: NDArray[np.void]) -> Summary:
    """Phase, direction and onset; post hoc only what no light has touched counts."""
    simulated = bool((pulses["truth"] == "simulation").any())
    counted = pulses["truth"] == ("simulation" if simulated else "zero-phase")
    phase = circular(pulses["phase_error_deg"][counted])
    direction = circular(pulses["direction_error_deg"][counted])
    lit = np.isin(pulses["verdict"], LIT)
    onset = np.abs(pulses["onset_error_us"][lit & np.isfinite(pulses["onset_error_us"])])
    truth = "simulation" if simulated else "posthoc"
    return {
        "phase_error_deg": {**(phase or {"bias": None, "sd": None, "median_abs": None, "n": 0}), "truth": truth},
        "direction_error_deg": None if direction is None else {**direction, "truth": truth},
        "light_onset_error_us": _percentiles(onset, {"p50": 50.0, "p99": 99.0, "max": 100.0}),
    }


def _latency(pulses: NDArray[np.void]) -> Summary | None:
    """Block received to frame written; unknown under a simulated clock."""
    total = pulses["queue_us"] + pulses["compute_us"] + pulses["serial_us"]
    return _percentiles(total[np.isfinite(total)], {"p50": 50.0, "p99": 99.0, "p999": 99.9, "max": 100.0})


def _percentiles(values: NDArray[np.float64], which: dict[str, float]) -> Summary | None:
    return {name: round(float(np.percentile(values, q)), 3) for name, q in which.items()} if len(values) else None


def _dose(session: Session, decisions: NDArray[np.void], pulses: NDArray[np.void], lit: NDArray[np.bool_]) -> Summary:
    slots, leds = slots_of(session.about), np.asarray(session.about.get("leds_mm", ()), dtype=np.float64)
    shone = [] if session.about.get("recording") is not None else decisions[pulses["decision"][lit]]
    at = [(float(d["start_sample"]) / session.fs_hz, entries_of(slots, int(d["slot"]))) for d in shone]
    asked = session.experiment.get("leds", {})
    narrow, part = SIGMA_MM[asked.get("contact", "apart")], float(asked.get("wall_plug", 1.0))
    return dose(sorted(at, key=lambda p: p[0]), Faces(leds.reshape(-1, 2), float(asked.get("spot_mm", 0.2)), narrow, part))


def _conditions(session: Session, decisions: NDArray[np.void], pulses: NDArray[np.void], came: NDArray[np.bool_]) -> Summary:
    drawn = decisions["condition"][pulses["decision"]] if len(pulses) else np.zeros(0, "U32")
    catch = course_of(session).catch[pulses["decision"]] if len(pulses) else np.zeros(0, dtype=np.bool_)
    found: Summary = {}
    for condition in session.experiment.get("conditions", ()):
        mine = drawn == condition["name"]
        counted = mine & np.isin(pulses["truth"], ("simulation", "zero-phase"))
        found[str(condition["name"])] = {
            "pulses": int((mine & came).sum()),
            "catch": int((mine & came & catch).sum()),
            "missed": int((mine & ~came & (pulses["reason"] != "session-ended")).sum()),
            "phase_error_deg": circular(pulses["phase_error_deg"][counted]),
        }
    return found


def _horizon(session: Session) -> float | None:
    asked = [value for _, kind, value, _ in session.input_events if kind == "horizon"]
    return float(asked[-1]) if asked else session.about.get("horizon_ms")


def _calibration(session: Session) -> Summary:
    """Where it came from, and since when it does not fit any more."""
    about = session.about.get("calibration")
    found: Summary = {"from": "warm-up"}
    if about is not None:
        found = {"from": about.get("path"), "sha256": about.get("sha256"), "learned_utc": about.get("learned_utc")}
    markers = session.markers
    at = markers[markers["name"] == STALE]
    if not len(at):
        return {**found, "stale": None}
    since = int(at[0]["sample"])
    return {**found, "stale": {"sample": since, "seconds": round(since / session.fs_hz, 3), "why": str(at[0]["value"])}}
