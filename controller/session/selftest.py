"""A board put through its paces in the dark: is its clock known, does it start when told, refuse what is late, and go dark by itself?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.session.bench import SECOND_NS, learn_clock
from wavestim.controller.session.hand import DARK, MS, Hand
from wavestim.hardware.lights import LightError, LightEvent, PatternEntry
from wavestim.hardware.lights.wavelight import Wavelight
from wavestim.hardware.lights.wavelight.link import press

SHOTS, EVERY_NS, AHEAD_NS, WIDTH_US = 50, 30 * MS, 60 * MS, 1000

Edges = Callable[[], NDArray[np.int64]]
"""Host times (ns) at which light really came on, where that can be known: drains."""


@dataclass(frozen=True)
class Spread:
    """Quantiles of something."""

    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[np.float64]) -> Spread | None:
        """None of nothing."""
        if len(values) == 0:
            return None
        return cls(*(float(v) for v in (*np.quantile(values, (0.5, 0.99)), np.max(values))))


@dataclass(frozen=True)
class SelfTest:
    """What was found.

    Attributes
    ----------
    round_trip_us : a question and its answer, without the time that the board took to answer.
    clock_uncertainty_us, clock_rate_ppm : of the board's clock as it was known when the orders were given.
    onset_error_us : how far from the order the start was, both ways; against ``onset_against``.
    jitter_us : standard deviation of the same.
    shots, fired : orders given, and how many of them started.
    dark_after_ms : from the last heartbeat to the dark, on the board's clock.
    stall_us : how much too late this computer woke a program that waited for a millisecond, all the while.
    checks : what a board must do, each true or false.
    """

    round_trip_us: Spread | None
    clock_uncertainty_us: float | None
    clock_rate_ppm: float | None
    onset_error_us: Spread | None
    onset_against: str
    jitter_us: float | None
    shots: int
    fired: int
    dark_after_ms: float | None
    stall_us: Spread | None
    checks: dict[str, bool]

    @property
    def ok(self) -> bool:
        """Every check is true."""
        return all(self.checks.values())


def self_test(light: Wavelight, tolerance_us: float, *, edges: Edges | None = None) -> SelfTest:
    """Try a board out. It stays dark, unless ``edges`` can tell when light came: then one LED shines 1 ms at a time.

    Parameters
    ----------
    light : Wavelight
        The board; idle afterwards.
    tolerance_us : float
        How well its clock has to be known.
    edges : callable, optional
        For a board whose light can be seen.
    """
    with stalls(light.link.virtual) as lateness_us:
        return _Trial(light, edges).run(tolerance_us, lateness_us)


@contextmanager
def stalls(virtual: bool) -> Iterator[list[float]]:
    """While this lasts, the list fills with how late (us) a program that waits for a millisecond is woken; empty in simulated time."""
    late: list[float] = []
    done = threading.Event()

    def doze() -> None:
        before = time.monotonic()
        while not done.wait(0.001):
            now = time.monotonic()
            late.append((now - before - 0.001) * 1e6)
            before = now

    thread = threading.Thread(target=doze, daemon=True)
    if not virtual:
        thread.start()
    try:
        yield late
    finally:
        done.set()
        if not virtual:
            thread.join()


class _Trial(Hand):
    def __init__(self, light: Wavelight, edges: Edges | None) -> None:
        super().__init__(light)
        self.edges = edges

    def run(self, tolerance_us: float, lateness_us: list[float]) -> SelfTest:
        light = self.light
        line = learn_clock(light, self.clock, tolerance_us, self.hear, 3 * SECOND_NS)
        checks = {"clock-known": line is not None and line.uncertainty <= tolerance_us * 1000}
        light.upload(0, [PatternEntry(0, 0, WIDTH_US, 255)])
        errors = np.zeros(0)
        try:
            if line is not None:
                errors, checks["starts-when-told"] = self.shoot(line)
                checks["refuses-what-is-late"] = self.refuses_late(line)
            checks["dark-on-abort"] = self.aborts()
            dark_after_ms = self.heartbeat_ends()
            limit_ms = light.info.heartbeat_timeout_ms + 10
            checks["dark-without-heartbeat"] = dark_after_ms is not None and dark_after_ms <= limit_ms
        finally:
            light.disarm()
        turns = [s.host_after_ns - s.host_before_ns - (s.device_tx_ns - s.device_rx_ns) for s in self.samples]
        return SelfTest(
            Spread.of([t / 1e3 for t in turns]),
            None if line is None else line.uncertainty / 1e3,
            None if line is None else (line.rate - 1) * 1e6,
            Spread.of(np.abs(errors)),
            "the board's own clock" if self.edges is None else "the wanted host time",
            float(errors.std()) if len(errors) else None,
            SHOTS if line is not None else 0,
            len(errors),
            dark_after_ms,
            Spread.of(lateness_us),
            checks,
        )

    def shoot(self, line: Callable[[float], float]) -> tuple[NDArray[np.float64], bool]:
        """Errors (us) of the orders that were carried out, against the host's clock where light is seen and else against the order.

        And whether the board did what it was told: what it did not refuse as late began on its tick.
        """
        self.arm()
        if self.edges is not None:
            self.edges()
        link, wanted = self.light.link, {}
        for shot in range(SHOTS):
            at = link.now_ns() + AHEAD_NS
            wanted[shot] = at, round(line(float(at)))
            press(self.port, "fire", shot, 0, 0 if self.edges is not None else DARK, wanted[shot][1])
            self.alive(link.now_ns() + EVERY_NS)
            if self.gone_dark():
                self.arm()  # this computer was held up for so long that the board had to think it dead
        self.alive(link.now_ns() + 2 * AHEAD_NS)
        fired = sorted((e.decision, e.device_on_ns) for e in self.events if e.kind == "fired" and e.decision in wanted)
        excused = {e.decision for e in self.events if (e.kind == "refused" and e.reason == "late") or e.kind == "dropped"}
        off_ns = np.array([on - wanted[shot][1] for shot, on in fired], dtype=np.float64)
        told = len(fired) >= SHOTS / 2 and len(fired) + len(excused) == SHOTS and bool((np.abs(off_ns) <= self.light.info.tick_ns).all())
        if self.edges is None:
            return off_ns / 1e3, told
        on = self.edges()
        if len(on) != len(fired):
            return np.zeros(0), False
        return (on - np.array([wanted[shot][0] for shot, _ in fired], dtype=np.int64)) / 1e3, told

    def refuses_late(self, line: Callable[[float], float]) -> bool:
        self.arm()
        now = self.light.link.now_ns()
        press(self.port, "fire", SHOTS, 0, DARK, round(line(float(now))) - 10 * MS)
        self.alive(now + 1000 * MS, lambda: any(e.decision == SHOTS for e in self.events))
        return any(e.kind == "refused" and e.decision == SHOTS and e.reason == "late" for e in self.events)

    def aborts(self) -> bool:
        self.light.disarm()
        self.arm()
        press(self.port, "abort")
        status = self.light.status()
        return (status.state, status.cause) == ("safe", "abort")

    def heartbeat_ends(self) -> float | None:
        """Time from the last heartbeat to the dark, ms; None: it never came."""
        self.hear()
        self.events.clear()
        self.arm()
        self.beat()
        last = self.light.status().device_ns  # asked in the same breath

        def ended() -> list[LightEvent]:
            return [e for e in self.events if e.kind == "safe" and e.reason == "heartbeat"]

        self.alive(self.light.link.now_ns() + 2000 * MS, lambda: bool(ended()), beat=False)
        found = ended()
        if self.light.link.gone:
            raise LightError(f"the light at {self.light.where} went away in the middle of its test")
        return (found[0].device_on_ns - last) / 1e6 if found else None
