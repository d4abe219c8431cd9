"""Calibrations that a lab keeps: written to a file, read back, and held against the set-up that is to use them.

The file is an ``.npz`` with four entries: ``format``, ``about`` (JSON: version, probe, band, what it was learned from), ``calibration``
(the bytes that a session's journal holds, too) and ``sha256`` over the other three.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.errors import OutputError, WavestimError
from wavestim.controller.plain import plain
from wavestim.realtime import Calibration, Engine, EngineConfig

FORMAT = 1
MAX_BYTES = 50_000_000
AGAIN = "learn one with 'wavestim calibrate EXPERIMENT --out FILE'"


class CalibrationError(WavestimError):
    """A calibration can't be used; says which, why, and what would be right."""


@dataclass(frozen=True)
class StoredCalibration:
    """A calibration as its file has it.

    Attributes
    ----------
    path : Path
    data : bytes
        The whole file; a session keeps it.
    calibration : Calibration
    about : dict
        ``wavestim`` (version), ``learned_utc``, ``learned_from`` (name, sha256, seconds), ``fs_hz``, ``band_hz``, ``positions_mm``,
        ``reference``, ``region``.
    """

    path: Path
    data: bytes
    calibration: Calibration
    about: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Of the file."""
        return hashlib.sha256(self.data).hexdigest()


def write_calibration(
    path: Path,
    calibration: Calibration,
    *,
    positions_mm: NDArray[np.float64],
    fs_hz: float,
    reference: str,
    learned_from: dict[str, Any],
    region: str | None = None,
) -> StoredCalibration:
    """Write a calibration file.

    Parameters
    ----------
    path : Path
        An existing file is replaced, whole or not at all.
    calibration : Calibration
    positions_mm, fs_hz, reference
        Of the source that it was learned from: electrodes, rate, conditioning.reference.
    learned_from : dict
        ``name``, ``sha256``, ``seconds``.
    region : str, optional
        That it was learned from, where there were several.

    Raises
    ------
    OutputError
    """
    about = {
        "wavestim": _version(),
        "learned_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "learned_from": learned_from,
        "fs_hz": fs_hz,
        "band_hz": calibration.band_hz,
        "positions_mm": positions_mm,
        "reference": reference,
        "region": region,
    }
    text, payload = json.dumps(plain(about), allow_nan=False), calibration.to_bytes()
    file = io.BytesIO()
    np.savez(
        file,
        allow_pickle=False,
        format=np.asarray(FORMAT),
        about=np.asarray(text),
        calibration=np.frombuffer(payload, np.uint8),
        sha256=np.asarray(_digest(FORMAT, text, payload)),
    )
    draft = path.with_name(path.name + ".part")
    try:
        draft.write_bytes(file.getvalue())
        draft.replace(path)
    except OSError as error:
        raise OutputError(f"--out {path}: cannot be written ({error.strerror}); give a file in a folder you may write to") from None
    finally:
        with contextlib.suppress(OSError):  # there may be no such folder
            draft.unlink(missing_ok=True)
    return StoredCalibration(path, file.getvalue(), calibration, json.loads(text))


def read_calibration(path: str | Path) -> StoredCalibration:
    """Read a calibration file.

    Raises
    ------
    CalibrationError
        When it is not there, is of another format, or is not what was written.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CalibrationError(f"{path}: too large for a calibration; {AGAIN}")
        data = path.read_bytes()
    except OSError as error:
        raise CalibrationError(f"{path}: the calibration cannot be read ({error.strerror}); {AGAIN}") from None
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as entries:
            version = int(entries["format"])
            text, payload, digest = str(entries["about"]), entries["calibration"].tobytes(), str(entries["sha256"])
    except Exception as error:  # bytes that are no archive of ours fail in many ways
        raise CalibrationError(f"{path}: no calibration file, or a damaged one ({type(error).__name__}); {AGAIN}") from None
    if version != FORMAT:
        raise CalibrationError(f"{path}: calibration file format {version} is not the {FORMAT} that this version reads; {AGAIN}")
    if digest != _digest(version, text, payload):
        raise CalibrationError(f"{path}: the calibration is not what was written (its hash differs); restore it from a copy, or {AGAIN}")
    try:
        return StoredCalibration(path, data, Calibration.from_bytes(payload), dict(json.loads(text)))
    except Exception as error:
        raise CalibrationError(f"{path}: {' '.join(str(error).split()) or type(error).__name__}; {AGAIN}") from None


def load_calibration(path: str | Path) -> Calibration:
    """The calibration of a file, for ``wavestim.realtime.track``."""
    return read_calibration(path).calibration


def calibration_for(path: str | None, engine: EngineConfig) -> StoredCalibration | None:
    """The calibration that an experiment names, held against its engine; None when it names none.

    Raises
    ------
    CalibrationError
        When the file can't be used, or belongs to another probe, band, rate or reference.
    """
    if path is None:
        return None
    stored = read_calibration(path)
    reference = stored.about.get("reference", "none")
    if reference != engine.reference:
        raise CalibrationError(
            f"{path}: the calibration was learned with conditioning.reference {reference}, the experiment has {engine.reference}; "
            f"use the same, or {AGAIN}"
        )
    used, left_out = stored.calibration.used, _left_out(stored.calibration, engine)
    if 2 * left_out > used.sum():
        region = stored.about.get("region")
        raise CalibrationError(
            f"{path}: the calibration was learned{f' on region {region},' if region else ''} from {int(used.sum())} electrodes, "
            f"{left_out} of which the experiment leaves out; use one of its own region, or {AGAIN}"
        )
    try:
        Engine(engine).apply_calibration(stored.calibration)
    except ValueError as error:
        raise CalibrationError(f"{path}: {error}") from None
    return stored


def _left_out(calibration: Calibration, engine: EngineConfig) -> int:
    """How many of the calibration's electrodes the engine does not look at."""
    if engine.excluded is None or len(engine.excluded) != len(calibration.used):
        return 0
    return int((calibration.used & engine.excluded).sum())


def _digest(version: int, text: str, payload: bytes) -> str:
    digest = hashlib.sha256(f"wavestim calibration {version}\n".encode())
    for part in (text.encode(), payload):
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def _version() -> str:
    try:
        return importlib.metadata.version("wavestim")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
