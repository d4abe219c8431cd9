"""Does every LED shine, and where the file says? Each is flashed a few times; the electrodes nearest to it see its artefact first and most.

Light on metal makes a photo-electric step of a fraction of a millisecond, hundreds of times faster than the field potential, so a high-pass
filter and a handful of flashes show it. How strongly every electrode sees an LED is held against how far it lies from each of the places in
the file. When the artefact comes tells the constant delay of the acquisition, too, which arrivals can't show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt
from wavestim.controller.preflight.electrodes import without_mains
from wavestim.controller.preflight.finding import Finding, amber, green, late_red, red, unlooked
from wavestim.controller.preflight.heard import Array
from wavestim.controller.preflight.station import Station
from wavestim.controller.session.hand import MS
from wavestim.hardware.lights import PatternEntry
from wavestim.hardware.lights.wavelight.link import press

ROUNDS, WIDTH_US = 16, 2000
GAP_NS, SPREAD_NS, AHEAD_NS = 20 * MS, 8 * MS, 60 * MS
"""Between two flashes, with a random part, so that no other rhythm and no other LED keeps step with them."""
HIGH_HZ = 100.0
EARLIEST_MS, LATEST_MS, LASTS_MS = -25.0, 45.0, 5.0
"""When the artefact is looked for after light came on by the clocks, and how long it lasts."""
SEEN = 4.5
"""So many SDs of chance at the electrode that sees it best."""
FAINT = 0.4
"""What is not seen and has less than this part of what the others have is dark; otherwise there is too much noise to tell."""
CLEARLY = 0.05
"""By so much must another place explain an LED better, in correlation, to be its place."""
NEAR = 0.8
"""Pitches from an LED to the next good electrode, at most."""
TOGETHER = 4.0
"""SDs of chance at which all LEDs together are seen."""
LEAST_FS_HZ = 400.0
CABLE, BY_EYE = "plug in the cable of the LEDs and their supply", "look at them by eye, or with a photodiode"


@dataclass(frozen=True)
class Flash:
    """An LED, and the sample (a fraction) at which its light came on by the clocks."""

    led: int
    sample: float


def flash_all(
    station: Station, leds: int, level: int, longest_us: int, duty: float, seed: int, progress: Callable[[float], None]
) -> list[Flash]:
    """Flash every LED a few times, in random order. This is real light, where the board is real.

    Parameters
    ----------
    station : Station
    leds : how many
    level : 0..255, of each LED's maximum
    longest_us : no flash is longer
    duty : of each LED, at most
    seed : of the order

    Returns
    -------
    list of Flash
        Those that the board says it gave, and whose samples came.
    """
    light = station.light
    assert light is not None
    rng = np.random.default_rng(seed)
    width_us = max(light.info.min_pulse_us, min(WIDTH_US, longest_us, light.info.max_pulse_us))
    width_us -= width_us % max(1, light.info.width_step_us)
    fired: list[Flash] = []
    batch = max(1, min(light.info.n_slots, leds))
    for start in range(0, leds, batch):
        some = list(range(start, min(start + batch, leds)))
        light.disarm()
        for slot, led in enumerate(some):
            light.upload(slot, [PatternEntry(led, 0, width_us, level)])
        rest_ns = max(0, int(2 * width_us * 1000 / duty) - len(some) * GAP_NS)
        fired += _flash_some(station, some, rest_ns, rng, _step_of(progress, start / leds, batch / leds))
    light.disarm()
    return fired


def _step_of(progress: Callable[[float], None], begin: float, share: float) -> Callable[[float], None]:
    """How far one step is, told as a part of them all."""
    return lambda part: progress(begin + part * share)


def _flash_some(
    station: Station, leds: Sequence[int], rest_ns: int, rng: np.random.Generator, progress: Callable[[float], None]
) -> list[Flash]:
    """One batch of patterns, uploaded already."""
    light = station.light
    assert light is not None
    station.events.clear()
    station.arm()
    ordered: list[int] = []
    for turn in range(ROUNDS):
        for slot in rng.permutation(len(leds)).tolist():
            line = station.device_clock.fit(station.now_ns)
            if line is None:
                break
            between = rng.uniform(0, 1e9 / station.info.fs_hz)  # never in step with the samples
            press(light.port(), "fire", len(ordered), slot, 0, round(line(station.now_ns + AHEAD_NS + between)))
            ordered.append(leds[slot])
            station.pass_until(station.now_ns + GAP_NS + int(rng.uniform(0, SPREAD_NS)))
            if station.gone_dark():
                station.arm()
        station.pass_until(station.now_ns + rest_ns)
        progress((turn + 1) / ROUNDS)
    station.pass_until(station.now_ns + AHEAD_NS + round(LATEST_MS * MS))
    station.disarm()
    line, samples = station.device_clock.fit(station.now_ns), station.sample_clock.fit()
    if line is None or samples is None:
        return []
    began = [(ordered[e.decision], e.device_on_ns) for e in station.events if e.kind == "fired" and 0 <= e.decision < len(ordered)]
    host = [(led, line.x0 + (on - line.y0) / line.rate) for led, on in began]
    return [Flash(led, samples.x0 + (at - samples.y0) / samples.rate) for led, at in host]


@dataclass(frozen=True)
class Seen:
    """What the electrodes saw of the LEDs.

    Attributes
    ----------
    sizes : (lags, leds, channels) size of the artefact by its own course in time, uV, if it came so much later
    at : the lag at which it came
    lasts : lags that it takes
    delay_ms : from light on by the clocks to the artefact
    """

    sizes: Array
    at: int
    lasts: int
    delay_ms: float

    @property
    def profile(self) -> Array:
        """(leds, channels) size of the artefact, uV."""
        return np.asarray(self.sizes[self.at])

    @property
    def away(self) -> NDArray[np.bool_]:
        """(lags,) at which there is none."""
        return np.asarray(np.abs(np.arange(len(self.sizes)) - self.at) > self.lasts)

    @property
    def chance(self) -> Array:
        """(channels,) the same at moments without light, SD."""
        return np.asarray(np.sqrt((self.sizes[self.away] ** 2).mean(axis=(0, 1))) + 1e-9)

    @property
    def shining(self) -> NDArray[np.bool_]:
        """(leds,) those that any electrode saw."""
        return np.asarray((self.profile / self.chance).max(axis=1) > SEEN)

    @property
    def dark(self) -> NDArray[np.bool_]:
        """(leds,) those that would have been seen, did they shine like the others."""
        size, there = self.profile.max(axis=1), self.shining
        return ~there & (size < FAINT * np.median(size[there]) if there.any() else True)


def artefacts(x: Array, first: int, fs_hz: float, flashes: Sequence[Flash], leds: int) -> Seen:
    """Mean artefact of every LED at every electrode.

    Parameters
    ----------
    x : (n, m) uV.
    first : int
        Sample number of its first row.
    fs_hz : float
    flashes : of the LEDs, in sample numbers
    leds : how many LEDs there are
    """
    apart = without_mains(x - np.median(x, axis=1, keepdims=True), fs_hz)
    y = sosfilt(butter(2, min(HIGH_HZ, 0.2 * fs_hz), "highpass", fs=fs_hz, output="sos"), apart - apart[0], axis=0)
    early, late, lasts = (round(ms * fs_hz / 1000) for ms in (EARLIEST_MS, LATEST_MS, LASTS_MS))
    window = np.arange(early, late + lasts)
    begun = [(f.led, math.ceil(f.sample) - first) for f in flashes]
    mean = np.zeros((leds, len(window), x.shape[1]))
    count = np.zeros(leds)
    for led, at in begun:
        if at + early >= 0 and at + late + lasts < len(y):
            mean[led] += y[at + window]
            count[led] += 1
    mean /= np.maximum(count, 1)[:, None, None]
    power = np.stack([(mean[:, i : i + lasts] ** 2).mean(axis=1) for i in range(len(window) - lasts)])  # lag, led, channel
    # an artefact is strong at few electrodes of one LED: the lag at which LEDs stand out most
    at = int(np.argmax(np.sqrt(power.max(axis=2)).mean(axis=1)))
    course = np.linalg.svd(mean[:, at : at + lasts].transpose(1, 0, 2).reshape(lasts, -1), full_matrices=False)[0][:, 0]
    size = np.stack([np.einsum("t,ltc->lc", course, mean[:, i : i + lasts]) for i in range(len(power))])
    size *= np.sign(size[at].flat[np.argmax(np.abs(size[at]))])
    return Seen(size, at, lasts, float((early + at) * 1000 / fs_hz))


@dataclass(frozen=True)
class Expected:
    """How electrodes should see LEDs.

    Attributes
    ----------
    share : (leds, good channels) of the artefact, falling with the distance
    near : (leds,) a good electrode lies near enough to tell anything
    """

    share: Array
    near: NDArray[np.bool_]


def expected(leds_mm: Array, positions_mm: Array, good: NDArray[np.bool_]) -> Expected:
    """By the places in the file; an artefact falls to half within a pitch."""
    d = np.hypot(*(leds_mm[:, None, i] - positions_mm[None, good, i] for i in range(2)))
    pitch = float(np.median(np.sort(np.hypot(*(positions_mm[:, None, i] - positions_mm[None, :, i] for i in range(2))), axis=1)[:, 1]))
    return Expected(1 / (1 + (d / max(pitch, 1e-6)) ** 2), d.min(axis=1) <= NEAR * pitch)


def together(seen: Seen, should: Expected, good: NDArray[np.bool_]) -> float:
    """Whether all LEDs taken together are seen where they should be, SDs of chance: far fainter light shows than one LED by itself."""
    of_all = np.einsum("tlc,lc->t", seen.sizes[:, :, good], should.share)
    return float(of_all[seen.at] / (np.sqrt(np.mean(of_all[seen.away] ** 2)) + 1e-9))


def places(seen: Seen, should: Expected, good: NDArray[np.bool_]) -> dict[int, int]:
    """LEDs that shine from another LED's place: which, and whose."""
    found = np.maximum(seen.profile[:, good] - 2 * seen.chance[good], 0.0)
    fit = np.array([[_alike(one, other) for other in should.share] for one in found])
    best = fit.argmax(axis=1)
    own = fit[np.arange(len(fit)), np.arange(len(fit))]
    wrong = seen.shining & should.near & (fit.max(axis=1) > own + CLEARLY)
    return {int(led): int(best[led]) for led in np.flatnonzero(wrong)}


