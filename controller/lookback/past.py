"""Opens what is to be looked back at, read-only: a session that is finished, is being recorded or was broken off, or a recording."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from wavestim.controller.errors import ExperimentError, WavestimError
from wavestim.controller.experiment import Experiment, load_experiment, parse_experiment
from wavestim.controller.experiment._probe import RecordingProbe
from wavestim.controller.lookback.reel import Reel, Stretch, stretches_of
from wavestim.controller.record.journal import JOURNAL, LOCK
from wavestim.controller.record.reference import is_session
from wavestim.controller.record.rows import Stored
from wavestim.controller.record.samples import SampleReader
from wavestim.controller.record.session import Session, open_session
from wavestim.controller.session.again import assembly_of
from wavestim.controller.session.assembly import Assembly
from wavestim.controller.session.calibrations import CalibrationError, StoredCalibration
from wavestim.controller.session.replay import DEFAULT_EXPERIMENT, stage_recording
from wavestim.hardware.sources import as_stored, open_recording

LOCKS = Path("/proc/locks")


class LookbackError(WavestimError):
    """There is nothing to look back at: one sentence, what, where, what would be right."""


@dataclass
class Past:
    """What is looked back at.

    Attributes
    ----------
    path : as it was given.
    kind : ``finished``, ``running``, ``broken`` (its process died), or ``recording``.
    assembly : what ran, or what would have run.
    session : None of a recording.
    horizon_ms : how far ahead light is planned.
    calibration : of a recording's experiment, to begin with.
    notice : what is to be said of it, in words.
    scratch : a folder for copies of what cannot be read without being changed.
    """

    path: str
    kind: str
    assembly: Assembly
    session: Session | None
    reel: Reel
    horizon_ms: float
    scratch: Path
    calibration: StoredCalibration | None = None
    notice: str = ""

    @property
    def experiment_text(self) -> str:
        """The experiment as YAML, with whole paths."""
        return yaml.safe_dump(self.assembly.experiment.model_dump(mode="json", exclude={"provenance"}), allow_unicode=True)

    def blocks(self, since: int, size: int) -> Iterator[tuple[int, Stored]]:
        """What the engine was given, from this counter on; of a session that is being recorded as far as its decisions are complete."""
        session = self.session
        if session is None:
            yield from as_stored(open_recording(self.path), size)[1]
        elif isinstance(session.samples, SampleReader):
            yield from self.reel.blocks(since, size, session.decided_to if self.kind == "running" else None)
        else:
            yield from session.samples.stored_blocks(size)

    def refresh(self) -> None:
        """Look again at a session that is being recorded; it may have ended, or its process died."""
        kind, self.session = _looked_at(Path(self.path), self.scratch)
        self.reel = _reel(self.session)
        self.kind = kind


def open_past(path: str, experiment: str | None, scratch: Path) -> Past:
    """Open a session or a recording.

    Parameters
    ----------
    path : str
        A session folder, or anything :func:`wavestim.hardware.sources.open_recording` reads.
    experiment : str, optional
        What would have run on a recording; it is put on the recording's electrodes when the file says where they are.
    scratch : Path
        A folder for copies of what cannot be read without being changed.

    Raises
    ------
    LookbackError
        Whatever is wrong with the file.
    """
    if not is_session(path) and Path(path).is_dir() and not any(Path(path).iterdir()):
        raise LookbackError(f"{path}: an empty folder; open a session folder or a recording")
    try:
        return _past(path, experiment, scratch)
    except (WavestimError, OSError) as error:
        raise LookbackError(str(error)) from error
    except Exception as error:  # a damaged file fails in many ways
        why = " ".join(str(error).split()) or type(error).__name__
        raise LookbackError(why if path in why else f"{path}: cannot be opened ({why})") from error


def _past(path: str, experiment: str | None, scratch: Path) -> Past:
    if is_session(path):
        kind, session = _looked_at(Path(path), scratch)
        return Past(path, kind, assembly_of(session), session, _reel(session), float(session.about["horizon_ms"]), scratch)
    chosen, notice = load_experiment(experiment or DEFAULT_EXPERIMENT), ""
    placed = open_recording(path).positions_mm is not None
    if placed:
        chosen = chosen.model_copy(update={"probe": RecordingProbe()})
    try:
        staged = stage_recording(path, experiment=chosen)
    except (ExperimentError, CalibrationError, ValueError) as error:  # what it would light is no reason not to look
        if not placed:
            raise LookbackError(
                f"{path}: does not say where its electrodes are, and the experiment has others ({error}); choose one with its probe"
            ) from error
        notice = f"{chosen.name} does not fit it ({error}), so that only the moments of light are decided on"
        staged = stage_recording(path, experiment=_dark(chosen))
    source = staged.source
    reel = Reel(source.rows, [Stretch(0, 0, source.n_samples)], source.n_channels)
    return Past(path, "recording", staged.assembly, None, reel, staged.horizon_ms, scratch, staged.calibration, notice)


def _dark(experiment: Experiment) -> Experiment:
    """Its band, on any electrodes, with nothing to light."""
    text = {"name": experiment.name, "band_hz": list(experiment.band_hz), "probe": experiment.probe.model_dump(mode="json")}
    dark = {"conditions": [{"name": "dark", "pattern": {"kind": "none"}}], "leds": {"positions_mm": [[0.0, 0.0]]}}
    return parse_experiment(yaml.safe_dump({**text, **dark}), experiment.name)


def _looked_at(path: Path, scratch: Path) -> tuple[str, Session]:
    """What it is now, and the session; of one that was broken off a copy."""
    kind = _kind(path)
    session = _session(_copied(path, scratch) if kind == "broken" else path)
    if kind == "broken" and _is_whole(session):  # somebody read it when it ended, so that its journal is in several files
        kind = "finished"
    return kind, session


def _session(path: Path) -> Session:
    session = open_session(path)
    if isinstance(session.samples, SampleReader):
        session.samples.tolerant = True  # what is damaged is shown and told
    return session


def _reel(session: Session) -> Reel:
    samples = session.samples
    return Reel(lambda start, stop: samples[start:stop], stretches_of(samples), len(session.positions_mm))


def _kind(path: Path) -> str:
    if being_written(path):
        return "running"
    several = (path / f"{JOURNAL}-wal").exists()
    return "finished" if not several and _is_whole(open_session(path)) else "broken"


def _is_whole(session: Session) -> bool:
    return bool(session.meta.get("ended")) or session.recovered


def being_written(path: Path) -> bool:
    """Whether a process writes the session, as the system has it; its lock is not touched."""
    try:
        found = (path / LOCK).stat()
        mark = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        return any(mark in line.split() for line in LOCKS.read_text(encoding="ascii").splitlines())
    except OSError:
        return False


def _copied(path: Path, scratch: Path) -> Path:
    """A folder that is the session's, but for a journal of its own: to read one that was broken off is to change it."""
    copy = scratch / "session"
    copy.mkdir()
    for item in path.iterdir():
        if item.name.startswith(JOURNAL):
            shutil.copyfile(item, copy / item.name)
        else:
            (copy / item.name).symlink_to(item.resolve())
    return copy
