"""One row for every token: what it was, what it told, the wave that it met, and the light that came before it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.material import Light, Material
from wavestim.controller.context.waves import Waves

TRIAL = np.dtype(
    [
        ("sample", "f8"),
        ("token", "i8"),  # -1: left out
        ("surprisal_bits", "f8"),
        ("entropy_bits", "f8"),
        ("deviant", "?"),
        ("travels", "?"),  # the wave, at the last cut; what follows is NaN where it does not
        ("direction_deg", "f8"),
        ("speed_mm_s", "f8"),
        ("frequency_hz", "f8"),
        ("pgd", "f8"),
        ("condition", "U32"),  # of the last pulse before the token's last cut, dark ones included
        ("dark", "?"),
        ("since_light_ms", "f8"),  # from the end of that pulse; negative while it lasts; NaN before the first
    ]
)


def trials_of(material: Material, waves: Waves, at_sample: NDArray[np.float64]) -> NDArray[np.void]:
    """The table.

    Parameters
    ----------
    material : Material
    waves : Waves
        At the same samples.
    at_sample : (tokens,)
        The last cut of each token.
    """
    told = material.tokens.sequence
    rows = np.zeros(len(told), TRIAL)
    rows["sample"], rows["token"], rows["deviant"] = material.tokens.sample, told.tokens, told.deviant
    rows["surprisal_bits"], rows["entropy_bits"] = told.surprisal_bits, told.entropy_bits
    for name in ("travels", "direction_deg", "speed_mm_s", "frequency_hz", "pgd"):
        rows[name] = getattr(waves, name)
    last = _last_pulse(material.light, at_sample)
    came = last >= 0
    rows["since_light_ms"] = np.nan
    if came.any():
        rows["condition"][came], rows["dark"][came] = material.light.condition[last[came]], material.light.dark[last[came]]
        rows["since_light_ms"][came] = (at_sample[came] - material.light.last[last[came]]) * 1e3 / material.fs_hz
    return rows


def _last_pulse(light: Light, at_sample: NDArray[np.float64]) -> NDArray[np.int64]:
    """The pulse that began last before each sample; -1: none did."""
    order = np.argsort(light.first, kind="stable")
    before = np.searchsorted(light.first[order], at_sample, side="right") - 1
    return np.where(before >= 0, order[before] if len(order) else -1, -1)


def write_trials(rows: NDArray[np.void], path: Path) -> None:
    """As CSV, with the names of the columns in its first line."""
    names = rows.dtype.names or ()
    lines = [",".join(names)]
    lines += [",".join(_word(value) for value in row) for row in rows.tolist()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _word(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.6g}" if abs(value) < 1e5 else f"{value:.1f}"
    text = str(value)
    return f'"{text}"' if "," in text else text
