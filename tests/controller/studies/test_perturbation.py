"""The study of light against the wave: it runs the whole loop, refuses what can't be compared, and finds what was planted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wavestim.controller.context.decoding import lagged, train
from wavestim.controller.context.errors import AssayError
from wavestim.controller.context.material import Material
from wavestim.controller.studies.perturbation import sessions
from wavestim.controller.studies.perturbation.adaptive import learning
from wavestim.controller.studies.perturbation.measure import rows as measured
from wavestim.controller.studies.perturbation.rig import CONDITIONS, ONE, TWO, experiment
from wavestim.controller.studies.perturbation.study import STUDY
from wavestim.controller.studies.plan import Plan, load_plan
from wavestim.controller.studies.study import Row

QUICK = {**load_plan("perturbation", quick=True).parameters, "dose": 1}


@pytest.fixture(scope="module")
def ran() -> Iterator[tuple[Material, Material]]:
    """One cell of the quick plan, with two colours: closed loop, and its light replayed."""
    with sessions.two_sessions({**QUICK, "colours": TWO}, 911) as both:
        yield both


def test_a_cell_runs_the_whole_loop(ran: tuple[Material, Material]) -> None:
    pair = sessions.read(QUICK, *ran)
    found = measured(QUICK, pair)
    lags: dict[tuple[str, str], list[int]] = {(row["light"], row["condition"]): [] for row in found if row["measure"] == "accuracy"}
    for row in found:
        if row["measure"] == "accuracy":
            lags[row["light"], row["condition"]].append(row["lag"])
    assert set(lags) == {*product(("closed loop", "replayed"), CONDITIONS), ("dark", "dark")}
    assert all(each == list(range(QUICK["lags"])) for each in lags.values())
    assert any(row["measure"] == "learned" for row in found)
    session = ran[0].session
    assert session is not None
    lit = session.pulses["verdict"] == "fired"
    assert lit.sum() >= 8
    slots = session.about["slots"]
    n = len(session.about["leds_mm"]) // 2
    assert all(sum(site >= n for site, *_ in slot["entries"]) == len(slot["entries"]) // 2 for slot in slots), (
        "every pulse has both colours"
    )


def test_a_sham_that_is_not_this_light_replayed_is_refused(ran: tuple[Material, Material]) -> None:
    lit, _ = ran
    with pytest.raises(AssayError, match="not replayed"):
        sessions.read(QUICK, lit, lit)


def test_unequal_energy_is_refused(ran: tuple[Material, Material], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "PAIRS", (("with", "near"),))
    with pytest.raises(AssayError, match="equal energy"):
        sessions.read(QUICK, *ran)


def test_a_decoder_that_saw_light_is_refused(ran: tuple[Material, Material], monkeypatch: pytest.MonkeyPatch) -> None:
    def trained_on_everything(trials: Any, lags: Any) -> Any:
        every = np.arange(trials.pattern.shape[2])
        targets = [(lag, lagged(trials.token, lag)) for lag in lags]
        return tuple(train(trials.pattern[:, -1], t, trials.n_tokens, lag, every, np.flatnonzero(t >= 0)) for lag, t in targets)

    monkeypatch.setattr(sessions, "frozen", trained_on_everything)
    with pytest.raises(AssayError, match="patterns that saw light"):
        sessions.read(QUICK, *ran)


def test_a_read_out_learns_from_what_is_past_alone() -> None:
    rng = np.random.default_rng(2)
    tokens = rng.integers(0, 4, 300)
    features = np.eye(4)[tokens] + 0.3 * rng.standard_normal((300, 4))
    right = learning(features, tokens, 4)
    assert right[:30].mean() < right[150:].mean() > 0.9
    other = np.concatenate([tokens[:200], rng.integers(0, 4, 100)])
    np.testing.assert_array_equal(right[:200], learning(features, other, 4)[:200])
    assert learning(rng.standard_normal((400, 4)), rng.integers(0, 4, 400), 4)[200:].mean() == pytest.approx(0.25, abs=0.12)


def invented(plan: Plan, *, contrast: float, noise: float, position: float = 0.0) -> list[Row]:
    """Rows of cells in which following the wave does so much, and place does so much."""
    rng, p, out = np.random.default_rng(4), plan.parameters, []
    for cell in STUDY.cells(plan):
        told: list[Row] = []

        def add(measure: str, light: str, condition: str, value: float, lag: int = -1, told: list[Row] = told) -> None:
            told.append({"measure": measure, "light": light, "condition": condition, "value": value, "lag": lag, "n": 50})

        for light, name, lag in product(("closed loop", "replayed"), CONDITIONS, range(p["lags"])):
            follows = contrast * {"with": 0.5, "against": -0.5}.get(name, 0.0) * (light == "closed loop")
            here = position / 4 * {"far": 1, "near": -1}.get(name, 0) * (1 if lag in p["young_lags"] else -1)
            add("accuracy", light, name, 0.5 + follows + here + noise * rng.standard_normal(), lag)
            add("learned", light, name, 0.4, lag)
        for lag in range(p["lags"]):
            add("accuracy", "dark", "dark", 0.6, lag)
        for part in ("accuracy by cos of phase", "accuracy by sin of phase", "variance of a pulse"):
            add(part, "both", "with, against", 0.03)
        add("phase SD, deg", "closed loop", "catch", 60.0)
        add("phase bias, deg", "closed loop", "catch", 2.0)
        out += [{"arm": cell.arm, "seed": cell.seed, "dose": cell.parameters["dose"], **row} for row in told]
    return out


@pytest.mark.parametrize(
    ("contrast", "noise", "verdict"), [(0.2, 0.01, "yes"), (-0.2, 0.01, "yes"), (0.0, 0.01, "no"), (0.05, 0.3, "undecided")]
)
def test_the_verdict_follows_from_what_is_there(contrast: float, noise: float, verdict: str) -> None:
    plan = load_plan("perturbation")
    outcome = STUDY.judge(plan, invented(plan, contrast=contrast, noise=noise))
    assert outcome.verdict == verdict
    first = outcome.effects[0]
    assert first.low <= contrast <= first.high


def test_place_and_phase_are_told_beside_it(tmp_path: Path) -> None:
    plan = load_plan("perturbation")
    rows = invented(plan, contrast=0.0, noise=0.01, position=0.4)
    outcome = STUDY.judge(plan, rows)
    named = {effect.name: effect for effect in outcome.effects}
    assert named[f"lag × position, closed loop; {ONE}"].estimate == pytest.approx(0.4, abs=0.02)
    assert abs(named[f"lag × position, beyond replayed; {ONE}"].estimate) < 0.02
    told = outcome.figures[ONE]
    assert told["phase_sd_deg"] == pytest.approx(60)
    assert told["left_of_the_effect"] == pytest.approx(np.exp(-(np.radians(60) ** 2) / 2))
    assert told["pulses_needed"]["90"] > told["pulses_needed"]["0"] > 0
    STUDY.draw(plan, rows, outcome).savefig(tmp_path / "drawn.png")


def test_what_is_judged_runs_first_and_with_every_seed() -> None:
    plan = load_plan("perturbation")
    cells = STUDY.cells(plan)
    judged = cells[: 2 * len(plan.seeds)]
    assert {cell.parameters["dose"] for cell in judged} == {plan.parameters["doses"][0]}
    assert {(cell.arm, cell.seed) for cell in judged} == set(product((ONE, TWO), plan.seeds))


def test_both_arms_give_the_same_energy() -> None:
    energies = []
    for colours in (ONE, TWO):
        lit = [c.pattern for c in experiment({**QUICK, "colours": colours}, 1).conditions if c.pattern.kind != "none"]
        energies.append([light.irradiance_mw_mm2 + (light.inhibition.irradiance_mw_mm2 if light.inhibition else 0.0) for light in lit])
    assert energies[0] == pytest.approx(energies[1])
