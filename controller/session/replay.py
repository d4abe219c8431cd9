"""The same engine over a recording: what would have been decided. A board in memory acknowledges it; nothing acts back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from wavestim.controller.experiment import Experiment, led_positions, load_experiment
from wavestim.controller.experiment._probe import RecordingProbe
from wavestim.controller.record.hashing import file_sha256
from wavestim.controller.record.session import open_session
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.assembly import assemble
from wavestim.controller.session.feeds import Played
from wavestim.controller.session.finish import finish_session
from wavestim.controller.session.virtual import horizon_for, make_bench, run_virtual
from wavestim.hardware.sources import Recording, SourceError, open_recording

DEFAULT_EXPERIMENT = "against-the-wave"
CHUNK_S = 0.05


def replay_recording(
    recording: str,
    *,
    experiment: Experiment | None,
    out: Path,
    speed: float | None,
    progress: Callable[[float], None],
    seconds: float | None = None,
) -> dict[str, Any]:
    """Replay a recording and return the summary of the new session.

    Parameters
    ----------
    recording : str
        A session folder, NWB, ``.npz``, anything neo reads, or the name of a packaged example.
    experiment : Experiment, optional
        Instead of the recording's own (a session's), or of the packaged default with the recording's positions.
    out : Path
        The new session folder.
    speed : float, optional
        Times the pace it was recorded at; as fast as possible when None.
    seconds : float, optional
        Stop after so much of it.
    """
    from wavestim.controller.session.run import check_room, open_journal

    source, own = _open(recording)
    chosen = experiment or own or _default()
    bench_leds = max(1, len(led_positions(chosen, _positions_for(chosen, source))))
    bench = make_bench(bench_leds, chosen.seed)
    arrivals = Arrivals("none", chosen.seed)
    horizon = horizon_for(chosen, bench.light, arrivals)
    if chosen.probe.kind == "recording" and source.positions_mm is None:
        raise SourceError(f"{recording}: it says nothing of where its electrodes are; give an --experiment with a probe")
    assembly = assemble(
        chosen, bench.light.info, fs_hz=source.fs_hz, horizon_ms=horizon, recorded_mm=source.positions_mm, n_channels=source.n_channels
    )
    check_room(out, 1e6)
    chunk = max(1, round(CHUNK_S * source.fs_hz))
    reference = {"path": str(Path(recording).resolve()) if Path(recording).exists() else recording, "sha256": _hash(recording)}
    journal = open_journal(assembly, out, bench.light.info, pace="replay", horizon_ms=horizon, armed=True, recording=reference)
    with journal:
        run = run_virtual(
            assembly, Played(source.blocks(max(chunk, 4096)), source.fs_hz), bench, journal, seconds=seconds, arm=True, horizon_ms=horizon,
            arrivals=arrivals, edges_path=None, progress=progress, chunk=chunk, keep_samples=False, pacing=_pacing(speed),
        )  # fmt: skip
        journal.set_meta("counts", asdict(run))
    return finish_session(out)


def _default() -> Experiment:
    return load_experiment(DEFAULT_EXPERIMENT).model_copy(update={"probe": RecordingProbe()})


def _positions_for(experiment: Experiment, source: Recording) -> Any:
    from wavestim.controller.experiment import electrode_positions

    if experiment.probe.kind == "recording" and source.positions_mm is None:
        return np.zeros((source.n_channels, 2))
    return electrode_positions(experiment, source.positions_mm)


def _open(recording: str) -> tuple[Recording, Experiment | None]:
    path = Path(recording)
    if (path / "journal.sqlite").is_file():
        session = open_session(path)
        return SessionRecording(session), load_experiment(path)
    return open_recording(recording), None


class SessionRecording:
    """A session folder as a recording."""

    def __init__(self, session: Any) -> None:
        self._samples = session.samples
        self.fs_hz = float(session.fs_hz)
        self.positions_mm = np.asarray(session.positions_mm, dtype=np.float64)
        self.n_samples, self.n_channels = (int(n) for n in session.samples.shape)
        self.channel_names = tuple(str(i) for i in range(self.n_channels))

    def blocks(self, size: int) -> Any:
        """(first sample, block), ``size`` samples at a time."""
        return self._samples.blocks(size)


def _hash(recording: str) -> str:
    path = Path(recording)
    if (path / "journal.sqlite").is_file():
        return file_sha256(path / "journal.sqlite")
    return file_sha256(path) if path.is_file() else ""


def _pacing(speed: float | None) -> Callable[[float], None] | None:
    if speed is None:
        return None
    began = time.monotonic()

    def wait(done_s: float) -> None:
        time.sleep(max(0.0, began + done_s / speed - time.monotonic()))

    return wait
