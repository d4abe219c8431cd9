"""Studies: what is fixed beforehand stays fixed, what is done is kept, and a verdict follows from its intervals."""

from __future__ import annotations

import csv
import json
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner
from wavestim.controller.cli import app
from wavestim.controller.studies import study, study_names
from wavestim.controller.studies.intervals import difference, verdict
from wavestim.controller.studies.plan import load_plan
from wavestim.controller.studies.readout import Readout, items
from wavestim.controller.studies.run import compute
from wavestim.controller.studies.study import Cell, Effect, Row, StudyError
from wavestim.controller.studies.table import Table

SMALL = {"side": 6, "n_runs": 6, "n_periods": 30, "lags": 4}


def small_cells(seeds: tuple[int, ...] = (1, 2)) -> list[Cell]:
    plan = load_plan("sequence-encoding", quick=True)
    return study("sequence-encoding").cells(plan.model_copy(update={"seeds": seeds, "parameters": {**plan.parameters, **SMALL}}))


@pytest.mark.parametrize("name", study_names())
@pytest.mark.parametrize("quick", [False, True])
def test_every_plan_can_be_read_and_split(name: str, quick: bool) -> None:
    plan = load_plan(name, quick=quick)
    cells = study(name).cells(plan)
    assert plan.study == name
    assert len({cell.key for cell in cells}) == len(cells)
    assert {seed for cell in cells for seed in cell.parameters.get("seeds", [cell.seed])} == set(plan.seeds)
    assert quick or len(plan.seeds) >= 5


def test_a_cell_gives_the_same_rows_again() -> None:
    cell = small_cells()[0]
    assert study(cell.study).work(cell) == study(cell.study).work(cell)


class Breaking(Executor):
    """Does so many pieces of work, then its worker dies."""

    def __init__(self, good: int) -> None:
        self.left = good

    def submit(self, function: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self.left:
            self.left -= 1
            future.set_result(function(*arguments))
        else:
            future.set_exception(RuntimeError("the worker died"))
        return future


def test_what_breaks_off_goes_on_where_it_was(tmp_path: Path) -> None:
    cells = small_cells((1,))
    with Table(tmp_path) as table, pytest.raises(RuntimeError, match="died"):
        compute(cells, table, Breaking(3))
    with Table(tmp_path) as table:
        kept = sum(table.has(cell) for cell in cells)
        told: list[float] = []
        compute(cells, table, None, lambda words, part: told.append(part))
        rows = table.rows(cells)
    assert kept == 3, "what was done is kept, whatever failed beside it"
    assert told[0] == pytest.approx(kept / len(cells)), "what was done is not done again"
    assert told[-1] == 1.0
    assert [(row["arm"], row["seed"]) for row in rows] == [(cell.arm, cell.seed) for cell in cells]
    with Table() as fresh:
        compute(cells, fresh, None)
        assert fresh.rows(cells) == rows


def test_a_folder_that_cannot_hold_results_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StudyError, match="file: can't be made"):
        Table(tmp_path / "file")
    (tmp_path / "cells.sqlite").write_text("something else altogether", encoding="utf-8")
    with pytest.raises(StudyError, match=r"cells\.sqlite: is no table of results"):
        Table(tmp_path)


def test_another_parameter_is_another_cell() -> None:
    cell = small_cells()[0]
    other = Cell(cell.study, cell.arm, {**cell.parameters, "noise": 0.5}, cell.seed)
    assert other.key != cell.key
    with Table() as table:
        table.put(cell, [{"items": 1.0}])
        assert not table.has(other)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ([(0.1, 0.5), (0.2, 0.4)], "yes"),
        ([(0.1, 0.5), (-0.1, 0.4)], "undecided"),
        ([(0.1, 0.5), (-0.4, 0.2)], "no"),
        ([(0.05, 0.2), (0.2, 0.4)], "no"),
    ],
)
def test_a_verdict_follows_from_the_intervals(bounds: list[tuple[float, float]], said: str) -> None:
    assert verdict([Effect("d", (low + high) / 2, low, high) for low, high in bounds], 0.25) == said


