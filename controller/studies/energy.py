"""What a bit of context costs (First Experiment 3 of the seed paper): arithmetic over stated assumptions, each drawn between its bounds.

A spike is taken for a quarter of what a neuron uses in a second at 4 Hz. Per bit and token period T::

    wave           density · patch · power of a neuron · T · share of the wave / (tokens it holds · bits)
    sustained      neurons an item · rate · energy of a spike · T / bits
    synaptic trace neurons an item · refreshes · spikes in each · energy of a spike · T / bits
    transformer    operations a token · energy of one / (tokens it tells · bits)
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from wavestim.controller.studies.plan import Plan
from wavestim.controller.studies.study import Cell, Effect, Outcome, Row, Verdict

Floats = NDArray[np.float64]
WAVE, SUSTAINED, TRACES, TRANSFORMER = "wave", "sustained activity", "synaptic traces", "transformer"
BASELINE_HZ = 4.0
INSIDE = (2.5, 50.0, 97.5)


class Energy:
    """See the module."""

    def cells(self, plan: Plan) -> list[Cell]:
        """All memories of a seed, from the same draws."""
        return [Cell(plan.study, "all", dict(plan.parameters), seed) for seed in plan.seeds]

    def work(self, cell: Cell) -> list[Row]:
        """A row a draw: what was assumed, and the joules per bit that follow."""
        drawn = draw(cell.parameters, cell.seed)
        columns = drawn | {f"{memory} (J/bit)": cost for memory, cost in joules_per_bit(cell.parameters, drawn).items()}
        return [dict(zip(columns, values, strict=True)) for values in np.array(list(columns.values())).T.tolist()]

    def judge(self, plan: Plan, rows: Sequence[Row]) -> Outcome:
        """What 95 % of the assumptions allow."""
        ratio = {memory: np.log10(column(rows, f"{WAVE} (J/bit)") / column(rows, f"{memory} (J/bit)")) for memory in MEMORIES[1:]}
        effects = []
        for memory, each in ratio.items():
            low, middle, high = np.percentile(each, INSIDE)
            effects.append(Effect(f"log10 (wave / {memory})", float(middle), float(low), float(high)))
        said: Verdict = "yes" if all(effect.high < 0 for effect in effects) else "undecided"
        if any(effect.low > 0 for effect in effects):
            said = "no"
        costs = {memory: np.percentile(column(rows, f"{memory} (J/bit)"), INSIDE).tolist() for memory in MEMORIES}
        told = ", ".join(f"{memory} {middle:.2g} J" for memory, (_, middle, _) in costs.items())
        assumed = {name: column(rows, name) for name in plan.parameters["assumptions"]}
        spread = {memory: spread_by(assumed, each) for memory, each in ratio.items()}
        return Outcome(said, f"per bit and token: {told}", tuple(effects), {"joule_per_bit": costs, "spread_by": spread})

    def draw(self, plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
        """Costs with what the assumptions allow, and what each assumption does to the answer."""
        from wavestim.controller.studies.drawing import COLOURS, titled

        figure = Figure(figsize=(11, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        for y, (low, middle, high) in enumerate(outcome.figures["joule_per_bit"].values()):
            left.plot([low, high], [y, y], color=COLOURS[0], linewidth=3)
            left.plot(middle, y, "o", color=COLOURS[0])
        left.set_yticks(range(len(MEMORIES)), MEMORIES)
        left.invert_yaxis()
        left.set(xscale="log", xlabel=f"J per bit and token of {plan.parameters['period_ms']} ms: 95 % of what the assumptions allow")
        names = list(plan.parameters["assumptions"])
        for i, (memory, parts) in enumerate(outcome.figures["spread_by"].items()):
            at = np.arange(len(names)) + 0.27 * (1 - i)
            right.barh(at, [parts[name] for name in names], 0.25, color=COLOURS[i], label=f"wave / {memory}")
        right.set_yticks(range(len(names)), names, fontsize=8)
        right.invert_yaxis()
        right.set(xlabel="share of what the answer varies by")
        right.legend(frameon=False, fontsize=8)
        titled(figure, outcome)
        return figure


MEMORIES = (WAVE, SUSTAINED, TRACES, TRANSFORMER)
STUDY = Energy()


def draw(p: Mapping[str, Any], seed: int) -> dict[str, Floats]:
    """Every assumption, evenly on a log scale between its bounds."""
    rng, found = np.random.default_rng(seed), {}
    for name, said in p["assumptions"].items():
        low, high = (math.log(float(bound)) for bound in said["bounds"])
        found[name] = np.exp(rng.uniform(low, high, p["draws"]))
    return found


def joules_per_bit(p: Mapping[str, Any], a: Mapping[str, Floats]) -> dict[str, Floats]:
    """Energy of a bit that is kept over one token period, by memory."""
    period_s, bits = p["period_ms"] / 1000, p["bits_per_token"]
    neuron_w = a["atp_per_neuron_s"] * a["joule_per_atp"]
    item_j = a["neurons_per_item"] * (neuron_w / BASELINE_HZ) * period_s / bits
    return {
        WAVE: a["neurons_per_cm3"] * a["patch_cm3"] * neuron_w * period_s * a["wave_share"] / (a["wave_tokens"] * bits),
        SUSTAINED: item_j * a["sustained_hz"],
        TRACES: item_j * a["refresh_hz"] * a["spikes_per_refresh"],
        TRANSFORMER: a["flop_per_token"] * a["pj_per_flop"] * 1e-12 / (a["transformer_tokens"] * bits),
    }


def column(rows: Sequence[Row], name: str) -> Floats:
    """One number of every draw."""
    return np.array([row[name] for row in rows])


def spread_by(assumed: Mapping[str, Floats], log_ratio: Floats) -> dict[str, float]:
    """Share of the variance of a log ratio that each assumption makes; the costs are products, so the shares add up to one."""
    logs = np.log(np.array(list(assumed.values())))
    slopes = np.linalg.lstsq((logs - logs.mean(axis=1, keepdims=True)).T, log_ratio - log_ratio.mean(), rcond=None)[0]
    parts = slopes**2 * logs.var(axis=1)
    return {name: float(part / parts.sum()) for name, part in zip(assumed, parts, strict=True)}
