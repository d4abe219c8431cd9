"""How exactly light meets a wanted host time over each kind of link, in simulated time: driver, clock and firmware as on a rig."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.session.clocks import Line
from wavestim.controller.session.deviceclock import WINDOW_NS, DeviceClock
from wavestim.hardware.lights import ClockSample, PatternEntry
from wavestim.hardware.lights.wavelight.link import press
from wavestim.hardware.simulated.links import LinkModel, simulated_light

MS = 1_000_000
PING_NS, PUBLISH_NS, FIRE_NS = 100 * MS, 1000 * MS, 230 * MS
AHEAD_NS = 60 * MS


@dataclass(frozen=True)
class Onsets:
    """Every order of light of one or more runs."""

    at_s: NDArray[np.float64]
    """Since the clock began to be learned, s."""
    error_us: NDArray[np.float64]
    """Light-on minus wanted host time."""
    uncertainty_us: NDArray[np.float64]
    """What the clock said of itself."""
    regression_us: NDArray[np.float64]
    """The error that light would have had by the usual regression over the same pings; NaN before there are 100."""


def together(runs: Sequence[Onsets]) -> Onsets:
    """Several runs as one."""
    return Onsets(*(np.concatenate([getattr(run, field.name) for run in runs]) for field in fields(Onsets)))


def onsets(link: LinkModel, seed: int, seconds: float, drift_ppm: float = 30.0) -> Onsets:
    """One run: a ping every 100 ms, a published clock every second, an order of light every 230 ms.

    Parameters
    ----------
    link : LinkModel
    seed : int
        Of the delays, of the phase of the board's clock, and of the moments.
    seconds : float
        Simulated time.
    drift_ppm : float
        Of the board's clock against the host's.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0x0115]))
    light, lit = simulated_light(link, seed, n_sites=1, drift_ppm=drift_ppm)
    light.upload(0, [PatternEntry(0, 0, 4000, 255)])
    light.arm()
    port, device, now_ns = light.port(), DeviceClock(), light.link.now_ns
    start = now_ns()
    seen: list[ClockSample] = []
    orders: list[tuple[float, int, float, float]] = []
    published: Line | None = None
    usual: Callable[[float], float] | None = None
    beat = 0
    at = {"beat": start, "ping": start, "publish": start + PUBLISH_NS, "fire": start + PUBLISH_NS}

    def hear(until_ns: int) -> None:
        while now_ns() < until_ns:
            light.wait((until_ns - now_ns()) / 1e9)
            exchanges = light.poll()[1]
            device.add(exchanges)
            seen.extend(exchanges)

    while now_ns() < start + seconds * 1e9:
        hear(min(at.values()))
        now = now_ns()
        if now >= at["beat"]:
            at["beat"], beat = now + 20 * MS, beat + 1
            press(port, "heartbeat", value=beat)
        if now >= at["ping"]:
            at["ping"] = now + PING_NS + int(rng.integers(0, 2 * MS))
            light.ping()
        if now >= at["publish"]:
            at["publish"] = now + PUBLISH_NS
            seen = [e for e in seen if e.host_after_ns > now - WINDOW_NS]
            published, usual = device.fit(now), regression(seen)
        if now >= at["fire"]:
            at["fire"] = now + FIRE_NS
            if published is not None:
                wanted = now + AHEAD_NS + int(rng.integers(0, MS))
                ordered = published(float(wanted))
                would = (usual(float(wanted)) - ordered) / 1e3 if usual is not None else np.nan
                if press(port, "fire", len(orders), 0, 0, round(ordered)) == 0:
                    orders.append(((wanted - start) / 1e9, wanted, published.uncertainty / 1e3, would))
    hear(now_ns() + 200 * MS)
    on = lit()
    light.close()
    if len(on) != len(orders):
        raise RuntimeError(f"{len(orders)} orders of light gave {len(on)} pulses over {link.name}; they should be as many")
    when, wanted_ns, uncertainty, would_us = (np.array(column) for column in zip(*orders, strict=True))
    error = (on - wanted_ns) / 1e3
    return Onsets(when, error, uncertainty, error + would_us)


def regression(exchanges: list[ClockSample]) -> Callable[[float], float] | None:
    """The usual way: a straight line through the middles of the fastest fifth, twice without what lies off (3 MAD)."""
    if len(exchanges) < 100:
        return None
    host0, device0 = exchanges[-1].host_after_ns, exchanges[-1].device_tx_ns
    mid = np.array([e.host_before_ns + e.wire_out_ns - host0 + e.slack_ns / 2 for e in exchanges])
    y = np.array([e.device_rx_ns - device0 for e in exchanges]) - mid
    slack = np.array([e.slack_ns for e in exchanges])
    keep = slack <= np.quantile(slack, 0.2)
    x, y = mid[keep], y[keep]
    for _ in range(2):
        rest = y - np.polyval(np.polyfit(x, y, 1), x)
        inside = np.abs(rest) <= max(3 * 1.4826 * float(np.median(np.abs(rest - np.median(rest)))), 500.0)
        x, y = x[inside], y[inside]
    rate, offset = np.polyfit(x, y, 1)
    return lambda host: device0 + (host - host0) + offset + rate * (host - host0)
