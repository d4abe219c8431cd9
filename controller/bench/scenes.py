"""What a benchmark is given: samples whose truth is known, and the words that say which samples these are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfiltfilt

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

Generator = Literal["drifting", "bouts"]
Kind = Literal["planar", "rotating", "source", "switching", "synchronous", "none"]
Noise = Literal["typical", "flat", "steep", "hum"]
Change = Literal["nothing", "wave", "noise", "both"]
Waveform = Literal["sinusoid", "sharp"]

GENERATORS: tuple[Generator, ...] = ("drifting", "bouts")
KINDS: tuple[Kind, ...] = ("planar", "rotating", "source", "switching", "synchronous", "none")
SIGNAL_UV = 50.0
"""Amplitude of the wave; only its ratio to the noise matters."""


@dataclass(frozen=True)
class Spec:
    """Everything that determines a synthetic recording, sample for sample.

    Attributes
    ----------
    generator : which of the two independent generators makes it.
    kind : shape of the wave.
    snr_db : power of the wave over power of the noise inside the band, mean over electrodes.
    seed : of everything random.
    seconds : length.
    shared : part of the noise power that neighbouring electrodes have in common.
    noise : spectrum of the noise.
    waveform : ``sharp`` adds harmonics that are locked to the phase.
    speed_factor : times the generator's usual speed.
    changes : whether ``wave``, ``noise`` or ``both`` become others at 45 % of the length, after every method has been calibrated.
    """

    generator: Generator
    kind: Kind
    snr_db: float
    seed: int
    seconds: float = 20.0
    shared: float = 0.3
    noise: Noise = "typical"
    waveform: Waveform = "sinusoid"
    speed_factor: float = 1.0
    changes: Change = "nothing"


@dataclass(frozen=True, eq=False)
class Scene:
    """Samples and what is true of them. Compared by identity, so that what is fitted to a scene can be remembered.

    Attributes
    ----------
    lfp : (n, m) uV.
    fs_hz, positions_mm, band_hz : as ``track`` takes them.
    phase : (n, m) rad, omega t - k r, 0 at the positive peak of the rhythm.
    amplitude : (n, m) of the rhythm, any unit.
    direction_deg, speed_mm_s : (n,) where a plane wave travels; NaN elsewhere.
    kind : (n,) what the wave is.
    evaluate_from : first sample that counts: what comes before may be learned from.
    """

    lfp: NDArray[np.float32]
    fs_hz: float
    positions_mm: Array
    band_hz: tuple[float, float]
    phase: Array
    amplitude: Array
    direction_deg: Array
    speed_mm_s: Array
    kind: NDArray[np.str_]
    evaluate_from: int

    @property
    def learnable(self) -> Array:
        """The samples before the first one that counts."""
        return self.lfp[: self.evaluate_from].astype(np.float64)


CALIBRATION_S = 4.0
"""What every method may learn from before it is judged."""
CHANGE_AT = 0.45
SWITCHES: tuple[Kind, ...] = ("planar", "rotating", "planar", "source", "planar", "synchronous")


def make_scene(spec: Spec) -> Scene:
    """The recording that a spec determines."""
    from wavestim.controller.bench import bouts, drifting

    return {"drifting": drifting.make, "bouts": bouts.make}[spec.generator](spec)


def random_stream(spec: Spec) -> np.random.Generator:
    """Randomness that depends on the seed, the generator and the kind, but not on SNR: the same wave at every SNR."""
    return np.random.default_rng([spec.seed, GENERATORS.index(spec.generator), KINDS.index(spec.kind)])


def wander(rng: np.random.Generator, n: int, tau_s: float, fs_hz: float) -> Array:
    """Ornstein-Uhlenbeck process of unit variance, started in its stationary state."""
    keep = np.exp(-1 / (tau_s * fs_hz))
    steps = rng.standard_normal(n) * np.sqrt(1 - keep * keep)
    steps[0] = rng.standard_normal()
    return np.asarray(lfilter([1.0], [1.0, -keep], steps))


def schedule(rng: np.random.Generator, spec: Spec, n: int, fs_hz: float) -> NDArray[np.str_]:
    """The kind of wave at every sample: one throughout, or bouts of several when they switch."""
    if spec.kind != "switching":
        return np.full(n, spec.kind, dtype="U12")
    kinds, at, turn = np.empty(n, dtype="U12"), 0, 0
    while at < n:
        length = int(rng.uniform(2.5, 4.0) * fs_hz)
        kinds[at : at + length] = SWITCHES[turn % len(SWITCHES)]
        at, turn = at + length, turn + 1
    return kinds


def rhythm(field: ComplexArray, waveform: Waveform) -> Array:
    """The potential of a complex field of waves; sharp ones carry harmonics of the second and third order."""
    if waveform == "sinusoid":
        return np.ascontiguousarray(field.real)
    phase = np.angle(field)
    return np.abs(field) * (np.cos(phase) + 0.35 * np.cos(2 * phase) + 0.15 * np.cos(3 * phase))


def in_band_power(x: Array, band_hz: tuple[float, float], fs_hz: float) -> float:
    """Mean power inside the band."""
    sos = butter(4, band_hz, "bandpass", fs=fs_hz, output="sos")
    return float(np.mean(sosfiltfilt(sos, x, axis=0) ** 2))


def switched(before: Array, after: Array, change: NDArray[np.bool_], band_hz: tuple[float, float], fs_hz: float) -> Array:
    """Noise that becomes another one within 50 ms, of the same power inside the band, so that the SNR is what it was."""
    after = after * np.sqrt(in_band_power(before, band_hz, fs_hz) / in_band_power(after, band_hz, fs_hz))
    n = round(0.05 * fs_hz)
    part = np.clip(np.convolve(np.pad(change.astype(np.float64), (n, 0), mode="edge"), np.full(n, 1 / n))[n : n + len(change), None], 0, 1)
    return np.asarray(np.sqrt(1 - part) * before + np.sqrt(part) * after)


def assemble(
    spec: Spec,
    *,
    field: ComplexArray,
    noise: Array,
    hum: Array,
    fs_hz: float,
    band_hz: tuple[float, float],
    positions_mm: Array,
    k_rad_mm: Array,
    frequency_hz: Array,
    kind: NDArray[np.str_],
    gain: Array,
) -> Scene:
    """Mix wave and noise at the SNR asked for, and write the truth beside them.

    ``hum`` is added as it is, in units of the wave's amplitude; it lies outside the band.
    """
    n = len(field)
    signal = rhythm(field, spec.waveform) * gain
    ratio = in_band_power(signal, band_hz, fs_hz) / in_band_power(noise, band_hz, fs_hz) / 10 ** (spec.snr_db / 10)
    noise = noise * np.sqrt(ratio)
    if spec.kind == "none":
        signal = np.zeros_like(signal)
    plane = kind == "planar"
    k = np.hypot(k_rad_mm[:, 0], k_rad_mm[:, 1])
    start = CALIBRATION_S if spec.changes == "nothing" else CHANGE_AT * spec.seconds
    return Scene(
        lfp=(SIGNAL_UV * (signal + noise + hum)).astype(np.float32),
        fs_hz=fs_hz,
        positions_mm=positions_mm,
        band_hz=band_hz,
        phase=np.angle(field),
        amplitude=np.abs(field),
        direction_deg=np.where(plane, np.degrees(np.arctan2(k_rad_mm[:, 1], k_rad_mm[:, 0])), np.nan),
        speed_mm_s=np.where(plane, 2 * np.pi * frequency_hz / k, np.nan),
        kind=kind,
        evaluate_from=min(round(start * fs_hz), n),
    )
