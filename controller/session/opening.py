"""The start of a session: is there room on the disk, and a journal that holds everything that ``verify`` needs."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from wavestim.controller.errors import OutputError
from wavestim.controller.experiment import Region, resolve
from wavestim.controller.record.journal import JOURNAL, Journal
from wavestim.controller.record.pulsetable import FILE as REPLAYED_LIGHT
from wavestim.controller.record.session import create_session
from wavestim.controller.session.assembly import Assembly
from wavestim.controller.session.calibrations import StoredCalibration
from wavestim.controller.session.replayedlight import light_plan
from wavestim.hardware.lights import LightInfo

CALIBRATION = "calibration.npz"
"""The session's copy of the calibration that it began with."""
SPARE_BYTES = 50_000_000
BYTES_PER_VALUE = 10
"""A float32 sample in the blocks, again in the NWB file, and the truth of a simulation."""


def open_journal(
    assembly: Assembly,
    out: Path,
    light_info: LightInfo,
    *,
    pace: str,
    horizon_ms: float,
    armed: bool,
    calibration: StoredCalibration | None = None,
    region: Region | None = None,
    **about: Any,
) -> Journal:
    """Create the session folder with everything that ``verify`` needs to make the decisions again."""
    resolved, n_leds = resolve(assembly.experiment), assembly.plan.n_leds
    if calibration is not None:  # the session keeps it, and its experiment file names the copy
        about["calibration"] = {**calibration.about, "sha256": calibration.sha256, "path": str(calibration.path)}
        resolved["provenance"]["calibration_sha256"] = calibration.sha256
        resolved["calibration"] = CALIBRATION
    light = assembly.replayed
    if light is not None:  # likewise
        resolved["provenance"]["replayed_light"] = {**light.origin, "pulses": len(light.pulses), "sha256": light.sha256}
        resolved["trigger"]["policy"]["session"] = REPLAYED_LIGHT
    if region is not None:
        about["region"] = {"name": region.name, "labels": list(region.labels)}
    journal = create_session(
        out,
        resolved,
        fs_hz=assembly.fs_hz,
        positions_mm=assembly.positions_mm,
        about={
            "pace": pace,
            "light": asdict(light_info),
            "horizon_ms": horizon_ms,
            "armed": armed,
            "leds_mm": np.asarray(assembly.leds_mm).tolist(),
            "slots": light_plan(assembly.experiment, assembly.plan.slots, n_leds),
            "manual_slots": light_plan(assembly.experiment, assembly.manual.slots if assembly.manual is not None else (), n_leds),
            "started_utc": datetime.now(UTC).isoformat(),
            **about,
        },
    )
    if calibration is not None:
        (out / CALIBRATION).write_bytes(calibration.data)
    if light is not None:
        (out / REPLAYED_LIGHT).write_text(light.text(), encoding="utf-8")
    return journal


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[None]:
    """The session folder; a start that is refused before there is a journal leaves no part of it behind."""
    before = {path for path in (out, *out.parents) if path.exists()}
    out.mkdir(parents=True, exist_ok=True)
    kept = set(out.iterdir())
    try:
        yield
    except BaseException:
        if not (out / JOURNAL).exists():
            with contextlib.suppress(OSError):  # what else stands there stays
                for path in set(out.iterdir()) - kept:
                    path.unlink()
                for path in (out, *out.parents):
                    if path not in before:
                        path.rmdir()
        raise


def check_room(out: Path, n_values: float = 0.0) -> None:
    """Refuse to start what the disk cannot hold.

    Parameters
    ----------
    out : Path
        Where the session will be.
    n_values : float
        Samples times channels that will be kept.

    Raises
    ------
    OutputError
    """
    place = out
    while not place.exists():
        place = place.parent
    free, need = shutil.disk_usage(place).free, n_values * BYTES_PER_VALUE + SPARE_BYTES
    if free < need:
        raise OutputError(
            f"{out}: the session needs about {need / 1e9:.2g} GB and the disk has {free / 1e9:.2g} GB free; "
            "make room or choose another --out"
        )
