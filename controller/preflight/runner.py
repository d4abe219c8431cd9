"""All checks of a rig for one experiment: dark listening, light, a known wave, this computer. Nothing is decided on tissue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from wavestim.controller.experiment import Experiment, experiment_hash, is_mock
from wavestim.controller.preflight import arrivals, board, electrodes, ledplaces, machine, probeorder, rhythm, wired
from wavestim.controller.preflight.atrig import SOUND, AtRig, Pace, at_rig
from wavestim.controller.preflight.finding import Finding, Level, green, red, unlooked, worst
from wavestim.controller.preflight.heard import Array, Heard
from wavestim.controller.preflight.knownwave import inject
from wavestim.controller.session.assembly import Assembly, assemble
from wavestim.controller.session.bench import clock_tolerance_us, make_bench
from wavestim.controller.session.calibrations import CalibrationError, StoredCalibration, calibration_for
from wavestim.controller.session.lights import info_at_desk
from wavestim.controller.session.opening import BYTES_PER_VALUE
from wavestim.controller.session.selftest import stalls
from wavestim.hardware.lights import LightError
from wavestim.hardware.simulated.faults import Faults
from wavestim.hardware.sources import SourceError

LISTEN_S = 12.0
LEAST_S = 2.5
"""Of samples, before anything is said of the electrodes."""
FIRST_HORIZON_MS = 20.0

Stage = Callable[[str, float], None]


@dataclass(frozen=True)
class Preflight:
    """What was found.

    Attributes
    ----------
    experiment : its name
    sha256 : of what it says
    pace : ``virtual`` or ``real``
    findings : in the order of the checks
    """

    experiment: str
    sha256: str
    pace: Pace
    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """Of the worst check."""
        return worst(self.findings)


def run_preflight(
    experiment: Experiment,
    *,
    pace: Pace,
    folder: Path,
    sessions: Path,
    seconds: float,
    arm: bool = False,
    go: Callable[[], bool] = lambda: True,
    faults: Faults = SOUND,
    write: machine.Write = machine.written_through,
    stage: Stage = lambda name, part: None,
) -> Preflight:
    """Run all checks.

    Parameters
    ----------
    experiment : Experiment
        Checked; on the mock rig where that is meant.
    pace : ``virtual`` or ``real``
    folder : Path
        For what is made on the way: the known wave and its session.
    sessions : Path
        Where sessions will go: the disk that is looked at.
    seconds : float
        Length of the session that is planned.
    arm : bool
        Real LEDs may be flashed.
    go : callable
        The second step to real light: asked again and again before the first flash.
    faults : Faults
        For a mock rig to have: a rehearsal of the preflight itself.
    write : callable
        Writes to the disk.
    stage : callable
        Called with the name of a stage and which part of all is done.

    Raises
    ------
    ExperimentError, CalibrationError
        What a session would refuse for what the file says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    findings: list[Finding] = []
    with stalls(pace == "virtual") as late_us:
        try:
            with at_rig(experiment, pace, folder, faults) as rig:
                assembly = _assembly(rig)
                n = len(rig.positions_mm)
                since = 0
                for finding in _listened(rig, assembly, arm, go, stage):
                    findings.append(machine.fairly(finding, late_us, since))
                    since = len(late_us)
        except LightError as error:
            findings.append(red("light", str(error), "put its cable and supply right; 'wavestim lights test' tries it alone"))
        except SourceError as error:
            findings.append(red("source", str(error), "start the acquisition; 'wavestim sources list' shows what answers"))
        else:
            stage("known wave", 0.6)
            if rig.unreached is None:
                findings.append(_known_wave(rig, experiment, assembly.fs_hz, folder, pace, late_us, stage))
            stage("this computer", 0.95)
            values_per_s = assembly.fs_hz * n
            findings.append(machine.check_room(sessions, values_per_s * seconds, seconds))
            findings.append(machine.check_speed(sessions, values_per_s * BYTES_PER_VALUE, write))
    findings.append(machine.check_rights(late_us))
    return Preflight(experiment.name, experiment_hash(experiment), pace, tuple(findings))


