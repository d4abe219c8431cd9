"""The same engine over a recording: what would have been decided. A board in memory acknowledges it; nothing acts back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import Experiment, Region, electrode_positions, in_region, led_positions, load_experiment, resolve
from wavestim.controller.experiment._probe import RecordingProbe
from wavestim.controller.record.dose import slots_of
from wavestim.controller.record.errors import room
from wavestim.controller.record.reference import SessionRecording, open_replayable, refer_to
from wavestim.controller.record.session import InputEvent, Session
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.assembly import Assembly, assemble, mask_tail_ms
from wavestim.controller.session.bench import VirtualBench, horizon_for, make_bench
from wavestim.controller.session.calibrations import StoredCalibration, calibration_for
from wavestim.controller.session.feeds import Played
from wavestim.controller.session.finish import finish_session
from wavestim.controller.session.opening import check_room, open_journal
from wavestim.controller.session.past import Past
from wavestim.controller.session.stimuli import Events, recorded_events
from wavestim.controller.session.virtual import VirtualSession
from wavestim.hardware.lights import LightInfo
from wavestim.hardware.sources import Recording, SourceError, as_stored, regions_of

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
    region: str | None = None,
    finish: Callable[[Path], dict[str, Any]] | None = None,
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
    region : str, optional
        Of a recording with several arrays, the one to run on; otherwise the one that holds the trigger site.
    finish : callable, optional
        Ends the session in its folder and gives the summary, in place of :func:`finish_session`.
    """
    staged = stage_recording(recording, experiment=experiment, region=region)
    source, assembly, info, script = staged.source, staged.assembly, staged.info, staged.script
    chunk = max(1, round(CHUNK_S * source.fs_hz))
    gain_uv, blocks = as_stored(source, max(chunk, 4096))
    events = recorded_events(source.session) if isinstance(source, SessionRecording) and script is None else Events()
    if assembly.experiment.gate is not None and script is None and events.empty:
        raise ExperimentError(f"{assembly.experiment.name}: gate: {recording} has no markers or TTL edges to open it; leave the gate out")
    known, horizon = staged.calibration, staged.horizon_ms
    check_room(out)
    light = recorded_light(source) if isinstance(source, SessionRecording) else []
    with open_journal(
        assembly, out, info, pace="replay", horizon_ms=horizon, armed=True, recording=refer_to(recording),
        recorded_light=[(s.first, s.last) for s in light if s.lit], calibration=known, region=staged.region,
    ) as journal, room(out):  # fmt: skip
        virtual = VirtualSession(
            assembly, Played(blocks, source.fs_hz, gain_uv), staged.bench, journal, staged.arrivals, arm=True, horizon_ms=horizon,
            chunk=chunk, keep_samples=False, past=Past([(s.first, s.last) for s in light], script),
            calibration=known.calibration if known is not None else None, events=events,
        )  # fmt: skip
        journal.set_meta("counts", asdict(virtual.run(seconds=seconds, progress=progress, pacing=_pacing(speed))))
        journal.set_meta("ended", True)
    return (finish or finish_session)(out)


@dataclass(frozen=True)
class Staged:
    """A recording with an experiment made concrete on it.

    Attributes
    ----------
    region : of the recording that is followed, where there are several.
    info : light driver that the experiment is planned for.
    horizon_ms : how far ahead light is planned.
    script : what entered the engine of the recorded session, when this is its own experiment.
    calibration : to begin with; without one the warm-up teaches.
    """

    source: Recording | SessionRecording
    assembly: Assembly
    region: Region | None
    bench: VirtualBench
    arrivals: Arrivals
    info: LightInfo
    horizon_ms: float
    script: list[InputEvent] | None
    calibration: StoredCalibration | None


