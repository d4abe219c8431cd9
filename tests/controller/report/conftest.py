"""A made-up session with a known wave, a known effect of light and known phase errors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from wavestim.controller.experiment import load_experiment, resolve
from wavestim.realtime.records import DECISION

PULSE = np.dtype(
    [
        ("decision", "i8"),
        ("fire_sample", "f8"),
        ("onset_device_us", "f8"),
        ("verdict", "U16"),
        ("reason", "U16"),
        ("dark", "?"),
        ("phase_error_deg", "f8"),
    ]
)
FS = 1000.0
SPEED, HZ, AMPLITUDE = 250.0, 12.0, 60.0


def grid(rows: int, columns: int, pitch: float = 0.4) -> np.ndarray:
    column, row = np.meshgrid(np.arange(columns), np.arange(rows))
    return np.column_stack([(column - (columns - 1) / 2).ravel(), (row - (rows - 1) / 2).ravel()]) * pitch


def build(
    *,
    seconds: float = 60.0,
    shape: tuple[int, int] = (10, 10),
    every: float = 0.3,
    gains: dict[str, float] | None = None,
    seed: int = 1,
    shared_uv: float = 15.0,
    own_uv: float = 20.0,
    truth: bool = True,
    summary: dict[str, Any] | None = None,
) -> SimpleNamespace:
    """A plane wave whose amplitude is multiplied by ``gains[condition]`` for 200 ms from each pulse on."""
    gains = {"with-wave": 1.2, "against-wave": 0.8, "sham": 1.0} if gains is None else gains
    rng = np.random.default_rng(seed)
    positions = grid(*shape)
    n, channels = round(seconds * FS), len(positions)
    t = np.arange(n) / FS
    names = list(gains)
    fires = np.arange(1.0, seconds - 1.0, every) * FS if every else np.zeros(0)
    fires = np.round(fires / FS * HZ) / HZ * FS  # at the peak of the wave at the origin
    order = np.concatenate([rng.permutation(len(names)) for _ in range(len(fires) // max(1, len(names)) + 1)])[: len(fires)]
    gain = np.ones(n)
    direction = np.full(len(fires), 0.0)
    heading = np.radians(30.0 + 25 * np.sin(2 * np.pi * t / 40))
    for f, c in zip(fires, order, strict=True):
        gain[round(f) : round(f) + 200] = gains[names[c]]
    k = 2 * np.pi * HZ / SPEED
    space = k * (np.cos(heading)[:, None] * positions[:, 0] + np.sin(heading)[:, None] * positions[:, 1])
    samples = gain[:, None] * AMPLITUDE * np.cos(2 * np.pi * HZ * t[:, None] - space)
    samples += (
        np.cumsum(rng.normal(0, shared_uv / 30, n))[:, None] * 0.3 + rng.normal(0, shared_uv, (n, 1)) + rng.normal(0, own_uv, (n, channels))
    )
    decisions = np.zeros(2 * len(fires), DECISION)
    rows = decisions[::2]
    direction = np.degrees(heading[np.round(fires).astype(int)]) if len(fires) else direction
    rows["sample"], rows["fire_sample"], rows["start_sample"] = fires - 25 - rng.integers(0, 12, len(fires)), fires, fires - 8
    rows["direction_deg"], rows["speed_mm_s"], rows["wavelength_mm"], rows["frequency_hz"] = direction, SPEED, SPEED / HZ, HZ
    rows["predicted_sd_deg"], rows["pgd"], rows["verdict"], rows["wave_kind"] = rng.uniform(15, 50, len(fires)), 0.8, "scheduled", "planar"
    rows["condition"] = [names[c] for c in order]
    rows["dark"] = [names[c] == "sham" for c in order]
    rows["site"] = channels // 2
    vetoes = decisions[1::2]
    vetoes["verdict"] = rng.choice(["unsure", "direction", "no-wave", "pgd"], len(fires), p=[0.5, 0.3, 0.15, 0.05])
    vetoes["fire_sample"], vetoes["sample"], vetoes["direction_deg"] = fires + 100, fires + 80, np.nan
    pulses = np.zeros(len(fires), PULSE if truth else np.dtype([d for d in PULSE.descr if d[0] != "phase_error_deg"]))
    pulses["decision"], pulses["fire_sample"] = 2 * np.arange(len(fires)), fires
    pulses["verdict"] = np.where(rows["dark"], "dark", "fired")
    pulses["dark"] = rows["dark"]
    pulses["verdict"][7::60] = "missed"
    if truth:
        pulses["phase_error_deg"] = rng.normal(-4, 24, len(fires))
    experiment = resolve(load_experiment("against-the-wave"))
    experiment["probe"].update(rows=shape[0], columns=shape[1])
    lost = int((pulses["verdict"] == "missed").sum())
    whole: dict[str, Any] = {
        "session": "/sessions/made-up",
        "samples": n,
        "dropped_samples": 0,
        "ticks": n,
        "decisions": len(decisions),
        "pulses": {
            "scheduled": len(fires),
            "fired": int((pulses["verdict"] == "fired").sum()),
            "missed": lost,
            "vetoed": len(fires),
            "refused": 0,
        },
        "phase_error_deg": {"bias": -4.0, "sd": 24.0, "median_abs": 16.0, "n": len(fires) - lost, "truth": "simulation"}
        if truth and len(fires)
        else None,
        "latency_us": {"p50": 310.0, "p99": 1240.0, "p999": 2800.0, "max": 4100.0},
        "light_onset_error_us": {"p50": 12.0, "p99": 48.0, "max": 90.0},
        "dose": {"lit_ms_per_site": [float(v) for v in rng.uniform(700, 720, 25)], "energy_mj_mm2": 0.42, "max_temperature_rise_c": 0.06},
    }
    return SimpleNamespace(
        experiment=experiment,
        samples=samples.astype(np.float32),
        decisions=decisions,
        pulses=pulses,
        input_events=[],
        summary={**whole, **(summary or {})},
        fs_hz=FS,
        positions_mm=positions,
    )


@pytest.fixture
def make_session() -> Any:
    return build
