"""Does a wave carry the recent tokens in every brain state? The simulated cortex in each of its states, shown the same kind of tokens.

A session is heard by noisy electrodes and asked as the assay asks one: tokens that a read-out trained in the same session tells
(cross-validated), tokens that one trained awake and frozen tells, and the primary statistic with the travel times that the tracker finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from wavestim.controller.context import sequences
from wavestim.controller.context.assay import FEWEST, filter_band_hz
from wavestim.controller.context.decoding import correct, lagged, train
from wavestim.controller.context.filters import settle_ms
from wavestim.controller.context.information import Trials, encode
from wavestim.controller.context.interaction import LEVEL, interaction
from wavestim.controller.context.material import Material
from wavestim.controller.context.patterns import Cuts, cut
from wavestim.controller.context.waves import waves_at
from wavestim.controller.studies.intervals import by_seed, difference
from wavestim.controller.studies.plan import Plan
from wavestim.controller.studies.readout import items
from wavestim.controller.studies.sequence_waves import material
from wavestim.controller.studies.study import Cell, Outcome, Row, Verdict
from wavestim.hardware.simulated import CortexConfig, SimulatedRig, Tokens
from wavestim.hardware.simulated.wiring import grid_mm

AWAKE = "awake"


class BrainStates:
    """See the module."""

    def cells(self, plan: Plan) -> list[Cell]:
        """A state, a session."""
        p = dict(plan.parameters)
        states = (AWAKE, *p.pop("states"))
        return [Cell(plan.study, state, p, seed) for state in states for seed in plan.seeds]

    def work(self, cell: Cell) -> list[Row]:
        """What can be read, and what the assay says."""
        p = cell.parameters
        heard, cuts = session(p, cell.arm, cell.seed)
        trials = cuts.trials
        every = np.arange(trials.pattern.shape[2])
        own = [float(np.nanmean(correct(trials, lag, -1, every))) for lag in range(trials.lags)]
        _, awake = session(p, AWAKE, cell.seed + 1_000_000)
        frozen = [told_frozen(awake.trials, trials, lag) for lag in range(trials.lags)]
        waves = waves_at(heard, cuts.sample[:, -1])
        travels = bool(np.isfinite(waves.travel_ms).sum() >= FEWEST)
        found = interaction(encode(trials), waves.travel_ms, heard.positions_mm, settle_ms(band_hz(p)), cell.seed) if travels else None
        return [
            {
                "items": items(np.array(own), trials.n_tokens),
                "items_frozen": items(np.array(frozen), trials.n_tokens),
                "travels": float(waves.travels.mean()),
                "correlation": found.correlation.estimate if found else float("nan"),
                "says_yes": int(found is not None and found.p < LEVEL),
                **{f"lag_{lag}": value for lag, value in enumerate(own)},
            }
        ]

    def judge(self, plan: Plan, rows: Sequence[Row]) -> Outcome:
        """Tokens in each state less those awake."""
        states, matters = plan.parameters["states"], plan.parameters["matters"]
        awake = by_seed(rows, AWAKE, "items")
        each = [difference(f"{state} − awake (tokens)", by_seed(rows, state, "items"), awake, of=len(states)) for state in states]
        frozen = [
            difference(f"{state}: frozen awake − own read-out", by_seed(rows, state, "items_frozen"), by_seed(rows, state, "items"))
            for state in (AWAKE, *states)
        ]
        said: Verdict = "yes" if all(effect.low > -matters for effect in each) else "undecided"
        if any(effect.high < -matters for effect in each):
            said = "no"
        names = ("items", "items_frozen", "travels", "says_yes")
        table = [{"state": state, **{name: mean(rows, state, name) for name in names}} for state in (AWAKE, *states)]
        told = ", ".join(f"{row['state']} {row['items']:.2f}" for row in table)
        return Outcome(said, f"tokens held: {told}", (*each, *frozen), {"table": table})

    def draw(self, plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
        """Forgetting in each state, and the differences."""
        from wavestim.controller.studies.drawing import curves_and_effects

        lags = [f"lag_{lag}" for lag in range(plan.parameters["lags"])]
        curves = {
            state: np.array([[row[lag] for lag in lags] for row in rows if row["arm"] == state])
            for state in (AWAKE, *plan.parameters["states"])
        }
        return curves_and_effects(curves, outcome, chance=1 / plan.parameters["n_tokens"], period_ms=plan.parameters["period_ms"])


STUDY = BrainStates()


def band_hz(p: Mapping[str, Any]) -> tuple[float, float]:
    """Of the filter: the same in all states, as a frozen read-out needs it."""
    low, high = p["band_hz"]
    return filter_band_hz((low, high), p["fs_hz"])


def session(p: Mapping[str, Any], state: str, seed: int) -> tuple[Material, Cuts]:
    """A session of the simulated cortex in a state, with its tokens, and its patterns."""
    shown = sequences.iid(round(p["seconds"] * 1e3 / p["period_ms"]), p["n_tokens"], seed)
    tokens = Tokens(n_tokens=p["n_tokens"], period_ms=p["period_ms"], drive_per_s=p["drive_per_s"], sequence=tuple(shown.tokens.tolist()))
    config = CortexConfig(state=state, coupling_per_s=p["coupling_per_s"], snr_db=p["snr_db"], tokens=tokens)
    xy = grid_mm(p["side"], p["side"], p["pitch_mm"])
    with SimulatedRig(config, xy, [[0.0, 0.0]], fs_hz=p["fs_hz"], seed=seed) as rig:
        lfp: NDArray[np.float32] = rig.read(round(p["seconds"] * p["fs_hz"]))
    onset = np.round(np.arange(len(shown)) * p["period_ms"] * 1e-3 * p["fs_hz"]).astype(np.int64)
    heard = material(lfp, float(p["fs_hz"]), xy, onset, shown, config.noise_band_hz())
    return heard, cut(heard, band_hz(p), p["lags"])


def told_frozen(learned_on: Trials, told: Trials, lag: int) -> float:
    """Accuracy of a decoder that was trained on one session, in another."""
    every = np.arange(told.pattern.shape[2])
    before, after = (lagged(trials.token, lag) for trials in (learned_on, told))
    rows = np.flatnonzero(learned_on.usable & (before >= 0))
    decoder = train(learned_on.pattern[:, -1], before, told.n_tokens, lag, every, rows)
    asked = told.usable & (after >= 0)
    return float(np.mean(decoder.read(told.pattern[asked, -1]) == after[asked]))


def mean(rows: Sequence[Row], state: str, name: str) -> float:
    """Over the seeds."""
    return float(np.mean([row[name] for row in rows if row["arm"] == state]))