def stage_recording(recording: str, *, experiment: Experiment | None, region: str | None = None) -> Staged:
    """Open a recording and make an experiment concrete on it; the parameters are those of :func:`replay_recording`.

    Raises
    ------
    SourceError, WavestimError
    """
    source = open_replayable(recording)
    chosen = experiment or (load_experiment(recording) if isinstance(source, SessionRecording) else _default())
    if chosen.probe.kind == "recording" and source.positions_mm is None:
        raise SourceError(f"{recording}: it says nothing of where its electrodes are; give an --experiment with a probe")
    positions = electrode_positions(chosen, source.positions_mm)
    chosen, within = in_region(chosen, positions, regions_of(source), region)
    bench = make_bench(max(1, len(led_positions(chosen, positions))), chosen.seed)
    arrivals = Arrivals("none", chosen.seed)
    horizon, info, script = horizon_for(chosen, bench.light, arrivals), bench.light.info, None
    if isinstance(source, SessionRecording):
        session = source.session
        if chosen.trigger.horizon_ms == "auto":  # of the rig that it was recorded on
            horizon = float(session.about["horizon_ms"])
        if _is_the_same(chosen, session):
            info, script = LightInfo(**session.about["light"]), _script(session)
    assembly = assemble(
        chosen, info, fs_hz=source.fs_hz, horizon_ms=horizon, recorded_mm=source.positions_mm, n_channels=source.n_channels,
        own_light=False, gain_uv=as_stored(source, 1)[0], by_hand=any(kind == "test" for _, kind, _, _ in script or ()),
    )  # fmt: skip
    known = calibration_for(chosen.calibration, assembly.engine)
    return Staged(source, assembly, within, bench, arrivals, info, horizon, script, known)


def _is_the_same(experiment: Experiment, session: Session) -> bool:
    """Whether it is the experiment of that session, which was armed: then what entered the engine enters again."""
    known = session.experiment.get("provenance", {}).get("experiment_hash")
    armed = any(kind == "arm" for _, kind, _, _ in session.input_events)
    return armed and resolve(experiment)["provenance"]["experiment_hash"] == known


def _script(session: Session) -> list[InputEvent]:
    """What entered the engine besides samples and masks (those come from the light), in the order in which it was applied."""
    return sorted((e for e in session.input_events if e[1] != "mask"), key=lambda e: e[0])


def _default() -> Experiment:
    return load_experiment(DEFAULT_EXPERIMENT).model_copy(update={"probe": RecordingProbe()})


@dataclass(frozen=True, order=True)
class LightSpan:
    """Samples of a recorded session that its own light (or sham, which is masked alike) may have reached."""

    first: float
    last: float
    lit: bool


def recorded_light(source: SessionRecording) -> list[LightSpan]:
    """The masks that the session's own engine made, from its decisions."""
    session = source.session
    if session.about.get("recording") is not None:  # a replay of a replay: no light of its own in the samples
        lit_to = {round(float(last), 3) for _, last in session.about.get("recorded_light", ())}
        masks = [(float(n), n + value) for n, kind, value, _ in session.input_events if kind == "mask"]
        return sorted(LightSpan(first, last, round(last, 3) in lit_to) for first, last in masks)
    tail = mask_tail_ms(load_experiment(session.path))
    last_us = [max((e[1] + e[2] for e in slot["entries"]), default=0) for slot in slots_of(session.about)]
    scheduled = session.decisions[session.decisions["verdict"] == "scheduled"]
    ends = [last_us[slot] / 1e6 + tail / 1e3 for slot in scheduled["slot"]]
    unlit = set(session.pulses["decision"][np.isin(session.pulses["verdict"], ("missed", "refused"))].tolist())
    rows = np.flatnonzero(session.decisions["verdict"] == "scheduled").tolist()
    return sorted(
        LightSpan(float(d["start_sample"]) - 1, float(d["start_sample"]) + end * session.fs_hz, not d["dark"] and row not in unlit)
        for row, d, end in zip(rows, scheduled, ends, strict=True)
    )


def _pacing(speed: float | None) -> Callable[[float], None] | None:
    if speed is None:
        return None
    began = time.monotonic()

    def wait(done_s: float) -> None:
        time.sleep(max(0.0, began + done_s / speed - time.monotonic()))

    return wait
