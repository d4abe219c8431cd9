"""Several sessions asked together: one answer over all of them.

Every session gives three numbers, each made for one of the questions of `interaction.py`, and each as often above 0 as below where there
is no code of the wave: the correlation of age and travel time, and 1 - 2 p of the other two. Their means over sessions are held against
those under flipped signs, one sign for a session: sessions are what is exchanged, whatever their length. The p-value is again the largest
of the three. A fourth, the correlation of tokens that came at another time, must not pass.

Sessions of one animal share its anatomy. A structure that lies along the wave by chance lies there in every one of them, which signs of
sessions do not hold; so p is also given with one sign for an animal. Neither says anything of animals that were not recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t
from wavestim.controller.context.assay import SMALLEST, Assay, effect
from wavestim.controller.context.controls import SHIFT
from wavestim.controller.context.errors import AssayError
from wavestim.controller.context.interaction import LEVEL, Estimate

Floats = NDArray[np.float64]
FEWEST = 5
"""Signs, at least: with fewer no p-value can be below 0.05."""
ALL_SIGNS = 12
"""Up to so many, all patterns of signs are gone through."""
DRAWS = 4999
UNNAMED = "not named"


@dataclass(frozen=True)
class Answer:
    """What pooling takes of one session.

    Attributes
    ----------
    session : what it is called.
    animal : whose it is; empty where nobody is named.
    correlation : of age and travel time; NaN where no wave was seen to travel.
    p_along, p_arrives : of the session alone.
    shifted : the correlation of tokens that came at another time.
    readable : a token can be read from the patterns.
    """

    session: str
    animal: str
    correlation: Estimate
    p_along: float
    p_arrives: float
    shifted: float
    readable: bool


def answer_of(a: Assay, session: str) -> Answer:
    """Of a session that was asked."""
    shifted = next(c.value.estimate for c in a.controls if c.name == SHIFT)
    readable = bool(a.forgetting.low.max() > a.forgetting.chance)
    return Answer(session, a.animal, a.found.correlation, a.found.p_along, a.found.p_arrives, shifted, readable)


@dataclass(frozen=True)
class Pooled:
    """The answer over all sessions.

    Attributes
    ----------
    verdict, words : as of one session.
    correlation : mean over sessions, with a t interval over sessions.
    p, p_moves, p_along, p_arrives : p is the largest of the others; one sign for a session.
    p_animals : p with one sign for an animal; None when fewer than five are named.
    p_shifted : of tokens that came at another time.
    animals : sessions of each.
    left_out : sessions in which no wave was seen to travel.
    """

    verdict: str
    words: str
    correlation: Estimate
    p: float
    p_moves: float
    p_along: float
    p_arrives: float
    p_animals: float | None
    p_shifted: float
    animals: Mapping[str, int]
    left_out: tuple[str, ...]


def pooled(answers: Sequence[Answer], seed: int = 1) -> Pooled:
    """One answer over sessions.

    Raises
    ------
    AssayError
        When the wave travels in fewer than two of them.
    """
    asked = [a for a in answers if np.isfinite(a.correlation.estimate)]
    if len(asked) < 2:
        raise AssayError(
            f"a wave was seen to travel in {len(asked)} of {len(answers)} sessions; at least 2 are needed to ask them together"
        )
    values = np.array([[a.correlation.estimate, 1 - 2 * a.p_along, 1 - 2 * a.p_arrives] for a in asked])
    names = np.array([a.animal or UNNAMED for a in asked])
    animals = Counter(names.tolist())
    rng = np.random.default_rng(seed)
    patterns = signs(len(asked), rng)
    parts = _p_values(values, patterns)
    p_shifted = float(_p_values(np.array([[a.shifted] for a in asked]), patterns)[0])
    of_animals = None
    if len(animals) >= FEWEST and UNNAMED not in animals:
        each = np.array([values[names == one].sum(axis=0) for one in animals])
        of_animals = float(_p_values(each, signs(len(each), rng)).max())
    correlation = _mean(values[:, 0])
    verdict, words = judge(len(asked), correlation, parts, p_shifted, [a.readable for a in asked])
    return Pooled(
        verdict=verdict,
        words=words,
        correlation=correlation,
        p=float(parts.max()),
        p_moves=float(parts[0]),
        p_along=float(parts[1]),
        p_arrives=float(parts[2]),
        p_animals=of_animals,
        p_shifted=p_shifted,
        animals=dict(animals),
        left_out=tuple(a.session for a in answers if a not in asked),
    )


def judge(n: int, c: Estimate, parts: Floats, p_shifted: float, readable: Sequence[bool]) -> tuple[str, str]:
    """The verdict over n sessions and why, in a sentence."""
    p = float(parts.max())
    about = f"mean correlation of age and travel time over {n} sessions {c.estimate:.2f} [{c.low:.2f}, {c.high:.2f}], p = {p:.3g}"
    if n < FEWEST:
        return "undecided", f"{about}: with fewer than {FEWEST} sessions no p-value over sessions can be below {LEVEL:g}"
    if p < LEVEL and p_shifted < LEVEL:
        return "undecided", f"{about}, but tokens that came at another time show as much: something else in the sessions has this shape"
    if p < LEVEL:
        return "yes", f"in these sessions the older a token, the further along the wave it is read: {about}"
    if not all(readable):
        return "undecided", f"{about}; in {readable.count(False)} of the sessions no token can be read"
    if c.high < SMALLEST:
        return "no", f"tokens can be read, but older ones no further along the wave: {about}; {SMALLEST:g} or more would matter"
    lacking = [name for name, part in zip(("moves", "along", "arrives"), parts, strict=True) if part >= LEVEL]
    return "undecided", f"{about}: within chance is {', '.join(lacking)}"


def signs(n: int, rng: np.random.Generator) -> Floats:
    """(patterns, n) of which the first flips nothing: all of them where they are few."""
    if n <= ALL_SIGNS:
        return np.array(list(product((1.0, -1.0), repeat=n)))
    return np.vstack([np.ones(n), rng.choice([-1.0, 1.0], size=(DRAWS, n))])


def _p_values(values: Floats, flips: Floats) -> Floats:
    """One-sided p of each column's sum."""
    sums = flips @ values
    return np.asarray((sums >= sums[0] - 1e-12).mean(axis=0))


def _mean(values: Floats) -> Estimate:
    n = len(values)
    half = float(t.ppf(0.975, n - 1)) * float(values.std(ddof=1)) / np.sqrt(n)
    mean = float(values.mean())
    return Estimate(mean, mean - half, mean + half)


def pooled_json(together: Pooled, answers: Sequence[Answer], sessions: Sequence[dict[str, Any]], seed: int) -> dict[str, Any]:
    """The result as plain values; what every study has, and each session's own answer under ``sessions``."""
    every = [("lag x position", together.correlation), *((f"lag x position, {a.session}", a.correlation) for a in answers)]
    return {
        "study": "assay",
        "verdict": together.verdict,
        "words": together.words,
        "effects": [effect(name, value.estimate, value.low, value.high) for name, value in every],
        "p": {
            "p": together.p, "moves": together.p_moves, "along": together.p_along, "arrives": together.p_arrives,
            "one_sign_for_an_animal": together.p_animals, "shifted": together.p_shifted,
        },
        "animals": dict(together.animals),
        "left_out": list(together.left_out),
        "sessions": list(sessions),
        "parameters": {"level": LEVEL, "smallest": SMALLEST, "fewest_sessions": FEWEST},
        "seeds": [seed],
    }  # fmt: skip
