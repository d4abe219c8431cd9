"""The figures of phase, direction and speed as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from wavestim.controller.bench.accuracy import HORIZONS_MS
from wavestim.controller.bench.peers import METHODS, TRACKER
from wavestim.controller.bench.tables import mark, section, table

Result = Mapping[str, Any]
AHEAD = "20"
"""Horizon, ms, at which tables that show one horizon show it: about what a rig needs."""
BASE = "echt"
KIND_WORDS = {
    "planar": "plane waves", "rotating": "rotating waves", "source": "target waves (source)", "switching": "waves that switch",
    "synchronous": "synchronous rhythm",
}  # fmt: skip


def methods_in(results: Iterable[Result]) -> list[str]:
    """Names of the methods that have results, the tracker first."""
    present = {result["method"] for result in results}
    return [name for name in METHODS if name in present]


def _where(results: Sequence[Result], **values: Any) -> list[Result]:
    return [r for r in results if all(r["spec"].get(key, r.get(key)) == value for key, value in values.items())]


def _mean(results: Sequence[Result], value: Callable[[Result], float]) -> float:
    numbers = [value(r) for r in results]
    return float(np.mean(numbers)) if numbers else float("nan")


def _rms_at(horizon_ms: str) -> Callable[[Result], float]:
    return lambda result: float(result["rms_deg"][horizon_ms])


_ahead = _rms_at(AHEAD)


def waves(results: Sequence[Result]) -> str:
    """RMS phase error by kind, SNR and horizon."""
    text = []
    for kind in [kind for kind in KIND_WORDS if _where(results, kind=kind)]:
        of_kind = _where(results, kind=kind)
        names = methods_in(of_kind)
        snrs = sorted({r["spec"]["snr_db"] for r in of_kind})
        columns = []
        for snr_db in snrs:
            cells, values = [], []
            for name in names:
                here = _where(of_kind, method=name, snr_db=snr_db)
                by_horizon = [_mean(here, _rms_at(str(h))) for h in HORIZONS_MS]
                spread = float(np.std([_ahead(r) for r in here]))
                cells.append("/".join(f"{x:.0f}" for x in by_horizon) + f" ±{spread:.0f}")
                values.append(float(np.mean(by_horizon)))
            columns.append(mark(cells, values, names.index(TRACKER.name)))
        base = [_mean(_where(of_kind, method=BASE, snr_db=s), _ahead) for s in snrs]
        ratios = [
            "/".join(f"{_mean(_where(of_kind, method=name, snr_db=s), _ahead) / b:.2f}" for s, b in zip(snrs, base, strict=True))
            for name in names
        ]
        rows = [[METHODS[name].label, *(column[i] for column in columns), ratios[i]] for i, name in enumerate(names)]
        head = ["method", *(f"{snr_db:g} dB" for snr_db in snrs), f"of ecHT, {AHEAD} ms"]
        count = len({(r["spec"]["generator"], r["spec"]["seed"]) for r in of_kind})
        words = f"Phase error, RMS deg, {'/'.join(map(str, HORIZONS_MS))} ms ahead, mean of {count} recordings ± their SD at {AHEAD} ms."
        text.append(section(KIND_WORDS[kind].capitalize(), words, table(head, rows)))
    return "\n".join(text)


def by_generator(results: Sequence[Result]) -> str:
    """The two generators apart, so that none can hide behind the other."""
    names = methods_in(results)
    pairs = list(dict.fromkeys((r["spec"]["kind"], r["spec"]["generator"]) for r in results if r["spec"]["kind"] in KIND_WORDS))
    rows = []
    for kind, generator in pairs:
        values = [_mean(_where(results, method=name, kind=kind, generator=generator), _ahead) for name in names]
        rows.append([kind, generator, *mark([f"{v:.0f}" if v == v else "" for v in values], values, names.index(TRACKER.name))])
    head = ["wave", "generator", *(METHODS[name].label for name in names)]
    return section("The two generators apart", f"Phase error, RMS deg, {AHEAD} ms ahead, mean over SNRs and seeds.", table(head, rows))


def direction(results: Sequence[Result]) -> str:
    """Direction and speed of plane waves."""
    plane = [r for r in _where(results, kind="planar") if "direction_error_deg" in r]
    if not plane:
        return ""
    snrs = sorted({r["spec"]["snr_db"] for r in plane})
    names = methods_in(plane)
    columns = []
    for snr_db in snrs:
        errors = [_mean(_where(plane, method=n, snr_db=snr_db), lambda r: float(r["direction_error_deg"])) for n in names]
        speeds = [_mean(_where(plane, method=n, snr_db=snr_db), lambda r: float(r["speed_ratio"])) for n in names]
        columns.append(mark([f"{e:.1f}, {s:.2f}" for e, s in zip(errors, speeds, strict=True)], errors, names.index(TRACKER.name)))
    rows = [[METHODS[name].label, *(column[i] for column in columns)] for i, name in enumerate(names)]
    words = "Median absolute error of direction, deg, and median of estimated over true speed."
    return section("Direction and speed of plane waves", words, table(["method", *(f"{s:g} dB" for s in snrs)], rows))


def variations(results: Sequence[Result]) -> str:
    """Plane waves with one thing changed at a time."""
    names = methods_in(results)
    rows = []
    for change in dict.fromkeys(r["variation"] for r in results):
        here = [[_ahead(r) for r in _where(results, method=name, variation=change)] for name in names]
        values = [float(np.mean(errors)) for errors in here]
        cells = [f"{value:.0f} ±{np.std(errors):.0f}" for value, errors in zip(values, here, strict=True)]
        rows.append([change, *mark(cells, values, names.index(TRACKER.name))])
    snrs = " and ".join(f"{s:g}" for s in sorted({r["spec"]["snr_db"] for r in results}))
    words = (
        f"Plane waves at {snrs} dB, one thing changed at a time: phase error, RMS deg, {AHEAD} ms ahead, mean ± SD over generators, SNRs "
        "and seeds. What changes does so at 45 % of the recording, which is judged from there on: a wave's heading, speed and frequency, "
        "the noise's spectrum and how much of it is shared."
    )
    return section("Other noise, waveforms and speeds", words, table(["", *(METHODS[name].label for name in names)], rows))


def settings(chosen: Mapping[str, Mapping[str, Any]]) -> str:
    """What every peer was run with."""
    rows = [
        [METHODS[name].label, ", ".join(f"{k} {v}" for k, v in values.items()) or "-", str(len(METHODS[name].grid)), METHODS[name].note]
        for name, values in chosen.items()
    ]
    words = (
        "Of each peer's settings the ones with the least error on tuning seeds, which no table below has seen. "
        "`tracked True`: it forecasts at the frequency it tracked in its own signal, else at the nominal one; both were tried."
    )
    return section("Settings", words, table(["method", "settings", "tried", "note"], rows))
