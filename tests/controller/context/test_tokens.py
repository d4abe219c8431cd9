"""A session's tokens come out of its journal as they were shown or told."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.controller import open_session
from wavestim.controller.context import AssayError
from wavestim.controller.context.sequences import OMITTED
from wavestim.controller.context.shown import marker_of, shown_tokens
from wavestim.controller.context.tokens import from_markers, from_words, tokens_of
from wavestim.controller.experiment import ExperimentError, mocked, parse_experiment
from wavestim.controller.record.records import MARKER
from wavestim.controller.session import run_experiment, verify_session
from wavestim.hardware.simulated import Truth

TEXT = """
name: shown
source: {kind: simulated, cortex: {coupling_per_s: 200}}
probe: {kind: grid, rows: 2, columns: 3, pitch_mm: 0.4}
trigger: {max_phase_sd_deg: 180}
sequence: {kind: markov, n_tokens: 3, entropy_bits: 0.7, period_ms: 30, omission_fraction: 0.2}
conditions: [{name: sham, pattern: {kind: none}}]
"""


def told(rows, **experiment):
    return SimpleNamespace(experiment={"name": "told", **experiment}, markers=np.array(rows, dtype=MARKER))


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    out = tmp_path_factory.mktemp("tokens") / "session"
    experiment = parse_experiment(TEXT)
    run_experiment(experiment, out=out, seconds=4.0, pace="virtual", seed=None, arm=True, progress=lambda _: None)
    return experiment, open_session(out)


def test_the_journal_has_what_the_cortex_was_shown_and_when(shown):
    experiment, session = shown
    found = tokens_of(session)
    assert found.rule_known
    assert len(found.sample) == 134
    assert (found.sequence.tokens == shown_tokens(experiment).sequence.tokens[:134]).all()
    assert (found.sequence.tokens == OMITTED).any()
    assert found.sequence.entropy_bits[0] == pytest.approx(0.8 * 0.7 + 0.722, abs=1e-3), "of the token, and of whether it is left out"
    with Truth(session.path / "truth.bin") as truth:
        entered = truth.rows["token"]
        for sample, token in zip(found.sample.astype(int), found.sequence.tokens, strict=True):
            assert entered[sample] == -1
            if sample + 1 < len(entered):
                assert entered[sample + 1] == token


def test_a_session_with_tokens_verifies(shown):
    found = verify_session(shown[1].path)
    assert found.ok
    assert found.n_decisions == len(shown[1].decisions) > 0


def test_a_gap_in_what_was_told_leaves_the_tokens_but_not_the_rule(shown):
    session = shown[1]
    rows = session.markers[session.markers["name"] == "marker"]
    found = tokens_of(SimpleNamespace(experiment=session.experiment, markers=np.delete(rows, 40)))
    assert not found.rule_known
    assert len(found.sample) == 133


def test_markers_of_the_labs_own_program():
    rows = [(10.0 * i, "marker", f"stim {i % 3}") for i in range(30)] + [(5.0, "marker", "pause"), (7.0, "block-done", "stim 2")]
    found = tokens_of(told(rows, sequence={"kind": "told", "n_tokens": 3, "marker": "stim "}))
    assert found.sequence.tokens.tolist() == [i % 3 for i in range(30)]
    assert found.sequence.surprisal_bits[-1] < 0.3  # it repeats, and that is counted along


def test_a_number_on_ttl_lines_with_a_strobe():
    rows = []
    for i in range(40):
        bits = (i % 4) << 1  # lines 2 and 3; line 1 strobes once they stand
        rows += [(100.0 * i, "ttl", str(bits)), (100.0 * i + 2, "ttl", str(bits | 1)), (100.0 * i + 9, "ttl", str(bits))]
    found = tokens_of(told(rows, sequence={"kind": "told", "n_tokens": 4, "ttl_lines": [2, 3], "strobe": 1}))
    assert found.sequence.tokens.tolist() == [i % 4 for i in range(40)]
    assert found.sample.tolist() == [100.0 * i + 2 for i in range(40)]


@pytest.mark.parametrize(
    ("rows", "sequence", "says"),
    [
        ([], None, "0 tokens"),
        ([(float(i), "marker", marker_of(5)) for i in range(30)], {"kind": "told", "n_tokens": 4}, "n_tokens is 4"),
    ],
)
def test_without_tokens_it_says_where_they_would_come_from(rows, sequence, says):
    with pytest.raises(AssayError, match=says):
        tokens_of(told(rows, sequence=sequence))


@given(st.lists(st.tuples(st.floats(0, 1e9), st.text(max_size=12)), max_size=30))
def test_no_text_of_another_program_breaks_it(rows):
    sample, token = from_markers(np.array([a for a, _ in rows]), np.array([t for _, t in rows] or ["x"])[: len(rows)], "t")
    assert len(sample) == len(token)
    assert (np.diff(sample) >= 0).all()


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 255)), max_size=40))
def test_a_token_is_there_once_for_each_rise_of_the_strobe(rows):
    rows = sorted(rows, key=lambda row: row[0])
    words = [w for _, w in rows]
    rises = sum(b & 128 and not a & 128 for a, b in zip([0, *words], words, strict=False))
    sample, token = from_words(np.array([a for a, _ in rows]), np.array(words, dtype=np.int64), (1, 4), 8)
    assert len(sample) == len(token) == rises


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("sequence: {kind: told, n_tokens: 3}", "nobody tells the simulated source"),
        ("sequence: {kind: markov, n_tokens: 3, entropy_bits: 1.7}", "at most 1.58"),
        ("sequence: {kind: markov, n_tokens: 30, order: 5}", "lower the order"),
        ("sequence: {kind: iid, shape: round}", "shape"),
    ],
)
def test_a_file_that_asks_for_the_impossible_is_refused(change, says):
    with pytest.raises(ExperimentError, match=says):
        parse_experiment("\n".join(change if line.startswith("sequence") else line for line in TEXT.splitlines()))


def test_at_a_rig_tokens_are_told_and_in_mock_mode_drawn():
    lines = TEXT.replace(
        "source: {kind: simulated, cortex: {coupling_per_s: 200}}", "source: {kind: lsl, name: utah, markers: task}"
    ).splitlines()
    rig = "\n".join("sequence: {kind: told, n_tokens: 5}" if line.startswith("sequence") else line for line in lines)
    assert shown_tokens(parse_experiment(rig)) is None
    assert shown_tokens(mocked(parse_experiment(rig))).sequence.n_tokens == 5
    with pytest.raises(ExperimentError, match="kind: told"):
        parse_experiment("\n".join(lines))
