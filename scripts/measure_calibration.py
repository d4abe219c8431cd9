"""Measures what docs/wave-model.md says of calibrations: how often they are called stale, and what learned constants gain.

python scripts/measure_calibration.py [SESSIONS]      about a second for each session and row; 20 unless told
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "build" / "ns"), str(ROOT / "tests")]

import numpy as np
from support.waves import grid, make, rms_deg, wander
from wavestim.realtime import Calibration, Engine, EngineConfig, calibrate, track
from wavestim.realtime.tuning import tune

FS, BAND, XY = 500.0, (8.0, 24.0), grid()
CHANGES: dict[str, tuple[dict[str, Any], Callable[[Any, Any], Any]]] = {
    "same state": ({}, lambda x, rng: x),
    "gain x 2": ({}, lambda x, rng: 2 * x),
    "gain / 2": ({}, lambda x, rng: x / 2),
    "noise slope 1.3 to 1.8": ({"beta": 1.8}, lambda x, rng: x),
    "noise slope 1.3 to 0.8": ({"beta": 0.8}, lambda x, rng: x),
    "shared noise 30 to 80 %": ({"shared": 0.8}, lambda x, rng: x),
    "frequency 15 to 18 Hz": ({"f0": 18.0}, lambda x, rng: x),
    "frequency 15 to 11 Hz": ({"f0": 11.0}, lambda x, rng: x),
    "channels permuted": ({}, lambda x, rng: x[:, rng.permutation(x.shape[1])]),
    "10 of 100 channels dead": ({}, lambda x, rng: x * (rng.permutation(x.shape[1]) >= 10)),
}
TISSUES = {"calm": (2.0, 0.3, 0.2), "as the defaults": (0.6, 0.8, 0.3), "restless": (0.3, 2.0, 0.5), "drifting": (1.5, 2.5, 0.3)}
"""Time constant of frequency and amplitude in s, SD of frequency in Hz, SD of log amplitude."""


def stale_after_s(x: Any, calibration: Calibration) -> float | None:
    """Seconds until the calibration is called stale; None: it is not."""
    engine = Engine(EngineConfig(fs_hz=FS, positions_mm=XY, band_hz=BAND))
    engine.apply_calibration(calibration)
    for i in range(0, len(x), 250):
        engine.process(np.ascontiguousarray(x[i : i + 250], dtype=np.float32), i)
        if engine.stale:
            return engine.stale_sample / FS
    return None


def staleness(n: int) -> None:
    """Flag rates by length of the calibration; a session of the same state lasts 60 s, one of another 20 s."""
    print(f"{'flagged of ' + str(n):26}" + "".join(f"{s:>10g} s" for s in (2.5, 10, 30)) + "   (calibration)")
    learned = {(s, k): calibrate(make(seed=k, seconds=40.0, fs=FS)[0][: int(s * FS)], fs_hz=FS, positions_mm=XY, band_hz=BAND)
               for s in (2.5, 10, 30) for k in range(n)}  # fmt: skip
    for name, (state, change) in CHANGES.items():
        counts = dict.fromkeys((2.5, 10, 30), 0)
        for k in range(n):
            rng = np.random.default_rng(k)
            x = change(make(seed=k + 1000, seconds=60.0 if name == "same state" else 20.0, fs=FS, **state)[0], rng)
            for s in counts:
                counts[s] += stale_after_s(x, learned[s, k]) is not None
        print(f"{name:26}" + "".join(f"{c:>12}" for c in counts.values()))


def tissue(seed: int, name: str) -> tuple[Any, Any]:
    """80 s of a plane wave of these dynamics: samples, phase."""
    rng = np.random.default_rng(seed)
    tau_s, sd_hz, sd_amplitude = TISSUES[name]
    n = round(80 * FS)
    theta = rng.uniform(-np.pi, np.pi) + 0.3 * wander(rng, n, 2.0, FS)
    f = 15 + sd_hz * wander(rng, n, tau_s, FS)
    k = (2 * np.pi * f / 200)[:, None] * np.column_stack([np.cos(theta), np.sin(theta)])
    phase = (2 * np.pi * np.cumsum(f) / FS)[:, None] - k @ XY.T
    noise = make("none", seed=seed, seconds=80.0, fs=FS)[0]
    return 50 * np.exp(sd_amplitude * wander(rng, n, tau_s, FS))[:, None] * np.cos(phase) + noise, phase


def constants(n: int) -> None:
    """Phase error with the defaults and with what 40 s taught, on the 40 s after them, now and 20 ms ahead."""
    print(f"\n{'':18}{'nats/s':>8}{'defaults':>16}{'learned':>16}   RMS phase error now / in 20 ms, deg")
    for name in TISSUES:
        gains, errors = [], []
        for seed in range(n):
            x, phase = tissue(seed, name)
            half = len(x) // 2
            c = calibrate(x[:half], fs_hz=FS, positions_mm=XY, band_hz=BAND)
            found = tune(c, x[:half] @ np.where(c.used[:, None], c.modes, 0.0))
            tuned = calibrate(x[:half], fs_hz=FS, positions_mm=XY, band_hz=BAND, options=found.options)
            gains.append(found.gain_nats_per_s or 0.0)
            row = []
            for calibration in (c, tuned):
                w = track(x[half:], FS, XY, BAND, calibration=calibration)
                row += [rms_deg(w.phase[1000:] - phase[half + 1000 :]), rms_deg(w.forecast(0.02)[1000:-10] - phase[half + 1010 :])]
            errors.append(row)
        now, ahead, now_learned, ahead_learned = np.mean(errors, axis=0)
        better = sum(row[2] < row[0] for row in errors)
        print(f"{name:18}{np.mean(gains):8.1f}{now:9.1f} /{ahead:5.1f}{now_learned:9.1f} /{ahead_learned:5.1f}   better in {better} of {n}")


if __name__ == "__main__":
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    staleness(sessions)
    constants(max(2, sessions // 4))
