"""Five tasks that need the recent past, from the simplest to one that needs to look things up. Pure: a seed gives the same sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

N_OUT = 8
"""Tokens that are answered; others are cues, blanks and keys."""
BLANK, CUE, KEYS = N_OUT, N_OUT + 1, N_OUT + 2
N_KEYS = 8
N_IN = KEYS + N_KEYS
NOT_ASKED = -1

BACK_LENGTH = 28
COPY_LENGTH, COPIED = 20, 3
PAIRS = 4
STATES, MARKOV_LENGTH, MARKOV_LEARN, CONCENTRATION = 3, 32, 16, 0.3
DELAY = 16


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes
    ----------
    make : callable
        (rng, n) -> tokens (n, T) and answers (n, T), of which those that are not asked for are ``NOT_ASKED``.
    length : T.
    chance : accuracy of whoever knows nothing of the sequence.
    ceiling : callable
        (tokens, answers) -> accuracy of who knows how sequences are made and remembers all.
    """

    make: Callable[[np.random.Generator, int], tuple[Ints, Ints]]
    length: int
    chance: float
    ceiling: Callable[[Ints, Ints], float] = lambda tokens, answers: 1.0

    def best(self, sequences: int) -> float:
        """The best accuracy there can be, from so many sequences of its own."""
        return self.ceiling(*self.make(np.random.default_rng(0), sequences))


def k_back(lag: int) -> Task:
    """Tell at every moment the token of ``lag`` moments ago."""

    def make(rng: np.random.Generator, n: int) -> tuple[Ints, Ints]:
        tokens = rng.integers(0, N_OUT, (n, BACK_LENGTH), dtype=np.int32)
        answers = np.full_like(tokens, NOT_ASKED)
        answers[:, lag:] = tokens[:, :-lag]
        return tokens, answers

    return Task(make, BACK_LENGTH, 1 / N_OUT)


def _selective_copy(rng: np.random.Generator, n: int) -> tuple[Ints, Ints]:
    """A few tokens among blanks, told in their order once the cue comes."""
    tokens = np.full((n, COPY_LENGTH + COPIED), BLANK, np.int32)
    tokens[:, COPY_LENGTH:] = CUE
    answers = np.full_like(tokens, NOT_ASKED)
    at = np.sort(np.argsort(rng.random((n, COPY_LENGTH)), axis=1)[:, :COPIED], axis=1)
    said = rng.integers(0, N_OUT, (n, COPIED), dtype=np.int32)
    np.put_along_axis(tokens, at, said, axis=1)
    answers[:, COPY_LENGTH:] = said
    return tokens, answers


def _associative_recall(rng: np.random.Generator, n: int) -> tuple[Ints, Ints]:
    """Pairs of a key and a value, then a key: tell its value."""
    keys = np.argsort(rng.random((n, N_KEYS)), axis=1)[:, :PAIRS].astype(np.int32)
    values = rng.integers(0, N_OUT, (n, PAIRS), dtype=np.int32)
    tokens = np.empty((n, 2 * PAIRS + 1), np.int32)
    tokens[:, 0:-1:2], tokens[:, 1::2] = keys + KEYS, values
    asked = rng.integers(0, PAIRS, n)
    tokens[:, -1] = keys[np.arange(n), asked] + KEYS
    answers = np.full_like(tokens, NOT_ASKED)
    answers[:, -1] = values[np.arange(n), asked]
    return tokens, answers


def _markov(rng: np.random.Generator, n: int) -> tuple[Ints, Ints]:
    """A Markov chain of its own for every sequence: predict the next state from those seen."""
    chains = rng.dirichlet(np.full(STATES, CONCENTRATION), (n, STATES))
    states = np.empty((n, MARKOV_LENGTH + 1), np.int32)
    states[:, 0] = rng.integers(0, STATES, n)
    drawn = rng.random((n, MARKOV_LENGTH))
    for t in range(MARKOV_LENGTH):
        rows = chains[np.arange(n), states[:, t]]
        states[:, t + 1] = np.minimum((drawn[:, t, None] > np.cumsum(rows, axis=1)).sum(axis=1), STATES - 1)
    answers = states[:, 1:].copy()
    answers[:, :MARKOV_LEARN] = NOT_ASKED
    return states[:, :-1].copy(), answers


def markov_ceiling(tokens: Ints, answers: Ints) -> float:
    """Bayes: the transitions seen so far, and what is known beforehand of how chains are drawn (a Dirichlet prior)."""
    n, length = tokens.shape
    seen = np.full((n, STATES, STATES), CONCENTRATION)
    right = asked = 0
    for t in range(length):
        now = tokens[:, t]
        if answers[0, t] != NOT_ASKED:
            right += int((seen[np.arange(n), now].argmax(axis=1) == answers[:, t]).sum())
            asked += n
        if t + 1 < length:
            seen[np.arange(n), now, tokens[:, t + 1]] += 1
    return right / asked


def _delayed_match(rng: np.random.Generator, n: int) -> tuple[Ints, Ints]:
    """A sample, others after it, a probe: is it the sample?"""
    tokens = rng.integers(0, N_OUT, (n, DELAY + 3), dtype=np.int32)
    same = rng.random(n) < 0.5
    other = (tokens[:, 0] + rng.integers(1, N_OUT, n, dtype=np.int32)) % N_OUT
    tokens[:, -2], tokens[:, -1] = CUE, np.where(same, tokens[:, 0], other)
    answers = np.full_like(tokens, NOT_ASKED)
    answers[:, -1] = same
    return tokens, answers


OTHERS: Mapping[str, Task] = {
    "selective copy": Task(_selective_copy, COPY_LENGTH + COPIED, 1 / N_OUT),
    "associative recall": Task(_associative_recall, 2 * PAIRS + 1, 1 / N_OUT),
    "in-context Markov": Task(_markov, MARKOV_LENGTH, 1 / STATES, markov_ceiling),
    "delayed match": Task(_delayed_match, DELAY + 3, 0.5),
}


def task(name: str) -> Task:
    """The task of a name: those of :data:`OTHERS`, and ``k-back K``.

    Raises
    ------
    KeyError
        For a name that is none.
    """
    if name.startswith("k-back "):
        return k_back(int(name.removeprefix("k-back ")))
    return OTHERS[name]
