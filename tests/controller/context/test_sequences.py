"""Sequences of tokens: what they promise of order, entropy and surprisal is so, and a seed is a sequence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.controller.context.sequences import OMITTED, iid, learned, markov, oddball, repeats, with_omissions


def next_entropy(tokens, order, n_tokens):
    """Plug-in entropy of the next token given the last ``order``."""
    context = np.zeros(len(tokens) - order, dtype=np.int64)
    for back in range(order):
        context = context * n_tokens + tokens[back : len(tokens) - order + back]
    joint = np.zeros((n_tokens**order, n_tokens))
    np.add.at(joint, (context, tokens[order:]), 1)
    p = joint / joint.sum()
    rows = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1)
    return float(-(p[p > 0] * np.log2(rows[p > 0])).sum())


@settings(max_examples=25)
@given(st.integers(2, 5), st.integers(1, 3), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_a_markov_chain_has_the_entropy_that_was_asked_for(n_tokens, order, part, seed):
    bits = part * np.log2(n_tokens)
    made = markov(6000, n_tokens, order, bits, seed)
    assert made.order == order
    assert np.allclose(made.entropy_bits, bits, atol=1e-9)
    assert made.tokens.min() >= 0
    assert made.tokens.max() < n_tokens
    assert abs(next_entropy(made.tokens, order, n_tokens) - bits) < 0.12
    assert abs(made.surprisal_bits.mean() - bits) < 0.12


def test_it_takes_the_whole_order_to_foresee_a_chain():
    made = markov(20_000, 4, 2, 0.8, seed=1)
    assert next_entropy(made.tokens, 1, 4) > 1.2
    assert abs(next_entropy(made.tokens, 2, 4) - 0.8) < 0.02


def test_a_seed_is_a_sequence():
    for make in (
        lambda s: iid(200, 4, s),
        lambda s: markov(200, 4, 1, 1.0, s),
        lambda s: oddball(200, 4, 0.2, s),
        lambda s: repeats(200, 4, 6, 0.1, s),
    ):
        assert (make(3).tokens == make(3).tokens).all()
        assert (make(3).tokens != make(4).tokens).any()


def test_deviants_are_what_breaks_the_rule_and_more_surprising():
    odd = oddball(5000, 4, 0.1, seed=2)
    assert ((odd.tokens > 0) == odd.deviant).all()
    assert abs(odd.deviant.mean() - 0.1) < 0.02
    motif = repeats(5000, 4, 5, 0.1, seed=2)
    assert motif.deviant[:5].sum() == 0
    for made in (odd, motif):
        assert made.surprisal_bits[made.deviant].min() > 3
        assert made.surprisal_bits[10:][~made.deviant[10:]].max() < 0.2


def test_omissions_leave_the_rest_as_it_was():
    whole = iid(1000, 4, 5)
    made = with_omissions(whole, 0.2, 5)
    gone = made.tokens == OMITTED
    assert abs(gone.mean() - 0.2) < 0.05
    assert (made.tokens[~gone] == whole.tokens[~gone]).all()


def test_what_was_left_out_tells_that_it_was_and_not_what_it_would_have_been():
    whole = markov(20_000, 4, 1, 1.0, 5)
    made = with_omissions(whole, 0.2, 5)
    gone = made.tokens == OMITTED
    assert np.ptp(made.surprisal_bits[gone]) == 0.0
    assert made.surprisal_bits[gone][0] == pytest.approx(-np.log2(0.2))
    assert made.surprisal_bits.mean() == pytest.approx(made.entropy_bits.mean(), abs=0.03), "entropy is the mean surprisal"


def test_probabilities_are_learned_from_those_before_only():
    tokens = np.tile([0, 1, 2], 60)
    made = learned(tokens, 3, 1)
    assert made.surprisal_bits[-1] < 0.1 < 1 < made.surprisal_bits[1]
    changed = tokens.copy()
    changed[100:] = 0
    assert np.array_equal(learned(changed, 3, 1).surprisal_bits[:100], made.surprisal_bits[:100], equal_nan=True)


@pytest.mark.parametrize(("order", "bits", "word"), [(0, 1.0, "order"), (9, 1.0, "order"), (1, 2.5, "entropy"), (1, -0.1, "entropy")])
def test_what_no_chain_can_have_is_refused(order, bits, word):
    with pytest.raises(ValueError, match=word):
        markov(100, 4, order, bits, seed=1)
