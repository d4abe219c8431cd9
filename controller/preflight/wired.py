"""The loop-back, where one is wired: the light's gate among the samples or on a digital line, as proof that light came, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from wavestim.controller.experiment import Experiment
from wavestim.controller.preflight.finding import Finding, amber, green, red
from wavestim.controller.preflight.heard import Array
from wavestim.controller.preflight.ledplaces import EARLIEST_MS, LATEST_MS, Flash
from wavestim.controller.record.loopback import LEAST, bracket, densest, gate_middle, line_rises
from wavestim.hardware.sources import LiveEvent

ALL, SOME = 0.95, 0.5
"""Part of the flashes that the gate has to show; one of a few hundred may lie where samples were lost."""
OFF_MS = 1.0
"""By so much, beyond all doubt, may fixed_delay_ms be wrong: 5 degrees at 15 Hz."""


@dataclass(frozen=True)
class Measured:
    """Light on by the clocks, to its gate in the samples.

    Attributes
    ----------
    off_ms : beyond the delay that was taken as known
    unsure_ms : plus or minus
    """

    off_ms: float
    unsure_ms: float


def is_wired(experiment: Experiment) -> bool:
    """The experiment says where its source records the light's gate."""
    return _input(experiment) is not None


def rises(experiment: Experiment, x: Array, first: int, told: Iterable[LiveEvent]) -> Array:
    """Samples at which the gate went up.

    Parameters
    ----------
    x : (n, m) uV, and the number of its first row.
    told : what the source told beside its samples.
    """
    line, channel = getattr(experiment.source, "loopback_line", None), experiment.source.loopback_channel
    if line is not None:
        return line_rises(((e.sample, e.value) for e in told if e.kind == "ttl"), line)
    if channel is None or not len(x):
        return np.zeros(0)
    high = x[:, channel] > gate_middle(x[:, channel])
    return np.asarray(first + 1.0 + np.flatnonzero(high[1:] & ~high[:-1]))


def check_loopback(
    experiment: Experiment, risen: Array, flashes: Sequence[Flash], fs_hz: float, used_ms: float, clock_ms: float
) -> tuple[Finding, Measured | None]:
    """The gate against the flashes that the board says it gave.

    Parameters
    ----------
    risen : samples at which the gate went up.
    flashes : placed among the samples by the clocks.
    used_ms : constant delay of the source that the clocks took as known.
    clock_ms : plus or minus, of the board's clock.
    """
    on = np.array([f.sample for f in flashes])
    off = (risen[None, :] - on[:, None]).ravel()
    off = off[(off >= EARLIEST_MS * fs_hz / 1000) & (off <= LATEST_MS * fs_hz / 1000)]
    core = densest(off) if len(off) else off
    n, name = len(core), _input(experiment)
    figures = {"flashes": len(flashes), "seen": n, "used_ms": used_ms}
    said = f"{name} shows the gate of {n} of {len(flashes)} flashes"
    if n < LEAST or n < SOME * len(flashes):
        do = "no light came, or it is not wired there: check the gate's wire, its level, and source.loopback_channel or loopback_line"
        return red("loop-back", said, do, **figures), None
    shift, unsure = bracket(core)
    found = Measured(shift * 1000 / fs_hz, unsure * 1000 / fs_hz + clock_ms)
    figures |= {"delay_ms": used_ms + found.off_ms, "uncertainty_ms": found.unsure_ms}
    said += f"; the source's constant delay is {used_ms + found.off_ms:.2f} ms ± {found.unsure_ms:.2f}, {used_ms:g} is reckoned with"
    if n < ALL * len(flashes):
        return amber("loop-back", said, "see where the others are: loose wire, lost samples", **figures), found
    return green("loop-back", said, **figures), found


def _input(experiment: Experiment) -> str | None:
    source = experiment.source
    line = getattr(source, "loopback_line", None)
    return f"digital line {line}" if line is not None else None if source.loopback_channel is None else f"channel {source.loopback_channel}"
