"""The light of an experiment worked out at a desk: what every pattern would do, and whether anything refuses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wavestim.controller.experiment import Board, Experiment, electrode_positions, led_positions, shortest_period_ms, unmeasured
from wavestim.controller.experiment.lightdesign import DEPTHS_MM, Colour, Design, design
from wavestim.controller.session.assembly import Assembly, assemble
from wavestim.controller.session.bench import make_bench
from wavestim.controller.session.lights import info_at_desk

FS_HZ = 1000.0


@dataclass(frozen=True)
class Rehearsal:
    """An experiment made concrete on a board in memory, and what its light does."""

    assembly: Assembly
    design: Design
    period_ms: float
    board: Board


def rehearse(experiment: Experiment) -> Rehearsal:
    """Work out the light of an experiment, as a board in memory takes it. Nothing shines.

    Raises
    ------
    ExperimentError, LightError
        What a session would refuse.
    """
    positions = electrode_positions(experiment)
    leds = led_positions(experiment, positions)
    light = make_bench(len(leds), experiment.seed).light
    board = info_at_desk(experiment.light, light.info) or light.info
    assembly = assemble(experiment, board, fs_hz=FS_HZ, horizon_ms=20.0)
    for index, planned in enumerate(assembly.plan.slots):
        light.upload(index, planned.entries)  # the third wall: the board's own limits
    light.close()
    limits = assembly.engine.limits
    assert limits is not None
    return Rehearsal(assembly, design(experiment, assembly.plan, leds, positions, limits), shortest_period_ms(experiment), board)


def figures(rehearsal: Rehearsal) -> dict[str, Any]:
    """The figures of a rehearsal as plain values.

    Returns
    -------
    dict
        ``experiment``, ``leds``, ``electrodes``, ``period_ms`` (fastest), ``opsins`` (one for each colour, with its threshold there),
        ``depth_mm``, ``limits``, ``mixed_warming_c``, ``unmeasured`` (what is
        believed of the LEDs), ``dark_conditions``, ``depths_mm``, ``forecast_s``, and ``patterns``: name, conditions, leds,
        duration_ms, lead_ms, duty, dose_mj_mm2_per_h and warming_c at the fastest repetition, forecast_c; of all light
        irradiance_mw_mm2 (brightest face), at_cells_mw_mm2 (highest at an electrode, at the depth of the cells), at_depth_mw_mm2; and
        these three again for each of ``colours``, with opened (largest part of the opsin's channels around an electrode), reach_mm,
        sites_above and sites_surely_above of the opsin that it is for. With one colour the pattern has them, too; with two they are None.
    """
    assembly, found = rehearsal.assembly, rehearsal.design
    experiment, plan = assembly.experiment, assembly.plan
    users: dict[int, list[str]] = {}
    for c in plan.conditions:
        for slot in range(c.slot0, c.slot0 + c.n_headings * max(1, len(c.speeds_mm_s))):
            users.setdefault(slot, []).append(c.name)
    rows = []
    for s, planned in enumerate(plan.slots):
        colours = [_of_colour(colour, s) for colour in found.colours]
        alone = colours[0] if len(colours) == 1 else {}
        rows.append(
            {
                "name": planned.name,
                "conditions": users.get(s, []),
                "leds": len({e.site for e in planned.entries}),
                "duration_ms": planned.duration_ms,
                "lead_ms": planned.lead_ms,
                "irradiance_mw_mm2": max(colour["irradiance_mw_mm2"] for colour in colours),
                "at_cells_mw_mm2": float(found.at_cells_mw_mm2[s].max(initial=0.0)),
                **{key: alone.get(key) for key in ("opened", "reach_mm", "sites_above", "sites_surely_above")},
                "colours": colours,
                "duty": float(found.duty[s]),
                "dose_mj_mm2_per_h": float(found.dose_mj_mm2_per_h[s]),
                "warming_c": float(found.warming_c[s]),
                "at_depth_mw_mm2": found.under_led_mw_mm2[s].round(6).tolist(),
                "forecast_c": found.forecast_c[s].round(6).tolist(),
            }
        )
    return {
        "experiment": experiment.name,
        "leds": len(assembly.leds_mm),
        "electrodes": len(assembly.positions_mm),
        "period_ms": rehearsal.period_ms,
        "opsins": [_opsin(colour) for colour in found.colours],
        "depth_mm": experiment.leds.depth_mm,
        "limits": experiment.safety.model_dump(mode="json"),
        "mixed_warming_c": found.mixed_c,
        "unmeasured": unmeasured(experiment),
        "dark_conditions": [c.name for c in plan.conditions if c.dark],
        "depths_mm": list(DEPTHS_MM),
        "forecast_s": found.forecast_s.tolist(),
        "patterns": rows,
    }


def _opsin(colour: Colour) -> dict[str, Any]:
    least, surely = colour.threshold_mw_mm2 or (None, None)
    return {"name": colour.opsin, "wavelength_nm": colour.wavelength_nm, "least_mw_mm2": least, "surely_mw_mm2": surely}


def _of_colour(colour: Colour, slot: int) -> dict[str, Any]:
    above = colour.sites_above(slot)
    return {
        "irradiance_mw_mm2": float(colour.face_mw_mm2[slot]),
        "at_cells_mw_mm2": float(colour.at_cells_mw_mm2[slot].max(initial=0.0)),
        "at_depth_mw_mm2": colour.under_led_mw_mm2[slot].round(6).tolist(),
        "opened": float(colour.opened[slot].max(initial=0.0)),
        "reach_mm": colour.reach_mm(slot),
        "sites_above": above and above[0],
        "sites_surely_above": above and above[1],
    }
