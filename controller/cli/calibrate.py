"""``wavestim calibrate``: learns the wave model, says what was found, and keeps it in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output, validate

if TYPE_CHECKING:
    from wavestim.controller.session.learning import Learned
    from wavestim.controller.session.material import Material

ODD_GAIN = 1.5
"""A channel that shows so many times more, or less, than its neighbours is named."""


def calibrate(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RECORDING|EXPERIMENT",
            help="A session, NWB, .npz or anything neo reads; or an experiment (YAML or packaged), whose source is learned from.",
            show_default=False,
        ),
    ],
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="How much to learn from, at most.")] = 60.0,
    band: Annotated[
        tuple[float, float] | None,
        typer.Option(
            "--band", metavar="LO HI", help="Band of the rhythm in Hz; default: the experiment's, or the suggested one.", show_default=False
        ),
    ] = None,
    region: options.Region = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Keep the calibration in this .npz file.", show_default=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Learn the wave model from samples: where the rhythm lies, what the noise is like, which channels are bad.

    From 20 s on, the constants of the model that depend on the tissue are
    searched, too. An experiment uses the file with 'calibration: FILE'.
    Exit code 1 when no rhythm stands out and no band is given.

    \b
    Examples:
      wavestim calibrate ecog-strip
      wavestim calibrate baseline.nwb --seconds 120 --out mouse-12.npz
      wavestim calibrate my-experiment.yaml --out mouse-12.npz
      wavestim calibrate v1-and-v4.npz --region V4 --out v4.npz
    """
    length, asked, file = validate.learning_seconds(seconds), validate.band(band), validate.file(out)
    from wavestim.controller.session.calibrations import write_calibration
    from wavestim.controller.session.learning import learn
    from wavestim.controller.session.material import find_material, stated_band

    with output.only_json(as_json):
        material = find_material(source, length, region)
        with output.progress("calibrate", length) as progress:
            learned = learn(material, seconds=length, band_hz=asked, progress=progress)
        band_from = "asked for" if asked else "the experiment's" if stated_band(material) else "suggested"
        stored = None
        if file is not None:
            e = material.experiment
            stored = write_calibration(
                file,
                learned.calibration,
                positions_mm=material.positions_mm,
                fs_hz=material.fs_hz,
                reference=e.conditioning.reference if e is not None else "none",
                learned_from={"name": material.name, "sha256": material.sha256, "seconds": learned.seconds},
                region=material.region.name if material.region is not None else None,
            )
    found = _found(material, learned, band_from)
    found["file"], found["file_sha256"] = (str(stored.path), stored.sha256) if stored is not None else (None, None)
    _show(found)
    if as_json:
        output.emit(found)


def _found(material: Material, learned: Learned, band_from: str) -> dict[str, Any]:
    c, s, t, r = learned.calibration, learned.spectrum, learned.tuning, material.region
    mine = np.ones(len(c.used), dtype=bool) if r is None else r.inside
    low, high = (float(f) for f in c.band_hz)
    return {
        "source": material.name,
        "sha256": material.sha256,
        "seconds": learned.seconds,
        "channels": int(mine.sum()),
        "region": None if r is None else {"name": r.name, "channels": r.sizes},
        "rate_hz": c.fs_hz,
        "band_hz": [low, high],
        "band_from": band_from,
        "suggested_band_hz": list(s.peaks[0].band_hz) if s.peaks else None,
        "rhythm": bool(s.peaks_in((low, high))),
        "peaks": [{"centre_hz": p.centre_hz, "sd_hz": p.sd_hz, "height_db": p.height_db} for p in s.peaks],
        "noise_slope": s.beta,
        "noise_knee_hz": s.knee_hz or None,
        "flank_slope": c.beta,
        "frequency_hz": learned.seen["frequency_hz"] if learned.seen["frequency_hz"] is not None else c.omega_rad_s / (2 * np.pi),
        "bad_channels": [{"channel": int(i), "reason": str(learned.faults[i])} for i in np.flatnonzero((learned.faults != "") & mine)],
        "gains": learned.gains,
        "wave": learned.seen,
        "evidence_threshold": c.evidence_threshold,
        "constants": {
            "changed": {name: {"before": a, "after": b} for name, (a, b) in t.changed.items()},
            "gain_nats_per_s": t.gain_nats_per_s,
        },
    }


