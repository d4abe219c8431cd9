"""The study: cells, the verdict, and what the pulses of all cells say together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from wavestim.controller.studies.intervals import difference
from wavestim.controller.studies.perturbation.measure import rows as measured
from wavestim.controller.studies.perturbation.rig import AGAINST, CONDITIONS, FAR, NEAR, ONE, TWO, WITH
from wavestim.controller.studies.perturbation.sessions import CLOSED, REPLAYED, read, two_sessions
from wavestim.controller.studies.plan import Plan
from wavestim.controller.studies.study import Cell, Effect, Outcome, Row, Verdict

BySeed = Mapping[int, float]
POWER = 7.85
"""(z of 95 % + z of 80 %)², for two means of as many pulses."""
ERRORS_DEG = (0, 15, 30, 45, 60, 90)


class Perturbation:
    """See the package."""

    def cells(self, plan: Plan) -> list[Cell]:
        """Colours, a dose, a seed; what is judged comes first."""
        p = dict(plan.parameters)
        return [
            Cell(plan.study, colours, {**p, "colours": colours, "dose": dose}, seed)
            for dose in p["doses"]
            for seed in (plan.seeds if dose == p["doses"][0] else plan.seeds[: p["dose_seeds"]])
            for colours in p["colours"]
        ]

    def work(self, cell: Cell) -> list[Row]:
        """Both sessions, read."""
        with two_sessions(cell.parameters, cell.seed) as (lit, sham):
            pair = read(cell.parameters, lit, sham)
            return [{"dose": cell.parameters["dose"], **row} for row in measured(cell.parameters, pair)]

    def judge(self, plan: Plan, rows: Sequence[Row]) -> Outcome:
        """The contrast of both arms; everything else beside it."""
        p = plan.parameters
        main = [row for row in rows if row["dose"] == p["doses"][0]]
        arms = {arm: [row for row in main if row["arm"] == arm] for arm in p["colours"]}
        primary = [_effect(f"with − against, beyond replayed; {arm}", contrast(p, own), of=len(arms)) for arm, own in arms.items()]
        others = [effect for arm, own in arms.items() for effect in beside(p, arm, own)]
        for dose in p["doses"][1:]:
            for arm in p["colours"]:
                own = [row for row in rows if row["arm"] == arm and row["dose"] == dose]
                others.append(_effect(f"with − against, beyond replayed; {arm}, dose × {dose:g}", contrast(p, own)))
        said = decided(primary, p["matters"])
        figures = {arm: told(p, own) for arm, own in arms.items()}
        words = "; ".join(f"{arm} {e.estimate:+.3f} ({e.low:+.3f} to {e.high:+.3f})" for arm, e in zip(arms, primary, strict=True))
        return Outcome(said, f"with − against the wave, beyond the same light replayed, in accuracy: {words}", (*primary, *others), figures)

    def draw(self, plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
        """See ``picture.py``."""
        from wavestim.controller.studies.perturbation.picture import draw

        return draw(plan, rows, outcome)


STUDY = Perturbation()


def decided(primary: Sequence[Effect], matters: float) -> Verdict:
    """``yes`` when one interval leaves out 0, ``no`` when all lie within what matters."""
    if any(e.low > 0 or e.high < 0 for e in primary):
        return "yes"
    return "no" if all(-matters < e.low and e.high < matters for e in primary) else "undecided"


def values(rows: Sequence[Row], measure: str, light: str, condition: str, lags: Sequence[int] = (-1,)) -> BySeed:
    """One number a seed: the mean over some lags."""
    found: dict[int, list[float]] = {}
    for row in rows:
        mine = (row["measure"], row["light"], row["condition"]) == (measure, light, condition)
        if mine and row["lag"] in lags and row["value"] is not None:
            found.setdefault(row["seed"], []).append(row["value"])
    return {seed: float(np.mean(each)) for seed, each in found.items()}


def over_seeds(combine: Callable[..., float], *maps: BySeed) -> BySeed:
    """A number of every seed that all have."""
    seeds = set.intersection(*(set(each) for each in maps))
    return {seed: combine(*(each[seed] for each in maps)) for seed in sorted(seeds)}


def contrast(p: Mapping[str, Any], rows: Sequence[Row], measure: str = "accuracy") -> BySeed:
    """(with − against) in closed loop minus the same of the replayed light."""
    parts = [values(rows, measure, light, name, p["asked_lags"]) for light in (CLOSED, REPLAYED) for name in (WITH, AGAINST)]
    return over_seeds(lambda a, b, c, d: (a - b) - (c - d), *parts)


def interaction(p: Mapping[str, Any], rows: Sequence[Row], light: str) -> BySeed:
    """By how much light nearer to the entry costs young tokens more than old ones, against light further on."""
    parts = [values(rows, "accuracy", light, name, lags) for lags in (p["young_lags"], p["old_lags"]) for name in (FAR, NEAR)]
    return over_seeds(lambda a, b, c, d: (a - b) - (c - d), *parts)


def beside(p: Mapping[str, Any], arm: str, rows: Sequence[Row]) -> list[Effect]:
    """What is told beside the contrast, for one arm; intervals hold one by one."""
    closed, replayed = interaction(p, rows, CLOSED), interaction(p, rows, REPLAYED)
    found = [
        _effect(f"lag × position, closed loop; {arm}", closed),
        _effect(f"lag × position, replayed; {arm}", replayed),
        _effect(f"lag × position, beyond replayed; {arm}", over_seeds(lambda a, b: a - b, closed, replayed)),
    ]
    for name in CONDITIONS:
        ours, sham = (values(rows, "accuracy", light, name, p["asked_lags"]) for light in (CLOSED, REPLAYED))
        found.append(difference(f"{name} − {name} replayed; {arm}", ours, sham))
    found.append(_effect(f"learned: with − against, beyond replayed; {arm}", contrast(p, rows, "learned")))
    for part in ("cos", "sin"):
        found.append(_effect(f"accuracy by {part} of phase; {arm}", values(rows, f"accuracy by {part} of phase", "both", "with, against")))
    return found


def told(p: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """Phase that was hit (NaN: no pulse stayed dark), effects by lag (intervals hold for all lags), pulses that it takes by phase error."""
    lags, sd = range(p["lags"]), _mean(values(rows, "phase SD, deg", CLOSED, "catch"))
    by_lag = {
        name: [
            vars(difference(f"lag {k}", *(values(rows, "accuracy", light, name, [k]) for light in (CLOSED, REPLAYED)), of=p["lags"]))
            for k in lags
        ]
        for name in CONDITIONS
    }
    variance = _mean(values(rows, "variance of a pulse", "both", "with, against"))
    left = {f"{error}": float(np.exp(-(np.radians(error) ** 2) / 2)) for error in ERRORS_DEG}
    return {
        "phase_sd_deg": sd,
        "phase_bias_deg": _mean(values(rows, "phase bias, deg", CLOSED, "catch")),
        "left_of_the_effect": float(np.exp(-(np.radians(sd) ** 2) / 2)),
        "pulses_needed": {error: round(4 * POWER * variance / (p["matters"] * part) ** 2) for error, part in left.items()},
        "beyond_replayed_by_lag": by_lag,
    }


def _effect(name: str, by_seed: BySeed, *, of: int = 1) -> Effect:
    return difference(name, by_seed, dict.fromkeys(by_seed, 0.0), of=of)


def _mean(by_seed: BySeed) -> float:
    return float(np.mean(list(by_seed.values()))) if by_seed else np.nan


__all__ = ["ONE", "STUDY", "TWO", "Perturbation"]
