"""The light of an experiment worked out at a desk: what every pattern would do, and whether anything refuses it."""

from __future__ import annotations

from typing import Any

from wavestim.controller.experiment import Experiment, electrode_positions, led_positions, patterns, shortest_period_ms
from wavestim.controller.experiment.thermal import steady_rise_c
from wavestim.controller.session.assembly import assemble
from wavestim.controller.session.bench import make_bench
from wavestim.controller.session.lights import info_at_desk

FS_HZ = 1000.0


def rehearse(experiment: Experiment) -> dict[str, Any]:
    """Every pattern with its figures, as a board in memory takes it.

    Parameters
    ----------
    experiment : Experiment

    Returns
    -------
    dict
        ``experiment``, ``leds``, ``period_ms`` (fastest), ``patterns``: name, conditions, leds, duration_ms, lead_ms, irradiance_mw_mm2,
        duty and warming_c at the fastest repetition.

    Raises
    ------
    ExperimentError, LightError
        What a session would refuse.
    """
    positions = electrode_positions(experiment)
    leds = led_positions(experiment, positions)
    light = make_bench(len(leds), experiment.seed).light
    assembly = assemble(experiment, info_at_desk(experiment.light, light.info) or light.info, fs_hz=FS_HZ, horizon_ms=20.0)
    period_ms = shortest_period_ms(experiment)
    users: dict[int, list[str]] = {}
    for c in assembly.plan.conditions:
        for slot in range(c.slot0, c.slot0 + c.n_headings * max(1, len(c.speeds_mm_s))):
            users.setdefault(slot, []).append(c.name)
    found = []
    for index, planned in enumerate(assembly.plan.slots):
        light.upload(index, planned.entries)  # the second wall: the board's own limits
        bright = [patterns.irradiance_of(experiment, e.level) for e in planned.entries]
        lit_ms = [sum(b - a for a, b in spans) / 1000 for spans in patterns.lit_spans_us(planned.entries).values()]
        found.append(
            {
                "name": planned.name,
                "conditions": users.get(index, []),
                "leds": len({e.site for e in planned.entries}),
                "duration_ms": planned.duration_ms,
                "lead_ms": planned.lead_ms,
                "irradiance_mw_mm2": max(bright, default=0.0),
                "duty": max(lit_ms, default=0.0) / period_ms,
                "warming_c": steady_rise_c(planned.entries, bright, period_ms / 1000, leds, experiment.leds.spot_mm),
            }
        )
    light.close()
    return {"experiment": experiment.name, "leds": len(leds), "period_ms": period_ms, "patterns": found}
