"""The assay: does the wave carry the context? Everything that is asked of one session, and the verdict.

``yes``        the interaction of lag and position is there (p below 0.05 in all three questions), and tokens that came at another time
               show none.
``no``         tokens can be read, and the interval of the interaction leaves out the smallest one that would matter.
``undecided``  anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from wavestim.controller.context.complexity import Tie, ties
from wavestim.controller.context.controls import SHIFT, Asked, Control, controls
from wavestim.controller.context.decoding import Forgetting, forgetting
from wavestim.controller.context.errors import AssayError
from wavestim.controller.context.filters import settle_ms
from wavestim.controller.context.information import Codes, encode, tokens_for
from wavestim.controller.context.interaction import LEVEL, Estimate, Interaction, interaction
from wavestim.controller.context.light import Effect
from wavestim.controller.context.lightsession import light_effects
from wavestim.controller.context.material import Material
from wavestim.controller.context.patterns import Cuts, cut
from wavestim.controller.context.power import Power, power
from wavestim.controller.context.readouts import Readouts, readouts
from wavestim.controller.context.waves import Waves, waves_at

SMALLEST = 0.1
"""A smaller correlation of age and travel time would not matter."""
POWER = 0.8
FEWEST = 4
"""Electrodes with a travel time, at least."""
WIDER = 2.0
"""The filter's band is that of the rhythm, wider by this factor on either side: a narrow filter smears a token over several."""


@dataclass(frozen=True)
class Assay:
    """What was found. ``light`` is a sentence where the comparison was refused; ``animal`` is empty where none is named."""

    name: str
    animal: str
    verdict: str
    words: str
    seed: int
    band_hz: tuple[float, float]
    settle_ms: float
    tokens: int
    cuts: Cuts
    codes: Codes
    waves: Waves
    found: Interaction
    power: Power
    forgetting: Forgetting
    readouts: Readouts
    controls: tuple[Control, ...]
    ties: tuple[Tie, ...]
    light: tuple[Effect, ...] | str


def filter_band_hz(band_hz: tuple[float, float], fs_hz: float) -> tuple[float, float]:
    """The band of the assay's filter for a rhythm of this band."""
    return band_hz[0] / WIDER, min(band_hz[1] * WIDER, 0.4 * fs_hz)


def assay(
    material: Material,
    *,
    sham: Material | None = None,
    lags: int | None = None,
    band_hz: tuple[float, float] | None = None,
    seed: int = 1,
    progress: Callable[[str, float], None] = lambda stage, part: None,
) -> Assay:
    """Ask everything.

    Parameters
    ----------
    material : Material
    sham : Material, optional
        The session that replays this one's light on other trials.
    lags : int, optional
    band_hz : (low, high), optional
        Of the causal filter; default: the rhythm's, twice as wide on either side.
    seed : int
        Of permutations and draws.
    progress : callable
        Takes the stage's name and which part is done.

    Raises
    ------
    AssayError
        When the session cannot be asked. A session in which no wave travels can: it is undecided.
    """
    band = band_hz or filter_band_hz(material.band_hz, material.fs_hz)
    settle = settle_ms(band)
    progress("patterns", 0.05)
    cuts = cut(material, band, lags)
    codes = encode(cuts.trials)
    progress("waves", 0.15)
    waves = waves_at(material, cuts.sample[:, -1])
    travels = bool(np.isfinite(waves.travel_ms).sum() >= FEWEST)
    if not travels:  # a wave that does not travel is everywhere at once
        waves = replace(waves, travel_ms=np.zeros(len(waves.travel_ms)))
    progress("interaction", 0.35)
    found = interaction(codes, waves.travel_ms, material.positions_mm, settle, seed)
    if not travels:
        nothing = Estimate(np.nan, np.nan, np.nan)
        found = replace(found, correlation=nothing, delay_ratio=nothing, p=1.0)
    needed = power(found, codes.trials, tokens_for(cuts.trials.n_tokens, cuts.trials.lags), POWER, seed)
    progress("decoding", 0.4)
    curve = forgetting(cuts.trials, seed)
    progress("read-outs", 0.55)
    places = readouts(cuts.trials, waves.travel_ms, seed)
    progress("controls", 0.75)
    checks = controls(Asked(cuts.trials, waves.travel_ms, material.positions_mm, settle, seed))
    progress("context", 0.9)
    tied = ties(waves, material.tokens.sequence, seed)
    light = _light(material, cuts, band, sham, lags, seed)
    verdict, words = judge(found, curve, checks, needed)
    if not travels:
        verdict = "undecided"
        words = (
            f"a wave was seen to travel at {waves.travels.mean():.0%} of the tokens only: without travel times nothing can be said of "
            f"where it carries them; look at band_hz and the signal (wavestim calibrate)"
        )
    return Assay(
        material.name,
        material.animal,
        verdict,
        words,
        seed,
        band,
        settle,
        codes.trials,
        cuts,
        codes,
        waves,
        found,
        needed,
        curve,
        places,
        checks,
        tied,
        light,
    )


