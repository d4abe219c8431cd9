"""Several sessions asked together: what they share is seen, what none has is not, and whose they are is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.planting import scene
from typer.testing import CliRunner
from wavestim.controller import cli
from wavestim.controller.context.errors import AssayError
from wavestim.controller.context.interaction import Estimate
from wavestim.controller.context.planted import plant
from wavestim.controller.context.pooled import Answer, pooled

NOTHING = Estimate(np.nan, np.nan, np.nan)


def session(rng, n, effect=0.0, animal="", shifted=0.0):
    """An answer as sessions give them: numbers around 0, or around an effect."""
    c = effect + 0.1 * rng.standard_normal()
    along, arrives = rng.uniform(0, 1 if not effect else 0.2, 2)
    return Answer(f"day-{n}", animal, Estimate(c, c - 0.2, c + 0.2), along, arrives, shifted + 0.1 * rng.standard_normal(), True)


def sessions(seed, n=8, animals=("",), **change):
    rng = np.random.default_rng(seed)
    return [session(rng, i, animal=animals[i % len(animals)], **change) for i in range(n)]


def test_what_all_sessions_show_a_little_is_seen_together():
    found = pooled(sessions(1, effect=0.25, animals=("mouse-1", "mouse-2")))
    assert found.verdict == "yes"
    assert found.p == max(found.p_moves, found.p_along, found.p_arrives) < 0.01
    assert found.correlation.low < 0.25 < found.correlation.high
    assert found.animals == {"mouse-1": 4, "mouse-2": 4}
    assert found.p_animals is None, "two animals are too few for signs of their own"


def test_sessions_without_a_code_pass_in_five_of_a_hundred_at_most():
    p = np.array([[found.p, found.p_moves] for found in (pooled(sessions(seed)) for seed in range(400))])
    whole, moves = (p < 0.05).mean(axis=0)
    assert whole <= 0.02, "all three together are stricter"
    assert 0.02 < moves < 0.08


def test_one_question_that_fails_is_no_yes():
    """Structure that moves and arrives, but as often against the wave as along it."""
    some = [
        Answer(a.session, "", a.correlation, 0.02 if i % 2 else 0.98, a.p_arrives, 0.0, True) for i, a in enumerate(sessions(2, effect=0.3))
    ]
    found = pooled(some)
    assert found.p_moves < 0.05 < found.p_along == found.p
    assert found.verdict == "undecided"
    assert "along" in found.words


def test_what_another_time_shows_as_well_is_undecided():
    found = pooled(sessions(3, effect=0.25, shifted=0.25))
    assert found.p < 0.05
    assert found.p_shifted < 0.05
    assert (found.verdict, "another time" in found.words) == ("undecided", True)


def test_four_sessions_are_too_few_and_clear_zeros_are_a_no():
    assert pooled(sessions(4, n=4, effect=0.5)).verdict == "undecided"
    zeros = [Answer(f"day-{i}", "", Estimate(0.001 * (-1) ** i, 0, 0), 0.5, 0.5, 0.0, True) for i in range(6)]
    assert pooled(zeros).verdict == "no"
    unread = [Answer(a.session, "", a.correlation, 0.5, 0.5, 0.0, i > 0) for i, a in enumerate(zeros)]
    assert pooled(unread).verdict == "undecided"


def test_one_animal_is_one_sign():
    """One animal of five has all the effect, in many sessions: sessions are sure, animals are not."""
    rng = np.random.default_rng(5)
    some = [session(rng, i, 0.5, "mouse-1") for i in range(12)] + [session(rng, 20 + i, 0.0, f"mouse-{i}") for i in range(2, 6)]
    found = pooled(some)
    assert found.p_moves < 0.001
    assert found.p_animals is not None
    assert found.p_animals > 0.05


def test_sessions_without_a_wave_are_left_out_by_name():
    some = sessions(6, effect=0.3)
    still = Answer("day-9", "", NOTHING, 1.0, 1.0, 0.0, True)
    found = pooled([*some, still])
    assert found.left_out == ("day-9",)
    assert found.correlation == pooled(some).correlation
    with pytest.raises(AssayError, match="1 of 2 sessions"):
        pooled([some[0], still])


def recording(path, seed, n=200):
    s = scene()
    p = plant("wave", s, n, seed)
    np.savez(path, lfp=p.samples_uv.astype(np.float32), fs=s.fs_hz, positions_mm=s.positions_mm, token=p.token, token_sample=p.onset)
    return path


def call(*words):
    return CliRunner().invoke(cli.app, ["assay", *(str(w) for w in words)])


def test_several_recordings_are_asked_one_by_one_and_together(tmp_path):
    two = [recording(tmp_path / f"{name}.npz", seed) for name, seed in (("one", 1), ("two", 2))]
    result = call(*two, "--lags", "2", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["verdict"] == "undecided"
    assert told["animals"] == {"not named": 2}
    assert [one["session"] for one in told["sessions"]] == ["one.npz", "two.npz"]
    mean = np.mean([one["effects"][0]["estimate"] for one in told["sessions"]])
    assert told["effects"][0]["estimate"] == pytest.approx(mean)
    assert json.loads((tmp_path / "out" / "assay.json").read_text()) == told
    assert json.loads((tmp_path / "out" / "02-two" / "assay.json").read_text()) == told["sessions"][1]
    assert (tmp_path / "out" / "01-one" / "trials.csv").is_file()


def test_a_session_that_cannot_be_asked_is_named(tmp_path):
    few = recording(tmp_path / "few.npz", 1, n=60)
    result = call(few, recording(tmp_path / "two.npz", 2), "--out", tmp_path / "out", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"].startswith(f"{few}: 60 tokens are too few")


def test_what_cannot_be_asked_together_is_one_sentence(tmp_path):
    one, two = recording(tmp_path / "one.npz", 1), recording(tmp_path / "two.npz", 2)
    for words, says in (
        ((one, one), "named twice"),
        ((one, "token-sequence"), "asked alone"),
        ((one, two, "--sham", two), "goes with one session"),
    ):
        result = call(*words, "--out", tmp_path / "never", "--json")
        assert result.exit_code == 2
        assert says in json.loads(result.stdout)["error"]
        assert not (tmp_path / "never").exists()
