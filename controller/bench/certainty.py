"""Does it know how far off it is? Predicted SD against achieved circular SD, by decile of the prediction.

Samples are summed up in bins of one degree of the prediction, so that recordings can be pooled without keeping them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from wavestim.controller.bench.scenes import Array
from wavestim.controller.bench.tables import section, table

BINS_DEG = np.arange(0.0, 181.0)
DECILES = 10


def sketch(predicted_deg: ArrayLike, error_rad: ArrayLike) -> Array:
    """(4, bins): count, sum of predicted resultants, sums of the errors' cosines and sines. Sketches add up."""
    predicted, error = np.ravel(np.asarray(predicted_deg, dtype=np.float64)), np.ravel(np.asarray(error_rad, dtype=np.float64))
    where = np.clip(np.digitize(predicted, BINS_DEG) - 1, 0, len(BINS_DEG) - 1)
    columns = (np.ones_like(error), np.exp(-0.5 * np.radians(predicted) ** 2), np.cos(error), np.sin(error))
    return np.stack([np.bincount(where, weights=values, minlength=len(BINS_DEG)) for values in columns])


def deciles(sketches: Iterable[Array]) -> list[tuple[float, float]]:
    """Predicted and achieved SD, deg, in each tenth of the samples by prediction.

    The predicted SD of a tenth is that of the mixture it promises: its resultants averaged, as the achieved one averages them. A bin that
    lies across two tenths is shared out.
    """
    total = np.sum(list(sketches), axis=0)
    edges = np.linspace(0, total[0].sum(), DECILES + 1)
    ends = np.cumsum(total[0])
    starts = ends - total[0]
    pairs = []
    for low, high in pairwise(edges):
        part = np.clip(np.minimum(ends, high) - np.maximum(starts, low), 0, None) / np.maximum(total[0], 1)
        count, promised, cosine, sine = total @ part
        pairs.append((_sd_deg(promised / count), _sd_deg(float(np.hypot(cosine, sine)) / count)))
    return pairs


def _sd_deg(resultant: float) -> float:
    return float(min(180.0, np.degrees(np.sqrt(-2 * np.log(np.clip(resultant, 1e-12, 1.0))))))


def figures(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Deciles by SNR and horizon, all waves pooled."""
    rows = []
    for snr_db in sorted({r["spec"]["snr_db"] for r in results}):
        here = [r for r in results if r["spec"]["snr_db"] == snr_db]
        for horizon_ms in here[0]["certainty"]:
            pairs = deciles(r["certainty"][horizon_ms] for r in here)
            off = float(np.exp(np.mean([abs(np.log(max(a, 0.1) / max(p, 0.1))) for p, a in pairs]))) - 1
            rows.append({"snr_db": snr_db, "horizon_ms": int(horizon_ms), "deciles": pairs, "mean_misfit": off})
    return rows


def report(rows: Sequence[Mapping[str, Any]]) -> str:
    """The deciles as a table."""
    cells = [
        [f"{r['snr_db']:g}", str(r["horizon_ms"]), *(f"{p:.0f}/{a:.0f}" for p, a in r["deciles"]), f"{r['mean_misfit']:.0%}"] for r in rows
    ]
    head = ["SNR, dB", "ahead, ms", *(f"{i}" for i in range(1, DECILES + 1)), "off by"]
    words = (
        "The tracker's predicted SD / the circular SD it achieved, deg, in each tenth of all samples from the surest to the least sure; "
        "plane, rotating, target, switching and synchronous waves of both generators together. Last column: mean factor between the two."
    )
    return section("Does it know how far off it is?", words, table(head, cells))
