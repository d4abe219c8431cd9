"""Do waves encode simple temporal sequences (First Experiment 1 of the seed paper)? Tokens enter a sheet, with a wave and without.

Each arm is a network of complex-valued units (`hardware/simulated/network.pyx`) that differs in one property. A linear read-out of the
sheet, learned on two thirds of the runs and frozen, tells the token that entered k periods ago.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from wavestim.controller.studies import sheet
from wavestim.controller.studies.intervals import by_seed, difference, verdict
from wavestim.controller.studies.plan import Plan
from wavestim.controller.studies.readout import Readout, items
from wavestim.controller.studies.study import Cell, Outcome, Row
from wavestim.hardware.simulated import wiring as wirings
from wavestim.hardware.simulated.wiring import Wiring

WAVE, LOCAL, SHUFFLED, ISOTROPIC, UNDELAYED = "wave", "local", "shuffled", "isotropic", "undelayed"
DAMPED = {arm: f"{arm}, weakly damped" for arm in (ISOTROPIC, SHUFFLED, LOCAL)}
LEARN = 2 / 3
"""Part of the runs that the read-out learns from."""


class SequenceEncoding:
    """See the module."""

    def cells(self, plan: Plan) -> list[Cell]:
        """An arm, a time constant, a seed."""
        p = dict(plan.parameters)
        arms = [(arm, {**p, "topology": arm}) for arm in (WAVE, SHUFFLED, ISOTROPIC, UNDELAYED)]
        arms += [(LOCAL, {**p, "topology": LOCAL, "tau_ms": tau}) for tau in p["local_tau_ms"]]
        arms += [(name, {**p, "topology": arm, "tau_ms": p["weakly_damped_tau_ms"], "spread": True}) for arm, name in DAMPED.items()]
        return [Cell(plan.study, arm, parameters, seed) for arm, parameters in arms for seed in plan.seeds]

    def work(self, cell: Cell) -> list[Row]:
        """The forgetting curve of one network."""
        p = cell.parameters
        tokens, states = run(p, cell.seed)
        curve = forgetting(p, tokens, states, cell.seed)
        row: Row = {"topology": p["topology"], "tau_ms": p["tau_ms"], "items": items(curve, p["n_tokens"])}
        return [row | {f"lag_{k}": float(accuracy) for k, accuracy in enumerate(curve)}]

    def judge(self, plan: Plan, rows: Sequence[Row]) -> Outcome:
        """Wave against both controls; the others beside it."""
        wave, local = by_seed(rows, WAVE, "items"), best_local(rows)
        primary = [
            difference("wave − local memory (tokens)", wave, local, of=2),
            difference("wave − shuffled sources (tokens)", wave, by_seed(rows, SHUFFLED, "items"), of=2),
        ]
        damped = by_seed(rows, DAMPED[ISOTROPIC], "items")
        others = [
            difference("wave − isotropic (tokens)", wave, by_seed(rows, ISOTROPIC, "items")),
            difference("wave − undelayed (tokens)", wave, by_seed(rows, UNDELAYED, "items")),
            difference("isotropic − shuffled, weakly damped (tokens)", damped, by_seed(rows, DAMPED[SHUFFLED], "items")),
            difference("isotropic − local, weakly damped (tokens)", damped, by_seed(rows, DAMPED[LOCAL], "items")),
        ]
        said = verdict(primary, plan.parameters["matters"])
        held = {arm: float(np.mean(list(by_seed(rows, arm, "items").values()))) for arm in (WAVE, SHUFFLED, ISOTROPIC, UNDELAYED)}
        held[LOCAL] = float(np.mean(list(local.values())))
        told = ", ".join(f"{arm} {value:.2f}" for arm, value in held.items())
        return Outcome(said, f"tokens held: {told}", (*primary, *others), {"tokens_held": held})

    def draw(self, plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
        """Forgetting curves, and the differences with their intervals."""
        from wavestim.controller.studies.drawing import curves_and_effects

        lags = [f"lag_{k}" for k in range(plan.parameters["lags"])]
        tau = best_tau(rows)
        arms = {arm: [row for row in rows if row["arm"] == arm] for arm in (WAVE, UNDELAYED, ISOTROPIC, LOCAL, SHUFFLED)}
        arms[LOCAL] = [row for row in arms[LOCAL] if row["tau_ms"] == tau]
        curves = {arm: np.array([[row[lag] for lag in lags] for row in found]) for arm, found in arms.items()}
        return curves_and_effects(curves, outcome, chance=1 / plan.parameters["n_tokens"], period_ms=plan.parameters["period_ms"])


STUDY = SequenceEncoding()


def wired(p: Mapping[str, Any], units_mm: NDArray[np.float64], rng: np.random.Generator) -> Wiring:
    """The connections of an arm."""
    isotropic = p["topology"] == ISOTROPIC or p.get("spread")
    wave = wirings.sheet(
        units_mm,
        reach_mm=p["reach_mm"],
        speed_mm_s=p["speed_mm_s"],
        gain=p["gain"],
        asymmetry=0.0 if isotropic else 1.0,
    )
    if p["topology"] == SHUFFLED:
        return wirings.shuffled(wave, rng)
    if p["topology"] == LOCAL:
        return wirings.local(wave)
    return wirings.undelayed(wave) if p["topology"] == UNDELAYED else wave


def run(p: Mapping[str, Any], seed: int) -> tuple[NDArray[np.int64], NDArray[np.complex64]]:
    """Tokens (n_periods, n_runs) and the state at the end of each period (n_periods, n_units, n_runs)."""
    drawn, wires, noise = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3))
    units = wirings.grid_mm(p["side"], p["side"], p["pitch_mm"])
    network = sheet.network(p, wired(p, units, wires), p["n_runs"], int(noise.integers(2**31)))
    tokens = drawn.integers(0, p["n_tokens"], (p["n_periods"], p["n_runs"]))
    return tokens, sheet.shown(p, network, sheet.places(p, units), tokens)


def forgetting(p: Mapping[str, Any], tokens: NDArray[np.int64], states: NDArray[np.complex64], seed: int) -> NDArray[np.float64]:
    """Accuracy of the read-out at each lag, (lags,), on runs that it has not learned from."""
    lags, n_runs = p["lags"], tokens.shape[1]
    rng = np.random.default_rng([seed, 7])
    seen = states[lags:]
    features = np.concatenate([seen.real, seen.imag], axis=1).transpose(2, 0, 1).astype(np.float64)  # (runs, periods, 2 · units)
    features += p["read_noise"] * rng.standard_normal(features.shape)
    learned = round(LEARN * n_runs)
    width = features.shape[2]
    curve = np.empty(lags)
    for k in range(lags):
        told = tokens[lags - k : len(tokens) - k].T
        readout = Readout(features[:learned].reshape(-1, width), told[:learned].ravel(), p["n_tokens"])
        curve[k] = np.mean(readout.tell(features[learned:].reshape(-1, width)) == told[learned:].ravel())
    return curve


def best_tau(rows: Sequence[Row]) -> float:
    """The time constant with which local memory holds most, over all seeds."""
    held: dict[float, list[float]] = {}
    for row in rows:
        if row["arm"] == LOCAL:
            held.setdefault(row["tau_ms"], []).append(row["items"])
    return max(held, key=lambda tau: float(np.mean(held[tau])))


def best_local(rows: Sequence[Row]) -> Mapping[int, float]:
    """Tokens that local memory holds at its best time constant, by seed."""
    tau = best_tau(rows)
    return by_seed([row for row in rows if row["tau_ms"] == tau], LOCAL, "items")
