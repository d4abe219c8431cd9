"""Recordings that a session refers to instead of copying: by path and hash, refused when they are gone or have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.errors import RecordError
from wavestim.controller.record.hashing import file_sha256
from wavestim.controller.record.journal import JOURNAL
from wavestim.controller.record.session import Session, open_session
from wavestim.hardware.sources import EXAMPLES, Recording, open_recording


class SessionRecording:
    """A session as a recording: its samples, and the light that is in them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.fs_hz = session.fs_hz
        self.positions_mm: NDArray[np.float64] | None = session.positions_mm
        self.n_samples, self.n_channels = session.samples.shape
        self.channel_names = tuple(str(i) for i in range(self.n_channels))
        about = session.about.get("region")
        self.region: tuple[str, ...] | None = tuple(about["labels"]) if about else None

    def blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """(first sample, block), ``size`` samples at most, never across a gap."""
        return self.session.samples.blocks(size)

    def rows(self, start: int, stop: int) -> NDArray[np.float32]:
        """Samples from one row to another."""
        return self.session.samples[start:stop]

    @property
    def gain_uv(self) -> NDArray[np.float32] | None:
        """uV per bit where its samples lie in a recording that holds int16."""
        return self.session.samples.gain_uv

    def raw_blocks(self, size: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """As ``blocks``, in bits."""
        return self.session.samples.stored_blocks(size)


def is_session(recording: str) -> bool:
    """Whether a path is a session folder."""
    return (Path(recording) / JOURNAL).is_file()


def open_replayable(recording: str) -> Recording | SessionRecording:
    """A session folder, or whatever :func:`wavestim.hardware.sources.open_recording` reads."""
    return SessionRecording(open_session(recording)) if is_session(recording) else open_recording(recording)


def refer_to(recording: str) -> dict[str, str]:
    """Path (or name of a packaged example) and hash of a recording."""
    packaged = recording in EXAMPLES and not Path(recording).exists()
    return {"path": recording if packaged else str(Path(recording).resolve()), "sha256": _fingerprint(recording)}


def open_reference(reference: dict[str, Any]) -> Recording | SessionRecording:
    """Open what :func:`refer_to` referred to.

    Raises
    ------
    RecordError
        When it is gone or is not the same any more.
    """
    path = str(reference["path"])
    if path not in EXAMPLES and not Path(path).exists():
        raise RecordError(f"{path}: the recording that this session replayed is gone; put it back there")
    if _fingerprint(path) != reference["sha256"]:
        raise RecordError(f"{path}: the recording has changed since it was replayed; put back the one that was used")
    return open_replayable(path)


def _fingerprint(recording: str) -> str:
    """SHA-256 of a file; of files that belong together, that of their names and contents; of a session, of what a replay reads of it."""
    path = Path(recording)
    if recording in EXAMPLES and not path.exists():
        return hashlib.sha256(recording.encode()).hexdigest()
    if path.is_file():
        whole = path.suffix.lower() in (".npz", ".nwb")
        files = [path] if whole else sorted(p for p in path.parent.iterdir() if p.stem == path.stem and p.is_file())
        if len(files) == 1:
            return file_sha256(path)
        path = path.parent  # header, samples and markers lie side by side under one name
    elif is_session(recording):
        files = sorted((path / "samples").glob("*.blk"))
    else:
        files = sorted(p for p in path.rglob("*") if p.is_file())
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(path)} {file_sha256(file)}\n".encode())
    return digest.hexdigest()