def judge(found: Interaction, curve: Forgetting, checks: tuple[Control, ...], needed: Power) -> tuple[str, str]:
    """The verdict and why, in a sentence."""
    c = found.correlation
    about = f"correlation of age and travel time {c.estimate:.2f} [{c.low:.2f}, {c.high:.2f}], p = {found.p:.3g}"
    shifted = [k for k in checks if k.name == SHIFT and k.passed is False]
    if found.p < LEVEL and not shifted:
        return "yes", f"the older a token, the further along the wave it is read: {about}"
    if found.p < LEVEL:
        return "undecided", f"{about}, but tokens that came at another time show as much: something else in the session has this shape"
    if not curve.low.max() > curve.chance:
        return "undecided", f"no token can be read from the patterns, so there is nothing that a wave could carry: {about}"
    if c.high < SMALLEST:
        return "no", f"tokens can be read, but older ones no further along the wave: {about}; {SMALLEST:g} or more would matter"
    lacking = [
        words
        for p, words in (
            (found.p_moves, "that it moves is within chance"),
            (found.p_along, "it moves no more along the wave than other ways"),
            (found.p_arrives, "nothing arrives downstream that was not there from the start"),
        )
        if p >= LEVEL
    ]
    more = f"; about {needed.needed} tokens would tell" if needed.needed is not None and needed.needed > 0 else ""
    return "undecided", f"{about}: {', '.join(lacking)}{more}"


def _light(
    material: Material, cuts: Cuts, band: tuple[float, float], sham: Material | None, lags: int | None, seed: int
) -> tuple[Effect, ...] | str:
    """Effects of light; a refusal is told, and is an error when a sham was given to compare with."""
    if sham is not None:
        return light_effects(material, cuts, band, (sham, cut(sham, band, lags or cuts.trials.lags)), seed)
    try:
        return light_effects(material, cuts, band, None, seed)
    except AssayError as refused:
        return str(refused)


def as_json(a: Assay) -> dict[str, Any]:
    """The result as plain values; ``study``, ``verdict``, ``effects``, ``parameters`` and ``seeds`` as every study has them."""
    t, f = a.cuts.trials, a.found
    effects = [
        effect("lag x position", f.correlation.estimate, f.correlation.low, f.correlation.high),
        effect("delay ratio", f.delay_ratio.estimate, f.delay_ratio.low, f.delay_ratio.high),
    ]
    effects += [
        effect(f"accuracy, lag {k}", *row)
        for k, row in enumerate(zip(a.forgetting.accuracy, a.forgetting.low, a.forgetting.high, strict=True))
    ]
    effects += [effect(f"crossing - elsewhere, {age:.0f} ms", *row) for age, row in zip(a.readouts.age_ms, a.readouts.gain, strict=True)]
    if not isinstance(a.light, str):
        effects += [effect(f"light: {e.condition} - {e.against}, lag {e.lag}", e.estimate, e.low, e.high) for e in a.light]
    return {
        "study": "assay",
        "session": a.name,
        "animal": a.animal or None,
        "verdict": a.verdict,
        "words": a.words,
        "effects": effects,
        "p": {"p": f.p, "moves": f.p_moves, "along": f.p_along, "arrives": f.p_arrives, "by_turning": f.by_turning},
        "heading_deg": f.heading_deg,
        "controls": [
            {**effect(c.name, c.value.estimate, c.value.low, c.value.high), "p": c.p, "passed": c.passed, "words": c.words}
            for c in a.controls
        ],
        "best_single_electrode": a.forgetting.single.tolist(),
        "readouts": {
            "age_ms": a.readouts.age_ms.tolist(), "crossing": a.readouts.crossing.tolist(), "elsewhere": a.readouts.elsewhere.tolist(),
            "shuffled": a.readouts.shuffled.tolist(),
        },
        "waves": [vars(x) for x in a.ties],
        "light": {"refused": a.light} if isinstance(a.light, str) else [vars(e) for e in a.light],
        "power": {"wanted": POWER, "tokens_needed": a.power.needed, "tokens": a.power.tokens.tolist(), "power": a.power.power.tolist()},
        "parameters": {
            "tokens": a.tokens, "n_tokens": t.n_tokens, "lags": t.lags, "period_ms": t.period_ms, "cuts_ms": t.cut_ms.tolist(),
            "band_hz": list(a.band_hz), "settle_ms": a.settle_ms, "blocks": a.codes.n, "level": LEVEL, "smallest": SMALLEST,
            "chance": a.forgetting.chance, "tokens_with_a_wave": float(a.waves.travels.mean()),
        },
        "seeds": [a.seed],
    }  # fmt: skip


def effect(name: str, estimate: float, low: float, high: float) -> dict[str, Any]:
    """A value with its interval, as every study tells it."""
    return {"name": name, "estimate": float(estimate), "low": float(low), "high": float(high)}


__all__ = ["Assay", "as_json", "assay", "effect", "filter_band_hz", "judge"]
