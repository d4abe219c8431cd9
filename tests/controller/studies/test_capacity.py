"""The comparison of memories: the tasks ask what they say, the networks are of equal size, and what learns nothing scores nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner
from wavestim.controller.cli import app
from wavestim.controller.studies.capacity.tasks import CUE, KEYS, N_IN, NOT_ASKED, OTHERS, STATES, markov_ceiling, task

NAMES = ("k-back 4", *OTHERS)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_asks_what_can_be_known(name: str) -> None:
    found = task(name)
    tokens, answers = found.make(np.random.default_rng(1), 300)
    again, _ = found.make(np.random.default_rng(1), 300)
    assert np.array_equal(tokens, again)
    assert tokens.shape == answers.shape == (300, found.length)
    assert 0 <= tokens.min() <= tokens.max() < N_IN
    asked = answers != NOT_ASKED
    assert (asked == asked[0]).all(), "the same moments in every sequence"
    values, counts = np.unique(answers[asked], return_counts=True)
    assert counts.max() / counts.sum() == pytest.approx(1 / len(values), abs=0.1), "no answer is the better guess"
    assert found.chance == pytest.approx(1 / len(values))
    assert found.chance < found.ceiling(tokens, answers) <= 1


def test_what_is_asked_stands_in_the_sequence() -> None:
    tokens, answers = task("k-back 4").make(np.random.default_rng(2), 20)
    assert np.array_equal(answers[:, 4:], tokens[:, :-4])
    tokens, answers = task("selective copy").make(np.random.default_rng(2), 20)
    for said, told in zip(tokens, answers, strict=True):
        assert list(said[said < CUE - 1]) == list(told[told != NOT_ASKED])
    tokens, answers = task("associative recall").make(np.random.default_rng(2), 20)
    for said, told in zip(tokens, answers, strict=True):
        assert said[-1] >= KEYS
        assert said[list(said[:-1:2]).index(said[-1]) * 2 + 1] == told[-1]
    tokens, answers = task("delayed match").make(np.random.default_rng(2), 200)
    assert np.array_equal(answers[:, -1], tokens[:, 0] == tokens[:, -1])


def test_nobody_predicts_a_chain_better_than_bayes() -> None:
    rng = np.random.default_rng(3)
    tokens, answers = task("in-context Markov").make(rng, 4000)
    best = markov_ceiling(tokens, answers)
    asked = answers[0] != NOT_ASKED
    last = np.mean(tokens[:, asked] == answers[:, asked])
    often = np.mean(np.array([np.bincount(row[:16], minlength=STATES).argmax() for row in tokens])[:, None] == answers[:, asked])
    assert max(last, often) < best < 1


def test_networks_are_of_equal_size_and_know_nothing_of_what_comes() -> None:
    jax, eqx = pytest.importorskip("jax"), pytest.importorskip("equinox")
    networks = pytest.importorskip("wavestim.controller.studies.capacity.networks")
    tokens = np.random.default_rng(4).integers(0, N_IN, 20)
    other = tokens.copy()
    other[12:] = (other[12:] + 1) % N_IN
    for name in networks.NETWORKS:
        assert networks.n_parameters(name, networks.width_for(name, 4000)) == pytest.approx(4000, rel=0.12), name
    for name in ("wave", "transformer, 1 layer"):  # the others are built of the same parts, and compiling takes long
        made = eqx.filter_jit(networks.NETWORKS[name][0])(8, jax.random.PRNGKey(1))
        assert sum(x.size for x in jax.tree_util.tree_leaves(made) if eqx.is_inexact_array(x)) == networks.n_parameters(name, 8)
        before, after = jax.jit(jax.vmap(made))(np.stack([tokens, other]))
        np.testing.assert_allclose(before[:12], after[:12], atol=1e-5, err_msg=name)
        assert np.abs(before[12:] - after[12:]).max() > 1e-4, name


def test_a_wave_learns_to_tell_the_past_and_leaky_units_do_not(tmp_path: Path) -> None:
    pytest.importorskip("equinox")
    result = CliRunner().invoke(app, ["study", "capacity", "--quick", "--workers", "1", "--out", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    accuracy = {row["network"]: row["accuracy"] for row in told["table"]}
    assert accuracy["wave"] > accuracy["leaky"] + 0.2
    assert told["verdict"] in ("yes", "undecided"), "two seeds decide little"
    assert (tmp_path / "capacity.png").stat().st_size > 10_000
