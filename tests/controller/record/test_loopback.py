"""The gate of the light, recorded beside the samples, tells the constant delay of the source, which arrivals cannot."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.controller import open_session
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.record.loopback import agreeing, bracket, loopback, loopback_words
from wavestim.controller.session import run_experiment, verify_session
from wavestim.hardware.simulated.gate import HIGH_UV, Gate

TEXT = """
name: looped
source: {{kind: simulated, delay: {delay}, fixed_delay_ms: {believed}, loopback_channel: 15}}
probe: {{kind: grid, rows: 4, columns: 4, pitch_mm: 0.4, bad_channels: [15]}}
trigger: {{horizon_ms: 60, refractory_ms: 100, max_phase_sd_deg: 180, site: 5}}
conditions:
  - {{name: lit, pattern: {{kind: travelling, heading: with, speed_mm_s: wave, width_ms: 5, irradiance_mw_mm2: 2}}}}
"""


def looped(tmp_path: Path, delay: float, believed: float) -> dict[str, Any]:
    out = tmp_path / "session"
    experiment = parse_experiment(TEXT.format(delay=delay, believed=believed))
    summary = run_experiment(experiment, out=out, seconds=14, pace="virtual", seed=2, arm=True, progress=lambda done: None)
    assert verify_session(out).ok
    return summary["loopback"]


@pytest.mark.parametrize(("delay", "believed"), [(7, 3), (0, 0), (5, 9)])
def test_the_delay_that_is_there_is_found_whatever_was_believed(tmp_path: Path, delay: float, believed: float) -> None:
    found = looped(tmp_path, delay, believed)
    assert found["n"] == found["pulses"] > 50
    assert found["used_ms"] == believed
    assert found["uncertainty_ms"] < 0.1
    assert abs(found["delay_ms"] - delay) < found["uncertainty_ms"]
    assert loopback_words(found).startswith(f"the source's constant delay is {found['delay_ms']:.2f} ms ± ")


@given(st.floats(-20, 200), st.integers(20, 300), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_a_delay_lies_in_its_bracket_wherever_between_samples_pulses_begin(late: float, n: int, part: float, seed: int) -> None:
    on = 100 * np.arange(n) + part * np.random.default_rng(seed).uniform(0, 1, n)
    off = np.ceil(on + late) - on
    off[: n // 20] += 17  # an edge of somebody else's
    shift, unsure = bracket(agreeing(off))
    assert abs(shift - late) <= unsure
    assert unsure <= 0.52 + 1e-9


def test_a_gate_on_a_digital_line_says_the_same() -> None:
    """Light every 200 ms; the line rises 4 ms of unknown delay later, at the next sample; another line has its own life."""
    rng = np.random.default_rng(1)
    on = 1000 + 200 * np.arange(100) + rng.uniform(0, 1, 100)
    words = [(np.ceil(at + 4.0), 5) for at in on] + [(np.ceil(at + 9.0), 1) for at in on] + [(at - 50, 0) for at in on]
    markers = np.array([(at, "ttl", str(word)) for at, word in sorted(words)], [("sample", "f8"), ("name", "U8"), ("value", "U8")])
    pulses = np.zeros(100, [("decision", "i8"), ("fire_sample", "f8"), ("verdict", "U8"), ("dark", "?")])
    pulses["decision"], pulses["fire_sample"], pulses["verdict"] = np.arange(100), on, "fired"
    decisions = np.zeros(100, [("start_sample", "f8"), ("fire_sample", "f8")])
    session: Any = SimpleNamespace(
        experiment={"source": {"loopback_line": 3}},
        pulses=pulses,
        decisions=decisions,
        markers=markers,
        fs_hz=1000.0,
        meta={"fixed_delay_ms": 1.0},
        clock_models=[],
    )
    found = loopback(session)
    assert found is not None
    assert found["n"] == 100
    assert abs(found["delay_ms"] - 5.0) < found["uncertainty_ms"] < 0.1
    session.experiment["source"]["loopback_line"] = 7
    unseen = loopback(session)
    assert unseen is not None
    assert unseen["n"] == 0
    assert "0 of 100 pulses" in loopback_words(unseen)


def test_without_a_wire_nothing_is_said(live: Any) -> None:
    assert "loopback" not in live.summary
    assert loopback(open_session(live.path)) is None


def test_a_gate_that_would_be_taken_for_tissue_is_refused() -> None:
    with pytest.raises(ExperimentError, match=r"name it in probe\.bad_channels"):
        parse_experiment(TEXT.format(delay=0, believed=0).replace("bad_channels: [15]", "bad_channels: [3]"))


@pytest.mark.parametrize("cut", [1, 3, 50])
def test_the_gate_is_high_while_any_led_is_lit_however_it_is_read(cut: int) -> None:
    gate = Gate(1, 1000.0)
    for time_s, led, lit in ((0.0101, 0, True), (0.0120, 1, True), (0.0132, 0, False), (0.0150, 1, False), (0.0400, 2, True)):
        gate.light(time_s, led, lit)
    samples = np.ones((50, 2), np.float32)
    for first in range(0, 50, cut):
        gate.write(samples[first : first + cut])
    high = np.flatnonzero(samples[:, 1] == HIGH_UV)
    assert high.tolist() == [11, 12, 13, 14, *range(40, 50)]
    assert (samples[:, 0] == 1).all()
