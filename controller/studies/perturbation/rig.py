"""The experiment of one cell: a cortex that is shown tokens, the loop, and light of one colour or two.

Both arms give the same energy in a pulse of the same condition: what the second colour takes, the first has less.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from wavestim.controller.experiment import Experiment

WITH, AGAINST, NEAR, FAR = "with", "against", "near", "far"
CONDITIONS = (WITH, AGAINST, NEAR, FAR)
PAIRS = ((WITH, AGAINST), (NEAR, FAR))
"""Conditions that light as many LEDs."""
ONE, TWO = "one colour", "two colours"


def experiment(p: Mapping[str, Any], seed: int) -> Experiment:
    """The lit session.

    Parameters
    ----------
    p : parameters of the cell: those of the plan, ``colours`` and ``dose``.
    seed : int
        Of the cortex, the tokens and the order of trials.

    Raises
    ------
    pydantic.ValidationError
        When the parameters make no experiment.
    """
    return Experiment.model_validate(
        {
            "name": "perturbation",
            "seed": seed,
            "source": {"kind": "simulated", "fs_hz": p["fs_hz"], "snr_db": p["snr_db"], "cortex": _cortex(p)},
            "probe": {"kind": "grid", "rows": p["rows"], "columns": p["columns"], "pitch_mm": p["pitch_mm"]},
            "sequence": {"kind": "iid", "n_tokens": p["n_tokens"], "period_ms": p["period_ms"]},
            "band_hz": p["band_hz"],
            "trigger": {
                "phase_deg": 180,
                "refractory_ms": p["refractory_ms"],
                "max_phase_sd_deg": p["max_phase_sd_deg"],
                "direction_deg": 0,
                "direction_tolerance_deg": p["direction_tolerance_deg"],
            },
            "opsin": p["opsin"],
            "leds": {"positions_mm": places_mm(p), "wavelength_nm": p["wavelength_nm"], "inhibition": _second_leds(p)},
            "conditions": [{"name": name, "pattern": _pattern(p, name)} for name in CONDITIONS],
            "schedule": {"catch_fraction": p["catch_fraction"]},
            "safety": {"max_irradiance_mw_mm2": p["max_irradiance_mw_mm2"]},
        }
    )


def places_mm(p: Mapping[str, Any]) -> list[tuple[float, float]]:
    """LEDs over the array, as far apart in both directions as it allows."""
    across, up = ((p[n] - 1) * p["pitch_mm"] / 2 for n in ("columns", "rows"))
    x, y = np.meshgrid(np.linspace(-across, across, p["led_columns"]), np.linspace(-up, up, p["led_rows"]))
    return [(round(float(a), 6), round(float(b), 6)) for a, b in zip(x.ravel(), y.ravel(), strict=True)]


def _cortex(p: Mapping[str, Any]) -> dict[str, Any]:
    wave = {key: p[key] for key in ("speed_mm_s", "direction_sd_deg", "coupling_per_s", "margin_units")}
    return {**wave, "direction_deg": 0, "tokens": {key: p[key] for key in ("drive_per_s", "width_mm", "pulse_ms")}}


def _second_leds(p: Mapping[str, Any]) -> dict[str, Any] | None:
    if p["colours"] == ONE:
        return None
    return {"opsin": p["inhibiting_opsin"], "wavelength_nm": p["inhibiting_nm"]}


def _pattern(p: Mapping[str, Any], name: str) -> dict[str, Any]:
    second = p["dose"] * p["inhibiting_mw_mm2"]
    light: dict[str, Any] = {"width_ms": p["width_ms"], "irradiance_mw_mm2": p["dose"] * p["irradiance_mw_mm2"]}
    if p["colours"] == ONE:
        light["irradiance_mw_mm2"] += second
    else:
        light["inhibition"] = {"irradiance_mw_mm2": second, "delay_ms": p["inhibiting_delay_ms"]}
    if name in (WITH, AGAINST):  # the wanted phase is the trough: half a cycle from it is with the wave
        return {"kind": "conjugate", "relation": "antiphase" if name == WITH else "in-phase", **light}
    return {"kind": "lag", "lag_ms": p["near_ms"] if name == NEAR else p["far_ms"], "n_leds": p["lag_leds"], **light}
