"""Sequences of tokens, drawn by a seed, with what each token tells: its surprisal and the entropy it was drawn with.

A Markov chain of order m has one rule for every context of m tokens. Each rule is the same set of probabilities, dealt out anew to the
tokens by the seed: exp(-s r) over ranks r = 0, 1, ..., normalised, with the s at which its entropy is the one asked for. So the entropy
of the next token is the same in every context, and the chain's entropy rate is known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

OMITTED = -1
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Sequence:
    """Tokens in their order.

    Attributes
    ----------
    tokens : (n,) 0 ... n_tokens - 1; ``OMITTED`` where none was shown.
    n_tokens : how many different ones there are.
    surprisal_bits : (n,) -log2 of the probability that it had, given those before; NaN where it is not known.
    entropy_bits : (n,) of that probability, before the token was known.
    order : how many tokens back the rule looks; 0: none.
    deviant : (n,) it broke the rule on purpose.
    rule : (n,) which of several rules, drawn one after another, each token follows; None: one for all.
    """

    tokens: Integers
    n_tokens: int
    surprisal_bits: Floats
    entropy_bits: Floats
    order: int
    deviant: Flags
    rule: Integers | None = None

    def __len__(self) -> int:
        return len(self.tokens)


def iid(n: int, n_tokens: int, seed: int) -> Sequence:
    """Every token equally likely, whatever came before."""
    tokens = np.random.default_rng(seed).integers(n_tokens, size=n)
    bits = np.full(n, np.log2(n_tokens))
    return Sequence(tokens, n_tokens, bits, bits.copy(), 0, np.zeros(n, dtype=bool))


def markov(n: int, n_tokens: int, order: int, entropy_bits: float, seed: int) -> Sequence:
    """A Markov chain of this order whose next token has this entropy.

    Parameters
    ----------
    n, n_tokens : int
    order : int
        At least 1; n_tokens**order contexts must be at most 65536.
    entropy_bits : float
        0 (the next token is certain) to log2(n_tokens).

    Raises
    ------
    ValueError
        When a number is out of range.
    """
    most = float(np.log2(n_tokens))
    if order < 1 or n_tokens**order > 65536:
        raise ValueError(
            f"a Markov chain of {n_tokens} tokens has an order from 1 to {int(np.log(65536) / np.log(n_tokens) + 1e-9)}, not {order}"
        )
    if not 0 <= entropy_bits <= most + 1e-9:
        raise ValueError(f"the entropy of {n_tokens} tokens lies between 0 and {most:.3g} bits, not {entropy_bits:g}")
    p = _with_entropy(n_tokens, min(entropy_bits, most))
    rng = np.random.default_rng(seed)
    deal = rng.permuted(np.tile(np.arange(n_tokens), (n_tokens**order, 1)), axis=1)  # context, rank -> token
    ranks = rng.choice(n_tokens, size=n, p=p)
    tokens = np.zeros(n, dtype=np.int64)
    context, contexts = int(rng.integers(n_tokens**order)), n_tokens**order
    for i, rank in enumerate(ranks.tolist()):
        tokens[i] = deal[context, rank]
        context = (context * n_tokens + int(tokens[i])) % contexts
    with np.errstate(divide="ignore"):
        surprisal = -np.log2(p[ranks])
    return Sequence(tokens, n_tokens, surprisal, np.full(n, _entropy(p)), order, np.zeros(n, dtype=bool))


def oddball(n: int, n_tokens: int, deviant_fraction: float, seed: int) -> Sequence:
    """Token 0 over and over, now and then one of the others."""
    rng = np.random.default_rng(seed)
    odd = rng.random(n) < deviant_fraction
    tokens = np.where(odd, rng.integers(1, n_tokens, size=n), 0)
    p = np.concatenate([[1 - deviant_fraction], np.full(n_tokens - 1, deviant_fraction / (n_tokens - 1))])
    with np.errstate(divide="ignore"):
        return Sequence(tokens, n_tokens, -np.log2(p[tokens]), np.full(n, _entropy(p)), 0, odd)


def repeats(n: int, n_tokens: int, length: int, deviant_fraction: float, seed: int) -> Sequence:
    """A motif of this length, drawn once and repeated; now and then another token stands in its place."""
    rng = np.random.default_rng(seed)
    motif = rng.integers(n_tokens, size=length)
    due = motif[np.arange(n) % length]
    odd = rng.random(n) < deviant_fraction
    tokens = np.where(odd, (due + rng.integers(1, n_tokens, size=n)) % n_tokens, due)
    p = np.concatenate([[1 - deviant_fraction], np.full(n_tokens - 1, deviant_fraction / (n_tokens - 1))])
    with np.errstate(divide="ignore"):
        surprisal = -np.log2(np.where(odd, p[1], p[0]))
    new = np.arange(n) < length  # the first time round it was not known
    bits = np.log2(n_tokens)
    return Sequence(tokens, n_tokens, np.where(new, bits, surprisal), np.where(new, bits, _entropy(p)), length, odd & ~new)


def with_omissions(sequence: Sequence, fraction: float, seed: int) -> Sequence:
    """The same sequence, in which some tokens are not shown. The rule goes on as if they had been.

    An omission is an outcome like others, with the surprisal of its own probability; a token that is shown also tells that it was.
    """
    s = sequence
    left_out = np.random.default_rng([seed, 1]).random(len(s)) < fraction
    two = np.array([fraction, 1 - fraction])
    with np.errstate(divide="ignore"):
        gone, here = -np.log2(two)
    return Sequence(
        np.where(left_out, OMITTED, s.tokens),
        s.n_tokens,
        np.where(left_out, gone, s.surprisal_bits + here),
        (1 - fraction) * s.entropy_bits + _entropy(two),
        s.order,
        s.deviant & ~left_out,
        s.rule,
    )


def learned(tokens: Integers, n_tokens: int, order: int) -> Sequence:
    """What tokens of unknown origin tell to whoever counts along: probabilities from those before, (count + 1/2) for each token."""
    n = len(tokens)
    counts: dict[tuple[int, ...], Floats] = {}
    surprisal, entropy = np.full((2, n), np.nan)
    for i in range(order, n):
        context = tuple(tokens[i - order : i].tolist())
        seen = counts.setdefault(context, np.full(n_tokens, 0.5))
        p = seen / seen.sum()
        entropy[i] = _entropy(p)
        if tokens[i] != OMITTED:
            surprisal[i] = -np.log2(p[tokens[i]])
            seen[tokens[i]] += 1
    return Sequence(np.asarray(tokens, dtype=np.int64), n_tokens, surprisal, entropy, order, np.zeros(n, dtype=bool))


def _entropy(p: Floats) -> float:
    q = p[p > 0]
    return float(-(q * np.log2(q)).sum()) + 0.0


def _with_entropy(n: int, bits: float) -> Floats:
    """Probabilities exp(-s r), normalised, of this entropy."""
    ranks = np.arange(n)

    def given(s: float) -> Floats:
        p = np.exp(-s * ranks)
        return np.asarray(p / p.sum())

    def lacking(s: float) -> float:
        return _entropy(given(s)) - bits

    if bits >= np.log2(n) - 1e-12:
        return given(0.0)
    return np.eye(n)[0] if bits <= 1e-12 or lacking(800.0) > 0 else given(float(brentq(lacking, 0.0, 800.0)))
