"""From an LED's face to the cells: how much of its light arrives at depth and to the side.

``aravanis`` (Aravanis et al., J. Neural Eng. 2007) is geometric spread and scattering on the axis; ``foutz`` (Foutz et al.,
J. Neurophysiol. 2012) adds absorption (Kubelka–Munk) and the Gaussian profile to the side. Both give irradiance relative to the
source's face; light of several LEDs adds incoherently.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

REFRACTIVE_INDEX = 1.36  # cortex


class Optics(NamedTuple):
    """Tissue at one colour: scattering and absorption per mm."""

    scattering_per_mm: float
    absorption_per_mm: float


# 473 nm: Foutz 2012; red: the range given for 593-635 nm, middle of it
BLUE = Optics(7.37, 0.125)
RED = Optics(5.5, 0.03)


def tissue_optics(wavelength_nm: float) -> Optics:
    """Scattering and absorption at a wavelength, linear between 473 and 615 nm and constant outside."""
    share = float(np.clip((wavelength_nm - 473.0) / (615.0 - 473.0), 0.0, 1.0))
    return Optics(*(b + share * (r - b) for b, r in zip(BLUE, RED, strict=True)))


def aravanis(depth_mm: ArrayLike, radius_mm: float = 0.1, na: float = 0.37, scattering_per_mm: float = 11.2) -> NDArray[np.float64]:
    """Irradiance on the axis relative to the face: ρ² / ((S z + 1)(z + ρ)²), ρ = r √((n/NA)² − 1).

    Parameters
    ----------
    depth_mm : array_like
    radius_mm : float
        Radius of the emitting face.
    na : float
        Numerical aperture (1.0 is near-Lambertian).
    scattering_per_mm : float
        11.2 in mouse, 10.3 in rat cortex at 473 nm.
    """
    z = np.asarray(depth_mm, dtype=np.float64)
    rho = radius_mm * np.sqrt((REFRACTIVE_INDEX / na) ** 2 - 1.0)
    return np.asarray(rho**2 / ((scattering_per_mm * z + 1.0) * (z + rho) ** 2))


def foutz(
    depth_mm: ArrayLike, lateral_mm: ArrayLike = 0.0, radius_mm: float = 0.1, na: float = 0.37, optics: Optics = BLUE
) -> NDArray[np.float64]:
    """Irradiance relative to the face at a depth and a distance from the axis (1 at the face on the axis)."""
    z, rho = np.broadcast_arrays(np.asarray(depth_mm, dtype=np.float64), np.asarray(lateral_mm, dtype=np.float64))
    radius = radius_mm + z * np.tan(np.arcsin(na / REFRACTIVE_INDEX))
    s, k = optics
    a = 1.0 + k / s
    b = np.sqrt(a * a - 1.0)
    d = np.hypot(rho, z)
    loss = b / (a * np.sinh(b * s * d) + b * np.cosh(b * s * d))
    return np.asarray((radius_mm / radius) ** 2 * loss * np.exp(-2.0 * (rho / radius) ** 2))


def transmission(
    leds_mm: NDArray[np.float64],
    cells_mm: NDArray[np.float64],
    *,
    spot_mm: float,
    na: float,
    depth_mm: float,
    arbour_mm: float,
    wavelength_nm: float,
) -> NDArray[np.float64]:
    """Irradiance per unit irradiance at each LED's face that the membrane of each cell gets, (leds, cells).

    The opsin sits in dendrites and axons too, so the profile of ``foutz`` is averaged over an arbour (Gaussian, SD ``arbour_mm``)
    around the cell.
    """
    optics = tissue_optics(wavelength_nm)
    offset = np.linspace(-3.0, 3.0, 61)
    dx, dy = np.meshgrid(offset * arbour_mm, offset * arbour_mm)
    share = np.exp(-0.5 * (offset[:, None] ** 2 + offset[None, :] ** 2))
    share /= share.sum()
    reach = 3.0 * arbour_mm + 3.0 * (0.5 * spot_mm + depth_mm * np.tan(np.arcsin(na / REFRACTIVE_INDEX)))
    distance = np.linspace(0.0, reach, 64)
    profile = np.array(
        [(share * foutz(depth_mm, np.hypot(d + dx, dy), radius_mm=0.5 * spot_mm, na=na, optics=optics)).sum() for d in distance]
    )
    lateral = np.hypot(leds_mm[:, None, 0] - cells_mm[None, :, 0], leds_mm[:, None, 1] - cells_mm[None, :, 1])
    return np.asarray(np.interp(lateral, distance, profile, right=0.0))