def _known_wave(rig: AtRig, experiment: Experiment, fs_hz: float, folder: Path, pace: Pace, late_us: list[float], stage: Stage) -> Finding:
    """Once more where this computer was held up; and then it is said."""
    for session in ("session", "session-again"):
        before = len(late_us)
        found = inject(
            experiment, rig.positions_mm, rig.labels, fs_hz, folder, pace=pace, session=session,
            progress=lambda s: stage("known wave", 0.6 + 0.3 * s / 20),
        )  # fmt: skip
        found = machine.fairly(found, late_us, before)
        if found.looked:
            return found
    return replace(found, what=f"tried twice: {found.what}")


def _assembly(rig: AtRig) -> Assembly:
    """What a session would be made of."""
    light, info = rig.station.light, rig.station.info
    known = light.info if light is not None else info_at_desk(rig.experiment.light) or make_bench(len(rig.leds_mm), 0).light.info
    horizon = rig.experiment.trigger.horizon_ms
    return assemble(
        rig.experiment, known, fs_hz=info.fs_hz, horizon_ms=FIRST_HORIZON_MS if horizon == "auto" else float(horizon),
        recorded_mm=rig.positions_mm, n_channels=info.n_channels, gain_uv=info.gain_uv,
    )  # fmt: skip


def _listened(rig: AtRig, assembly: Assembly, arm: bool, go: Callable[[], bool], stage: Stage) -> Iterator[Finding]:
    """The checks that need source and board, in their order."""
    station, e = rig.station, rig.experiment
    heard = station.listen(LISTEN_S, lambda s: stage("listening", 0.3 * s / LISTEN_S))
    yield arrivals.check_source(heard)
    yield arrivals.check_sample_clock(heard)
    _, x = heard.longest()
    good = np.ones(len(rig.positions_mm), dtype=bool)
    frequency_hz = float(np.sqrt(e.band_hz[0] * e.band_hz[1]))
    if len(x) < LEAST_S * assembly.fs_hz:
        yield red(
            "channels",
            f"{len(x) / assembly.fs_hz:.1f} s of samples without a gap are too few to judge the electrodes",
            "put the source right first",
        )
    else:
        excluded = assembly.engine.excluded
        finding, good = electrodes.check_channels(x, np.zeros(len(good), dtype=bool) if excluded is None else excluded, assembly.site)
        yield finding
        if good.any():
            found = list(_signals(rig, assembly, heard, x, good))
            frequency_hz = _frequency_hz(found, frequency_hz)
            yield from found
    measured, off_ms = None, 3.0
    if rig.unreached is not None:
        yield rig.unreached
    else:
        stage("light", 0.35)
        seen = _light_seen(rig, assembly, good, arm, go, stage)
        measured = seen.delay_ms
        tolerance_us = clock_tolerance_us(e)
        yield board.check_board_clock(station.device_clock, station.now_ns, tolerance_us)
        yield from seen.findings
        if seen.gate is not None:
            measured, off_ms = seen.gate.off_ms, max(wired.OFF_MS, 3 * seen.gate.unsure_ms)
        assert station.light is not None
        try:
            yield from board.check_light(station.light, tolerance_us)
        except LightError as error:
            yield red("light", str(error), "put its cable and supply right; 'wavestim lights test' tries it alone")
    ages = arrivals.ages_ms(heard)
    age_ms = (float(np.percentile(ages, 99.9)) if len(ages) else 0.0) + (rig.known_delay_ms or e.source.fixed_delay_ms or 0.0)
    if station.light is not None:
        yield board.check_horizon(e, station.light.info, age_ms, frequency_hz)
    yield board.check_delay(e, frequency_hz, measured, rig.known_delay_ms, off_ms)


