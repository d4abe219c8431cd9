"""The loop-back as proof that light came: seen where it is wired, its delay told, and a wire that hangs in the air is no gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wavestim.controller.experiment import Experiment, parse_experiment
from wavestim.controller.preflight import Finding, run_preflight, runner, wired
from wavestim.controller.preflight.finding import green
from wavestim.controller.preflight.ledplaces import Flash
from wavestim.controller.record.loopback import gate_middle
from wavestim.hardware.simulated.faults import Faults
from wavestim.hardware.sources import LiveEvent

TEXT = """
name: looped
source: {{kind: simulated, delay: 4, fixed_delay_ms: {believed}, loopback_channel: 15}}
probe: {{kind: grid, rows: 4, columns: 4, pitch_mm: 0.4, bad_channels: [15]}}
trigger: {{site: 5}}
conditions: [{{name: lit, pattern: {{kind: flash, width_ms: 2, irradiance_mw_mm2: 8}}}}]
"""


def looped(believed: float = 4) -> Experiment:
    return parse_experiment(TEXT.format(believed=believed))


@pytest.mark.parametrize(("believed", "faults", "gate", "delay"), [
    (4, Faults(), "green", "green"), (6, Faults(), "green", "red"), (4, Faults(unlit=True), "red", "green"),
])  # fmt: skip
def test_the_loop_back_proves_light_and_judges_the_delay_that_is_believed(
    believed: float, faults: Faults, gate: str, delay: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LISTEN_S", 3.0)
    monkeypatch.setattr(runner, "inject", lambda *args, **keys: green("known-wave", "not tried here"))
    e = looped(believed)
    run = run_preflight(e, pace="virtual", folder=tmp_path, sessions=tmp_path, seconds=60, faults=faults)
    found: dict[str, Finding] = {f.check: f for f in run.findings}
    assert (found["loop-back"].level, found["delay"].level) == (gate, delay), (found["loop-back"], found["delay"])
    if gate == "green":
        figures = found["loop-back"].figures
        assert figures["seen"] == figures["flashes"] > 50
        assert abs(figures["delay_ms"] - 4) <= figures["uncertainty_ms"] < 0.3
    else:
        assert "wire" in found["loop-back"].do


def lit(n: int = 100) -> tuple[list[Flash], np.ndarray]:
    at = 100 + 24.0 * np.arange(n) + np.random.default_rng(3).uniform(0, 8, n)
    return [Flash(0, float(a)) for a in at], at


def test_a_gate_on_a_line_counts_only_where_flashes_were() -> None:
    line = looped()
    line = line.model_copy(update={"source": type("Line", (), {"loopback_line": 3, "loopback_channel": None})()})
    flashes, at = lit()
    told = [LiveEvent(float(np.ceil(a + 2.5)) + up * 2, "ttl", 4 - 4 * up) for a in at for up in (0, 1)]
    risen = wired.rises(line, np.zeros((0, 16)), 0, told)
    found, measured = wired.check_loopback(line, risen, flashes, 1000.0, 1.0, 0.0)
    assert found.level == "green"
    assert measured is not None
    assert abs(measured.off_ms - 2.5) <= measured.unsure_ms
    half, _ = wired.check_loopback(line, risen[::3], flashes, 1000.0, 1.0, 0.0)
    assert half.level == "red"
    some, _ = wired.check_loopback(line, risen[: len(risen) * 4 // 5], flashes, 1000.0, 1.0, 0.0)
    assert some.level == "amber"


@pytest.mark.parametrize("kind", ["normal", "uniform", "flat"])
def test_a_wire_that_hangs_in_the_air_is_no_gate(kind: str) -> None:
    rng: Any = np.random.default_rng(1)
    air = {"normal": rng.normal(0, 50, 5000), "uniform": rng.uniform(0, 50, 5000), "flat": np.zeros(5000)}[kind]
    assert np.isnan(gate_middle(air))
    flashes, _ = lit()
    x = np.zeros((5000, 16))
    x[:, 15] = air
    found, measured = wired.check_loopback(looped(), wired.rises(looped(), x, 0, []), flashes, 1000.0, 1.0, 0.0)
    assert (found.level, measured) == ("red", None)
