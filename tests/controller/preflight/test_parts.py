"""The checks of board, clocks, LEDs and computer on parts whose faults are known; and the whole at the pace of a rig."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wavestim.controller.experiment import Experiment, parse_experiment
from wavestim.controller.experiment._light import WavelightLight
from wavestim.controller.experiment._source import LslSource
from wavestim.controller.preflight import board, knownwave, ledplaces, machine, run_preflight, runner
from wavestim.controller.preflight.atrig import at_rig
from wavestim.controller.preflight.finding import late_red, red
from wavestim.controller.preflight.virtualrig import VirtualStation
from wavestim.controller.session import horizon
from wavestim.controller.session.bench import make_bench
from wavestim.controller.session.deviceclock import DeviceClock

MB = 1e6


@dataclass
class Exchange:
    """Time stamps of a ping over a line that takes 100 us each way."""

    host_before_ns: int
    offset_ns: int
    wire_out_ns: int = 0
    wire_back_ns: int = 0
    tick_ns: int = 500

    @property
    def device_rx_ns(self) -> int:
        return self.host_before_ns + 100_000 + self.offset_ns

    device_tx_ns = device_rx_ns

    @property
    def host_after_ns(self) -> int:
        return self.host_before_ns + 200_000


def watched(offsets_ns: list[int]) -> DeviceClock:
    clock = DeviceClock()
    for i, offset in enumerate(offsets_ns):
        clock.add([Exchange(i * 100_000_000, offset)])
        clock.fit()
    return clock


def test_a_board_whose_clock_jumps_is_red_and_one_that_is_unknown_too() -> None:
    steady, jumped = watched([5] * 40), watched([5] * 20 + [30_000_005] * 20)
    assert board.check_board_clock(steady, 4_000_000_000, 250).level == "green"
    found = board.check_board_clock(jumped, 4_000_000_000, 250)
    assert found.level == "red"
    assert "jumped" in found.what
    assert board.check_board_clock(DeviceClock(), 0, 250).level == "red"
    assert board.check_board_clock(steady, 4_000_000_000, 20).level == "red"


def test_a_sound_board_is_green_and_an_open_interlock_red() -> None:
    bench = make_bench(4, 1)
    assert [f.level for f in board.check_light(bench.light, 250)] == ["green", "green"]
    bench.core.set_interlock(False)
    levels = {f.check: f.level for f in board.check_light(bench.light, 250)}
    assert levels == {"light": "amber", "interlock": "red"}


@pytest.mark.parametrize(
    ("horizon", "refractory", "age_ms", "level"),
    [("auto", 200, 2, "green"), (20, 200, 2, "green"), (20, 200, 40, "red"), ("auto", 200, 40, "amber"), (20, 10, 2, "amber")],
)
def test_a_horizon_that_is_too_short_or_too_long_is_told(
    small: Experiment, horizon: Any, refractory: float, age_ms: float, level: str
) -> None:
    trigger = small.trigger.model_copy(update={"horizon_ms": horizon, "refractory_ms": refractory})
    assert board.check_horizon(small.model_copy(update={"trigger": trigger}), make_bench(4, 1).light.info, age_ms, 15.0).level == level


def test_a_delay_that_nobody_measured_is_told_in_degrees(small: Experiment) -> None:
    live = small.model_copy(update={"source": LslSource(name="amp")})
    unmeasured = board.check_delay(live, 15.0, None, None)
    assert (unmeasured.level, "5.4°" in unmeasured.what) == ("amber", True)
    seen = board.check_delay(live, 15.0, 11.0, None)
    assert (seen.level, seen.do) == ("amber", "source.fixed_delay_ms: 11.0")
    known = live.model_copy(update={"source": LslSource(name="amp", fixed_delay_ms=11.0)})
    assert board.check_delay(known, 15.0, 0.5, None).level == "green"
    assert board.check_delay(known, 15.0, 9.0, None).level == "red"


@pytest.mark.parametrize(("seconds_a_piece", "level"), [(0.01, "green"), (0.3, "amber"), (0.9, "red"), (8.0, "red")])
def test_a_disk_is_judged_by_what_samples_need(tmp_path: Path, seconds_a_piece: float, level: str) -> None:
    assert machine.check_speed(tmp_path, MB, lambda path, data: seconds_a_piece).level == level
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_room_is_red(tmp_path: Path) -> None:
    assert machine.check_room(tmp_path / "not" / "yet", 1e5, 60).level == "green"
    assert machine.check_room(tmp_path, 1e15, 60).level == "red"


def test_a_computer_that_wakes_programs_late_is_amber() -> None:
    assert machine.check_rights([9000.0] * 200).level == "amber"


@pytest.mark.parametrize(
    ("late_us", "since", "level"),
    [
        ([50.0] * 1000, 0, "red"),
        ([50.0] * 1000 + [25_000.0], 0, "amber"),
        ([50.0] * 900 + [6000.0] * 100, 0, "amber"),
        ([25_000.0] * 9 + [50.0] * 1000, 9, "red"),  # long before
        ([25_000.0] * 9 + [50.0] * 1000, 1008, "amber"),  # a check that takes no time is about all that was heard
        ([], 0, "red"),
    ],
)
def test_only_a_red_that_a_held_up_computer_explains_is_no_verdict(late_us: list[float], since: int, level: str) -> None:
    found = machine.fairly(late_red("board-clock", "unknown", "another cable"), late_us, since)
    assert (found.level, found.looked) == (level, level == "red")
    assert machine.fairly(red("probe-order", "swapped", "correct it"), late_us, since).level == "red"


def lit(order: np.ndarray, size_uv: float, delay: int = 3) -> tuple[Any, ...]:
    """Flashes of nine LEDs over a grid, as electrodes see them: LED i lies where ``order[i]`` says, or shines not at all (-1)."""
    xy = np.column_stack([np.tile(np.arange(6), 6), np.repeat(np.arange(6), 6)]) * 0.4
    leds = xy.reshape(6, 6, 2)[::2, ::2].reshape(-1, 2)
    rng = np.random.default_rng(4)
    x = 10 * rng.standard_normal((5000, 36)) + 60 * np.cos(2 * np.pi * 15 * np.arange(5000)[:, None] / 1000 - xy[:, 0])
    flashes = []
    for i in range(16 * 9):
        led, at = int(rng.integers(9)), 100 + 30 * i + int(rng.integers(8))
        if order[led] >= 0:
            d = np.hypot(*(xy - leds[order[led]]).T)
            x[at + delay : at + delay + 2] += size_uv / (1 + (d / 0.3) ** 2)
        flashes.append(ledplaces.Flash(led, at - 0.5))
    return x, 0, 1000.0, flashes, leds, xy, np.ones(36, dtype=bool)


def test_leds_are_told_apart_by_the_electrodes_that_see_them() -> None:
    right = np.arange(9)
    found, seen = ledplaces.check_places(*lit(right, 60))
    assert found.level == "green"
    assert seen is not None
    assert abs(seen.delay_ms - 3) <= 1
    swapped = right.copy()
    swapped[[2, 6]] = 6, 2
    assert ledplaces.check_places(*lit(swapped, 60))[0].figures["moved"] == {"2": 6, "6": 2}
    out = right.copy()
    out[4] = -1
    assert ledplaces.check_places(*lit(out, 60))[0].figures["dark"] == [4]
    assert ledplaces.check_places(*lit(np.full(9, -1), 60))[0].level == "red"
    assert ledplaces.check_places(*lit(right, 12))[0].level == "amber"  # too faint one by one: no verdict


def test_real_leds_are_flashed_only_when_armed_and_no_brighter_or_longer_than_the_experiment_does(
    small: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at_rig(small, "virtual", tmp_path) as rig:
        assembly, good = runner._assembly(rig), np.ones(36, dtype=bool)
        shone: list[tuple[float, int, float]] = []
        assert isinstance(rig.station, VirtualStation)
        monkeypatch.setattr(rig.station._feed, "light", lambda *edge: shone.append(edge))
        rig.station.listen(2.0)
        real = replace(rig, experiment=small.model_copy(update={"light": WavelightLight(port="/dev/ttyNOT")}))
        (found,) = runner._light_seen(real, assembly, good, False, lambda: True, lambda name, part: None).findings
        assert (found.level, shone) == ("amber", [])
        asked = iter([False, False, True])  # the second step comes when it comes
        runner._light_seen(real, assembly, good, True, lambda: next(asked), lambda name, part: None)
        assert shone
        assert next(asked, None) is None
    on = {}
    for at_s, led, irradiance in shone:
        if irradiance > 0:
            on[led] = at_s
            assert irradiance <= 8
        else:
            assert at_s - on.pop(led) <= 2.001e-3
    assert on == {}


REAL = """
name: real
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
light: {kind: simulated, clock_tolerance_us: 1000}
conditions: [{name: lit, pattern: {kind: flash, width_ms: 2, irradiance_mw_mm2: 8}}]
"""


def test_at_the_pace_of_a_rig_every_part_is_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock rig as a process of its own. Whatever is timed is left out: other programs may have this computer."""
    monkeypatch.setattr(runner, "LISTEN_S", 4.0)
    monkeypatch.setattr(horizon, "MEASURE_S", 1.0)
    monkeypatch.setitem(knownwave.SECONDS, "real", 8.0)
    found = run_preflight(parse_experiment(REAL), pace="real", folder=tmp_path, sessions=tmp_path, seconds=60)
    levels = {f.check: f.level for f in found.findings}
    assert {levels[name] for name in ("channels", "amplitude", "hum", "rhythm", "calibration", "interlock", "disk-room")} == {"green"}
    known = next(f for f in found.findings if f.check == "known-wave")
    if known.figures["pulses"] >= 5 and known.figures["horizon_ms"] < 20:
        assert abs(known.figures["phase_bias_deg"]) < 15
        assert known.figures["edges"] >= known.figures["shone"] == known.figures["due_to_shine"]


def test_a_source_and_a_board_that_are_not_there_are_red_and_the_rest_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LISTEN_S", 3.0)
    text = REAL.replace("{kind: simulated, clock_tolerance_us: 1000}", "{kind: wavelight, port: /dev/ttyNOT}")
    e = parse_experiment(text)
    found = {f.check: f for f in run_preflight(e, pace="real", folder=tmp_path, sessions=tmp_path, seconds=60).findings}
    assert found["light"].level == "red"
    assert "/dev/ttyNOT" in found["light"].what
    assert found["channels"].level == "green"
    nobody = replace_source(e)
    found = {f.check: f for f in run_preflight(nobody, pace="real", folder=tmp_path, sessions=tmp_path, seconds=60).findings}
    assert found["source"].level == "red"
    assert found["source"].do


def replace_source(experiment: Experiment) -> Experiment:
    """On an RHX that does not run."""
    from wavestim.controller.experiment._source import RhxSource

    return experiment.model_copy(update={"source": RhxSource(command_port=1, data_port=2)})
