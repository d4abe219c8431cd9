"""The first wall: light that could break a limit never gets as far as the board."""

from __future__ import annotations

from typing import Any

import pytest
from wavestim.controller.experiment import (
    ExperimentError,
    check_budget,
    check_light,
    electrode_positions,
    led_positions,
    light_limits,
    plan,
    shortest_period_ms,
)

FLASH = {"kind": "flash", "width_ms": 5, "irradiance_mw_mm2": 2}


def check(e: Any, board: Any) -> None:
    xy = electrode_positions(e)
    leds = led_positions(e, xy)
    made = plan(e, xy, leds, board)
    check_light(e, made, board)
    check_budget(e, made, light_limits(e, made, leds, board))


REFUSED = [
    ({**FLASH, "irradiance_mw_mm2": 11}, {}, {}, "is more than the 10 mW/mm2 of safety.max_irradiance_mw_mm2"),
    (
        FLASH,
        {"safety": {"max_irradiance_mw_mm2": 1}, "leds": {"power_curve": [[0, 0], [255, 50]]}},
        {},
        "safety.max_irradiance_mw_mm2 is 1",
    ),
    ({**FLASH, "width_ms": 8}, {"safety": {"max_pulse_ms": 6}}, {}, "is lit for 8 ms, but safety.max_pulse_ms is 6; lower width_ms"),
    ({**FLASH, "width_ms": 25}, {"trigger": {"refractory_ms": 1000}}, {}, "is lit for 25 ms, but safety.max_pulse_ms is 20"),
    ({**FLASH, "width_ms": 12}, {}, {"max_pulse_us": 10_000}, "the board's longest pulse is 10 ms"),
    (
        FLASH,
        {"trigger": {"refractory_ms": 0}},
        {},
        "could be lit 12.0% of the time (one pattern every 41.67 ms), but safety.max_duty allows 10.0%",
    ),
    (FLASH, {"trigger": {"refractory_ms": 45}}, {}, "could be lit 11.1% of the time (one pattern every 45 ms)"),
    (FLASH, {}, {"max_lit": 12}, "it lights 25 LEDs at once, but the board's supply carries 12; light fewer together"),
    (
        FLASH,
        {"safety": {"max_duty": 0.2}, "trigger": {"refractory_ms": 40}},
        {},
        "LED 0 could be lit 12.5% of the time (one pattern every 40 ms), but the board allows 10.2%",
    ),
    (FLASH, {}, {"duty_max": 0.02}, "the board allows 2.0%; raise trigger.refractory_ms or lower width_ms"),
    ({**FLASH, "width_ms": 0.05}, {}, {}, "its light is 0.048 ms wide, but the board's shortest pulse is 0.1 ms"),
    (FLASH, {}, {"graded": False}, "it is dimmed, but the board can only switch its LEDs; ask for irradiance_mw_mm2: 10"),
    (
        {"kind": "sites", "leds": [0, 1], "delays_ms": [0, 60], "irradiance_mw_mm2": 9},
        {"leds": {"positions_mm": [[0, 0], [0.05, 0]]}, "trigger": {"refractory_ms": 60}},
        {},
        "mW/mm2 where the light of LEDs that may be on together meets, but safety.max_irradiance_mw_mm2 is 10",
    ),
    ({"kind": "sites", "leds": [0, 1], "delays_ms": [0, 198]}, {}, {}, "it lasts 203 ms, but a pattern lasts at most 200 ms"),
    ({"kind": "sites", "leds": [0] * 5, "delays_ms": [0, 5, 10, 15, 20]}, {}, {}, "LED 0 is lit for 25 ms, but safety.max_pulse_ms is 20"),
    ({"kind": "sites", "leds": [0] * 5, "delays_ms": [0, 10, 20, 30, 40]}, {}, {}, "LED 0 could be lit 12.5% of the time"),
    (
        {"kind": "sites", "leds": [0, 0], "delays_ms": [0, 12], "width_ms": 3},
        {},
        {},
        "LED 0 is lit again 12 ms after it came on, but the board lets it rest until 15 ms; raise delays_ms or lower width_ms",
    ),
    (
        {"kind": "sites", "leds": [0] * 65, "delays_ms": [3 * i for i in range(65)], "width_ms": 0.2},
        {},
        {},
        "it has 65 pulses, but the board holds 64 in a pattern; light fewer LEDs, or less often",
    ),
    ({"kind": "travelling", "heading": 0, "speed_mm_s": 10}, {}, {}, "a pattern lasts at most 200 ms; raise speed_mm_s, lower delays"),
    (FLASH, {"trigger": {"policy": {"kind": "open-loop", "period_ms": 20}, "refractory_ms": 0}}, {}, "one pattern every 20 ms"),
    (
        FLASH,
        {"safety": {"max_dose_mj_mm2_per_h": 100}},
        {},
        "pattern 'flash' every 200 ms would give a site 180 mJ/mm2 in an hour, but safety.max_dose_mj_mm2_per_h is 100",
    ),
    (
        {**FLASH, "irradiance_mw_mm2": 90},
        {"safety": {"max_irradiance_mw_mm2": 100}, "trigger": {"refractory_ms": 55}, "leds": {"spot_mm": 0.6}},
        {},
        "pattern 'flash' every 55 ms would warm the tissue by",
    ),
    (
        {**FLASH, "irradiance_mw_mm2": 10},
        {"leds": {"positions_mm": [[0, 0], [0.2, 0], [-0.2, 0], [0, 0.2], [0, -0.2]], "na": 1.3}},
        {},
        "where the light of LEDs that may be on together meets, but safety.max_irradiance_mw_mm2 is 10; lower irradiance_mw_mm2",
    ),
]