def _show(found: dict[str, Any]) -> None:
    """What was found, for people, on stderr."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in _rows(found):
        table.add_row(name, escape(text))
    console = output.console()
    console.print(table)
    if not found["rhythm"]:
        low, high = found["band_hz"]
        console.print(f"[bold yellow]No rhythm stands out between {low:g} and {high:g} Hz:[/] what is learned there is noise.")
    if found["file"] is not None:
        console.print(f"\nkept in  {escape(found['file'])}\nuse it   calibration: {escape(found['file'])}", highlight=False, soft_wrap=True)


def _rows(found: dict[str, Any]) -> list[tuple[str, str]]:
    low, high = found["band_hz"]
    peaks = ", ".join(f"{p['centre_hz']:.1f} Hz ({p['height_db']:.1f} dB)" for p in found["peaks"]) or "none"
    suggested = "none" if found["suggested_band_hz"] is None else "{:g}-{:g} Hz".format(*found["suggested_band_hz"])
    knee = f", knee at {found['noise_knee_hz']:.0f} Hz" if found["noise_knee_hz"] else ""
    r = found["region"]
    others = ", ".join(f"{name} ({n})" for name, n in r["channels"].items() if name != r["name"]) if r else ""
    return [
        *([("region", r["name"] + (f"; not learned from: {others}" if others else ""))] if r else []),
        ("learned from", f"{found['source']}, {found['seconds']:.1f} s, {found['channels']} channels at {found['rate_hz']:g} Hz"),
        ("band", f"{low:g}-{high:g} Hz ({found['band_from']}); suggested: {suggested}"),
        ("peaks", peaks),
        ("centre frequency", f"{found['frequency_hz']:.1f} Hz"),
        ("noise", f"1/f^{found['noise_slope']:.2f}{knee}; beside the band 1/f^{found['flank_slope']:.2f}"),
        ("bad channels", ", ".join(f"{b['channel']} ({b['reason']})" for b in found["bad_channels"]) or "none"),
        ("gains", _gains(np.asarray(found["gains"]))),
        ("waves", _wave(found["wave"])),
        ("evidence threshold", f"{found['evidence_threshold']:.1f} nats"),
        ("constants", _constants(found["constants"])),
    ]


def _gains(gains: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    known = gains[np.isfinite(gains)]
    if not len(known):
        return "not measured: it takes six good channels and a rhythm"
    odd = [i for i in np.flatnonzero(np.isfinite(gains)) if not 1 / ODD_GAIN <= gains[i] <= ODD_GAIN]
    named = ", ".join(f"{i} ({gains[i]:.2f})" for i in odd[:8]) + (f" and {len(odd) - 8} more" if len(odd) > 8 else "")
    return f"{known.min():.2f} to {known.max():.2f} of the neighbours'" + (f"; odd: {named}" if odd else "")


def _wave(wave: dict[str, Any]) -> str:
    if wave["wave_share"] < 0.05:
        return "none seen"
    kinds = ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in sorted(wave["kinds"].items(), key=lambda k: -k[1]))
    if wave["direction_deg"] is None:
        return kinds
    return (
        f"{kinds}; planar ones towards {wave['direction_deg']:.0f} +- {wave['direction_spread_deg']:.0f} deg, {wave['speed_mm_s']:.0f} mm/s"
    )


def _constants(constants: dict[str, Any]) -> str:
    gain = constants["gain_nats_per_s"]
    if gain is None:
        return "the defaults (a search takes 20 s and a wave)"
    if not constants["changed"]:
        return f"the defaults (others gain {gain:.1f} nats a second on the half kept apart)"
    moved = ", ".join(f"{name} {c['before']:.3g} -> {c['after']:.3g}" for name, c in constants["changed"].items())
    return f"{moved}: {gain:.1f} nats a second likelier on the half kept apart"
