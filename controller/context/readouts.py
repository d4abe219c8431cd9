"""Read-outs that depend on place: a token from the electrodes that its wave is crossing now, against those elsewhere.

A linear decoder over all electrodes does not change when they are exchanged, so it cannot tell where a code is. Here every electrode reads
by itself, and what counts is how often those are right whose travel time is nearest to where the token's information should be by now:
a quarter of the electrodes. Where that is, is a line through age and travel time, found on the tokens that train. They are held against
all others, and against the same line on travel times dealt out anew. (Decoders over a few electrodes at a time would not do: electrodes
that lie far apart cancel the noise that they share, so a set that is scattered reads better than one that lies together, wherever it is.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.decoding import Integers, by_electrode, folds, interval
from wavestim.controller.context.information import Codes, Trials, encode
from wavestim.controller.context.interaction import line

Floats = NDArray[np.float64]
SHARE = 4
DEALS = 200
FEWEST_BLOCKS = 3
"""For the line alone, without its uncertainty: a session of the fewest tokens has no more left beside a test fold."""


@dataclass(frozen=True)
class Readouts:
    """At every age: how often an electrode reads the token right, where its wave is crossing and elsewhere.

    ``shuffled`` is (ages, 2), the range of 95 % of maps with travel times dealt out anew, and ``gain`` (ages, 3) crossing minus elsewhere
    with its 95 % interval.
    """

    age_ms: Floats
    crossing: Floats
    elsewhere: Floats
    shuffled: Floats
    gain: Floats


def readouts(trials: Trials, travel_ms: Floats, seed: int = 1) -> Readouts:
    """Read every token at every age, electrode by electrode.

    Parameters
    ----------
    trials : Trials
    travel_ms : (electrodes,)
        NaN: not known, left out.
    seed : int
        Of the maps that are dealt out anew.
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(np.isfinite(travel_ms))
    T, few = travel_ms[known], max(1, len(known) // SHARE)
    n, cuts = trials.pattern.shape[:2]
    parts = [(test, line(_without(trials, test), known, T)) for _, test in folds(n, trials.lags + 1)]
    deals = np.array([rng.permutation(len(T)) for _ in range(DEALS)])
    rows = []
    for a, age in enumerate(trials.age_ms):
        right = by_electrode(trials, *divmod(a, cuts)).right[:, known]
        crossing, elsewhere, dealt = np.full(n, np.nan), np.full(n, np.nan), np.zeros(DEALS)
        for test, path in parts:
            order = np.argsort(np.abs(T - path(float(age))), kind="stable")
            crossing[test], elsewhere[test] = right[test][:, order[:few]].mean(axis=1), right[test][:, order[few:]].mean(axis=1)
            dealt += np.nansum(right[test], axis=0)[deals[:, :few]].mean(axis=1)
        asked = np.isfinite(crossing)
        rows.append(
            (
                crossing[asked].mean(),
                elsewhere[asked].mean(),
                *np.percentile(dealt / asked.sum(), [2.5, 97.5]),
                *interval(crossing - elsewhere, seed),
            )
        )
    found = np.array(rows, dtype=np.float64)
    return Readouts(trials.age_ms, found[:, 0], found[:, 1], found[:, 2:4], found[:, 4:])


def _without(trials: Trials, test: Integers) -> Codes:
    """The codes of all but these tokens and those within the memory of them."""
    usable = trials.usable.copy()
    usable[max(0, test[0] - trials.lags - 1) : test[-1] + trials.lags + 2] = False
    return encode(replace(trials, usable=usable), fewest=FEWEST_BLOCKS)
