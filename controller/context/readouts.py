"""Read-outs that depend on place: a token from the electrodes that its wave is crossing now, against as many elsewhere.

A linear decoder over all electrodes does not change when they are exchanged, so it cannot tell where a code is. Here a decoder gets a
quarter of the electrodes only: those whose travel time is nearest to where the token's information should be by now. Where that is, is
a line through age and travel time, found on the blocks that train. It is held against as many electrodes elsewhere, and against the same
line on travel times dealt out anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.decoding import Integers, folds, interval, lagged, train
from wavestim.controller.context.information import Codes, Trials, encode
from wavestim.controller.context.interaction import line

Floats = NDArray[np.float64]
SHARE = 4
DRAWS = 8


@dataclass(frozen=True)
class Readouts:
    """At every age: how often the token was read right from electrodes that its wave is crossing, elsewhere, and on shuffled maps.

    ``gain`` is (ages, 3): crossing minus elsewhere with its 95 % interval.
    """

    age_ms: Floats
    lag: Integers
    crossing: Floats
    elsewhere: Floats
    shuffled: Floats
    gain: Floats


def readouts(trials: Trials, travel_ms: Floats, seed: int = 1) -> Readouts:
    """Read every token at every age from a quarter of the electrodes.

    Parameters
    ----------
    trials : Trials
    travel_ms : (electrodes,)
        NaN: not known, left out.
    seed : int
        Of the draws of other electrodes and maps.
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(np.isfinite(travel_ms))
    T = travel_ms[known]
    few = max(1, len(known) // SHARE)
    n, cuts = trials.pattern.shape[:2]
    ages = trials.lags * cuts
    right = {how: np.full((ages, n), np.nan) for how in ("crossing", "elsewhere", "shuffled")}
    for learn, test in folds(n, trials.lags + 1):
        path = line(_without(trials, test), known, T)
        for a in range(ages):
            lag, cut = divmod(a, cuts)
            target = lagged(trials.token, lag)
            able = trials.usable & (target >= 0)
            rows, asked = learn[able[learn]], test[able[test]]
            if len(rows) <= 2 * trials.n_tokens or not len(asked):
                continue
            distance = np.abs(T - path(trials.age_ms[a]))
            near = np.argsort(distance, kind="stable")
            others = [rng.choice(near[few:], size=min(few, len(near) - few), replace=False) for _ in range(DRAWS)]
            dealt = [rng.permutation(len(T))[:few] for _ in range(DRAWS)]
            pattern = trials.pattern[:, cut]
            for how, sets in (("crossing", [near[:few]]), ("elsewhere", others), ("shuffled", dealt)):
                hits = [
                    train(pattern, target, trials.n_tokens, lag, known[s], rows).read(pattern[asked]) == target[asked] for s in sets
                ]
                right[how][a, asked] = np.mean(hits, axis=0)
    gain = np.array([interval(right["crossing"][a] - right["elsewhere"][a], seed) for a in range(ages)])
    with np.errstate(all="ignore"):
        means = {how: np.array([np.nanmean(r) if np.isfinite(r).any() else np.nan for r in rows]) for how, rows in right.items()}
    return Readouts(trials.age_ms, np.repeat(np.arange(trials.lags), cuts), **means, gain=gain)


def _without(trials: Trials, test: Integers) -> Codes:
    """The codes of all but these tokens and those within the memory of them."""
    usable = trials.usable.copy()
    usable[max(0, test[0] - trials.lags - 1) : test[-1] + trials.lags + 2] = False
    return encode(replace(trials, usable=usable))
