"""Real pace: wall clock, threads, the light driver on a serial port, and the mock rig (or the rig) behind it.

Threads: a source that only moves blocks, the engine's loop without the GIL, and this one, which records, fits clocks and minds the board.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wavestim.controller.experiment import Experiment
from wavestim.controller.record.errors import room
from wavestim.controller.session import horizon
from wavestim.controller.session.assembly import Assembly, assemble
from wavestim.controller.session.calibrations import calibration_for
from wavestim.controller.session.finish import finish_session
from wavestim.controller.session.interrupt import deferred
from wavestim.controller.session.lights import info_at_desk, opened_light
from wavestim.controller.session.live import RigSource, check_horizon, opened_live, source_about
from wavestim.controller.session.mockorders import MockOrders
from wavestim.controller.session.mockrig import MockRigPlan, plan_mock_rig
from wavestim.controller.session.opening import check_room, new_folder, open_journal
from wavestim.controller.session.outside import open_to_the_outside
from wavestim.controller.session.realsession import RealSession
from wavestim.controller.session.rights import Rights, check_core
from wavestim.controller.session.stimuli import simulated_events
from wavestim.controller.session.telling import telling
from wavestim.hardware.lights import Light, LightInfo
from wavestim.hardware.simulated.process import start_mock_rig
from wavestim.hardware.simulated.streaming import DELAY_MS
from wavestim.hardware.sources import Live
from wavestim.realtime.loop import now_ns


def run_real(
    experiment: Experiment,
    *,
    out: Path,
    seconds: float,
    arm: bool,
    progress: Callable[[float], None],
    go: Callable[[], bool] = lambda: True,
    finish: Callable[[Path], dict[str, Any]] = finish_session,
    cpu: int | None = None,
) -> dict[str, Any]:
    """Run an experiment at the pace of a rig; returns the summary.

    ``go`` is the second of the two steps to light: it is asked while the light is armed, and nothing is decided before it says yes.
    ``finish`` ends the session in its folder and gives the summary.
    ``cpu`` is the core of the engine's thread.

    Raises
    ------
    ExperimentError, SourceError, LightError, OutputError
        Before anything is armed.
    """
    check_core(cpu)
    with contextlib.ExitStack() as stack:
        live = stack.enter_context(opened_live(experiment))
        planned = plan_mock_rig(experiment, out, live.info if live is not None else None)
        experiment = planned.experiment
        check_room(out, seconds * planned.fs_hz * len(planned.positions_mm))
        at_desk = info_at_desk(experiment.light)
        if at_desk is not None:  # what such boards cannot do is told before one is looked for
            _assembled(planned, at_desk, live)
        if live is not None:
            check_horizon(experiment, live.info)
        told = stack.enter_context(telling(experiment, out))
        light: Light | None = None
        if not planned.board:  # a board that is not there is told before anything is made
            light = stack.enter_context(opened_light(experiment))
        stack.enter_context(new_folder(out))
        source, mock = live, MockOrders()
        if live is None or planned.board:
            rig = start_mock_rig(planned.settings)
            mock = MockOrders(rig, planned)
            stack.callback(rig.close)
            source = live or RigSource(rig.samples.fileno(), planned.info, simulated_events(experiment))
            light = light or stack.enter_context(opened_light(experiment, pty=rig.pty, level_pty=rig.level_pty))
        assert source is not None
        assert light is not None
        assembly = _assembled(planned, light.info, live)
        known = calibration_for(experiment.calibration, assembly.engine)
        journal = stack.enter_context(
            open_journal(
                assembly,
                out,
                light.info,
                pace="real",
                horizon_ms=horizon.first_ms(experiment),
                armed=arm,
                own_light=assembly.engine.mask_own_light,
                calibration=known,
                region=planned.region,
                source=source_about(source.info),
                seconds=seconds,
            )
        )
        fixed = experiment.source.fixed_delay_ms
        if fixed is None:
            fixed = DELAY_MS if live is None else live.info.delay_ms or 0.0
        journal.set_meta("fixed_delay_ms", fixed)
        session = RealSession(assembly, light, source, journal, fixed_delay_ms=fixed, go=go, told=told, rights=Rights(cpu))
        if known is not None:
            session.engine.apply_calibration(known.calibration)
        try:
            with room(out), open_to_the_outside(session, told, out, mock) as outside, session.running(out / "stop"), deferred() as check:

                def between() -> None:
                    outside.turn(now_ns())
                    check()

                session.watch(seconds, arm, progress, between)
                outside.tell_now()
        finally:
            journal.set_meta("counts", asdict(session.counts))
            told.end()
            journal.set_meta("told", told.counts)
            if live is not None:
                journal.set_meta("source", source_about(live.info, live.counts))
        journal.set_meta("ended", True)
    return finish(out)


def _assembled(planned: MockRigPlan, board: LightInfo, live: Live | None) -> Assembly:
    e, info = planned.experiment, planned.info if live is None else live.info
    return assemble(
        e,
        board,
        fs_hz=planned.fs_hz,
        horizon_ms=horizon.first_ms(e),
        recorded_mm=planned.positions_mm,
        n_channels=info.n_channels,
        own_light=e.source.kind != "file" and not (live is not None and planned.board),
        gain_uv=info.gain_uv,
        by_hand=True,
    )
