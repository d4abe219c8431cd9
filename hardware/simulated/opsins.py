"""Opsins: what is known of each, from ``opsins.yaml``, and what a given light does to it.

Light is never negative: an excitatory and an inhibitory effect need different opsins, and usually different colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from .kinetics import Photocycle

PLANCK_J_S = 6.62607015e-34
LIGHT_SPEED_M_S = 299_792_458.0


@dataclass(frozen=True)
class Opsin:
    """One opsin.

    Attributes
    ----------
    name : str
    source : str
        Where the numbers come from.
    sign : int
        +1 excites, −1 inhibits.
    reversal_mv : float
    rates : dict
        Photocycle parameters, per ms (see ``kinetics.Photocycle``).
    spectrum : ndarray (n, 2)
        Wavelength (nm) and relative action.
    effective_mw_mm2 : tuple of two floats, optional
        At the peak of the spectrum: the least irradiance at a cell that does something, and one that does for most; None when nobody says.
    effective_source : str
        Where these come from.
    """

    name: str
    source: str
    sign: int
    reversal_mv: float
    rates: dict[str, float]
    spectrum: NDArray[np.float64]
    effective_mw_mm2: tuple[float, float] | None = None
    effective_source: str = ""

    def sensitivity(self, wavelength_nm: float) -> float:
        """Relative action (0 … 1) at a wavelength."""
        return float(np.interp(wavelength_nm, self.spectrum[:, 0], self.spectrum[:, 1], left=0.0, right=0.0))

    def threshold_mw_mm2(self, wavelength_nm: float) -> tuple[float, float] | None:
        """``effective_mw_mm2`` at a wavelength: more of it where the opsin sees it less; None when unknown or unseen."""
        seen = self.sensitivity(wavelength_nm)
        if self.effective_mw_mm2 is None or seen <= 0:
            return None
        least, surely = self.effective_mw_mm2
        return least / seen, surely / seen

    def effective_flux(self, wavelength_nm: float) -> float:
        """Effective photons/(mm² s) for 1 mW/mm² at a wavelength."""
        return 1e-3 * wavelength_nm * 1e-9 / (PLANCK_J_S * LIGHT_SPEED_M_S) * self.sensitivity(wavelength_nm)

    def respond(
        self, irradiance_mw_mm2: float, pulse_ms: float, wavelength_nm: float, total_ms: float, dt_ms: float = 0.1
    ) -> NDArray[np.float64]:
        """Open fraction every ``dt_ms`` for one square pulse that starts at time zero in dark-adapted cells."""
        cycle = Photocycle(1, self.rates)
        per_mw = self.effective_flux(wavelength_nm)
        out = np.empty(round(total_ms / dt_ms))
        for i in range(len(out)):
            lit = min(max(pulse_ms - i * dt_ms, 0.0), dt_ms) / dt_ms
            out[i] = cycle.advance(np.array([irradiance_mw_mm2 * lit * per_mw]), dt_ms)[0]
        return out


_RATES = ("k1", "k2", "p", "phi_m", "gd1", "gd2", "gr0", "gf0", "kf", "gb0", "kb", "q", "gamma")


@cache
def _table() -> dict[str, dict[str, Any]]:
    loaded = yaml.safe_load((files(__package__) / "opsins.yaml").read_text(encoding="utf-8"))
    return dict(loaded)


def opsin_names() -> tuple[str, ...]:
    """The opsins that have data."""
    return tuple(_table())


@cache
def load_opsin(name: str) -> Opsin:
    """Return one opsin by name; ``ValueError`` names the known ones."""
    table = _table()
    if name not in table:
        raise ValueError(f"opsin {name!r} is not known; use one of {', '.join(table)}")
    row = table[name]
    return Opsin(
        name=name,
        source=row["source"],
        sign=int(row["sign"]),
        reversal_mv=float(row["reversal_mv"]),
        rates={key: float(row[key]) for key in _RATES},
        spectrum=np.array(row["spectrum"], dtype=np.float64),
        effective_mw_mm2=tuple(row["effective_mw_mm2"]) if "effective_mw_mm2" in row else None,
        effective_source=row.get("effective_source", ""),
    )
