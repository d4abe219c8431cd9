"""The tables of docs/light-safety.md that are made from the code and its data files."""

from __future__ import annotations

import numpy as np
from wavestim.controller.experiment.emitters import curve_names, curve_source, emitter, emitter_names, power_curve
from wavestim.controller.experiment.heatkernel import step_rise_k_per_mw
from wavestim.controller.experiment.thermal import SIGMA_MM, heating
from wavestim.hardware.simulated import load_opsin, opsin_names

Rows = list[tuple[str, ...]]
FOR_EVER_S = 1e4
STEPS = ((0.005, 0.0), (0.02, 0.0), (0.1, 0.0), (1.0, 0.0), (10.0, 0.0), (FOR_EVER_S, 0.0), (FOR_EVER_S, 1.0), (FOR_EVER_S, 2.0))


def emitters() -> Rows:
    """Fibres and LEDs."""
    rows: Rows = [("emitter", "spot, mm", "NA", "contact", "wall-plug", "where the values come from")]
    for name in emitter_names():
        e = emitter(name)
        rows.append(
            (f"`{name}`", f"{e['spot_mm']:g}", f"{e['na']:g}", e.get("contact", "apart"), f"{e.get('wall_plug', 1):g}", e["source"])
        )
    return rows


def power_curves() -> Rows:
    """Output against level."""
    rows: Rows = [("curve", "output at half the level", "where the values come from")]
    for name in curve_names():
        levels, output = zip(*power_curve(name, 1.0), strict=True)
        rows.append((f"`{name}`", f"{np.interp(127.5, levels, output):.0%}", curve_source(name)))
    return rows


def opsin_needs() -> Rows:
    """Irradiance that opsins answer to."""
    rows: Rows = [("opsin", "cells answer from, mW/mm²", "most cells, mW/mm²", "where the values come from")]
    for name in opsin_names():
        o = load_opsin(name)
        least, surely = ("?", "?") if o.effective_mw_mm2 is None else tuple(f"{v:g}" for v in o.effective_mw_mm2)
        rows.append((f"`{name}`", least, surely, o.effective_source or "no figure known"))
    return rows


def heating_steps() -> Rows:
    """Step responses of the heat equation and of the sums that stand in for it."""
    at = [f"{s * 1000:g} ms" if s < 1 else f"{s:g} s" if s < FOR_EVER_S else f"for ever{f', {d:g} mm away' if d else ''}" for s, d in STEPS]
    rows: Rows = [("absorbed within", *at)]
    for contact, sigma in SIGMA_MM.items():
        cells = []
        for seconds, distance in STEPS:
            model = heating([[0.0, 0.0], [distance or 99.0, 0.0]], sigma).pulse(seconds, np.array([1.0, 0.0]))[1 if distance else 0].sum()
            cells.append(f"{step_rise_k_per_mw(sigma, seconds, distance):.4f} / {model:.4f}")
        rows.append((f"{sigma:g} mm ({contact})", *cells))
    return rows
