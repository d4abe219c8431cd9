"""The forecast of ``wavestim lights plan`` by condition: the range of its patterns, and the hottest of them in time. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FIGURES = (
    ("duration_ms", 1.0, ".0f"),
    ("irradiance_mw_mm2", 1.0, ".2f"),
    ("at_cells_mw_mm2", 1.0, ".2f"),
    ("sites_above", 1.0, ".0f"),
    ("duty", 100.0, ".1f"),
    ("dose_mj_mm2_per_h", 1.0, ".0f"),
    ("warming_c", 1000.0, ".1f"),
)
"""Key of a figure, what it is multiplied by, format."""


@dataclass(frozen=True)
class Row:
    """One condition.

    Attributes
    ----------
    condition : its name.
    dark : it never shines; there are no figures.
    cells : as the table has them, in the order of ``FIGURES``.
    forecast_mk : warming of the hottest site in time, of its hottest pattern.
    """

    condition: str
    dark: bool
    cells: tuple[str, ...]
    forecast_mk: tuple[float, ...]


def rows(found: dict[str, Any]) -> list[Row]:
    """Of the figures of a rehearsal, one row for each condition in the order of the file."""
    names: list[str] = list(dict.fromkeys(name for one in found["patterns"] for name in one["conditions"]))
    made = []
    for name in names:
        mine = [one for one in found["patterns"] if name in one["conditions"]]
        dark = name in found["dark_conditions"]
        hottest = max(mine, key=lambda one: one["warming_c"])
        cells = tuple("–" if dark else _range([one[key] for one in mine], by, form) for key, by, form in FIGURES)
        made.append(Row(name, dark, cells, () if dark else tuple(1000.0 * c for c in hottest["forecast_c"])))
    return made


def _range(values: list[float | None], by: float, form: str) -> str:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return "?"
    low, high = format(min(known) * by, form), format(max(known) * by, form)
    return low if low == high else f"{low}–{high}"
