"""What the assay works on: the samples, tokens and light of a session, or of an ``.npz`` recording that brings its tokens.

In a recording, ``token_sample`` holds the sample at which each token came and ``token`` which one it was (-1: left out).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.errors import AssayError
from wavestim.controller.context.sequences import OMITTED, learned
from wavestim.controller.context.tokens import FEWEST, Told, tokens_of
from wavestim.controller.record.session import Session, open_session
from wavestim.controller.report._session import Pulses, join
from wavestim.controller.report.light import pattern_length_ms
from wavestim.hardware.sources import open_recording
from wavestim.realtime.config import Reference

Floats = NDArray[np.float64]
BLOCK = 8192
BAND_HZ = (8.0, 24.0)


@dataclass(frozen=True)
class Light:
    """Pulses that happened, dark ones included: from which sample to which, and their condition."""

    first: Floats
    last: Floats
    condition: NDArray[np.str_]
    dark: NDArray[np.bool_]
    site_sample: Floats

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True)
class Material:
    """One session or recording.

    Attributes
    ----------
    name : of the folder or file.
    blocks : gives the samples from the first on: (sample, block (n, electrodes) uV of the electrodes that are used).
    positions_mm : (electrodes, 2) of the electrodes that are used.
    calibration : of the wave model, as bytes, and the sample it was learned at; None: there is none.
    session : what it came from, when that was a session.
    """

    name: str
    fs_hz: float
    band_hz: tuple[float, float]
    positions_mm: Floats
    reference: Reference
    blocks: Callable[[], Iterator[tuple[int, NDArray[np.float32]]]]
    tokens: Told
    light: Light
    calibration: bytes | None
    experiment: Mapping[str, Any]
    session: Session | None

    @property
    def animal(self) -> str:
        """Whose session it is; empty where the experiment names nobody."""
        subject = self.experiment.get("subject") or {}
        return str(subject.get("id") or "")


def open_material(path: str | Path) -> Material:
    """A session folder, or an ``.npz`` with tokens.

    Raises
    ------
    AssayError, RecordError, SourceError
        When it is neither, or cannot be read.
    """
    path = Path(path)
    return _of_recording(path) if path.suffix == ".npz" else _of_session(open_session(path))


def _of_session(session: Session) -> Material:
    e = session.experiment
    probe, conditioning = e.get("probe") or {}, e.get("conditioning") or {}
    used = np.setdiff1d(np.arange(len(session.positions_mm)), np.array(probe.get("bad_channels") or [], dtype=np.int64))
    tokens = tokens_of(session)
    known = [payload for _, kind, _, payload in session.input_events if kind == "calibration" and payload]
    reference = str(conditioning.get("reference", "none"))

    def blocks() -> Iterator[tuple[int, NDArray[np.float32]]]:
        for first, block in session.samples.blocks(BLOCK):
            yield first, block[:, used]

    whole = len(used) == len(session.positions_mm)
    return Material(
        name=session.path.name,
        fs_hz=session.fs_hz,
        band_hz=(float(e["band_hz"][0]), float(e["band_hz"][1])) if e.get("band_hz") else BAND_HZ,
        positions_mm=session.positions_mm[used],
        reference=cast(Reference, reference if reference in ("average", "median") else "none"),
        blocks=blocks,
        tokens=tokens,
        light=light_of(session, join(session)),
        calibration=known[0] if known and whole else None,
        experiment=e,
        session=session,
    )


def light_of(session: Session, pulses: Pulses) -> Light:
    """When each pulse of a session shone, or would have: from its first light to its last."""
    done = pulses.done
    length = pattern_length_ms(session, pulses)[done] * session.fs_hz / 1e3
    return Light(
        first=pulses.start_sample[done],
        last=pulses.fire_sample[done] + length,
        condition=pulses.condition[done],
        dark=pulses.dark[done],
        site_sample=pulses.fire_sample[done],
    )


def _of_recording(path: Path) -> Material:
    recording = open_recording(path)
    with np.load(path, allow_pickle=False) as archive:
        missing = [key for key in ("token", "token_sample") if key not in archive]
        if missing:
            raise AssayError(f"{path}: has no '{missing[0]}'; token says which tokens came, token_sample at which samples")
        token, sample = np.asarray(archive["token"]), np.asarray(archive["token_sample"], dtype=np.float64)
        band = np.asarray(archive["band_hz"], dtype=np.float64) if "band_hz" in archive else np.array(BAND_HZ)
    if (
        token.ndim != 1
        or token.shape != sample.shape
        or len(token) < FEWEST
        or token.dtype.kind not in "iu"
        or token.min() < OMITTED
        or not np.isfinite(sample).all()
        or (np.diff(sample) <= 0).any()
    ):
        raise AssayError(
            f"{path}: token and token_sample must be as long as each other, at least {FEWEST}, whole numbers from {OMITTED} on "
            f"({OMITTED}: left out) at rising samples"
        )
    if recording.positions_mm is None:
        raise AssayError(f"{path}: has no positions_mm; the assay needs to know where the electrodes are")
    nobody = np.zeros(0)
    return Material(
        name=path.name,
        fs_hz=recording.fs_hz,
        band_hz=(float(band[0]), float(band[1])),
        positions_mm=np.asarray(recording.positions_mm, dtype=np.float64),
        reference="none",
        blocks=lambda: open_recording(path).blocks(BLOCK),
        tokens=Told(sample, learned(token.astype(np.int64), max(2, int(token.max()) + 1), 1), rule_known=False),
        light=Light(nobody, nobody, np.zeros(0, "U1"), np.zeros(0, bool), nobody),
        calibration=None,
        experiment={},
        session=None,
    )
