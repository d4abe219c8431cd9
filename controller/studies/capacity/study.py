"""Memories at equal parameters and steps: every network on every task, the learning rate chosen on sequences of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from wavestim.controller.studies.capacity.tasks import task
from wavestim.controller.studies.capacity.training import trained
from wavestim.controller.studies.intervals import difference
from wavestim.controller.studies.plan import Plan
from wavestim.controller.studies.scores import Between, scores
from wavestim.controller.studies.study import Cell, Effect, Outcome, Row, Verdict

WAVE, LEAKY, TRANSFORMER = "wave", "leaky", "transformer, 1 layer"
CEILING_SEQUENCES = 20_000


class Capacity:
    """See the module. All seeds of a cell are trained side by side, so a cell's own seed is the first of them."""

    def cells(self, plan: Plan) -> list[Cell]:
        """A network, a task and a size."""
        p = plan.parameters
        wanted = [(p["size"], name) for name in p["tasks"]]
        wanted += [(size, name) for size in p["more_sizes"] for name in p["tasks"] if name.startswith("k-back")]
        shared = {key: p[key] for key in ("rates", "steps", "batch", "n_test")}
        return [
            Cell(plan.study, network, {**shared, "task": name, "size": size, "seeds": list(plan.seeds)}, plan.seeds[0])
            for size, name in wanted
            for network in p["networks"]
        ]

    def work(self, cell: Cell) -> list[Row]:
        """Train, choose the rate, tell each seed's accuracy at it."""
        return trained(cell.arm, task(cell.parameters["task"]), cell.parameters)

    def judge(self, plan: Plan, rows: Sequence[Row]) -> Outcome:
        """Scores against each other over seeds."""
        p = plan.parameters
        between = bounds(p["tasks"])
        score = {
            network: scores([row for row in rows if row["arm"] == network and row["size"] == p["size"]], between)
            for network in p["networks"]
        }
        primary = [
            difference("wave − leaky (score)", score[WAVE], score[LEAKY], of=2),
            difference("wave − transformer, 1 layer (score)", score[WAVE], score[TRANSFORMER], of=2),
        ]
        others = [
            difference(f"wave − {network} (score)", score[WAVE], score[network])
            for network in p["networks"]
            if network not in (WAVE, LEAKY, TRANSFORMER)
        ]
        means = {network: float(np.mean(list(each.values()))) for network, each in score.items()}
        told = ", ".join(f"{network} {value:.2f}" for network, value in means.items())
        return Outcome(
            verdict(primary, p["matters"]), f"score of 1: {told}", (*primary, *others), {"between": between, "table": table(rows)}
        )

    def draw(self, plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
        """Accuracy by task and network, and the effects."""
        from wavestim.controller.studies.drawing import bars_and_effects

        p = plan.parameters
        own = [row for row in rows if row["size"] == p["size"]]
        return bars_and_effects(own, p["networks"], outcome.figures["between"], outcome, ylabel="accuracy")


STUDY = Capacity()


def bounds(names: Sequence[str]) -> Between:
    """Chance and the best accuracy there can be of each task, the latter from many sequences of its own."""
    return {name: (task(name).chance, task(name).best(CEILING_SEQUENCES)) for name in names}


def verdict(primary: Sequence[Effect], matters: float) -> Verdict:
    """More than leaky units, and not less than the transformer by what matters."""
    gain, rival = primary
    if gain.high < matters or rival.high < -matters:
        return "no"
    return "yes" if gain.low > 0 and rival.low > -matters else "undecided"


def table(rows: Sequence[Row]) -> list[Row]:
    """Mean and SD over seeds of every network, task and size."""
    groups: dict[tuple[str, str, int], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["arm"], row["task"], row["size"]), []).append(row)
    return [
        {
            "network": network,
            "task": name,
            "size": size,
            "parameters": each[0]["parameters"],
            "rate": each[0]["rate"],
            "accuracy": float(np.mean([row["accuracy"] for row in each])),
            "sd": float(np.std([row["accuracy"] for row in each], ddof=1)),
        }
        for (network, name, size), each in groups.items()
    ]
