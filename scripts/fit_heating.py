"""Writes controller/experiment/heating.yaml: how light warms tissue, as sums of exponentials fitted to the heat equation."""

from __future__ import annotations

from pathlib import Path

from wavestim.controller.experiment.heatkernel import DISTANCES_MM, TAU_S, fit

OUT = Path(__file__).resolve().parents[1] / "controller" / "experiment" / "heating.yaml"
SIGMAS_MM = (0.2, 0.3, 0.4, 0.5)
HEAD = """\
# Warming by light, K per mW, as a sum of first-order responses: sum_k weight_k (1 - exp(-t / tau_k)).
# Written by scripts/fit_heating.py from the heat equation in perfused brain (controller/experiment/heatkernel.py; constants of
# Stujenske, Spellman & Gordon 2015, doi:10.1016/j.celrep.2015.06.036). Do not edit.
# sigma_mm: the Gaussian in which the light is absorbed. 0.4 fits the plateaus of a fibre (0.25 K/mW at 0.1 mm and 0.116 K/mW at
# 0.563 mm depth, 473 nm; Shin & Kwon 2016, doi:10.1364/BOE.7.004450); 0.3 is for faces that touch the tissue.
"""


def main() -> None:
    """Fit and write."""
    lines = [HEAD + f"tau_s: {list(TAU_S)}", f"distance_mm: {list(DISTANCES_MM)}", "k_per_mw:"]
    for sigma in SIGMAS_MM:
        lines.append(f"  {sigma}:")
        for distance in DISTANCES_MM:
            lines.append("    - [" + ", ".join(f"{w:.4e}" for w in fit(sigma, distance)) + "]")
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
