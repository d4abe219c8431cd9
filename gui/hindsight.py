"""The phase at light-on as it turns out a moment later: from the samples around it, which a thread reads back from the session's folder.

The method is that of the report (:mod:`wavestim.controller.record.pooling`). Of what went on before the window was there the newest pulses
are looked at, in memory that does not grow.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.errors import WavestimError
from wavestim.controller.record.pooling import Pool
from wavestim.controller.record.tail import samples_around
from wavestim.controller.record.truth import near_light
from wavestim.gui.facts import Facts
from wavestim.gui.pulsebook import Shone

WAIT_S = 1.0
"""After light-on: the samples of the other side are on disk by then."""
MOST = 300
"""Pulses that wait to be looked at; older ones are not."""
Around = Callable[[Path, int, int], NDArray[np.float32] | None]


class Found(NamedTuple):
    """``which``: ``after`` from both sides, ``at_end`` from the samples before light-on alone."""

    which: str
    condition: str
    phase_deg: float


@dataclass(frozen=True)
class Asked:
    """One pulse and the light near it: first samples of patterns, ascending."""

    shone: Shone
    lit: tuple[float, ...]


class Hindsight:
    """Of one session.

    Parameters
    ----------
    session : Path
    facts : Facts
    around : callable
        See ``samples_around``; another one in tests.
    """

    def __init__(self, session: Path, facts: Facts, around: Around = samples_around) -> None:
        self._session, self._facts, self._around = session, facts, around
        self._coming: deque[Shone] = deque(maxlen=MOST)
        self._lit: deque[float] = deque(maxlen=MOST)
        self._asked: deque[Asked] = deque(maxlen=MOST)
        self._found: deque[Found] = deque(maxlen=MOST)
        self._wake, self._closing = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="hindsight", daemon=True)
        self._thread.start()

    def turn(self, new: list[Shone], last_sample: int) -> list[Found]:
        """Once a frame: light that is new, and how far the samples are; returns what was found since the last time."""
        for shone in new:
            self._coming.append(shone)
            if not shone.dark and self._facts.own_light:
                self._lit.append(shone.begin)
        fs_hz = self._facts.about.fs_hz
        while self._coming and self._coming[0].sample + WAIT_S * fs_hz <= last_sample:
            shone = self._coming.popleft()
            near = sorted(at for at in self._lit if abs(at - shone.sample) < 2 * WAIT_S * fs_hz)
            self._asked.append(Asked(shone, tuple(near)))
            self._wake.set()
        return [self._found.popleft() for _ in range(len(self._found))]

    def close(self) -> None:
        """Look no more."""
        self._closing = True
        self._wake.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        pool = pool_of(self._facts)
        while not self._closing:
            self._wake.wait()
            self._wake.clear()
            while self._asked and not self._closing:
                try:
                    found = look(self._asked.pop(), self._facts, pool, lambda first, n: self._around(self._session, first, n))
                except (WavestimError, OSError, IndexError):
                    continue
                if found is not None:
                    self._found.append(found)


def pool_of(facts: Facts) -> Pool:
    """The electrodes of a session."""
    return Pool(np.asarray(facts.about.positions_mm), facts.about.fs_hz, facts.band_hz, facts.bad)


def look(asked: Asked, facts: Facts, pool: Pool, around: Callable[[int, int], NDArray[np.float32] | None]) -> Found | None:
    """The phase at one light-on; None where the samples do not tell: missing ones, or light shortly before.

    Parameters
    ----------
    asked : Asked
    facts : Facts
    pool : Pool
        The electrodes.
    around : callable
        Samples (n, channels) from a counter on, or None.
    """
    shone = asked.shone
    own = shone.dark or not facts.own_light  # its light is not in the samples
    begin = shone.sample if own else shone.begin
    lit = np.asarray(asked.lit, np.float64)
    (after,), (before,) = near_light(np.array([begin]), (lit, lit), facts.about.fs_hz)
    first = round(shone.sample) - pool.half
    samples = None if after else around(first, 2 * pool.half + 1)
    if samples is None:
        return None
    unlit = own and not before
    seen = pool.look(samples, shone.sample - first, shone.site, None if unlit else begin - first)
    return None if seen is None else Found("after" if unlit else "at_end", shone.condition, seen.phase_deg)
