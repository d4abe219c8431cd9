"""The light's gate, recorded beside the samples: when light was on in the source's own time, and the delay that arrivals can't show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from wavestim.controller.record.session import Session

LIT = ("fired", "cut")
WITHIN_MS = 300.0
"""A gate is looked for so far around its pulse, or to the middle between two pulses."""
CUT = 0.02
"""What one of a hundred pulses on either side, which may be wrong, is worth, in samples."""
APART = 6.0
"""High and low of a gate lie so many of their own SDs apart; a wire that hangs in the air has 1.6 to 3.5."""
LEAST, MOST = 20, 2000
"""Pulses that say something, and that are enough."""


def loopback(session: Session) -> dict[str, Any] | None:
    """What the gate tells of a session whose source has ``loopback_line`` or ``loopback_channel``; otherwise None.

    The clock of the samples was placed with the delay that was believed in; what the gate is late by has to be added to it.

    Returns
    -------
    dict
        ``pulses``, ``n`` of them seen; ``used_ms`` the delay that was believed in; with at least 20 seen: ``delay_ms`` as measured,
        ``uncertainty_ms`` (plus or minus), ``onset_error_us`` (p50, p99: of light-on against its acknowledgement, where half a sample
        cannot be told).
    """
    source = session.experiment.get("source", {})
    line, channel = source.get("loopback_line"), source.get("loopback_channel")
    if line is None and channel is None:
        return None
    pulses, decisions = session.pulses, session.decisions
    lit = pulses[np.isin(pulses["verdict"], LIT) & np.isfinite(pulses["fire_sample"]) & ~pulses["dark"]]
    decided = decisions[lit["decision"]]
    on = np.sort(decided["start_sample"] + lit["fire_sample"] - decided["fire_sample"])
    fs_hz = session.fs_hz
    used_ms = float(session.meta.get("fixed_delay_ms", 0.0))
    found: dict[str, Any] = {"pulses": len(on), "n": 0, "used_ms": used_ms}
    if len(on) < LEAST:
        return found
    reach = min(WITHIN_MS * fs_hz / 1000, float(np.diff(on).min()) / 2)
    on = on[np.linspace(0, len(on) - 1, min(len(on), MOST)).astype(int)]
    ttl = session.markers[session.markers["name"] == "ttl"]
    words = ((float(marker["sample"]), int(marker["value"])) for marker in ttl)
    rises = line_rises(words, int(line)) if line is not None else _channel_rises(session, int(channel), on, reach)
    off = _off_by(on, rises, reach)
    found["n"] = len(off)
    if len(off) < LEAST:
        return found
    off = agreeing(off)
    found["n"] = len(off)
    shift, unsure = bracket(off)
    period_ms = 1000 / fs_hz
    p50, p99 = np.percentile(np.abs(off - 0.5 - shift), [50, 99]) * period_ms * 1000
    return found | {
        "delay_ms": round(used_ms + shift * period_ms, 4) + 0.0,
        "uncertainty_ms": round(unsure * period_ms + _clock_uncertainty_ms(session), 4),
        "onset_error_us": {"p50": round(float(p50), 1), "p99": round(float(p99), 1)},
    }


def agreeing(off: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those within a sample of where most lie, if half of all do, otherwise all: what lies elsewhere is the gate of another pulse."""
    core = densest(off)
    return core if 2 * len(core) >= len(off) else off


def densest(off: NDArray[np.float64]) -> NDArray[np.float64]:
    """Those within a sample of where most lie."""
    off = np.sort(off)
    within = np.searchsorted(off, off + 1, side="right") - np.arange(len(off))
    start = off[int(within.argmax())]
    return np.asarray(off[(off >= start - 0.5) & (off <= start + 1.5)])


def gate_middle(levels: NDArray[np.floating[Any]]) -> float:
    """Between the two levels of a gate; NaN when a channel shows no gate: one level, or noise."""
    known = np.asarray(levels, dtype=np.float64).ravel()
    known = known[np.isfinite(known)]
    if not len(known):
        return float("nan")
    middle = 0.5 * float(known.min() + known.max())
    high, low = known[known > middle], known[known <= middle]
    if not len(high) or not len(low):
        return float("nan")
    return middle if high.mean() - low.mean() > APART * np.sqrt(0.5 * (high.var() + low.var())) else float("nan")


def line_rises(words: Iterable[tuple[float, int]], line: int) -> NDArray[np.float64]:
    """Samples at which a digital line (from 1) went up.

    Parameters
    ----------
    words : iterable of (sample, digital word from then on), in order
    line : int
    """
    rises, before = [], 0
    for sample, word in words:
        bit = word >> (line - 1) & 1
        if bit and not before:
            rises.append(float(sample))
        before = bit
    return np.array(rises)


def bracket(off: NDArray[np.float64]) -> tuple[float, float]:
    """By how much the gate is late, and plus or minus what, in samples, when its first high samples are off by so much.

    A gate that is late by d is seen at the next whole sample, so that every ``off`` lies between d and d + 1, wherever between two samples
    pulses begin: d is between the latest less 1 and the earliest. Where clocks wander they lie further apart than a sample, and the middle
    is taken. One of a hundred on either side may be wrong.
    """
    earliest, latest = (float(q) for q in np.percentile(off, [1, 99]))
    apart = latest - earliest
    return 0.5 * (earliest + latest - 1), 0.5 * abs(1 - apart) + 1.96 * max(apart - 1, 0.0) / np.sqrt(len(off)) + CUT


def loopback_words(found: dict[str, Any]) -> str:
    """For people: what was measured, and what to write into the experiment."""
    if found["pulses"] < LEAST:
        return f"there were {found['pulses']} pulses of light; to look for their gate and measure a delay {LEAST} are needed"
    if "delay_ms" not in found:
        return f"the gate was seen for {found['n']} of {found['pulses']} pulses of light; to measure a delay {LEAST} are needed"
    return (
        f"the source's constant delay is {found['delay_ms']:.2f} ms ± {found['uncertainty_ms']:.2f} (from the gate of {found['n']} pulses; "
        f"{found['used_ms']:g} was used): write fixed_delay_ms: {found['delay_ms']:.2f}, fixed_delay_uncertainty_ms: "
        f"{found['uncertainty_ms']:.2f} into source"
    )


def _off_by(on: NDArray[np.float64], rises: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Samples from each light-on to the first rise within reach of it."""
    first = np.searchsorted(rises, on - reach)
    seen = first < len(rises)
    off = rises[first[seen]] - on[seen]
    return off[off < reach]


def _channel_rises(session: Session, channel: int, on: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """First samples above the middle of a channel, one around each light-on at most."""
    n = session.samples.shape[0]
    starts = np.clip(np.floor(on - reach).astype(int), 0, n)
    windows = [(a, session.samples[a : min(n, int(a + 2 * reach) + 1)][:, channel]) for a in starts.tolist()]
    middle = gate_middle(np.concatenate([w for _, w in windows]))
    rises = []
    for a, window in windows:
        up = np.flatnonzero((window[1:] > middle) & ~(window[:-1] > middle))
        if len(up):
            rises.append(float(a + up[0] + 1))
    return np.unique(rises)


def _clock_uncertainty_ms(session: Session) -> float:
    """What the clocks were known to, median."""
    models = session.clock_models
    return float(np.median([m["uncertainty_ns"] for m in models])) / 1e6 if models else 0.0
