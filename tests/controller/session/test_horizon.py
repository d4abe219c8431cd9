"""How far ahead light is planned is what was measured, in words; beyond any forecast nothing is armed, and that is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.realpace import has_shone, ready, run_until, skip_if_starved
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.session import horizon, verify_session
from wavestim.controller.session.bench import board_horizon_ms, make_bench
from wavestim.hardware.sources import LiveInfo

TEXT = """
name: ahead
source: {kind: simulated}
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
trigger: {horizon_ms: auto, refractory_ms: 100, max_phase_sd_deg: 180}
light: {kind: simulated, clock_tolerance_us: 1000}
safety: {rearm_after_stall: 100}
conditions:
  - {name: lit, pattern: {kind: flash, width_ms: 5, irradiance_mw_mm2: 2}}
"""
BOARD = make_bench(4, 1).light.info
INFO = LiveInfo("lsl", "here", 1000.0, ("a",))


def test_a_horizon_is_the_sum_of_its_parts_and_says_so() -> None:
    ages = [np.full(499, 2.0), np.full(501, 34.0)]
    found = horizon.measured(ages, 0.25, BOARD)
    assert found.ms == pytest.approx(34.0 + 0.25 + board_horizon_ms(BOARD))
    made_of = "34.0 ms until samples are here (99.9 % of 5 s; half of them within 34.0) + 0.2 until the engine has them (99.9 %)"
    assert found.words == f"{found.ms:.1f} ms = {made_of} + {board_horizon_ms(BOARD):.1f} for the board"


def test_one_sample_of_a_thousand_may_be_later() -> None:
    ages = np.full(10_000, 2.0)
    ages[:5] = 500.0
    assert horizon.measured([ages], 0.0, BOARD).age_ms == pytest.approx(2.0)
    ages[:50] = 500.0
    assert horizon.measured([ages], 0.0, BOARD).age_ms == pytest.approx(500.0)


def test_without_a_sample_it_is_what_the_board_needs() -> None:
    assert horizon.measured([], 0.0, BOARD).ms == horizon.LEAST_MS


def test_a_cycle_of_the_slowest_wave_is_the_longest_but_for_known_bursts() -> None:
    experiment = parse_experiment(TEXT)
    assert horizon.longest_ms(experiment, INFO) == pytest.approx(125.0)
    assert horizon.longest_ms(experiment, replace(INFO, burst_ms=128.0)) == pytest.approx(256.0)


def test_samples_that_come_too_late_keep_it_dark_until_they_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first two measurements are of a machine that others use."""
    longest = [0.5, 0.5]
    monkeypatch.setattr(horizon, "MEASURE_S", 1.0)
    monkeypatch.setattr(horizon, "longest_ms", lambda *_: longest.pop() if longest else 10_000.0)
    out = tmp_path / "session"
    summary = run_until(ready(TEXT, tmp_path), out, lambda done: has_shone(out), seconds=12)
    said = [(str(m["name"]), str(m["value"])) for m in open_session(out).markers]
    names = [name for name, _ in said]
    assert names.count("horizon-too-long") == 1
    assert names.index("horizon-too-long") < names.index("horizon") < names.index("armed")
    assert "at most 0 ms are armed" in dict(said)["horizon-too-long"]
    assert summary["horizon"]["armed"]
    assert summary["horizon"]["ms"] == summary["horizon_ms"]
    assert verify_session(out).ok
    skip_if_starved(summary)
    decisions = open_session(out).decisions
    armed = next(m["sample"] for m in open_session(out).markers if m["name"] == "armed")
    assert len(decisions)
    assert decisions["sample"].min() >= armed
