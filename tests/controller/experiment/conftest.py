"""A board, and experiments made from a few lines."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from wavestim.controller.experiment import parse_experiment

FLASH = {"kind": "flash", "width_ms": 5, "irradiance_mw_mm2": 2}


@pytest.fixture
def board() -> Any:
    def make(**changes: Any) -> SimpleNamespace:
        known = {
            "n_sites": 64, "n_slots": 64, "min_pulse_us": 100, "max_pulse_us": 20_000, "duty_max": 0.2, "graded": True, "bucket_ms": 250,
            "bucket_window_ms": 2000, "max_lit": 64, "max_entries": 64,
        }  # fmt: skip
        return SimpleNamespace(**{**known, **changes})

    return make


@pytest.fixture
def experiment() -> Any:
    """An experiment with the given keys; ``pattern=...`` is its only lit condition."""

    def make(pattern: Any = None, **keys: Any) -> Any:
        data = {"name": "test", "conditions": [{"name": "light", "pattern": pattern or FLASH}], **keys}
        return parse_experiment(yaml.safe_dump(data), "test.yaml")

    return make
