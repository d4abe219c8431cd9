"""The time from an LED's switching to its light: measured with a photodiode, kept in a file, and used so that light is in time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import parse_experiment, plan
from wavestim.controller.experiment._types import SlotPlan
from wavestim.controller.experiment.lightdelay import LightDelays, begin_earlier, read_delays
from wavestim.controller.session.photodiode import measure_delays
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import LightError, PatternEntry
from wavestim.hardware.lights.wavelight import Link, Wavelight

LINE = 2
TEXT = """
name: late
source: {kind: simulated}
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
leds: {positions_mm: [[-0.4, 0], [0, 0], [0.4, 0]], on_delay_us: %s}
conditions:
  - {name: sweep, pattern: {kind: travelling, heading: 0, speed_mm_s: 100, width_ms: 5, irradiance_mw_mm2: 2}}
"""


class Lit(Wavelight):
    """A board in memory with LEDs that are late, under a photodiode whose edges come back on a TTL input."""

    def __init__(self, delays_us: dict[int, float], stray: bool = False) -> None:
        self.core, self.clock = FirmwareCore(4, boot_ns=-12_345, drift_ppm=30), VirtualClock(1_000_000)
        self.delays_us, self.stray, self.due = delays_us, stray, list[tuple[int, int]]()
        super().__init__(Link(-1, self.core, self.clock), "the board", nonce=4, answer_s=0.05)

    def _hello(self, tries: int = 1) -> None:
        super()._hello(tries)
        self.info = replace(self.info, stamps_ttl=True)

    def wait(self, timeout_s: float) -> None:
        end = self.clock.now_ns + int(timeout_s * 1e9)
        self.link.wait(max(0, min([end, *(at for at, _ in self.due)]) - self.clock.now_ns))
        self.core.advance(self.clock.now_ns)
        for edge in self.core.host_edges():
            if int(edge["led"]) in self.delays_us:
                self.due.append((int(edge["host_ns"] + self.delays_us[int(edge["led"])] * 1000), int(edge["level"] > 0)))
        for at, level in sorted(self.due):
            if at <= self.clock.now_ns:
                self.core.ttl(LINE, bool(level))
                self.due.remove((at, level))

    def poll(self) -> Any:
        events, samples = super().poll()
        if self.stray and any(e.kind == "acked" and e.dark for e in events):
            self.due.append((self.clock.now_ns + 20_500_000, 1))
        return events, samples


def test_each_led_has_its_own_delay() -> None:
    light = Lit({0: 12.0, 1: 30.5, 2: 250.0, 3: 3000.0})
    found = measure_delays(light, 4, LINE)
    assert [(one.led, one.n) for one in found] == [(0, 10), (1, 10), (2, 10), (3, 10)]
    np.testing.assert_allclose([one.delay_us for one in found], [12, 30.5, 250, 3000], atol=1.5)
    assert light.core.state == "idle"
    assert not light.core.lit


def test_an_led_that_is_not_under_the_photodiode_is_left_out() -> None:
    assert [one.led for one in measure_delays(Lit({0: 12.0, 2: 9.0}), 4, LINE)] == [0, 2]


def test_a_photodiode_on_another_input_or_without_light_is_told() -> None:
    with pytest.raises(LightError, match="saw no light"):
        measure_delays(Lit({0: 12.0}), 4, LINE + 1)


def test_a_photodiode_that_answers_in_the_dark_is_told() -> None:
    with pytest.raises(LightError, match="answers in the dark"):
        measure_delays(Lit({0: 12.0}, stray=True), 4, LINE)


def test_a_board_without_stamps_is_not_lit_for_nothing() -> None:
    light = Lit({0: 12.0})
    light.info = replace(light.info, stamps_ttl=False)
    with pytest.raises(LightError, match="stamps no TTL input"):
        measure_delays(light, 4, LINE)


def a_file(path: Path, delays: dict[int, float]) -> Path:
    leds = [{"led": k, "delay_us": v, "sd_us": 0.5, "n": 10} for k, v in delays.items()]
    told = LightDelays.model_validate({"board": "host", "photodiode": 0, "measured_utc": "2026-01-01T00:00:00+00:00", "leds": leds})
    path.write_text(told.model_dump_json())
    return path


def test_the_file_enters_the_experiment_with_its_values(tmp_path: Path) -> None:
    a_file(tmp_path / "delays.json", {0: 10.0, 1: 250.0, 2: 90.0})
    experiment = parse_experiment(TEXT % "delays.json", base=tmp_path)
    assert experiment.leds.on_delay_us == (10.0, 250.0, 90.0)  # so the session says all of it, and can be verified without the file


@pytest.mark.parametrize(
    ("content", "what"),
    [(None, "No such file"), ("{}", "not a file of light delays"), ("]", "not a file of light delays")],
)
def test_a_file_that_cannot_be_used_is_a_sentence(tmp_path: Path, content: str | None, what: str) -> None:
    if content is not None:
        (tmp_path / "delays.json").write_text(content)
    with pytest.raises(ExperimentError, match=what):
        parse_experiment(TEXT % "delays.json", base=tmp_path)


def test_an_led_without_a_delay_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="LED 1 has no delay"):
        read_delays(a_file(tmp_path / "delays.json", {0: 10.0, 2: 90.0}))
    with pytest.raises(ExperimentError, match="2 delays for 3 LEDs"):
        planned("[10, 20]")


def planned(delays: str) -> Any:
    experiment = parse_experiment(TEXT % delays)
    board = Lit({}).info
    return plan(experiment, [[0.0, 0.0]], np.array(experiment.leds.positions_mm)[: board.n_sites], board)


def test_light_of_late_leds_is_ordered_earlier_by_as_much() -> None:
    prompt, late = planned("0").slots[0], planned("[10, 250, 90]").slots[0]

    def light_ms(slot: SlotPlan, delays_us: tuple[float, ...]) -> dict[int, float]:
        return {e.site: (e.delay_us + delays_us[e.site]) / 1000 - slot.lead_ms for e in slot.entries}

    assert light_ms(late, (10, 250, 90)) == pytest.approx(light_ms(prompt, (0, 0, 0)), abs=0.001)
    assert planned("40").slots[0].lead_ms == pytest.approx(prompt.lead_ms + 0.04)
    assert planned("40").slots[0].entries == prompt.entries  # all late alike: only the start moves


@given(
    entries=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 100_000)), min_size=1, max_size=30),
    late=st.lists(st.floats(0, 5000), min_size=8, max_size=8),
)
def test_the_shift_keeps_every_light_at_its_time(entries: list[tuple[int, int]], late: list[float]) -> None:
    slot = SlotPlan("any", tuple(PatternEntry(site, delay, 1000, 255) for site, delay in entries), 3.0, 101.0)
    moved = begin_earlier(slot, late)
    assert all(e.delay_us >= 0 for e in moved.entries)
    for before, after in zip(slot.entries, moved.entries, strict=True):
        assert (after.site, after.width_us, after.level) == (before.site, before.width_us, before.level)
        meant = before.delay_us / 1000 - slot.lead_ms
        assert (after.delay_us + late[after.site]) / 1000 - moved.lead_ms == pytest.approx(meant, abs=0.001)
