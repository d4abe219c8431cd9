"""Orders to a mock rig: what can be done is done and told in words, what can't is refused in a sentence, and a real rig takes none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.live.control import OrderError
from wavestim.controller.session.mockorders import MockOrders
from wavestim.controller.session.mockrig import plan_mock_rig

TEXT = """
name: mocked
source: {kind: simulated, snr_db: 3}
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
conditions: [{name: lit, pattern: {kind: flash, width_ms: 5, irradiance_mw_mm2: 2}}]
"""


class Rig:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def tell(self, **order: Any) -> None:
        self.told.append(order)


@pytest.fixture
def mock(tmp_path: Path) -> tuple[MockOrders, Rig]:
    rig = Rig()
    return MockOrders(rig, plan_mock_rig(parse_experiment(TEXT), tmp_path)), rig


def test_a_wave_is_changed_beside_what_was_set_before(mock):
    orders, rig = mock
    assert orders.status()["wave"]["snr_db"] == 3
    assert orders.carry_out({"do": "wave", "direction_deg": 90}) == "direction_deg 90"
    orders.carry_out({"do": "wave", "speed_mm_s": 400})
    assert rig.told[-1] == {"cortex": {"snr_db": 3.0, "direction_deg": 90, "speed_mm_s": 400}}
    assert orders.carry_out({"do": "wave", "state": "motor-beta"}) == "state motor-beta"
    assert rig.told[-1] == {"cortex": {"state": "motor-beta"}}, "a preset is taken whole"
    assert orders.status()["wave"] == {"state": "motor-beta", "direction_deg": 45, "speed_mm_s": 220, "frequency_hz": 20, "snr_db": 0}


def test_faults_are_told_in_words_and_in_samples(mock):
    orders, rig = mock
    assert orders.carry_out({"do": "drop", "ms": 50}) == "drop 50 ms"
    orders.carry_out({"do": "burst", "ms": 80})
    orders.carry_out({"do": "artefact", "ms": 200})
    assert rig.told == [{"drop": 50}, {"hold_ms": 80}, {"shake": 200}]
    orders.carry_out({"do": "channel", "channel": 3, "shows": "nan"})
    orders.carry_out({"do": "channel", "channel": 5, "shows": "rail"})
    assert rig.told[-1] == {"faults": {"dead": [], "missing": [3], "railed": [5]}}
    orders.carry_out({"do": "channel", "channel": 3, "shows": "signal"})
    assert orders.status()["shows"] == {"5": "rail"}
    assert orders.carry_out({"do": "unplug"}) == "the board is unplugged"
    assert orders.status()["plugged"] is False
    orders.carry_out({"do": "plug"})
    orders.carry_out({"do": "leds-out"})
    assert rig.told[-3:] == [{"board": False}, {"board": True}, {"faults": {"unlit": True}}]
    orders.carry_out({"do": "end"})
    assert orders.status()["streams"] is False


@pytest.mark.parametrize(
    ("order", "why"),
    [
        ({"do": "explode"}, "it can: wave, channel"),
        ({"do": ["drop"]}, "it can: wave"),
        ({}, "it can: wave"),
        ({"do": "wave"}, "at least one of state"),
        ({"do": "wave", "state": "asleep"}, "use one of awake"),
        ({"do": "wave", "state": "spindle"}, "rotating wave, this rig carries a planar"),
        ({"do": "wave", "direction_deg": 400}, "direction_deg: Input should be less"),
        ({"do": "wave", "speed_mm_s": 6}, "slower than the sheet"),
        ({"do": "wave", "snr_db": "loud"}, "snr_db: "),
        ({"do": "channel", "channel": 0, "shows": []}, "a channel shows signal"),
        ({"do": "drop", "ms": 0}, "1 to 5000"),
        ({"do": "drop", "ms": True}, "1 to 5000"),
        ({"do": "burst", "ms": float("nan")}, "1 to 2000"),
        ({"do": "burst", "ms": 2001}, "1 to 2000"),
        ({"do": "artefact", "ms": 5001}, "1 to 5000"),
        ({"do": "channel", "channel": 16, "shows": "nan"}, "0 to 15"),
        ({"do": "channel", "channel": 1, "shows": "noise"}, "shows signal, nothing"),
        ({"do": "plug"}, "plugged in already"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_told(mock, order, why):
    orders, rig = mock
    with pytest.raises(OrderError, match=why):
        orders.carry_out(order)
    assert rig.told == []


def test_a_real_rig_takes_no_such_order():
    with pytest.raises(OrderError, match="this is no mock rig"):
        MockOrders().carry_out({"do": "unplug"})
    assert MockOrders().status() is None


def test_a_source_that_has_ended_has_no_samples_to_spoil(mock):
    orders, _ = mock
    orders.carry_out({"do": "end"})
    with pytest.raises(OrderError, match="have ended"):
        orders.carry_out({"do": "drop", "ms": 5})
    orders.carry_out({"do": "unplug"})