def _signals(rig: AtRig, assembly: Assembly, heard: Heard, x: Array, good: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Iterator[Finding]:
    """What the samples of good channels tell."""
    e, fs_hz = rig.experiment, assembly.fs_hz
    yield electrodes.check_amplitude(x, fs_hz, good)
    yield electrodes.check_hum(x, fs_hz, good, e.conditioning.notch_hz, e.band_hz)
    yield probeorder.check_probe(x, fs_hz, rig.positions_mm, good)
    blocks = [(first, heard.microvolts(block)) for first, _, block in heard.pieces]
    y, rate_hz = rhythm.conditioned(assembly.engine, blocks, 0.95 * len(x) / fs_hz)
    yield rhythm.check_rhythm(y, rate_hz, good, e.band_hz, e.trigger.policy.kind == "phase-locked")
    stored: StoredCalibration | None = None
    try:
        stored = calibration_for(e.calibration, assembly.engine)
    except CalibrationError as error:
        yield red("calibration", str(error), "learn another: wavestim calibrate EXPERIMENT --out FILE")
        return
    yield rhythm.check_calibration(y, assembly.engine, stored, blocks)


def _frequency_hz(found: list[Finding], otherwise: float) -> float:
    """Of the rhythm in the band, where there is one."""
    return next((float(f.figures["frequency_hz"]) for f in found if f.check == "rhythm" and f.level == "green"), otherwise)


@dataclass(frozen=True)
class LightSeen:
    """What flashes told.

    Attributes
    ----------
    findings : list of Finding
    delay_ms : from light on by the clocks to its artefact, optional
    gate : the same by the loop-back, optional
    """

    findings: list[Finding]
    delay_ms: float | None = None
    gate: wired.Measured | None = None


def _light_seen(
    rig: AtRig, assembly: Assembly, good: np.ndarray[tuple[int], np.dtype[np.bool_]], arm: bool, go: Callable[[], bool], stage: Stage
) -> LightSeen:
    """Flash every LED, where that is allowed and can be seen; and the delay of the source by it."""
    station, e, looped = rig.station, rig.experiment, wired.is_wired(rig.experiment)
    entries = [entry for slot in assembly.plan.slots for entry in slot.entries]
    if not entries:
        return LightSeen([green("led-places", "no light is asked for")])
    if not is_mock(e.light) and not arm:
        what = "not checked: the LEDs stay dark"
        places = unlooked("led-places", what, "add --arm when nobody is under them: every LED flashes 16 times")
        return LightSeen([places, unlooked("loop-back", what, "add --arm")] if looped else [places])
    blind = unlooked(
        "led-places",
        "not checked: these electrodes can't see the light",
        "look by eye, or with a photodiode: wavestim lights test --photodiode",
    )
    if not rig.sees_light and not looped:
        return LightSeen([blind])
    while not go():
        station.turn()
    before = len(station.pieces)
    level, width_us = max(entry.level for entry in entries), max(entry.width_us for entry in entries)
    try:
        flashes = ledplaces.flash_all(
            station, len(rig.leds_mm), level, width_us, e.safety.max_duty, e.seed, lambda part: stage("light", 0.35 + 0.2 * part)
        )
    except LightError as error:
        return LightSeen([red("led-places", str(error), "put the check 'light' right first")])
    seen_in = Heard(station.info, station.pieces[before:], 0.0)
    first, x = seen_in.longest()
    found, delay_ms = [blind], None
    if rig.sees_light:
        finding, seen = ledplaces.check_places(x, first, assembly.fs_hz, flashes, rig.leds_mm, rig.positions_mm, good)
        found, delay_ms = [finding], seen.delay_ms if seen is not None and seen.shining.any() else None
    gate = None
    if looped:
        line = station.device_clock.fit(station.now_ns)
        clock_ms = 0.0 if line is None else line.uncertainty / 1e6
        risen = wired.rises(e, x, first, station.told)
        finding, gate = wired.check_loopback(e, risen, flashes, assembly.fs_hz, station.fixed_delay_ms, clock_ms)
        found.append(finding)
    return LightSeen(found, delay_ms, gate)
