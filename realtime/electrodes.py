"""What a few seconds of samples say of the electrodes one by one: which are bad, and whether a common mode was taken out of them.

Everything runs over some channels at a time: samples may be wide, and are never copied as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Samples = NDArray[np.float32] | NDArray[np.float64]
CHANNELS = 64
"""Channels looked at together."""
FAR = 6.0
"""Robust SDs of log power from the others at which a channel is noisy or faint."""
PROBES = 16
"""Samples that two channels must share before all are compared."""


def columns(x: Samples) -> Iterator[tuple[slice, Array]]:
    """Some channels at a time, in double precision."""
    for start in range(0, x.shape[1], CHANNELS):
        at = slice(start, min(start + CHANNELS, x.shape[1]))
        yield at, np.ascontiguousarray(x[:, at], dtype=np.float64)


def shorted(x: Samples) -> NDArray[np.bool_]:
    """Channels that hold the very samples of another one."""
    same = np.zeros(x.shape[1], dtype=bool)
    few = np.ascontiguousarray(x[np.linspace(0, len(x) - 1, min(PROBES, len(x))).astype(int)].T)
    _, which, count = np.unique(few, axis=0, return_inverse=True, return_counts=True)
    which = which.ravel()
    for group in np.flatnonzero(count > 1):
        members = np.flatnonzero(which == group)
        whole = [blake2b(x[:, c].tobytes(), digest_size=16).digest() for c in members]
        seen: dict[bytes, int] = {}
        for samples in whole:
            seen[samples] = seen.get(samples, 0) + 1
        same[members] = [seen[samples] > 1 for samples in whole]
    return same


def channel_faults(x: Samples, excluded: NDArray[np.bool_] | None = None) -> NDArray[np.str_]:
    """What is wrong with each channel of samples (n, m) uV.

    Parameters
    ----------
    x : (n, m) uV.
    excluded : (m,) channels that are left out: they say nothing of the others.

    Returns
    -------
    (m,) words: ``""`` (nothing), ``excluded``, ``dead`` (it does not change), ``shorted`` (the same samples as another), ``noisy``,
    ``faint`` (log power of its changes 6 MAD from the others'). When every other one is bad there is nothing to choose by: none is.
    """
    power, spread = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for at, some in columns(x):
        power[at] = np.log(np.maximum(np.diff(some, axis=0).var(axis=0), 1e-30))
        spread[at] = some.std(axis=0)
    out = np.zeros(x.shape[1], dtype=bool) if excluded is None else np.asarray(excluded, dtype=bool)
    same, dead = shorted(x), spread < 1e-6
    same &= ~same[~out].all()
    left = ~(out | dead | same)
    if not left.any():
        return np.where(out, "excluded", "").astype("U8")
    centre = np.median(power[left])
    usual = max(1.4826 * float(np.median(np.abs(power[left] - centre))), 0.25)
    far = power - centre
    return np.select(
        [out, dead, same, far > FAR * usual, -far > FAR * usual], ["excluded", "dead", "shorted", "noisy", "faint"], ""
    ).astype("U8")


def without_common_mode(x: Samples, used: NDArray[np.bool_]) -> bool:
    """Whether a common average was subtracted before: the mean over channels holds far less than even independent channels would leave."""
    m = int(used.sum())
    total, variance = np.zeros(len(x)), 0.0
    for at, some in columns(x):
        total += some[:, used[at]].sum(axis=1)
        variance += float(some[:, used[at]].var(axis=0).sum())
    return bool(m > 2 and (total / m).var() < 0.01 * variance / m / m)


def project(x: Samples, modes: Array) -> Array:
    """Mode signals (n, r) of samples (n, m)."""
    y = np.zeros((len(x), modes.shape[1]))
    for at, some in columns(x):
        y += some @ modes[at]
    return y
