"""What else could look like a code of the wave, each asked of the same tokens.

``time shift``      tokens from elsewhere in the sequence: nothing may be left
``surrogates``      patterns with the same covariance over electrodes and time, and phases of their own: what chance makes of the statistic
``power only``      amplitudes without phases
``after artefact``  only what is seen once the filter has settled: an artefact of the stimulus is over by then
``local reference`` every electrode against its neighbours: what one source sends to all by volume conduction cancels
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.information import Codes, Trials, encode
from wavestim.controller.context.interaction import Estimate, Interaction, covariance, interaction

Floats = NDArray[np.float64]
SURROGATES = 39
NEIGHBOURS = 4
SHIFT = "time shift"
"""The control that a ``yes`` hangs on."""


@dataclass(frozen=True)
class Control:
    """``value`` is the correlation of age and travel time unless ``words`` say otherwise; ``passed`` None: it tells, it does not judge."""

    name: str
    value: Estimate
    p: float | None
    passed: bool | None
    words: str


@dataclass(frozen=True)
class Asked:
    """What all controls share."""

    trials: Trials
    travel_ms: Floats
    positions_mm: Floats
    settle_ms: float
    seed: int = 1

    def again(self, trials: Trials) -> Interaction:
        """The primary statistic of other trials."""
        return self.of(encode(trials))

    def of(self, codes: Codes) -> Interaction:
        """The primary statistic of other codes."""
        return interaction(codes, self.travel_ms, self.positions_mm, self.settle_ms, self.seed)


def controls(asked: Asked) -> tuple[Control, ...]:
    """All of them."""
    return (_shift(asked), _surrogates(asked), _power_only(asked), _after_artefact(asked), _local(asked))


def _shift(asked: Asked) -> Control:
    t = asked.trials
    by = max(len(t.token) // 3, t.lags + 1)
    moved = asked.again(replace(t, token=np.roll(t.token, by)))
    return Control(SHIFT, moved.correlation, moved.p, moved.p >= 0.05, f"tokens that came {by} earlier: the statistic has to find nothing")


def _surrogates(asked: Asked) -> Control:
    rng = np.random.default_rng([asked.seed, 2])
    made = (replace(asked.trials, pattern=surrogate(asked.trials.pattern, rng)) for _ in range(SURROGATES))
    sums = np.array([covariance(encode(trials), asked.travel_ms) for trials in made])
    own = covariance(encode(asked.trials), asked.travel_ms)
    p = float((1 + (sums >= own).sum()) / (1 + SURROGATES))
    scale = max(abs(own), 1e-300)
    value = Estimate(float(sums.mean() / scale), *(float(v / scale) for v in np.percentile(sums, [2.5, 97.5])))
    return Control(
        "surrogates", value, p, p < 0.05, "the statistic on patterns of the same covariance, in units of the session's own; its 95 % range"
    )


def surrogate(pattern: NDArray[np.complex128], rng: np.random.Generator) -> NDArray[np.complex128]:
    """Patterns with the same covariances over electrodes, cuts and time: each frequency of the series of tokens gets a phase of its own."""
    spectrum = np.fft.fft(pattern - pattern.mean(axis=0), axis=0)
    phases = np.exp(2j * np.pi * rng.random(len(pattern)))
    made = np.fft.ifft(spectrum * phases[:, None, None], axis=0) + pattern.mean(axis=0)
    return np.asarray(made)


def _power_only(asked: Asked) -> Control:
    power = np.abs(asked.trials.pattern)
    found = asked.again(replace(asked.trials, pattern=power))
    return Control("power only", found.correlation, found.p, None, "amplitudes without phases")


def _after_artefact(asked: Asked) -> Control:
    codes = encode(asked.trials)
    late = codes.age_ms >= asked.settle_ms
    if late.sum() < 3:
        nothing = Estimate(float("nan"), float("nan"), float("nan"))
        return Control("after artefact", nothing, None, None, "no ages are left once the filter has settled")
    found = asked.of(Codes(codes.blocks[:, late], codes.age_ms[late], codes.trials))
    value = found.correlation
    return Control("after artefact", value, found.p_moves, value.low > 0, f"only ages from {asked.settle_ms:.0f} ms on")


def _local(asked: Asked) -> Control:
    xy = asked.positions_mm
    if len(xy) < 2 * NEIGHBOURS:
        nothing = Estimate(float("nan"), float("nan"), float("nan"))
        return Control("local reference", nothing, None, None, "too few electrodes for neighbours")
    found = asked.again(replace(asked.trials, pattern=against_neighbours(asked.trials.pattern, xy)))
    value = found.correlation
    return Control("local reference", value, found.p_moves, value.low > 0, f"every electrode against the mean of its {NEIGHBOURS} nearest")


def against_neighbours(pattern: NDArray[np.complex128], positions_mm: Floats) -> NDArray[np.complex128]:
    """Every electrode minus the mean of its nearest neighbours."""
    distance = np.hypot(*(positions_mm[:, None, i] - positions_mm[None, :, i] for i in range(2)))
    near = np.argsort(distance, axis=1, kind="stable")[:, 1 : 1 + NEIGHBOURS]
    return np.asarray(pattern - pattern[..., near].mean(axis=-1))
