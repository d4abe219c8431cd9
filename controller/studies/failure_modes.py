"""Where the wave's code breaks, and whether the assay notices: four kinds of failure, each from little to much.

``propagation``  a part of the connections is cut
``space``        electrodes hear the sheet blurred, as far electrodes or volume conduction would
``regions``      tokens enter one region and are read in another, so many paths further on
``state``        units remember longer than when the read-out was learned

One long run of the sheet is a session: its electrodes are asked by the assay's primary statistic, with the travel times that the sheet is
built to have. Beside it a read-out tells how many tokens can be read. It is learned on another, intact run as long as this one and frozen;
where electrodes or regions are others, on a run that has the same ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from wavestim.controller.context.filters import SETTLED
from wavestim.controller.context.information import Trials, encode
from wavestim.controller.context.interaction import LEVEL, Interaction, interaction
from wavestim.controller.studies import sheet
from wavestim.controller.studies.intervals import by_seed, difference
from wavestim.controller.studies.plan import Plan
from wavestim.controller.studies.readout import Readout, items
from wavestim.controller.studies.study import Cell, Effect, Outcome, Row, Verdict
from wavestim.hardware.simulated import wiring as wirings
from wavestim.hardware.simulated.wiring import Path, Wiring

Floats = NDArray[np.float64]
INTACT, PROPAGATION, SPACE, REGIONS, STATE = "intact", "propagation", "space", "regions", "state"


class FailureModes:
    """See the module."""

    def cells(self, plan: Plan) -> list[Cell]:
        """A kind of failure, how much of it, a seed."""
        p = dict(plan.parameters)
        modes = p.pop("modes")
        arms = [(INTACT, 0.0)] + [(mode, level) for mode, levels in modes.items() for level in levels]
        return [Cell(plan.study, arm, {**p, "level": level}, seed) for arm, level in arms for seed in plan.seeds]

    def work(self, cell: Cell) -> list[Row]:
        """Tokens that can be read, and what the assay says."""
        p, level = cell.parameters, cell.parameters["level"]
        session = recorded(p, cell.arm, level, cell.seed)
        mode, much = (INTACT, 0.0) if cell.arm in (PROPAGATION, STATE) else (cell.arm, level)
        curve = forgetting(p, session, recorded(p, mode, much, cell.seed + 1_000_000))
        found = asked(p, session, cell.seed)
        return [
            {
                "level": level,
                "items": items(curve, p["n_tokens"]),
                "correlation": found.correlation.estimate,
                "p": found.p,
                "says_yes": int(found.p < LEVEL),
            }
        ]

    def judge(self, plan: Plan, rows: Sequence[Row]) -> Outcome:
        """At the strongest of each kind: what is lost, and whether the assay's correlation tells."""
        modes = plan.parameters["modes"]
        strongest = {mode: [row for row in rows if row["arm"] == mode and row["level"] == max(levels)] for mode, levels in modes.items()}
        whole = [row for row in rows if row["arm"] == INTACT]
        lost, noticed = (
            {
                mode: difference(f"{mode}: {words}", by_seed(whole, INTACT, name), by_seed(found, mode, name), of=2 * len(modes))
                for mode, found in strongest.items()
            }
            for name, words in (("items", "tokens lost"), ("correlation", "correlation lost"))
        )
        said = verdict(lost, noticed, plan.parameters["matters"], plan.parameters["matters_correlation"])
        table = [
            {
                "mode": mode,
                "level": level,
                "tokens": mean(rows, mode, level, "items"),
                "correlation": mean(rows, mode, level, "correlation"),
                "says_yes": mean(rows, mode, level, "says_yes"),
            }
            for mode, levels in ((INTACT, [0.0]), *modes.items())
            for level in levels
        ]
        words = (f"{mode} {lost[mode].estimate:.2f} tokens and {noticed[mode].estimate:.2f} of the correlation" for mode in modes)
        return Outcome(said, f"lost at most: {', '.join(words)}", (*lost.values(), *noticed.values()), {"table": table})

    def draw(self, plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
        """Tokens and the assay's correlation against how much of each failure there is."""
        from wavestim.controller.studies.drawing import COLOURS, titled

        modes = plan.parameters["modes"]
        figure = Figure(figsize=(12, 4.6), layout="constrained")
        axes = figure.subplots(2, len(modes), sharey="row", squeeze=False)
        for column, (mode, levels) in enumerate(modes.items()):
            for ax, (name, words) in zip(axes[:, column], (("items", "tokens held"), ("correlation", "assay: correlation")), strict=True):
                each = [[row[name] for row in rows if row["arm"] == INTACT]]
                each += [[row[name] for row in rows if row["arm"] == mode and row["level"] == level] for level in levels]
                at = [0.0, *levels]
                ax.plot(at, [np.mean(values) for values in each], color=COLOURS[0])
                for x, values in zip(at, each, strict=True):
                    ax.plot([x] * len(values), values, ".", color=COLOURS[0], alpha=0.5)
                ax.axhline(0, color="#999999", linestyle=":")
                if column == 0:
                    ax.set_ylabel(words)
            axes[1, column].set_xlabel(plan.parameters["axes"][mode])
            axes[0, column].set_title(mode, fontsize=9)
        titled(figure, outcome)
        return figure


STUDY = FailureModes()


@dataclass(frozen=True)
class Session:
    """One run as a recording: tokens (n,), patterns (n, electrodes) before the next token, where electrodes lie."""

    tokens: NDArray[np.int64]
    pattern: NDArray[np.complex128]
    positions_mm: Floats


def recorded(p: Mapping[str, Any], mode: str, level: float, seed: int) -> Session:
    """A run of the sheet with a failure, seen by electrodes."""
    tokens_rng, wires, noise, electrodes = (np.random.default_rng(s) for s in np.random.SeedSequence([seed, 1]).spawn(4))
    units = wirings.grid_mm(p["side"], p["side"], p["pitch_mm"])
    tau_ms = p["tau_ms"] * (1 + level) if mode == STATE else p["tau_ms"]
    wiring = wired(p, mode, level, units, wires)
    regions = wiring.n_units // len(units)
    drive = sheet.places(p, units)
    drive = np.concatenate([drive, np.zeros((len(drive), wiring.n_units - len(units)), np.float32)], axis=1)
    tokens = tokens_rng.integers(0, p["n_tokens"], p["n_periods"])
    made = sheet.network({**p, "tau_ms": tau_ms}, wiring, 1, int(noise.integers(2**31)))
    states = sheet.shown(p, made, drive, tokens[:, None])[:, :, 0]
    seen = states[:, (regions - 1) * len(units) :].astype(np.complex128)
    if mode == SPACE:
        seen = seen @ blur(units, level)
    x, y = (units / p["pitch_mm"]).T
    chosen = np.flatnonzero((np.rint(x) % p["every"] == 1) & (np.rint(y) % p["every"] == 1))
    heard = electrodes.standard_normal((2, len(tokens), len(chosen))) * p["read_noise"]
    return Session(tokens, seen[:, chosen] + heard[0] + 1j * heard[1], units[chosen])


def wired(p: Mapping[str, Any], mode: str, level: float, units_mm: Floats, rng: np.random.Generator) -> Wiring:
    """The connections of a kind of failure."""
    whole = wirings.sheet(units_mm, reach_mm=p["reach_mm"], speed_mm_s=p["speed_mm_s"], gain=p["gain"])
    if mode == PROPAGATION:
        return wirings.thinned(whole, level, rng)
    if mode == REGIONS:
        n, delay_s = 1 + round(level), p["path_delay_ms"] / 1000
        forth = [Path(i, i + 1, p["forward_gain"], delay_s) for i in range(n - 1)]
        back = [Path(i + 1, i, p["backward_gain"], delay_s) for i in range(n - 1)]
        return wirings.joined([whole] * n, forth + back)
    return whole


def blur(units_mm: Floats, reach_mm: float) -> Floats:
    """How much of every unit an electrode at each unit hears, (units, electrodes); columns add up to one."""
    d2 = ((units_mm[:, None] - units_mm[None]) ** 2).sum(axis=2)
    weight = np.exp(-d2 / (2 * reach_mm**2))
    return np.asarray(weight / weight.sum(axis=0))


def forgetting(p: Mapping[str, Any], session: Session, learned_on: Session) -> Floats:
    """Accuracy at each lag of a read-out that was learned on another session, and frozen."""
    return np.array([accuracy(learned_on, session, lag, p["lags"], p["n_tokens"]) for lag in range(p["lags"])])


def accuracy(before: Session, after: Session, lag: int, lags: int, n_tokens: int) -> float:
    """Of the token ``lag`` periods ago, learned on one recording, told on the other."""
    x, told = zip(*((features(s.pattern[lags:]), s.tokens[lags - lag : len(s.tokens) - lag]) for s in (before, after)), strict=True)
    return float(np.mean(Readout(x[0], told[0], n_tokens).tell(x[1]) == told[1]))


def features(pattern: NDArray[np.complex128]) -> Floats:
    """Real and imaginary parts side by side."""
    return np.concatenate([pattern.real, pattern.imag], axis=1)


def asked(p: Mapping[str, Any], session: Session, seed: int) -> Interaction:
    """The assay's primary statistic; travel times are those of axons along the heading of the sheet."""
    n = len(session.tokens)
    trials = Trials(
        session.pattern[:, None, :],
        session.tokens,
        np.ones(n, bool),
        np.array([float(p["period_ms"])]),
        float(p["period_ms"]),
        p["n_tokens"],
        p["lags"],
    )
    travel_ms = session.positions_mm[:, 0] / p["speed_mm_s"] * 1e3
    return interaction(encode(trials), travel_ms, session.positions_mm, SETTLED * p["tau_ms"], seed)


def mean(rows: Sequence[Row], arm: str, level: float, name: str) -> float:
    """Over the seeds."""
    return float(np.mean([row[name] for row in rows if row["arm"] == arm and row["level"] == level]))


def verdict(lost: Mapping[str, Effect], noticed: Mapping[str, Effect], matters: float, matters_correlation: float) -> Verdict:
    """``yes`` when the assay's correlation falls for certain wherever tokens are lost for certain; ``no`` when somewhere it hardly does."""
    failures = [mode for mode, effect in lost.items() if effect.low > matters]
    if any(noticed[mode].high < matters_correlation for mode in failures):
        return "no"
    decided = all(effect.low > matters or effect.high < matters for effect in lost.values())
    return "yes" if decided and failures and all(noticed[mode].low > 0 for mode in failures) else "undecided"
