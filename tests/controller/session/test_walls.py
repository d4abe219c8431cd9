"""The walls, each alone: what is asked beyond a limit is refused in the file, or withheld by the governor when no file check is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.controller import open_session
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.session import assembly, run_experiment, verify_session
from wavestim.controller.session.bench import make_bench
from wavestim.realtime.governor import Governor

PROBE = {"kind": "grid", "rows": 4, "columns": 4, "pitch_mm": 0.4}
SPOT_MM2 = np.pi * 0.01


def open_loop(width_ms: float, period_ms: float, irradiance: float = 2.0, **safety: Any) -> Any:
    """A flash and a sham by turns at a fixed period, whatever the wave does; up to 50 mW/mm2 in 255 steps."""
    flash = {"kind": "flash", "width_ms": width_ms, "irradiance_mw_mm2": irradiance}
    data = {
        "name": "wall",
        "probe": PROBE,
        "trigger": {"policy": {"kind": "open-loop", "period_ms": period_ms}, "refractory_ms": 0},
        "leds": {"power_curve": [[0, 0], [255, 51]]},
        "conditions": [{"name": "light", "pattern": flash}, {"name": "sham", "pattern": {"kind": "none"}}],
        "safety": {"max_irradiance_mw_mm2": 10, **safety},
    }
    return parse_experiment(yaml.safe_dump(data), "wall.yaml")


def assembled(experiment: Any) -> Any:
    return assembly.assemble(experiment, make_bench(4, 1).light.info, fs_hz=1000.0, horizon_ms=10.0)


@pytest.fixture
def no_first_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "check_light", lambda *_: None)
    monkeypatch.setattr(assembly, "check_budget", lambda *_: None)


REASONS = {
    "mW/mm2": "irradiance",
    "safety.max_pulse_ms": "width",
    "safety.max_duty": "duty",
    "the board allows": "duty",
    "safety.max_dose_mj_mm2_per_h": "dose",
    "safety.max_temperature_rise_c": "temperature",
}


@settings(max_examples=150)
@given(
    width=st.integers(1, 20), period=st.integers(10, 1000), level=st.integers(1, 60), pulse_ms=st.integers(2, 20),
    duty=st.sampled_from([0.01, 0.05, 0.1, 0.2]), brightest=st.sampled_from([3.0, 10.0]), dose=st.sampled_from([None, 100.0, 1000.0]),
    rise=st.sampled_from([0.01, 0.1, 0.5]),
)  # fmt: skip
def test_the_file_is_refused_exactly_when_a_limit_is_broken(
    width: int, period: int, level: int, pulse_ms: int, duty: float, brightest: float, dose: float | None, rise: float
) -> None:
    """Any width, rate and brightness against any limits; what breaks one is known beforehand from plain arithmetic."""
    irradiance = level * 0.2
    broken = set()
    if irradiance > brightest * (1 + 1e-9):
        broken.add("irradiance")
    if width > pulse_ms:
        broken.add("width")
    if width / period > min(duty, 0.23 / 2.25) * (1 + 1e-9):
        broken.add("duty")
    if dose is not None and irradiance * width / 1000 * 3_600_000 / period > dose * (1 + 1e-9):
        broken.add("dose")
    limits = {"max_pulse_ms": pulse_ms, "max_duty": duty, "max_irradiance_mw_mm2": brightest, "max_temperature_rise_c": rise}
    experiment = open_loop(width, period, irradiance, max_dose_mj_mm2_per_h=dose, **limits)
    mean_mw = irradiance * SPOT_MM2 * width / period
    refused = refusal(experiment)
    if refused is None:
        assert not broken
        assert mean_mw * 0.266 < rise  # at the least what one LED alone gives
        return
    if mean_mw * 0.266 > 0.4 * rise:  # four LEDs 0.8 mm apart warm each other
        broken.add("temperature")
    assert broken & {word for text, word in REASONS.items() if text in refused}


def refusal(experiment: Any) -> str | None:
    """What the file check says."""
    try:
        assembled(experiment)
    except ExperimentError as error:
        return str(error)
    return None


@pytest.mark.usefixtures("no_first_wall")
@settings(max_examples=60)
@given(width=st.integers(1, 20), period=st.integers(5, 400), level=st.integers(1, 60), rise=st.sampled_from([0.02, 0.5]))
def test_what_the_file_check_lets_pass_the_governor_never_withholds(width: int, period: int, level: int, rise: float) -> None:
    """And what it would refuse, the governor does withhold, without the file check: both walls rest on the same limits."""
    made = assembled(open_loop(width, period, level * 0.2, max_temperature_rise_c=rise))
    governor = Governor(made.engine.limits)
    verdicts = [governor.ask(0, i * period / 1000) for i in range(600_000 // period)]
    try:
        assembly_checks(made)
    except ExperimentError as error:
        if "temperature" not in str(error) or period * len(verdicts) > 400_000:
            assert set(verdicts) != {"scheduled"}
    else:
        assert set(verdicts) == {"scheduled"}


def assembly_checks(made: Any) -> None:
    from wavestim.controller.experiment import check_budget, check_light

    check_light(made.experiment, made.plan, make_bench(4, 1).light.info)
    check_budget(made.experiment, made.plan, made.engine.limits)


def test_what_the_governor_lets_pass_the_board_has_no_reason_to_refuse() -> None:
    """Waves of light in any order, faster than they cross the array: a site rests as long as our firmware asks."""
    sweep = {"kind": "travelling", "heading": "with", "speed_mm_s": "wave", "width_ms": 5, "irradiance_mw_mm2": 2}
    data = {"name": "wall", "trigger": {"refractory_ms": 60}, "conditions": [{"name": "light", "pattern": sweep}]}
    board = make_bench(25, 1).light.info
    made = assembly.assemble(parse_experiment(yaml.safe_dump(data), "wall.yaml"), board, fs_hz=1000.0, horizon_ms=10.0)
    governor, rng, lit = Governor(made.engine.limits), np.random.default_rng(1), {}
    passed = 0
    for i in range(3000):
        slot = int(rng.integers(len(made.plan.slots)))
        start_s = 0.06 * i - made.plan.slots[slot].lead_ms / 1000
        if governor.ask(slot, start_s) != "scheduled":
            continue
        passed += 1
        for entry in made.plan.slots[slot].entries:
            on_s, before = start_s + entry.delay_us / 1e6, lit.get(entry.site, (-np.inf, 0.0))
            assert on_s - before[0] >= before[1] / board.duty_max - 1e-6
            lit[entry.site] = on_s, entry.width_us / 1e6
    assert passed > 2000


ALONE = [
    ("irradiance", {"irradiance": 12.0, "width_ms": 2, "period_ms": 100}, {}),
    ("width", {"width_ms": 8, "period_ms": 200}, {"max_pulse_ms": 6}),
    ("duty", {"width_ms": 5, "period_ms": 20}, {}),
    ("overlap", {"width_ms": 20, "period_ms": 10}, {"max_duty": 0.2}),
    ("dose", {"width_ms": 5, "period_ms": 60}, {"max_dose_mj_mm2_per_h": 0.105}),
    ("temperature", {"width_ms": 5, "period_ms": 60, "irradiance": 10.0}, {"max_temperature_rise_c": 0.004}),
]


@pytest.mark.usefixtures("no_first_wall")
@pytest.mark.parametrize(("reason", "asked", "safety"), ALONE, ids=[row[0] for row in ALONE])
def test_the_governor_alone_withholds_what_is_too_much(tmp_path: Path, reason: str, asked: Any, safety: Any) -> None:
    """A whole session without the file check: what shone, as the board's edges have it, keeps every limit; the rest has its reason."""
    experiment = open_loop(**asked, **safety)
    out = tmp_path / "session"
    summary = run_experiment(experiment, out=out, seconds=5, pace="virtual", seed=2, arm=True, progress=lambda s: None)
    decisions = open_session(out).decisions
    assert set(decisions["verdict"]) <= {"scheduled", reason, *({"duty"} if reason == "overlap" else ())}
    assert (decisions["verdict"] == reason).sum() > 5
    assert summary["pulses"]["refused"] == 0, "the board had to refuse what the governor let pass"
    passed = decisions[decisions["verdict"] == "scheduled"]
    if reason in ("irradiance", "width"):
        assert len(passed) == 0
        return
    lit = edges_of(out)
    assert len(lit) > 0
    for led in range(4):
        on, off = lit[lit["led"] == led]["on"], lit[lit["led"] == led]["off"]
        assert (off - on <= 1e-3 * experiment.safety.max_pulse_ms + 1e-6).all()
        gaps = np.diff(on)
        assert (gaps >= (off - on)[:-1] / experiment.safety.max_duty - 1e-4).all()
        if reason == "dose":
            assert 0.8 * 0.105 < 2.0 * (off - on).sum() + 2.0 * 0.005 * passed["dark"].sum() <= 0.105
    if reason == "temperature":
        assert 0 < summary["dose"]["max_temperature_rise_c"] <= 0.004
    shams = decisions["dark"] & (decisions["verdict"] == reason)
    assert shams.any(), "a sham is withheld like light"
    assert verify_session(out).ok


def edges_of(out: Path) -> Any:
    """Every time an LED was lit, s on the board's clock."""
    raw = np.atleast_1d(np.genfromtxt(out / "edges.csv", delimiter=",", names=True))
    rows = []
    for led in np.unique(raw["led"]):
        mine = raw[raw["led"] == led]
        on, off = mine[mine["level"] > 0]["device_us"], mine[mine["level"] == 0]["device_us"]
        rows += [(int(led), a / 1e6, b / 1e6) for a, b in zip(on, off, strict=True)]
    return np.array(rows, dtype=[("led", int), ("on", float), ("off", float)])
