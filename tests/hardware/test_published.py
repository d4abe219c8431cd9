"""Every brain state and opsin does what is published of it: without this a preset is a name."""

from __future__ import annotations

import pytest
from wavestim.hardware.simulated import opsin_names, state_names
from wavestim.hardware.simulated.published import compared_opsins, compared_state, opsin_measured, published_states, state_measured


def test_of_every_preset_something_is_published() -> None:
    assert {row.preset for row in compared_opsins()} == set(opsin_names())
    assert set(published_states()) == set(state_names())


@pytest.mark.parametrize("row", list(compared_opsins()), ids=lambda row: f"{row.preset}-{row.quantity}")
def test_an_opsin_closes_and_tires_as_published(row) -> None:
    assert row.agrees, f"{row.quantity} is {row.measured:.3g}, published are {row.low:g} to {row.high:g} ({row.source})"


@pytest.mark.parametrize("name", published_states())
def test_a_brain_state_waves_as_published(name: str) -> None:
    rows = compared_state(name)
    assert len(rows) >= 2
    for row in rows:
        assert row.agrees, f"{row.quantity} is {row.measured:.3g}, published are {row.low:g} to {row.high:g} ({row.source})"


def test_one_preset_does_not_pass_for_another() -> None:
    deep, light = (state_measured(f"anaesthesia-{name}") for name in ("deep", "light"))
    assert deep["speed_mm_s"] < 0.6 * light["speed_mm_s"], "waves quicken as anaesthesia fades"
    assert deep["direction_sd_deg"] < 0.5 * light["direction_sd_deg"], "and their paths multiply"
    assert deep["turns"] < 0.1
    assert opsin_measured("chronos")["closing_ms"] < 0.5 * opsin_measured("chr2")["closing_ms"]
