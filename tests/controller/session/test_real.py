"""Real pace, on the mock rig: the driver, the source path, the engine's thread and the watchdog that a rig has. Nothing here is timed."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.lightedges import dark_at_the_end
from support.realpace import has_shone, learned, ready, run_until, skip_if_starved
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.record import recover
from wavestim.controller.record.complete import complete
from wavestim.controller.session import run_experiment, verify_session
from wavestim.controller.session.finish import finish_session

TEXT = """
name: quick
source: {kind: simulated}
probe: {kind: grid, rows: 6, columns: 6, pitch_mm: 0.4}
trigger: {horizon_ms: 40, refractory_ms: 100, max_phase_sd_deg: 180}
light: {kind: simulated, clock_tolerance_us: 1000}
conditions:
  - {name: lit, pattern: {kind: travelling, heading: with, speed_mm_s: wave, width_ms: 5, irradiance_mw_mm2: 2}}
  - {name: sham, pattern: {kind: none}}
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.session import real
def start(settings):
    rig = start_mock_rig(settings)
    print(rig.process.pid, flush=True)
    return rig
start_mock_rig, real.start_mock_rig = real.start_mock_rig, start
out = Path(sys.argv[1])
def progress(seconds):
    if (out / "edges.csv").is_file() and (out / "edges.csv").stat().st_size > 400:
        os.kill(os.getpid(), signal.SIGKILL)
experiment = parse_experiment(sys.argv[2]).model_copy(update={"calibration": sys.argv[3]})
real.run_real(experiment, out=out, seconds=60, arm=True, progress=progress)
"""


def edges(folder: Path) -> Any:
    return np.atleast_1d(np.genfromtxt(folder / "edges.csv", delimiter=",", names=True))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("real") / "session"
    summary = run_until(parse_experiment(TEXT), out, lambda seconds: seconds >= 8 and has_shone(out, 4000), finish=finish_session)
    return out, summary


def test_a_session_is_whole_dark_at_its_end_and_can_be_verified(session: Any) -> None:
    out, summary = session
    assert summary["samples"] >= 8000
    assert summary["dropped_samples"] == 0
    assert verify_session(out).ok
    assert dark_at_the_end(out)
    for name in ("experiment.yaml", "journal.sqlite", "session.nwb", "summary.json", "report.html"):
        assert (out / name).is_file()


def test_every_pulse_has_its_latency_budget(session: Any) -> None:
    skip_if_starved(session[1])
    pulses = open_session(session[0]).pulses
    sent = pulses[np.isin(pulses["verdict"], ("fired", "dark"))]
    assert len(sent) > 0
    for name in ("block_age_us", "queue_us", "compute_us", "serial_us", "margin_us"):
        assert np.isfinite(sent[name]).all()
    assert (sent["serial_us"] > 0).all()
    assert session[1]["latency_us"]["p99"] > 0


def test_what_shone_is_what_was_acknowledged(session: Any) -> None:
    out, summary = session
    skip_if_starved(summary)
    pulses = open_session(out).pulses
    shone = pulses[np.isin(pulses["verdict"], ("fired", "cut"))]  # the end of the session may cut the last one
    on = np.sort(edges(out)["device_us"][edges(out)["level"] > 0])
    assert summary["pulses"]["fired"] == len(shone) > 0
    assert np.abs(on[np.searchsorted(on, shone["onset_device_us"] - 1)] - shone["onset_device_us"]).max() < 1


def test_a_killed_host_leaves_the_leds_dark_and_the_session_readable(tmp_path: Path) -> None:
    out = tmp_path / "session"
    command = [sys.executable, "-c", KILLED, str(out), TEXT, str(learned(TEXT, tmp_path))]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment())
    assert host.stdout is not None
    with host.stdout:
        rig = os.pidfd_open(int(host.stdout.readline()))  # its end is seen although it is not ours
    host.wait()
    if host.returncode == 0:  # it was never lit
        skip_if_starved(open_session(out).summary)
    assert host.returncode == -9
    select.select([rig], [], [])
    os.close(rig)
    assert len(edges(out)) > 0
    assert dark_at_the_end(out)
    recover(out)
    assert verify_session(out).ok
    assert open_session(out).recovered


def test_stop_ends_the_session_dark_without_python(tmp_path: Path) -> None:
    """Somebody writes one byte into the shared file; the engine sees it and the board confirms."""
    out = tmp_path / "session"

    summary = run_until(ready(TEXT, tmp_path), out, lambda seconds: has_shone(out))
    if not has_shone(out):
        skip_if_starved(summary)
    assert summary["stopped_early"]
    assert "abort" in summary["safe"]
    assert dark_at_the_end(out)
    assert verify_session(out).ok


def test_unarmed_stays_dark(tmp_path: Path) -> None:
    out = tmp_path / "session"
    experiment = ready(TEXT, tmp_path)
    summary = run_experiment(experiment, out=out, seconds=2, pace="real", seed=4, arm=False, progress=lambda s: None, finish=complete)
    assert summary["pulses"]["scheduled"] == 0
    assert len(edges(out)) == 0


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join([p for p in sys.path if p])}
