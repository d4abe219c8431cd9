"""The sequence of an experiment made concrete: which tokens the simulated cortex is shown, and the markers that tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

from wavestim.controller.context import sequences
from wavestim.controller.context.sequences import OMITTED, Sequence
from wavestim.controller.experiment._sequence import Drawn, MarkovSequence, OddballSequence, RepeatsSequence, ToldSequence
from wavestim.hardware.sources import LiveEvent

if TYPE_CHECKING:
    from wavestim.controller.experiment import Experiment

LENGTH = 32768
"""Tokens of a drawn sequence, after which it begins anew: 27 min at 50 ms."""
MARKER, NONE = "token:", "none"


@dataclass(frozen=True)
class Shown:
    """A sequence and its pace."""

    sequence: Sequence
    period_ms: float


def shown_tokens(experiment: Experiment) -> Shown | None:
    """What wavestim itself shows to the simulated cortex; None when it shows nothing."""
    asked = experiment.sequence
    if asked is None or isinstance(asked, ToldSequence):
        return None
    seed = experiment.seed if asked.seed is None else asked.seed
    return Shown(drawn(asked, seed), asked.period_ms)


@lru_cache(maxsize=8)
def drawn(asked: Drawn, seed: int) -> Sequence:
    """The tokens of one loop of a sequence."""
    n, k = LENGTH, asked.n_tokens
    if isinstance(asked, MarkovSequence):
        made = sequences.markov(n, k, asked.order, asked.entropy_bits, seed)
    elif isinstance(asked, OddballSequence):
        made = sequences.oddball(n, k, asked.deviant_fraction, seed)
    elif isinstance(asked, RepeatsSequence):
        made = sequences.repeats(n // asked.length * asked.length, k, asked.length, asked.deviant_fraction, seed)
    else:
        made = sequences.iid(n, k, seed)
    return sequences.with_omissions(made, asked.omission_fraction, seed) if asked.omission_fraction else made


def marker_of(token: int) -> str:
    """The marker that tells of a token."""
    return f"{MARKER}{NONE if token == OMITTED else token}"


def token_events(experiment: Experiment, fs_hz: float) -> Iterator[LiveEvent]:
    """A marker for every token that the simulated cortex is shown, at the sample after which it enters; without end."""
    shown = shown_tokens(experiment)
    if shown is None:
        return
    tokens = shown.sequence.tokens.tolist()
    for i in count():
        yield LiveEvent(round(i * shown.period_ms * 1e-3 * fs_hz), "marker", 0, marker_of(tokens[i % len(tokens)]))
