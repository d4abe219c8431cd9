"""The order of trials: which condition each has, and which are catches. Tables made before the session from the seed alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment._course import Schedule

LENGTH = 2**15
CATCH_GROUP = 10
"""Without blocks, catch trials are spread over so many trials of a condition at a time."""


def balanced_sequence(n_conditions: int, seed: int, length: int = LENGTH) -> NDArray[np.int16]:
    """Condition indices, at least ``length`` of them; every block of ``n_conditions`` holds each condition once.

    After k pulses the counts of two conditions differ by at most one, whenever the session ends.
    """
    if n_conditions < 1:
        raise ValueError(f"a schedule needs at least one condition, not {n_conditions}")
    blocks = -(-length // n_conditions)
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, n_conditions])))
    table = np.tile(np.arange(n_conditions, dtype=np.int16), (blocks, 1))
    sequence: NDArray[np.int16] = generator.permuted(table, axis=1).ravel()
    sequence.flags.writeable = False
    return sequence


def condition_order(n_conditions: int, seed: int, schedule: Schedule) -> NDArray[np.int16]:
    """The condition of every trial, for as long as the schedule lasts; without an end, at least ``LENGTH``.

    ``mixed``: the balanced sequence, so that a block of a multiple of ``n_conditions`` trials is balanced, too. ``blocked``: the balanced
    sequence says which condition a block has.
    """
    per_block = schedule.trials_per_block or 1
    least = max(LENGTH, (schedule.blocks or 0) * per_block)
    if schedule.order == "mixed":
        return balanced_sequence(n_conditions, seed, least)
    sequence = np.repeat(balanced_sequence(n_conditions, seed, -(-least // per_block)), per_block)
    sequence.flags.writeable = False
    return sequence


def catch_trials(sequence: NDArray[np.int16], lit: Sequence[bool], seed: int, schedule: Schedule) -> NDArray[np.bool_]:
    """Which trials stay dark: of every lit condition the same part, block by block as even as whole trials allow, at random places.

    Parameters
    ----------
    sequence : (n,)
        Condition of each trial.
    lit : sequence of bool
        Of each condition; a sham has no catch trials.
    seed : int
    schedule : Schedule

    Returns
    -------
    (n,) bool, or empty when there are none.
    """
    fraction = schedule.catch_fraction
    if not fraction:
        return np.zeros(0, dtype=np.bool_)
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, len(lit), 0xCA7C])))
    per_block = schedule.trials_per_block
    group = CATCH_GROUP if per_block is None else per_block if schedule.order == "blocked" else per_block // len(lit)
    catches = np.zeros(len(sequence), dtype=np.bool_)
    for condition in np.flatnonzero(lit):
        own = np.flatnonzero(sequence == condition)
        n_groups = -(-len(own) // group)
        due = np.floor(np.arange(n_groups + 1) * group * fraction + generator.random())  # so many in all before each group
        places = generator.random((n_groups, group)).argsort(axis=1).argsort(axis=1)
        catches[own] = (places < np.diff(due)[:, None]).ravel()[: len(own)]
    catches.flags.writeable = False
    return catches
