"""What light did to the context: the same decoder, trained without light, reads the tokens after every pulse.

Three things would make an effect out of nothing, and are refused. A decoder that was trained again on lit patterns reads the light
itself: it has to be frozen, one for each lag, the same for every condition, and trained on tokens that saw none. A sham that is not the
recorded light, replayed on other trials, does not tell whether it matters that light follows the wave. And conditions that gave unequal
energy differ in more than place and time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.decoding import Decoder, Integers, lagged, train
from wavestim.controller.context.errors import AssayError
from wavestim.controller.context.information import Trials

Floats = NDArray[np.float64]

ENERGY = 0.01
"""Energies of compared conditions may differ by this part."""
LEAST = 10
DRAWS = 2000


@dataclass(frozen=True)
class Group:
    """Pulses that are read together: one condition of one session.

    Attributes
    ----------
    trials : of the session.
    token : (pulses,) the token that is asked after each pulse: the first whose pattern is clear of the artefact.
    decoders : one for each lag.
    energy_mj_mm2 : of a pulse, summed over LEDs.
    """

    trials: Trials
    token: Integers
    decoders: Sequence[Decoder]
    energy_mj_mm2: float

    def right(self) -> Floats:
        """(pulses, lags) whether the token was read right; NaN where there was none."""
        return np.stack([self._right(d) for d in self.decoders], axis=1)

    def _right(self, decoder: Decoder) -> Floats:
        target = lagged(self.trials.token, decoder.lag)[self.token]
        hit = (decoder.read(self.trials.pattern[self.token, -1]) == target).astype(np.float64)
        return np.where(target >= 0, hit, np.nan)


@dataclass(frozen=True)
class Effect:
    """Accuracy after one condition minus after another, at one lag, with interval and corrected p (max-T over all lags and pairs)."""

    condition: str
    against: str
    lag: int
    estimate: float
    low: float
    high: float
    p_corrected: float


def require_frozen(groups: Mapping[str, Group], trained_in: Trials, lit: NDArray[np.bool_]) -> None:
    """Refuse decoders that differ between conditions, or that saw light.

    Parameters
    ----------
    groups : what is compared.
    trained_in : trials of the session that trained the decoders.
    lit : (tokens,) of that session: light shone within the memory of the pattern.

    Raises
    ------
    AssayError
    """
    made = {name: tuple(d.digest for d in group.decoders) for name, group in groups.items()}
    first = next(iter(made))
    for name, digests in made.items():
        if digests != made[first]:
            raise AssayError(
                f"the decoder of '{name}' is not that of '{first}': it has to be frozen, or it learns to read the light itself"
            )
    for d in groups[first].decoders:
        if d.trained_on.max(initial=-1) >= len(trained_in.token) or lit[d.trained_on].any():
            n = int(lit[d.trained_on[d.trained_on < len(lit)]].sum())
            raise AssayError(f"the decoder of lag {d.lag} was trained on {n} patterns that saw light; train it on tokens without light")


def require_equal_energy(groups: Mapping[str, Group], pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse to compare conditions whose pulses gave different energy.

    Raises
    ------
    AssayError
    """
    for pair in pairs:
        low, high = sorted(pair, key=lambda name: groups[name].energy_mj_mm2)
        a, b = groups[low].energy_mj_mm2, groups[high].energy_mj_mm2
        if b > a * (1 + ENERGY):
            raise AssayError(
                f"a pulse of '{high}' gave {b:.4g} mJ/mm2 and one of '{low}' {a:.4g}: conditions that are compared have to give "
                f"equal energy, within {ENERGY:.0%}"
            )


def require_replayed(lit: Mapping[str, Any], sham: Mapping[str, Any], decisions_sha256: str) -> None:
    """Refuse a sham session that is not the light of this session, replayed.

    Parameters
    ----------
    lit, sham : experiments of the two sessions, as they keep them.
    decisions_sha256 : of the lit session.

    Raises
    ------
    AssayError
    """
    policy = (sham.get("trigger") or {}).get("policy") or {}
    kind = policy.get("kind", "phase-locked") if isinstance(policy, Mapping) else str(policy)
    if kind != "replayed":
        raise AssayError(
            f"{sham.get('name', 'the sham')}: its light is {kind}, not replayed: a sham is the recorded light of the lit session on other "
            f"trials; run it with wavestim run SESSION --policy replayed"
        )
    origin = ((sham.get("provenance") or {}).get("replayed_light") or {}).get("decisions_sha256")
    if origin != decisions_sha256:
        raise AssayError(f"{sham.get('name', 'the sham')}: it replays the light of another session; give the one that replays this one")


def frozen(trials: Trials, lags: Sequence[int], cut: int = -1) -> tuple[Decoder, ...]:
    """One decoder for each lag, trained on the tokens that saw no light."""
    every = np.arange(trials.pattern.shape[2])
    made = []
    for lag in lags:
        target = lagged(trials.token, lag)
        rows = np.flatnonzero(trials.usable & (target >= 0))
        if len(rows) < LEAST * trials.n_tokens:
            raise AssayError(
                f"only {len(rows)} tokens saw no light within the memory, and {LEAST * trials.n_tokens} have to train the decoder: "
                f"raise trigger.refractory_ms, or begin with a stretch without light"
            )
        made.append(train(trials.pattern[:, cut], target, trials.n_tokens, lag, every, rows))
    return tuple(made)


def effects(groups: Mapping[str, Group], pairs: Sequence[tuple[str, str]], seed: int = 1) -> tuple[Effect, ...]:
    """Differences between groups at every lag: bootstrap intervals, p by exchanging pulses, corrected over all lags and pairs.

    Parameters
    ----------
    groups : what is compared; decoders and energies were looked at (``require_frozen``, ``require_equal_energy``).
    pairs : (group, against).
    seed : int
        Of bootstrap and permutation.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, str, int, float, float, float]] = []
    own, null = [], []
    for name, against in pairs:
        a, b = groups[name].right(), groups[against].right()
        if min(len(a), len(b)) < LEAST:
            continue
        difference = np.nanmean(a, axis=0) - np.nanmean(b, axis=0)
        drawn = np.stack([_mean(a, rng) - _mean(b, rng) for _ in range(DRAWS)])
        low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=0)
        lags = [d.lag for d in groups[name].decoders]
        rows += [(name, against, *row) for row in zip(lags, difference.tolist(), low.tolist(), high.tolist(), strict=True)]
        both, n = np.concatenate([a, b]), len(a)
        exchanged = (rng.permutation(len(both)) for _ in range(DRAWS))
        chance = np.stack([np.nanmean(both[order[:n]], axis=0) - np.nanmean(both[order[n:]], axis=0) for order in exchanged])
        sd = np.maximum(chance.std(axis=0), 1e-12)
        own.append(np.abs(difference) / sd)
        null.append(np.abs(chance) / sd)
    if not rows:
        return ()
    largest = np.concatenate(null, axis=1).max(axis=1)
    p = [float((1 + (largest >= t - 1e-12).sum()) / (1 + DRAWS)) for t in np.concatenate(own)]
    return tuple(Effect(*row, p_corrected=q) for row, q in zip(rows, p, strict=True))


def _mean(rows: Floats, rng: np.random.Generator) -> Floats:
    return np.asarray(np.nanmean(rows[rng.integers(len(rows), size=len(rows))], axis=0))
