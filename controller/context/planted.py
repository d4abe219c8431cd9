"""Sessions whose answer is known, cheap enough for a thousand of them: what the assay must call a code of the wave, and what it must not.

Every kind has the same background: a rhythm that travels over the array and noise of which electrodes share a part. Tokens, independent
and equally likely, add what the kind says. Only ``wave`` sends it along: an electrode answers later, the further downstream it lies, and
by then weaker. In the others everything starts everywhere at once.

``none``       tokens add nothing
``local``      each electrode keeps its own memory: gains and time constants differ, by chance and from place to place; the gain falls
               from where the input enters, upstream of the wave
``volume``     one to four sources, each with its own memory, heard over millimetres
``artefact``   the stimulus itself: short, everywhere at once, by impedance and distance from the cable
``graded``     as ``local``, and time constants grow along the wave, as they do from early to late areas
``isotropic``  it spreads from the middle of the array in all directions alike
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]
WITHOUT = ("none", "local", "graded", "volume", "artefact")
KINDS = (*WITHOUT, "isotropic", "wave")


@dataclass(frozen=True)
class Scene:
    """What a planted session is made of; times and lengths as on a rig."""

    positions_mm: Floats
    direction_deg: float
    speed_mm_s: float
    code_speed_mm_s: float
    code_uv: float
    noise_uv: float
    wave_uv: float = 50.0
    frequency_hz: float = 15.0
    fs_hz: float = 250.0
    period_ms: float = 48.0
    n_tokens: int = 4
    shared: float = 0.3

    @property
    def along_mm(self) -> Floats:
        """How far downstream each electrode lies, from the first one on."""
        angle = np.deg2rad(self.direction_deg)
        x = self.positions_mm @ [np.cos(angle), np.sin(angle)]
        return np.asarray(x - x.min())

    @property
    def travel_ms(self) -> Floats:
        """Of the wave's phase."""
        return self.along_mm / self.speed_mm_s * 1e3


@dataclass(frozen=True)
class Planted:
    """Samples (n, channels) uV, and the tokens with the samples of their onsets."""

    samples_uv: Floats
    token: NDArray[np.int64]
    onset: NDArray[np.int64]


def a_scene(rng: np.random.Generator, **given: object) -> Scene:
    """A scene at random: layout, number of electrodes, directions, speeds and noise vary."""
    layout = rng.choice(["grid", "wide", "irregular"])
    pitch = 0.4
    if layout == "grid":
        n = int(rng.integers(5, 9))
        xy = _grid(n, n) * pitch
    elif layout == "wide":
        xy = _grid(int(rng.integers(3, 5)), int(rng.integers(8, 13))) * pitch
    else:
        xy = rng.uniform(-1.6, 1.6, (int(rng.integers(24, 61)), 2))
    drawn = {
        "positions_mm": xy - xy.mean(axis=0),
        "direction_deg": float(rng.uniform(-180, 180)),
        "speed_mm_s": float(np.exp(rng.uniform(np.log(100), np.log(400)))),
        "code_speed_mm_s": float(np.exp(rng.uniform(np.log(20), np.log(60)))),
        "code_uv": float(rng.uniform(20, 60)),
        "noise_uv": float(rng.uniform(15, 60)),
    }
    return Scene(**{**drawn, **given})


def plant(kind: str, scene: Scene, n: int, seed: int) -> Planted:
    """A session of n tokens.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    scene : Scene
    n : int
    seed : int
    """
    rng = np.random.default_rng(seed)
    s, fs = scene, scene.fs_hz
    step = round(s.period_ms * fs / 1e3)
    lead = round(0.5 * fs)
    length = lead + (n + 1) * step
    token = rng.integers(s.n_tokens, size=n)
    onset = lead + step * np.arange(n)
    x = _background(rng, s, length)
    if kind != "none":
        impulse = np.zeros((length, s.n_tokens))
        impulse[onset, token] = 1.0
        x += _evoked(kind, rng, s, impulse)
    return Planted(x, token, onset)


