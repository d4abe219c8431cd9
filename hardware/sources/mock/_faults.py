"""What goes wrong on the way, drawn from a seed: packets are dropped, doubled, held back, garbled, cut, or sent in bursts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

HELD = 3
"""A delayed packet comes after one to so many later ones."""


@dataclass(frozen=True)
class Faults:
    """Parts of all packets, and the length of bursts.

    Attributes
    ----------
    drop, duplicate, delay, garble, split : float, 0 to 1
    burst_ms : float
        Packets of so much time go out together; 0: each at its own moment.
    seed : int
    """

    drop: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    garble: float = 0.0
    split: float = 0.0
    burst_ms: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        parts = (self.drop, self.duplicate, self.delay, self.garble, self.split)
        if min(parts) < 0 or sum(parts) > 1 or self.burst_ms < 0:
            raise ValueError(
                "drop, duplicate, delay, garble and split are parts of all packets: 0 to 1, together at most 1; burst_ms is at least 0"
            )


@dataclass
class Mischief:
    """Applies faults to a row of packets; at most one to each.

    Parameters
    ----------
    faults : Faults
    garbled : callable
        (packet, random generator) -> the packet, spoiled.
    split : callable
        (packet, random generator) -> its pieces.

    Attributes
    ----------
    log : list of (number of the packet, what happened to it)
    """

    faults: Faults
    garbled: Callable[[Any, np.random.Generator], Any]
    split: Callable[[Any, np.random.Generator], list[Any]]
    log: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(np.random.SeedSequence([self.faults.seed, 0xFA17]))
        self._held: list[tuple[int, Any]] = []
        self._seen = 0

    def passed_on(self, packet: Any) -> list[Any]:
        """What goes out in the place of this packet, in order."""
        f, number, lot = self.faults, self._seen, self._rng.random()
        self._seen += 1
        due = [p for at, p in self._held if at <= number]
        self._held = [(at, p) for at, p in self._held if at > number]
        for what, part in (("drop", f.drop), ("duplicate", f.duplicate), ("delay", f.delay), ("garble", f.garble), ("split", f.split)):
            if lot < part:
                self.log.append((number, what))
                break
            lot -= part
        else:
            return [packet, *due]
        if what == "duplicate":
            return [packet, packet, *due]
        if what == "split":
            return [*self.split(packet, self._rng), *due]
        if what == "garble":
            return [self.garbled(packet, self._rng), *due]
        if what == "delay":
            self._held.append((number + int(self._rng.integers(1, HELD + 1)), packet))
        return due

    def rest(self) -> list[Any]:
        """What is still held back."""
        held, self._held = self._held, []
        return [p for _, p in held]
