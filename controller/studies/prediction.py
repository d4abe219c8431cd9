"""Does a cortical circuit predict sequences as well as a transformer (Next Check 2 of the seed paper)?

The circuit is the sheet of `sequence_encoding.py`: delays and connections stay as they are, a linear read-out of its state after each token
learns to tell the next one, which is about as many parameters as the transformers have. Beside both, the trained wave network of the study
`capacity`. Rules are fixed Markov chains, of which the last tokens say what comes: one token back, two together, one several back; and
chains that are new for each sequence. The best that can be told is known for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from wavestim.controller.studies import sheet
from wavestim.controller.studies.capacity.tasks import NOT_ASKED, OTHERS, Ints, Task
from wavestim.controller.studies.capacity.training import trained
from wavestim.controller.studies.intervals import difference
from wavestim.controller.studies.plan import Plan
from wavestim.controller.studies.readout import Readout
from wavestim.controller.studies.scores import scores
from wavestim.controller.studies.study import Cell, Outcome, Row, Verdict
from wavestim.hardware.simulated import wiring as wirings

CIRCUIT, TRANSFORMER = "circuit", "transformer, 1 layer"
LENGTH, LEARN = 28, 8
"""Tokens of a sequence, and those at its beginning that nothing is asked of."""
CEILING_SEQUENCES = 4000


class Prediction:
    """See the module. All seeds of a trained network go side by side, so such a cell's own seed is the first of them."""

    def cells(self, plan: Plan) -> list[Cell]:
        """The circuit on every task and seed; a network on every task."""
        p = dict(plan.parameters)
        networks, circuit, tasks = p.pop("networks"), p.pop("circuit"), p.pop("tasks")
        found = [Cell(plan.study, CIRCUIT, {**circuit, "task": name, "n_test": p["n_test"]}, seed) for name in tasks for seed in plan.seeds]
        shared = {key: p[key] for key in ("size", "rates", "steps", "batch", "n_test")}
        found += [
            Cell(plan.study, network, {**shared, "task": name, "seeds": list(plan.seeds)}, plan.seeds[0])
            for name in tasks
            for network in networks
        ]
        return found

    def work(self, cell: Cell) -> list[Row]:
        """Learn, then tell what comes next in sequences that were never seen."""
        p = cell.parameters
        if cell.arm == CIRCUIT:
            value, n = predicted(p, cell.seed)
            return [{"task": p["task"], "parameters": n, "accuracy": value}]
        return trained(cell.arm, task(p["task"]), p)

    def judge(self, plan: Plan, rows: Sequence[Row]) -> Outcome:
        """Scores against each other over seeds."""
        p = plan.parameters
        between = {name: (task(name).chance, ceiling(name)) for name in p["tasks"]}
        arms = {arm: [row for row in rows if row["arm"] == arm] for arm in (CIRCUIT, *p["networks"])}
        score = {arm: scores(mine, between) for arm, mine in arms.items()}
        primary = difference(f"circuit − {TRANSFORMER} (score)", score[CIRCUIT], score[TRANSFORMER])
        others = [difference(f"circuit − {arm} (score)", score[CIRCUIT], score[arm]) for arm in p["networks"] if arm != TRANSFORMER]
        each = [
            difference(
                f"circuit − {TRANSFORMER}: {name}",
                *(scores([row for row in arms[arm] if row["task"] == name], between) for arm in (CIRCUIT, TRANSFORMER)),
                of=len(p["tasks"]),
            )
            for name in p["tasks"]
        ]
        said: Verdict = "yes" if primary.low > -p["matters"] else "no" if primary.high < -p["matters"] else "undecided"
        told = ", ".join(f"{arm} {np.mean(list(by.values())):.2f}" for arm, by in score.items())
        return Outcome(said, f"score of 1: {told}", (primary, *others, *each), {"between": between, "table": table(rows)})

    def draw(self, plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
        """Accuracy by task, with the best there can be, and the effects."""
        from wavestim.controller.studies.drawing import bars_and_effects

        arms = (CIRCUIT, *plan.parameters["networks"])
        return bars_and_effects(rows, arms, outcome.figures["between"], outcome, ylabel="next token right")


STUDY = Prediction()


def fixed_chain(lags: Sequence[int]) -> Task:
    """Predict a chain of four tokens whose next one depends on those of some lags together; the rule is the same in all sequences."""
    n, p = 4, np.array([0.85, 0.05, 0.05, 0.05])
    deal = np.random.default_rng([4, *lags]).permuted(np.tile(np.arange(n), (n ** len(lags), 1)), axis=1)  # context, rank -> token

    def make(rng: np.random.Generator, count: int) -> tuple[Ints, Ints]:
        total, first = LENGTH + 1, max(lags)
        tokens = rng.integers(0, n, (count, total))
        ranks = rng.choice(n, size=(count, total), p=p)
        for t in range(first, total):
            context = sum(tokens[:, t - lag] * n**i for i, lag in enumerate(lags))
            tokens[:, t] = deal[context, ranks[:, t]]
        answers = tokens[:, 1:].astype(np.int32)
        answers[:, :LEARN] = NOT_ASKED
        return tokens[:, :-1].astype(np.int32), answers

    return Task(make, LENGTH, 1 / n, lambda tokens, answers: float(p[0]))


TASKS: Mapping[str, Task] = {
    "last token": fixed_chain((1,)),
    "last two together": fixed_chain((1, 2)),
    "four back": fixed_chain((4,)),
    "eight back": fixed_chain((8,)),
}


def task(name: str) -> Task:
    """The task of a name: those of this study, and of `capacity`.

    Raises
    ------
    KeyError
        For a name that is none.
    """
    return TASKS[name] if name in TASKS else OTHERS[name]


def ceiling(name: str) -> float:
    """The best accuracy there can be."""
    return task(name).best(CEILING_SEQUENCES)


def predicted(p: Mapping[str, Any], seed: int) -> tuple[float, int]:
    """Accuracy of the sheet's read-out on sequences of its own, and how many parameters it learned."""
    rng, tests, noise = (np.random.default_rng(s) for s in np.random.SeedSequence([seed, 2]).spawn(3))
    asked = task(p["task"])
    tokens, answers = (np.concatenate(parts) for parts in zip(asked.make(rng, p["n_learn"]), asked.make(tests, p["n_test"]), strict=True))
    x, moments = states(p, tokens, int(noise.integers(2**31))), answers != NOT_ASKED
    n_tokens = int(answers.max()) + 1
    learn = np.arange(len(tokens)) < p["n_learn"]
    readout = Readout(x[learn][moments[learn]], answers[learn][moments[learn]].astype(np.int64), n_tokens, ridge=p["ridge"])
    told = readout.tell(x[~learn][moments[~learn]])
    return float(np.mean(told == answers[~learn][moments[~learn]])), (x.shape[2] + 1) * n_tokens


def states(p: Mapping[str, Any], tokens: NDArray[np.int32], seed: int) -> NDArray[np.float64]:
    """What the read-out sees, (sequences, moments, 2 · units): the sheet at the end of each token's period; every sequence is a run."""
    units = wirings.grid_mm(p["side"], p["side"], p["pitch_mm"])
    wiring = wirings.sheet(units, reach_mm=p["reach_mm"], speed_mm_s=p["speed_mm_s"], gain=p["gain"])
    network = sheet.network(p, wiring, len(tokens), seed)
    seen = sheet.shown(p, network, sheet.places({**p, "n_tokens": int(tokens.max()) + 1}, units), tokens.T.astype(np.int64))
    return np.concatenate([seen.real, seen.imag], axis=1).transpose(2, 0, 1).astype(np.float64)


def table(rows: Sequence[Row]) -> list[Row]:
    """Mean accuracy of each arm on each task."""
    groups: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        groups.setdefault((row["arm"], row["task"]), []).append(row["accuracy"])
    return [{"arm": arm, "task": name, "accuracy": float(np.mean(each))} for (arm, name), each in groups.items()]
