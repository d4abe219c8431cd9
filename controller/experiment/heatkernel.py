"""The heat equation in perfused brain, and the sums of exponentials that stand in for it while a session runs.

Pennes' equation with the constants of Stujenske, Spellman & Gordon 2015 (Cell Rep 12:525): light is absorbed in a Gaussian blob in
an infinite medium, every photon of it, which says too much near a cooled surface and never too little. ``scripts/fit_heating.py``
writes what :func:`fit` finds to ``heating.yaml``; a session reads that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Floats = NDArray[np.float64]

DENSITY_KG_MM3, HEAT_J_KG_K = 1.04e-6, 3650.0
CONDUCTIVITY_MW_MM_K = 0.527
PERFUSION_PER_S, BLOOD_KG_MM3, BLOOD_J_KG_K = 8.5e-3, 1.06e-6, 3600.0
CAPACITY_J_MM3_K = DENSITY_KG_MM3 * HEAT_J_KG_K
DIFFUSION_MM2_S = CONDUCTIVITY_MW_MM_K * 1e-3 / CAPACITY_J_MM3_K
WASHOUT_PER_S = PERFUSION_PER_S * BLOOD_KG_MM3 * BLOOD_J_KG_K / CAPACITY_J_MM3_K

TAU_S = (0.1, 0.3, 1.0, 3.0, 10.0, 40.0)
DISTANCES_MM = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 13.0, 16.0, 20.0)
FIT_S = (0.002, 2000.0)
STEADY_EXCESS = 1.02
STEPS = 4001


def step_rise_k_per_mw(sigma_mm: float, seconds: float, distance_mm: float = 0.0) -> float:
    """Warming after so long of steady light.

    Parameters
    ----------
    sigma_mm : float
        SD of the Gaussian in which the light is absorbed.
    seconds : float
        Since the light came on.
    distance_mm : float
        From its middle.

    Returns
    -------
    float
        K per mW of light: the integral of exp(-w t - d^2 / 2v) / (rho c (2 pi v)^1.5), v = sigma^2 + 2 D t.
    """
    t = np.concatenate([[0.0], np.geomspace(1e-6, max(seconds, 2e-6), STEPS)])
    v = sigma_mm**2 + 2 * DIFFUSION_MM2_S * t
    impulse = np.exp(-WASHOUT_PER_S * t - distance_mm**2 / (2 * v)) / (CAPACITY_J_MM3_K * (2 * np.pi * v) ** 1.5)
    return float(np.trapezoid(impulse, t) * 1e-3)


def fit(sigma_mm: float, distance_mm: float) -> Floats:
    """Weights (K/mW) of the exponentials of ``TAU_S`` whose sum follows the step response and is nowhere below it.

    Of all sums that are at least the response at every time (no weight negative, the end at most 2 % too high), the one that exceeds
    it least, relative to the response plus a twentieth of its end: close at the site itself, on the safe side where heat arrives late.
    """
    times = np.geomspace(*FIT_S, 80)
    exact = np.array([step_rise_k_per_mw(sigma_mm, t, distance_mm) for t in times])
    rises = 1 - np.exp(-times[:, None] / np.array(TAU_S))
    share = 1 / (exact + 0.05 * exact[-1])
    above, least = np.vstack([-rises * share[:, None], rises[-1] / exact[-1]]), np.append(-exact * share, STEADY_EXCESS)
    found = linprog(share @ rises, A_ub=above, b_ub=least, method="highs")
    if not found.success:
        raise ArithmeticError(f"no fit for sigma {sigma_mm} mm at {distance_mm} mm: {found.message}")
    return np.asarray(found.x)