def _alike(a: Array, b: Array) -> float:
    """Correlation; 0 where one does not vary."""
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 0 and b.std() > 0 else 0.0


def check_places(
    x: Array, first: int, fs_hz: float, flashes: Sequence[Flash], leds_mm: Array, positions_mm: Array, good: NDArray[np.bool_]
) -> tuple[Finding, Seen | None]:
    """Every LED against its place."""
    n = len(leds_mm)
    if fs_hz < LEAST_FS_HZ or good.sum() < 4 or len(x) == 0:
        return unlooked(
            "led-places", "electrodes at this rate, or so few, can't tell which LED shines", "look at the LEDs by eye: wavestim lights test"
        ), None
    if len(flashes) < 2 * n:
        return (
            late_red(
                "led-places",
                f"the board gave {len(flashes)} of {ROUNDS * n} flashes",
                "see the checks 'light' and 'board-clock'",
                flashes=len(flashes),
            ),
            None,
        )
    seen, should = artefacts(x, first, fs_hz, flashes, n), expected(leds_mm, positions_mm, good)
    figures = {"flashes": len(flashes), "delay_ms": seen.delay_ms, "uv": seen.profile.max(axis=1), "together": together(seen, should, good)}
    if seen.shining.sum() <= n // 4:  # chance would have it that one in many seems to be seen
        if figures["together"] > TOGETHER:
            return amber(
                "led-places", "the LEDs shine, but too faintly for the electrodes to tell one from the other", BY_EYE, **figures
            ), seen
        return (
            red(
                "led-places",
                "the board says that it fired, but the electrodes see no LED",
                f"{CABLE}; too dim for the electrodes? {BY_EYE}",
                **figures,
            ),
            seen,
        )
    dark = np.flatnonzero(seen.dark & should.near)
    if len(dark):
        what = f"the board says that it fired, but the electrodes do not see LED {_some(dark)}; they see {n - len(dark)} others"
        return red("led-places", what, f"{CABLE}; {BY_EYE}", **figures, dark=dark.tolist()), seen
    moved = places(seen, should, good)
    if moved:
        told = ", ".join(f"{a} shines where {b} should" for a, b in list(moved.items())[:6]) + (" …" if len(moved) > 6 else "")
        what = f"{len(moved)} of {n} LEDs shine elsewhere than the file says: {told}"
        do = "correct the order of leds.positions_mm, or the cable: a travelling pattern would be scrambled"
        return red("led-places", what, do, **figures, moved={str(a): b for a, b in moved.items()}), seen
    unclear = np.flatnonzero(~seen.shining | ~should.near)
    if len(unclear):
        what = f"LED {_some(unclear)} can't be told, too faint or far from every good electrode; the others are right"
        return amber("led-places", what, BY_EYE, **figures, unclear=unclear.tolist()), seen
    return green("led-places", f"all {n} LEDs shine, and where the file says", **figures), seen


def _some(leds: NDArray[np.intp]) -> str:
    """Ten of them at most."""
    return ", ".join(str(i) for i in leds[:10]) + (f" and {len(leds) - 10} more" if len(leds) > 10 else "")