@pytest.mark.parametrize(("pattern", "keys", "changes", "expected"), REFUSED, ids=[r[3][:44] for r in REFUSED])
def test_light_beyond_a_limit_is_refused(experiment: Any, board: Any, pattern: Any, keys: Any, changes: Any, expected: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        check(experiment(pattern, **keys), board(**changes))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "keys", "changes"),
    [
        (FLASH, {}, {}),
        ({"kind": "sites", "leds": [0, 0], "delays_ms": [0, 15], "width_ms": 3}, {}, {}),
        ({"kind": "sites", "leds": [0] * 64, "delays_ms": [3 * i for i in range(64)], "width_ms": 0.2}, {}, {}),
        ({"kind": "sites", "leds": [0] * 65, "delays_ms": [3 * i for i in range(65)], "width_ms": 0.2}, {}, {"max_entries": 0}),
        ({**FLASH, "irradiance_mw_mm2": 10}, {}, {"graded": False}),
        ({**FLASH, "width_ms": 20}, {}, {}),
        ({**FLASH, "width_ms": 4}, {"trigger": {"refractory_ms": 0}}, {}),
        (FLASH, {"trigger": {"refractory_ms": 50}}, {}),
        (FLASH, {"safety": {"max_dose_mj_mm2_per_h": 181}}, {}),
        (
            {"kind": "sites", "leds": [0, 1], "delays_ms": [0, 60], "irradiance_mw_mm2": 9},
            {"leds": {"positions_mm": [[0, 0], [0.05, 0]]}, "trigger": {"refractory_ms": 65}},  # over when the next one begins
            {},
        ),
    ],
)
def test_light_at_its_limits_is_allowed(experiment: Any, board: Any, pattern: Any, keys: Any, changes: Any) -> None:
    check(experiment(pattern, **keys), board(**changes))


def test_the_fastest_rate_is_the_refractory_time_or_the_upper_edge_of_the_band(experiment: Any) -> None:
    assert shortest_period_ms(experiment()) == 200
    assert shortest_period_ms(experiment(trigger={"refractory_ms": 0}, band_hz=[4, 10])) == 100
    assert shortest_period_ms(experiment(trigger={"policy": {"kind": "open-loop", "period_ms": 500}})) == 500
