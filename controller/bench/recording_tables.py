"""The figures of real recordings as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wavestim.controller.bench.peers import METHODS, TRACKER
from wavestim.controller.bench.recordings import best_peer
from wavestim.controller.bench.tables import mark, section, table

SHOWN_MS = ("0", "20")
SAMPLES = {"all": "all", "strong": "upper half"}


def report(results: Sequence[Mapping[str, Any]]) -> str:
    """One table for each horizon that is shown."""
    return "\n".join(_at_horizon(results, horizon_ms) for horizon_ms in SHOWN_MS)


def _at_horizon(results: Sequence[Mapping[str, Any]], horizon_ms: str) -> str:
    judged = [result for result in results if "rms_deg" in result]
    present = {name for result in judged for name in result["rms_deg"]}
    names = [name for name in METHODS if name in present]
    rows = []
    for result in judged:
        rms_deg, (lo, hi) = result["rms_deg"], result["band_hz"]
        for samples, words in SAMPLES.items():
            values = [rms_deg[name][horizon_ms][samples] if name in rms_deg else float("nan") for name in names]
            cells = mark([f"{v:.0f}" if v == v else "" for v in values], values, names.index(TRACKER.name))
            ratio = rms_deg[TRACKER.name][horizon_ms][samples] / rms_deg[best_peer(rms_deg, horizon_ms, samples)][horizon_ms][samples]
            rows.append([result["recording"], f"{result['band']} {lo:.3g}-{hi:.3g} Hz", words, *cells, f"{ratio:.2f}"])
    about = dict.fromkeys(f"{r['recording']}: {r['channels']} channel(s), {r['seconds']:.0f} s" for r in judged)
    words = (
        "Phase error, RMS deg, against the phase of a zero-phase filter (Butterworth, 4th order, there and back; Hilbert), over all "
        "samples and over the upper half of its amplitude. The peers' settings are chosen in each band on the first 40 % of the recording, "
        f"the rest is judged. {'; '.join(about)}."
    )
    left_out = dict.fromkeys(f"Left out: {r['left_out']}." for r in results if "left_out" in r)
    head = ["recording", "band", "samples", *(METHODS[name].label for name in names), "tracker / best peer"]
    return section(f"Real recordings, {horizon_ms} ms ahead", "\n".join([words, *left_out]), table(head, rows))
