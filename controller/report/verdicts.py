"""The headline figures, each with a plain sentence: what an experimenter wants to know first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from wavestim.controller.report._session import CATCH, Pulses, SessionLike, headings
from wavestim.controller.report.effect import Effect
from wavestim.controller.report.phase import PhaseErrors

State = Literal["good", "warn", "bad", "plain"]


@dataclass(frozen=True)
class Card:
    """A figure, what it is called, and what it means."""

    title: str
    value: str
    sentence: str
    state: State


def cards(session: SessionLike, pulses: Pulses, errors: PhaseErrors, effect: Effect) -> list[Card]:
    """All headline figures, most important first."""
    return [
        effect_card(session, effect),
        phase_card(session, errors),
        pulse_card(session, pulses),
        onset_card(session.summary),
        sample_card(session.summary),
    ]


def effect_card(session: SessionLike, effect: Effect) -> Card:
    """Did the direction, or the presence, of light matter?"""
    if not effect.differences:
        return Card("Effect of light", "not measured", _sentence(effect.why_not or "only one condition could be measured"), "plain")
    first = effect.differences[0]
    kinds = headings(session)
    a, b = first.name.split(" − ")
    interval = f"95 % interval {first.low:+.1f} to {first.high:+.1f}"
    if not first.shown:
        text = f"No difference shown between {a} and {b} ({interval} includes 0)."
    else:
        more = "larger" if first.estimate > 0 else "smaller"
        text = f"After {a} the wave was {more} than after {b} ({interval})."
    for kind, words in (("sham", "sham"), ("catch", "its catch trials")):
        others = [d for d in effect.differences[1:] if kinds.get(d.name.split(" − ")[1]) == kind]
        if others:
            listed = ", ".join(f"{d.name.split(' − ')[0]} {d.estimate:+.1f}{'' if d.shown else ' (not shown)'}" for d in others)
            text += f" Against {words}: {listed}."
    return Card(f"Effect: {a} − {b}", f"{first.estimate:+.1f} %", text, "good" if first.shown else "plain")


def phase_card(session: SessionLike, errors: PhaseErrors) -> Card:
    """Did light come at the wanted phase?"""
    summary = session.summary.get("phase_error_deg")
    n, bias, sd, truth = _phase_numbers(summary if isinstance(summary, Mapping) else {}, errors)
    if n == 0:
        return Card("Phase at light-on", "not known", "No pulse has a phase to compare with.", "plain")
    against = "the true phase of the simulation" if truth == "simulation" else "the phase estimated afterwards (sham pulses)"
    text = f"Light came {_bias_words(bias)} and spread {_spread_words(sd)}, against {against}; {n} pulses."
    policy = str(session.summary.get("policy") or "phase-locked")
    if policy != "phase-locked":
        text = f"Policy {policy}: a control that does not look at the phase. {text}"
    state: State = (
        "plain"
        if policy != "phase-locked"
        else "good"
        if abs(bias) <= 15 and sd <= 45
        else "warn"
        if abs(bias) <= 30 and sd <= 70
        else "bad"
    )
    return Card("Phase error at light-on", f"{bias:+.0f}° ± {sd:.0f}°", text, state)


def pulse_card(session: SessionLike, pulses: Pulses) -> Card:
    """How many pulses came out of those that were meant to."""
    counts = _counts(session.summary, pulses)
    scheduled, missed, refused = counts["scheduled"], counts["missed"], counts["refused"]
    if scheduled == 0:
        return Card("Pulses", "0", "Nothing was scheduled; the reasons for withholding light are below.", "warn")
    sham = int(pulses.dark.sum())
    lost = missed + refused
    catch = int((pulses.dark & np.char.endswith(pulses.condition, CATCH)).sum())
    dark = f"{sham - catch} sham and {catch} catch trials" if catch else f"{sham} sham"
    text = f"{counts['fired']} with light and {dark}, of {scheduled} scheduled"
    text += "; none was lost." if lost == 0 else f"; {missed} came too late and stayed dark, {refused} were refused."
    state: State = "good" if lost == 0 else "warn" if lost <= 0.05 * scheduled else "bad"
    return Card("Pulses", f"{counts['fired'] + sham} of {scheduled}", text, state)


def onset_card(summary: Mapping[str, Any]) -> Card:
    """How exactly light came when it was meant to."""
    onset, latency = summary.get("light_onset_error_us"), summary.get("latency_us")
    late = "" if not isinstance(latency, Mapping) or latency.get("p99") is None else f" Samples to frame: {latency['p99']:.0f} µs (p99)."
    if not isinstance(onset, Mapping) or onset.get("p99") is None:
        return Card("Light onset", "not measured", "The board's own time of light was not compared with the plan." + late, "plain")
    p99 = float(onset["p99"])
    state: State = "good" if p99 < 500 else "warn" if p99 < 2000 else "bad"
    value = f"{p99:.0f} µs" if p99 >= 1 else "< 1 µs"
    text = f"99 of 100 pulses came within this of the plan, {clock_words(summary)}.{late}"
    return Card("Light onset error", value, text, state)


def clock_words(summary: Mapping[str, Any]) -> str:
    """By whose clock the moments of light are known."""
    light = summary.get("light")
    timed = isinstance(light, Mapping) and "the host's reckoning" in str(light.get("timing"))
    return "by the host's reckoning, for the board has no clock" if timed else "by the board's own clock"


def sample_card(summary: Mapping[str, Any]) -> Card:
    """Was the recording whole?"""
    dropped, samples = int(summary.get("dropped_samples") or 0), int(summary.get("samples") or 0)
    text = "No sample was lost." if dropped == 0 else f"Of {samples} samples; the gaps are marked in the session."
    return Card("Dropped samples", str(dropped), text, "good" if dropped == 0 else "bad")


def _counts(summary: Mapping[str, Any], pulses: Pulses) -> dict[str, int]:
    stated = summary.get("pulses")
    stated = stated if isinstance(stated, Mapping) else {}
    found = {
        "scheduled": len(pulses),
        "fired": int(pulses.lit.sum()),
        "missed": int((pulses.verdict == "missed").sum()),
        "refused": int((pulses.verdict == "refused").sum()),
    }
    return {key: int(stated.get(key, value) or 0) for key, value in found.items()}


def _phase_numbers(summary: Mapping[str, Any], errors: PhaseErrors) -> tuple[int, float, float, str]:
    if summary.get("n") and isinstance(summary.get("bias"), int | float) and isinstance(summary.get("sd"), int | float):
        return int(summary["n"]), float(summary["bias"]), float(summary["sd"]), str(summary.get("truth", ""))
    known = np.radians(errors.known)
    if not len(known):
        return 0, 0.0, 0.0, "none"
    mean = np.exp(1j * known).mean()
    sd = float(np.degrees(np.sqrt(-2 * np.log(max(abs(mean), 1e-6)))))
    return len(known), float(np.degrees(np.angle(mean))), min(sd, 180.0), errors.truth


def _bias_words(bias: float) -> str:
    if abs(bias) <= 5:
        return "on the wanted phase"
    return f"{abs(bias):.0f}° {'after' if bias > 0 else 'before'} the wanted phase"


def _spread_words(sd: float) -> str:
    for limit, words in ((25, "little"), (45, "moderately"), (70, "widely")):
        if sd <= limit:
            return f"{words} ({sd:.0f}°)"
    return f"so widely ({sd:.0f}°) that it was hardly locked"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