def test_an_interval_holds_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(1000):
        ours, theirs = (dict(enumerate(rng.normal(m, 1, 8).tolist())) for m in (1.0, 0.0))
        effect = difference("d", ours, theirs)
        held += effect.low <= 1.0 <= effect.high
    assert 0.93 <= held / 1000 <= 0.97
    with pytest.raises(ValueError, match="two seeds"):
        difference("d", {1: 0.0}, {1: 1.0})


def test_the_read_out_finds_what_is_there_and_nothing_where_nothing_is() -> None:
    rng = np.random.default_rng(3)
    tokens = rng.integers(0, 4, 2000)
    noise = rng.normal(size=(2000, 20))
    told = np.concatenate([np.eye(4)[tokens] * 3, noise], axis=1)
    frozen, blind = Readout(told[:1000], tokens[:1000], 4), Readout(noise[:1000], tokens[:1000], 4)
    assert np.mean(frozen.tell(told[1000:]) == tokens[1000:]) > 0.9
    assert abs(np.mean(blind.tell(noise[1000:]) == tokens[1000:]) - 0.25) < 0.06
    assert items(np.array([1.0, 0.25, 0.1]), 4) == pytest.approx(1.0), "below chance is no knowledge"


def test_a_study_from_the_command_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["study", "sequence-encoding", "--quick", "--workers", "1", "--out", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert {"study", "verdict", "effects", "parameters", "seeds"} <= told.keys()
    assert told["verdict"] == "yes"
    named = {effect["name"]: effect for effect in told["effects"]}
    assert named["wave − shuffled sources (tokens)"]["low"] > 0
    assert abs(named["isotropic − local, weakly damped (tokens)"]["estimate"]) < 0.5, (
        "where units remember by themselves, a wave adds little"
    )
    rows: list[Row] = list(csv.DictReader((tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()))
    assert {"arm", "seed", "items", "lag_0"} <= rows[0].keys()
    assert (tmp_path / "sequence-encoding.png").stat().st_size > 10_000
    assert json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8")) == told, "the folder has it whoever reads the command"


def test_an_unknown_study_is_told_with_those_there_are() -> None:
    with pytest.raises(StudyError, match="sequence-encoding"):
        study("telepathy")
    result = CliRunner().invoke(app, ["study", "telepathy"])
    assert result.exit_code == 2
    assert "telepathy" in result.stderr


def test_what_a_bit_costs_follows_from_what_is_assumed() -> None:
    from wavestim.controller.studies.energy import draw, joules_per_bit

    plan = load_plan("energy", quick=True)
    drawn = draw(plan.parameters, 1)
    cost = joules_per_bit(plan.parameters, drawn)
    for name, said in plan.parameters["assumptions"].items():
        low, high = (float(bound) for bound in said["bounds"])
        assert low <= drawn[name].min() < drawn[name].max() <= high
        assert said["source"]
    dearer = joules_per_bit(plan.parameters, drawn | {"wave_share": 2 * drawn["wave_share"]})
    np.testing.assert_allclose(dearer["wave"], 2 * cost["wave"])
    np.testing.assert_array_equal(dearer["transformer"], cost["transformer"])
    by_hand = {name: np.array([1.0]) for name in drawn} | {"neurons_per_item": np.array([8.0]), "sustained_hz": np.array([3.0])}
    assert joules_per_bit({"period_ms": 10, "bits_per_token": 2}, by_hand)["sustained activity"][0] == pytest.approx(8 / 4 * 0.01 / 2 * 3)


def test_the_energy_study_says_what_its_answer_hangs_on() -> None:
    result = CliRunner().invoke(app, ["study", "energy", "--quick", "--workers", "1", "--json"])
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["verdict"] == "no"
    for parts in told["spread_by"].values():
        assert sum(parts.values()) == pytest.approx(1.0)
        assert max(parts, key=parts.get) in ("wave_share", "neurons_per_item")


def test_cut_connections_cost_tokens_and_the_assay_sees_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["study", "failure-modes", "--quick", "--workers", "1", "--out", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.stderr
    whole, cut = json.loads(result.stdout)["table"]
    assert whole["mode"] == "intact"
    assert whole["tokens"] > 2 * cut["tokens"]
    assert whole["correlation"] > 0.5 > cut["correlation"]


def test_electrodes_that_blur_nothing_lose_no_token() -> None:
    """Whatever fails, the read-out has learned from as much."""
    p = {**load_plan("failure-modes", quick=True).parameters, "n_periods": 400, "lags": 6}
    whole, blurred = (study("failure-modes").work(Cell("failure-modes", arm, {**p, "level": 0.01}, 1))[0] for arm in ("intact", "space"))
    assert blurred["items"] == pytest.approx(whole["items"])
    assert blurred["correlation"] == pytest.approx(whole["correlation"])


def test_a_wave_that_follows_the_sequence_is_told_from_one_that_does_not() -> None:
    result = CliRunner().invoke(app, ["study", "sequence-waves", "--quick", "--workers", "1", "--json"])
    assert result.exit_code == 0, result.stderr
    found = {effect["name"]: effect["estimate"] for effect in json.loads(result.stdout)["effects"]}
    assert found == {"direction by entropy": 1.0, "no tie": 0.0}


def test_a_session_of_known_truth_goes_where_its_plan_says() -> None:
    from wavestim.controller.studies import sequence_waves as made

    p = dict(load_plan("sequence-waves", quick=True).parameters)
    p |= {**p["arms"]["no tie"], "noise_uv": 0.0, "direction_sd_deg": 0.0, "speed_log_sd": 0.0, "rate_sd_hz": 0.0}
    (_, lfp), *_ = made.session(p, 1).blocks()
    late = made.session(p, 1).positions_mm @ [np.cos(np.pi / 6), np.sin(np.pi / 6)] / p["speed_mm_s"]
    spectrum = np.fft.rfft(lfp[:2000].astype(float), axis=0)[150]  # 15 Hz
    np.testing.assert_allclose(np.exp(1j * np.angle(spectrum)), np.exp(1j * (np.angle(spectrum[12]) - 2 * np.pi * 15 * late)), atol=1e-2)


def test_a_circuit_predicts_what_its_sheet_still_holds() -> None:
    from wavestim.controller.studies import prediction as made

    p = {**load_plan("prediction", quick=True).parameters["circuit"], "task": "last token", "n_test": 40}
    told, n = made.predicted(p, 1)
    assert n == 4 * (2 * 64 + 1)
    assert told > 0.7
    rng = np.random.default_rng(2)
    tokens, answers = made.task("four back").make(rng, 500)
    asked = answers != made.NOT_ASKED
    by = [np.bincount(answers[asked & (np.roll(tokens, 3, axis=1) == token)], minlength=4).max() for token in range(4)]
    assert sum(by) / asked.sum() == pytest.approx(made.ceiling("four back"), abs=0.02), "the best guess is the rule's"


def test_a_brain_state_in_which_hardly_a_wave_travels_holds_less_than_awake() -> None:
    """As the pilot saw it: the wave of propofol comes from elsewhere by turns, so a read-out that was learned awake tells little there."""
    result = CliRunner().invoke(app, ["study", "brain-states", "--quick", "--workers", "1", "--json"])
    assert result.exit_code == 0, result.stderr
    awake, propofol = json.loads(result.stdout)["table"]
    assert (awake["state"], propofol["state"]) == ("awake", "propofol")
    assert awake["travels"] > propofol["travels"]
    assert awake["items_frozen"] > propofol["items_frozen"] + 0.25


@pytest.mark.parametrize(("circuit", "said"), [(0.8, "yes"), (0.5, "no")])
def test_the_verdict_on_prediction_is_that_of_circuit_against_transformer(circuit: float, said: str) -> None:
    plan = load_plan("prediction", quick=True)
    told = {"circuit": circuit, "transformer, 1 layer": 0.8}
    rows: list[Row] = [
        {"arm": arm, "seed": seed, "task": "last token", "accuracy": value + 0.001 * seed}
        for arm, value in told.items()
        for seed in range(3)
    ]
    outcome = study("prediction").judge(plan, rows)
    assert outcome.verdict == said
    assert outcome.effects[0].estimate == pytest.approx((circuit - 0.8) / 0.6)
    study("prediction").draw(plan, rows, outcome)