def _evoked(kind: str, rng: np.random.Generator, s: Scene, impulse: Floats) -> Floats:
    m, along = len(s.positions_mm), s.along_mm
    near = np.exp(-along / rng.uniform(1.0, 6.0))  # input enters upstream
    random_phase = np.exp(2j * np.pi * rng.random((s.n_tokens, m)))
    if kind in ("local", "graded"):
        gain = near * np.exp(0.4 * rng.standard_normal(m))
        slope = _field(rng, s.positions_mm) if kind == "local" else 2 * along / along.max() - 1
        tau_ms = np.exp(rng.uniform(np.log(10), np.log(80)) + rng.uniform(0, 0.6) * slope + 0.3 * rng.standard_normal(m))
        return _answer(s, impulse, random_phase * gain, tau_ms, np.zeros(m))
    if kind == "volume":
        out = np.zeros((len(impulse), m))
        for _ in range(int(rng.integers(1, 5))):
            place = s.positions_mm[rng.integers(m)] + 0.4 * rng.standard_normal(2)
            reach = rng.uniform(0.8, 3.0)
            heard = 1 / (1 + np.hypot(*(s.positions_mm - place).T) ** 2 / reach**2)
            weights = np.exp(2j * np.pi * rng.random(s.n_tokens))[:, None]
            source = _answer(s, impulse, weights, np.array([np.exp(rng.uniform(np.log(10), np.log(100)))]), np.zeros(1))
            out += source * heard
        return out
    if kind == "artefact":
        size = np.exp(0.5 * rng.standard_normal(m)) * np.exp(0.3 * _field(rng, s.positions_mm))
        decay = np.exp(-1e3 / (s.fs_hz * rng.uniform(1.0, 15.0)))
        height = rng.normal(size=s.n_tokens)
        pulse = lfilter([1.0], [1.0, -decay], impulse @ (height - height.mean()))
        return np.asarray(2 * s.code_uv * pulse[:, None] * size)
    if kind == "isotropic":
        away = np.hypot(*s.positions_mm.T)
        late = np.exp(-away / 4.0)
        return _answer(s, impulse, random_phase * late, np.full(m, 25.0), 1e3 * away / s.code_speed_mm_s)
    weights = np.exp(2j * np.pi * rng.random((s.n_tokens, 1))) * np.exp(0.3j * rng.standard_normal((s.n_tokens, m)))
    return _answer(s, impulse, weights * np.exp(-along / 4.0), np.full(m, 25.0), 1e3 * along / s.code_speed_mm_s)


def _answer(s: Scene, impulse: Floats, weights: NDArray[np.complex128], tau_ms: Floats, delay_ms: Floats) -> Floats:
    """Every token rings the rhythm at an electrode: with a weight of its own, a time constant and after a delay."""
    out = np.empty((len(impulse), weights.shape[1]))
    for j in range(weights.shape[1]):
        tau, delay = float(tau_ms[j]), float(delay_ms[j]) * s.fs_hz / 1e3
        pole = np.exp(-1e3 / (s.fs_hz * tau) + 2j * np.pi * s.frequency_hz / s.fs_hz)
        whole = int(delay)
        drive = impulse @ weights[:, j]
        drive = np.concatenate([np.zeros(whole), drive[: len(drive) - whole]])
        drive = (1 - (delay - whole)) * drive + (delay - whole) * np.concatenate([[0], drive[:-1]])
        out[:, j] = s.code_uv * lfilter([1.0], [1.0, -pole], drive).real
    return out


def _background(rng: np.random.Generator, s: Scene, length: int) -> Floats:
    """A rhythm that travels, and noise that falls with frequency; electrodes share a part of it."""
    m, fs = len(s.positions_mm), s.fs_hz
    wander = np.cumsum(rng.standard_normal(length)) * np.sqrt(2 * np.pi / fs)
    phase = 2 * np.pi * s.frequency_hz * np.arange(length) / fs + wander
    late = 2 * np.pi * s.frequency_hz * s.travel_ms * 1e-3
    rhythm = s.wave_uv * (np.outer(np.cos(phase), np.cos(late)) + np.outer(np.sin(phase), np.sin(late)))
    noise = lfilter([1.0], [1.0, -0.9], rng.standard_normal((m + 1, length))).T * np.sqrt(1 - 0.9**2)
    return np.asarray(rhythm + s.noise_uv * (np.sqrt(1 - s.shared) * noise[:, :m] + np.sqrt(s.shared) * noise[:, m:]))


def _field(rng: np.random.Generator, xy: Floats) -> Floats:
    """Something that changes smoothly over the cortex, SD about 1."""
    angle = rng.uniform(0, 2 * np.pi)
    x = xy @ [np.cos(angle), np.sin(angle)]
    return np.asarray((x - x.mean()) / max(float(x.std()), 1e-9))


def _grid(rows: int, columns: int) -> Floats:
    return np.column_stack([np.tile(np.arange(columns), rows), np.repeat(np.arange(rows), columns)]).astype(np.float64)
