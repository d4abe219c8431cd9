"""A board that does not do what it must is found out, and by the check that is about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from wavestim.controller.session.selftest import self_test
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import LightEvent, LightStatus
from wavestim.hardware.lights.wavelight import Link, Wavelight
from wavestim.hardware.simulated.links import LINKS, simulated_light

Change = Callable[[LightEvent], LightEvent | None]


class Board(Wavelight):
    """A board in memory whose news is changed on the way."""

    def __init__(self, change: Change = lambda event: event) -> None:
        super().__init__(Link(-1, FirmwareCore(4, drift_ppm=20), VirtualClock(1_000_000)), "the board", nonce=4, answer_s=0.05)
        self.change = change

    def poll(self) -> Any:
        events, samples = super().poll()
        return [changed for event in events if (changed := self.change(event)) is not None], samples


def starts_late(event: LightEvent) -> LightEvent | None:
    return replace(event, device_on_ns=event.device_on_ns + 1000) if event.kind == "fired" else event


def takes_what_is_late(event: LightEvent) -> LightEvent | None:
    return replace(event, kind="acked") if (event.kind, event.reason) == ("refused", "late") else event


def goes_dark_late(event: LightEvent) -> LightEvent | None:
    return replace(event, device_on_ns=event.device_on_ns + 15_000_000) if event.kind == "safe" else event


def never_goes_dark(event: LightEvent) -> LightEvent | None:
    return None if event.kind == "safe" else event


def test_a_good_board_passes() -> None:
    light = Board()
    found = self_test(light, 250.0)
    assert found.ok
    assert (found.shots, found.fired) == (50, 50)
    assert found.dark_after_ms == pytest.approx(100, abs=1)
    assert light.status().state == "idle"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (starts_late, "starts-when-told"),
        (takes_what_is_late, "refuses-what-is-late"),
        (goes_dark_late, "dark-without-heartbeat"),
        (never_goes_dark, "dark-without-heartbeat"),
    ],
)
def test_a_board_that_fails_is_told_by_its_check_alone(change: Change, check: str) -> None:
    found = self_test(Board(change), 250.0)
    assert [name for name, passed in found.checks.items() if not passed] == [check]
    assert not found.ok


def test_a_clock_that_is_not_known_well_enough_is_told() -> None:
    light, _ = simulated_light(LINKS["ftdi-16ms"])
    assert [name for name, passed in self_test(light, 250.0).checks.items() if not passed] == ["clock-known"]


def test_a_board_that_ignores_abort_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    light = Board()
    honest = light.status

    def armed_still() -> LightStatus:
        said = honest()
        return replace(said, state="armed", cause="") if said.cause == "abort" else said

    monkeypatch.setattr(light, "status", armed_still)
    assert [name for name, passed in self_test(light, 250.0).checks.items() if not passed] == ["dark-on-abort"]
