"""Does the source come, steadily and whole, and does its clock stay what it is? From when its blocks arrived."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.preflight.finding import Finding, amber, green, red, unlooked
from wavestim.controller.preflight.heard import Array, Heard

LEAST_PART = 0.8
"""Of the samples that were due must have come."""
RATE_OFF = 0.01
LOST_AMBER, LOST_RED = 0.0, 0.01
BUCKET_S = 0.5
STEP_AMBER_MS, STEP_RED_MS = 2.0, 5.0
"""By so much, for good, may the arrivals shift: 5 ms are 27 degrees at 15 Hz."""


def check_source(heard: Heard) -> Finding:
    """Rate, losses, and how old samples are when they come."""
    info, n = heard.info, heard.n_samples
    due = heard.asked_s * info.fs_hz
    if heard.ended or n < LEAST_PART * due:
        why = f" ({heard.ended})" if heard.ended else ""
        return red(
            "source",
            f"{info.where}: {n} of about {due:.0f} samples came in {heard.asked_s:.0f} s{why}",
            "start the acquisition, check its cable or network, and look at it with 'wavestim sources probe'",
            samples=n,
        )
    lateness, samples = _lateness(heard)
    rate = _rate_hz(heard)
    ages = lateness - np.minimum.accumulate(lateness[::-1])[::-1].min()
    p50, p999 = (float(q) for q in np.percentile(ages, (50, 99.9)))
    lost = heard.counts.lost + heard.counts.skipped + heard.counts.overflowed or _missing(heard)
    figures = {
        "where": info.where, "fs_hz": info.fs_hz, "measured_hz": rate, "channels": info.n_channels, "samples": int(samples),
        "lost": lost, "age_ms": {"p50": p50, "p999": p999},
    }  # fmt: skip
    said = f"{info.where}: {info.n_channels} channels at {info.fs_hz:g} Hz, samples up to {p999:.1f} ms old when they come"
    if abs(rate / info.fs_hz - 1) > RATE_OFF:
        return red(
            "source",
            f"{info.where}: {rate:.1f} samples a second come, {info.fs_hz:g} were announced",
            "set the rate of the acquisition to what it announces, or name the right stream",
            **figures,
        )
    if lost > LOST_RED * n:
        return red("source", f"{said}; {lost} samples were lost", "nothing else on that network or USB hub; a shorter cable", **figures)
    if lost > LOST_AMBER:
        return amber("source", f"{said}; {lost} samples were lost", "watch it: what is lost, the model has to guess", **figures)
    return green("source", f"{said}, none lost", **figures)


def check_sample_clock(heard: Heard) -> Finding:
    """Arrivals that shift for good mean that the source's counter passed over something, or that its clock jumped."""
    at_s, floor_ms = _floors(heard)
    if len(floor_ms) < 6:
        return unlooked("sample-clock", "too few samples came to judge their clock", "put the source right and try again")
    halves = [(floor_ms[:i], floor_ms[i:]) for i in range(3, len(floor_ms) - 2)]
    rest = [sum(float(np.abs(side - np.median(side)).sum()) for side in pair) for pair in halves]
    best = int(np.argmin(rest))  # where two levels explain the arrivals best
    step, when = float(np.median(halves[best][1]) - np.median(halves[best][0])), float(at_s[best + 3])
    figures = {"step_ms": step, "at_s": when}
    if abs(step) < STEP_AMBER_MS:
        return green("sample-clock", f"the clock of the samples stays within {abs(step):.2f} ms", **figures)
    what = f"from {when:.1f} s on samples come {abs(step):.1f} ms {'later' if step > 0 else 'earlier'} than before"
    do = "the source passes over samples without counting them, or its clock was set: stop other programs there, take another cable"
    if abs(step) < STEP_RED_MS:
        return amber("sample-clock", what, do, **figures)
    return red("sample-clock", what, do, **figures)


def ages_ms(heard: Heard) -> Array:
    """How old samples were when they came, beyond the constant part that arrivals can't show."""
    lateness, _ = _lateness(heard)
    return lateness - lateness.min() if len(lateness) else lateness


def _lateness(heard: Heard) -> tuple[Array, int]:
    """How late each sample came against its number (ms, from an arbitrary zero); how many there were."""
    first = np.concatenate([np.arange(f, f + len(stamps)) for f, stamps, _ in heard.pieces]) if heard.pieces else np.zeros(0)
    at = np.concatenate([stamps for _, stamps, _ in heard.pieces]) if heard.pieces else np.zeros(0, dtype=np.int64)
    if not len(at):
        return np.zeros(0), 0
    zero: int = int(at[0])
    return np.asarray((at - zero) / 1e6 - (first - first[0]) * 1e3 / heard.info.fs_hz), len(at)


def _floors(heard: Heard) -> tuple[Array, Array]:
    """The luckiest arrival of every half second: when (s), and how late (ms)."""
    lateness, n = _lateness(heard)
    size = max(1, round(BUCKET_S * heard.info.fs_hz))
    whole = n // size
    floors: NDArray[np.float64] = lateness[: whole * size].reshape(whole, size).min(axis=1)
    return np.arange(whole, dtype=np.float64) * BUCKET_S, floors


def _rate_hz(heard: Heard) -> float:
    """By the host's clock, from the luckiest arrivals of the first and the last half second."""
    at_s, floor_ms = _floors(heard)
    if len(at_s) < 2:
        return heard.info.fs_hz
    span = float(at_s[-1] - at_s[0])
    return heard.info.fs_hz * span / (span + float(floor_ms[-1] - floor_ms[0]) / 1e3)


def _missing(heard: Heard) -> int:
    """Samples that the counter passed over."""
    if not heard.pieces:
        return 0
    first, (last, _, block) = heard.pieces[0][0], heard.pieces[-1]
    return max(0, last + len(block) - first - heard.n_samples)
