"""How many tokens are needed: from a pilot, the number at which the primary statistic says yes with the power that is asked for.

The pilot gives S, S along the map turned by a right angle, and the clearest rise, each with its uncertainty over blocks. What is true is
not what the pilot saw: truths are drawn around it as its uncertainty says, for each of them sessions of n tokens, and the power is the
part of these in which all three questions are answered (the assurance of O'Hagan et al. 2005, Pharm Stat 4:187). So a lucky pilot does
not promise too much. The variance of a U-statistic is a part that falls with n and one that falls with its square, in shares that a pilot
does not tell: above the pilot's n all of it is taken to fall with n, below it to rise with the square. So the number errs upwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.interaction import LEVEL, Interaction, turned_p

Floats = NDArray[np.float64]
DRAWS = 1000
TIMES = tuple(2 ** (i / 4) for i in range(-12, 25))
"""Numbers of tokens that are tried, in those of the pilot: an eighth to 64 times."""


@dataclass(frozen=True)
class Power:
    """``needed`` tokens for the wanted power, None when 64 times the pilot would not do; and the power at each number tried."""

    needed: int | None
    tokens: Floats
    power: Floats


def power(found: Interaction, tokens: int, least: int, wanted: float = 0.8, seed: int = 1) -> Power:
    """The power analysis.

    Parameters
    ----------
    found : Interaction
        Of the pilot.
    tokens : int
        That it had.
    least : int
        Tokens that fill all blocks of the analysis.
    wanted : float
    seed : int
    """
    rng = np.random.default_rng(seed)
    v = found.values
    mean, covariance = v.mean(axis=0), np.cov(v.T) / len(v)
    root = _root(covariance)
    scale = np.sqrt((len(v) - 1) / rng.chisquare(len(v) - 1, DRAWS))[:, None]  # the uncertainty is an estimate from a few blocks, too
    truth = mean + scale * (rng.standard_normal((DRAWS, 3)) @ root.T)
    noise = scale * (rng.standard_normal((DRAWS, 3)) @ root.T)
    sd = scale * np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    powers = []
    for times in TIMES:
        certainty = np.sqrt(times) if times > 1 else times
        seen = truth + noise / certainty
        t = seen * certainty / sd
        yes = (t[:, 0] > found.critical[0]) & (t[:, 2] > found.critical[1])
        if found.by_turning:
            yes &= turned_p(seen[:, 0], seen[:, 1], found.spread) < LEVEL
        powers.append(float(yes.mean()))
    enough = np.flatnonzero(np.array(powers) >= wanted)
    needed = max(least, int(np.ceil(TIMES[enough[0]] * tokens))) if len(enough) else None
    return Power(needed, np.array(TIMES) * tokens, np.array(powers))


def _root(covariance: Floats) -> Floats:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))
