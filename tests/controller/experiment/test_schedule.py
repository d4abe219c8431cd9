"""The order of trials: balanced in every block, catches fairly dealt, and nothing but the seed decides."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.controller.experiment._course import Schedule
from wavestim.controller.experiment.schedule import LENGTH, balanced_sequence, catch_trials, condition_order

MANY = settings(max_examples=40)
seeds = st.integers(0, 2**63 - 1)


@MANY
@given(st.integers(1, 8), st.integers(1, 12), seeds)
def test_every_block_holds_each_condition_equally_often(n: int, times: int, seed: int) -> None:
    order = condition_order(n, seed, Schedule(trials_per_block=n * times))
    blocks = order[: len(order) // (n * times) * n * times].reshape(-1, n * times)
    assert all((np.sum(blocks == c, axis=1) == times).all() for c in range(n))
    np.testing.assert_array_equal(order, balanced_sequence(n, seed), "blocks do not change the order that the seed gives")


@MANY
@given(st.integers(1, 6), st.integers(1, 40), seeds)
def test_blocked_order_has_one_condition_a_block_and_every_condition_in_turn(n: int, per_block: int, seed: int) -> None:
    order = condition_order(n, seed, Schedule(trials_per_block=per_block, order="blocked"))
    blocks = order[: len(order) // per_block * per_block].reshape(-1, per_block)
    assert (blocks == blocks[:, :1]).all()
    rounds = blocks[: len(blocks) // n * n, 0].reshape(-1, n)
    assert (np.sort(rounds, axis=1) == np.arange(n)).all()


@MANY
@given(
    st.lists(st.booleans(), min_size=1, max_size=5),
    st.floats(0.01, 0.5),
    st.sampled_from(["mixed", "blocked", None]),
    st.integers(1, 12),
    seeds,
)
def test_catch_trials_are_the_same_part_of_every_lit_condition(
    lit: list[bool], fraction: float, order: str | None, times: int, seed: int
) -> None:
    blocks = {} if order is None else {"trials_per_block": len(lit) * times, "order": order}
    schedule = Schedule(catch_fraction=fraction, **blocks)
    sequence = condition_order(len(lit), seed, schedule)
    catches = catch_trials(sequence, lit, seed, schedule)
    group = 10 if order is None else len(lit) * times if order == "blocked" else times
    for condition, shines in enumerate(lit):
        own = catches[sequence == condition]
        if not shines:
            assert not own.any(), "a sham has no catch trials"
            continue
        whole = own[: len(own) // group * group].reshape(-1, group).sum(axis=1)
        assert set(whole) <= {int(np.floor(group * fraction)), int(np.ceil(group * fraction))}, "as even as whole trials allow"
        assert np.abs(np.cumsum(whole) - (np.arange(len(whole)) + 1) * group * fraction).max() <= 1
    np.testing.assert_array_equal(catches, catch_trials(sequence, lit, seed, schedule))
    if np.mean(lit) * fraction > 0.01:
        assert (catches != catch_trials(sequence, lit, seed + 1, schedule)).any()


def test_without_catch_trials_there_is_no_table_and_a_long_experiment_has_a_long_one() -> None:
    assert len(catch_trials(balanced_sequence(2, 1), [True, False], 1, Schedule())) == 0
    assert len(condition_order(2, 1, Schedule(trials_per_block=1000, blocks=100))) == 100_000 > LENGTH


def test_catch_trials_have_no_place_of_their_own_within_a_block() -> None:
    schedule = Schedule(catch_fraction=0.1, trials_per_block=20)
    sequence = condition_order(2, 5, schedule)
    catches = catch_trials(sequence, [True, True], 5, schedule)
    at = np.bincount(np.flatnonzero(catches) % 20, minlength=20) / catches.sum()
    assert at.min() > 0.03
    assert at.max() < 0.07
