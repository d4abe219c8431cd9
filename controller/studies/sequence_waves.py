"""Do wave properties that follow the sequence's complexity show, and only then (Next Check 1 of the seed paper)? Sessions of known truth.

A plane wave over an array, whose direction, speed or rate drifts, and noise. In half of the arms one of them also follows the context of
the tokens; in the others nothing does, or it follows another sequence, or tokens evoke a response on top of a wave that goes its own way.
The assay tracks the wave from the noisy electrodes and correlates (`controller/context/complexity.py`); it is not told what was done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import binomtest
from wavestim.controller.context import sequences
from wavestim.controller.context.complexity import Tie, ties
from wavestim.controller.context.material import Light, Material
from wavestim.controller.context.tokens import Told
from wavestim.controller.context.waves import Waves, waves_at
from wavestim.controller.studies.intervals import LEVEL
from wavestim.controller.studies.plan import Plan
from wavestim.controller.studies.study import Cell, Effect, Outcome, Row, Verdict
from wavestim.hardware.simulated.wiring import grid_mm

Floats = NDArray[np.float64]
FOUND = 0.05
"""A tie is found when its corrected p is below this."""


class SequenceWaves:
    """See the module."""

    def cells(self, plan: Plan) -> list[Cell]:
        """An arm, a session."""
        p = dict(plan.parameters)
        arms = p.pop("arms")
        return [Cell(plan.study, arm, {**p, **asked}, seed) for arm, asked in arms.items() for seed in plan.seeds]

    def work(self, cell: Cell) -> list[Row]:
        """One session: a row for each question that the assay asks of it."""
        p = cell.parameters
        material = session(p, cell.seed)
        waves = waves_at(material, looked_at(p, material.tokens.sample))
        truth = (p["follows"], p["context"])
        return [row_of(tie, planted=(tie.wave, tie.context) == truth) for tie in ties(waves, material.tokens.sequence, cell.seed)]

    def judge(self, plan: Plan, rows: Sequence[Row]) -> Outcome:
        """How often what was planted is found, and how often anything is found where nothing was."""
        arms, level = plan.parameters["arms"], 1 - (1 - LEVEL) / len(plan.parameters["arms"])
        found = {arm: share(arm, hits(rows, arm, planted=bool(asked["follows"])), level) for arm, asked in arms.items()}
        beside = {arm: float(np.mean(hits(rows, arm, planted=False))) for arm, asked in arms.items() if asked["follows"]}
        ties_there = [found[arm] for arm, asked in arms.items() if asked["follows"]]
        without = [found[arm] for arm, asked in arms.items() if not asked["follows"]]
        told = ", ".join(f"{arm} {effect.estimate:.2f}" for arm, effect in found.items())
        said = verdict(ties_there, without, plan.parameters["wanted"])
        return Outcome(said, f"share of sessions in which something is found: {told}", tuple(found.values()), {"found_beside": beside})

    def draw(self, plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
        """Correlations of every session with what was planted, and how often it was found."""
        from wavestim.controller.studies.drawing import COLOURS, draw_effects, titled

        arms = plan.parameters["arms"]
        figure = Figure(figsize=(12, 4.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        for y, (arm, asked) in enumerate(arms.items()):
            mine = [row for row in rows if row["arm"] == arm]
            shown = [row for row in mine if row["planted"]] if asked["follows"] else mine
            for sure, colour in ((False, "#999999"), (True, COLOURS[5])):
                values = [abs(row["correlation"]) for row in shown if (row["p_corrected"] < FOUND) is sure]
                left.plot(values, [y] * len(values), ".", color=colour, label=("found" if sure else "not found") if y == 0 else None)
        left.set_yticks(range(len(arms)), list(arms), fontsize=8)
        left.invert_yaxis()
        left.set(xlabel="size of the correlation: what was planted; all questions where nothing was")
        left.legend(frameon=False, fontsize=8)
        draw_effects(right, outcome.effects)
        right.axvline(FOUND, color=COLOURS[5], linestyle=":")
        right.set(xlabel="share of sessions, 95 % interval (dotted: 0.05)", xlim=(-0.02, 1.02))
        right.set_yticklabels([])
        titled(figure, outcome)
        return figure


STUDY = SequenceWaves()


@dataclass(frozen=True)
class Drawn:
    """What a session is made of, before it is heard: the wave at every sample, the tokens, and the context in SDs."""

    shown: sequences.Sequence
    onset: NDArray[np.int64]
    z: Floats
    direction_deg: Floats
    speed_mm_s: Floats
    rate_hz: Floats
    noise: np.random.Generator


def drawn(p: Mapping[str, Any], seed: int) -> Drawn:
    """A wave and a sequence; what the wave follows is in the plan."""
    rng, own, other, noise = (np.random.default_rng(s) for s in np.random.SeedSequence([seed, 1]).spawn(4))
    fs, step = float(p["fs_hz"]), round(p["period_ms"] * p["fs_hz"] / 1e3)
    shown = told(p, own)
    lead = round(p["lead_s"] * fs)
    length = lead + step * (len(shown) + 1)
    by = told(p, other) if p["of_another"] else shown
    z = standardised(by, p["context"] or "surprisal")
    follows = np.zeros(length)
    follows[lead : lead + step * len(z)] = np.repeat(z, step)
    drifts = {name: slow(rng, length, fs, p["drift_s"]) for name in ("direction", "speed", "rate")}
    if p["changes"]:
        drifts[p["changes"]] = drifts[p["changes"]] + p["size"] * follows
    return Drawn(
        shown,
        lead + step * np.arange(len(shown)),
        z,
        p["direction_deg"] + p["direction_sd_deg"] * drifts["direction"],
        p["speed_mm_s"] * np.exp(p["speed_log_sd"] * drifts["speed"]),
        p["frequency_hz"] + p["rate_sd_hz"] * drifts["rate"],
        noise,
    )


def looked_at(p: Mapping[str, Any], onset: NDArray[Any]) -> Floats:
    """The sample at which the wave of each token is looked at: the last before the next one."""
    return np.asarray(np.floor(onset + p["period_ms"] * p["fs_hz"] / 1e3 - 1))


def true_waves(p: Mapping[str, Any], d: Drawn) -> Waves:
    """The wave at each token as it was drawn, before any electrode and tracker."""
    at = looked_at(p, d.onset).astype(np.int64)
    known = np.ones(len(at))
    return Waves(np.zeros(1), d.direction_deg[at], d.speed_mm_s[at], d.rate_hz[at], known, known > 0)


def session(p: Mapping[str, Any], seed: int) -> Material:
    """A recording of an array, with its tokens."""
    d, fs = drawn(p, seed), float(p["fs_hz"])
    xy = grid_mm(p["side"], p["side"], p["pitch_mm"])
    xy = xy - xy.mean(axis=0)
    angle, k = np.deg2rad(d.direction_deg), 2 * np.pi * p["frequency_hz"] / d.speed_mm_s
    phase = np.cumsum(2 * np.pi * d.rate_hz) / fs
    wave = np.cos(phase[:, None] - (k * np.cos(angle))[:, None] * xy[:, 0] - (k * np.sin(angle))[:, None] * xy[:, 1])
    lfp = p["wave_uv"] * wave + p["noise_uv"] * pink(d.noise, len(phase), len(xy))
    if p["evoked_uv"]:
        impulse = np.zeros(len(phase))
        impulse[d.onset] = d.z
        ring = np.exp(-1e3 / (fs * p["evoked_ms"]) + 2j * np.pi * p["frequency_hz"] / fs)
        response = np.real(lfilter([1.0], [1.0, -ring], impulse.astype(np.complex128)))
        lfp += p["evoked_uv"] * response[:, None] * np.exp(-((xy[:, 0] - xy[:, 0].min()) / 2.0))
    return material(lfp.astype(np.float32), fs, xy, d.onset, d.shown, (p["frequency_hz"] * 0.53, p["frequency_hz"] * 1.6))


def told(p: Mapping[str, Any], rng: np.random.Generator) -> sequences.Sequence:
    """Tokens: stretches of a Markov chain, by turns orderly and not, so that surprisal and entropy change within a session."""
    each = round(p["stretch_s"] * 1e3 / p["period_ms"])
    parts = [
        sequences.markov(each, p["n_tokens"], 1, float(rng.uniform(*p["entropy_bits"])), int(rng.integers(2**31)))
        for _ in range(p["stretches"])
    ]
    return sequences.Sequence(
        np.concatenate([part.tokens for part in parts]),
        p["n_tokens"],
        np.concatenate([part.surprisal_bits for part in parts]),
        np.concatenate([part.entropy_bits for part in parts]),
        1,
        np.concatenate([part.deviant for part in parts]),
        np.repeat(np.arange(len(parts)), each),
    )


def standardised(shown: sequences.Sequence, context: str) -> Floats:
    """A context of every token with mean 0 and SD 1."""
    x = shown.entropy_bits if context == "entropy" else shown.surprisal_bits
    return np.asarray((x - x.mean()) / x.std())


def slow(rng: np.random.Generator, n: int, fs_hz: float, tau_s: float) -> Floats:
    """An Ornstein–Uhlenbeck process of SD 1."""
    keep = np.exp(-1 / (tau_s * fs_hz))
    drawn = rng.standard_normal(n) * np.sqrt(1 - keep**2)
    drawn[0] = rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -keep], drawn))


def pink(rng: np.random.Generator, n: int, channels: int) -> Floats:
    """Noise that falls with frequency, SD 1; electrodes share 30 % of its power."""
    x = lfilter([1.0], [1.0, -0.9], rng.standard_normal((n, channels + 1)), axis=0) * np.sqrt(1 - 0.9**2)
    return np.asarray(np.sqrt(0.7) * x[:, :channels] + np.sqrt(0.3) * x[:, channels:])


def material(
    lfp_uv: NDArray[np.float32], fs_hz: float, positions_mm: Floats, onset: NDArray[np.int64], shown: sequences.Sequence, band: Any
) -> Material:
    """Samples in memory, as the assay takes them."""

    def blocks() -> Iterator[tuple[int, NDArray[np.float32]]]:
        yield 0, lfp_uv

    nobody = np.zeros(0)
    light = Light(nobody, nobody, np.zeros(0, "U1"), np.zeros(0, bool), nobody)
    tokens = Told(onset.astype(np.float64), shown, rule_known=True)
    return Material("simulated", fs_hz, band, positions_mm, "none", blocks, tokens, light, None, {}, None)


def row_of(tie: Tie, *, planted: bool) -> Row:
    """One question and its answer."""
    return {**vars(tie), "planted": planted}


def hits(rows: Sequence[Row], arm: str, *, planted: bool) -> list[bool]:
    """For each session of an arm: was what was planted found (or, where nothing was, anything)?"""
    found: dict[int, bool] = {}
    for row in rows:
        if row["arm"] == arm and row["planted"] is planted:
            found[row["seed"]] = found.get(row["seed"], False) or row["p_corrected"] < FOUND
    return list(found.values())


def share(name: str, found: Sequence[bool], level: float) -> Effect:
    """Of sessions, with its exact binomial interval."""
    seen = binomtest(int(sum(found)), len(found)).proportion_ci(level)
    return Effect(name, float(np.mean(found)), float(seen.low), float(seen.high))


def verdict(there: Sequence[Effect], without: Sequence[Effect], wanted: float) -> Verdict:
    """``yes``: ties are found more often than wanted, for certain, and nothing for certain too often where there is none."""
    if any(effect.high < wanted for effect in there) or any(effect.low > FOUND for effect in without):
        return "no"
    return "yes" if all(effect.low > wanted for effect in there) else "undecided"
