"""A window on no screen; where Qt or what it needs of the system is missing these tests are skipped and say so."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.realpace import learned
from wavestim.controller.live.rendezvous import About


@pytest.fixture(scope="session")
def application() -> Any:
    """The one Qt application of this process."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        from pyqtgraph.Qt import QtWidgets
        from wavestim.gui import theme
    except (ImportError, OSError) as error:
        pytest.skip(
            f"the rig window needs PyQt5, pyqtgraph and system libraries: {error}; see scripts/qt_libraries and pip install '.[gui]'"
        )
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication(["wavestim"])
    theme.apply(application)
    return application


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where sessions come to lie, with a runtime folder that has the short name which sockets need."""
    with tempfile.TemporaryDirectory(prefix="ws") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.chdir(tmp_path)
        yield tmp_path


def about(session: str = "/data/day-3", rows: int = 4) -> About:
    places = [[0.4 * (i % rows), 0.4 * (i // rows)] for i in range(rows * rows)]
    return About(
        name="watched", session=session, pid=os.getpid(), fs_hz=1000.0, n_channels=rows * rows, positions_mm=places, leds_mm=places[::4]
    )


TEXT = """
name: watched
source: {kind: simulated}
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4, bad_channels: [3]}
trigger: {horizon_ms: 40, refractory_ms: 100, max_phase_sd_deg: 180, phase_deg: 90}
light: {kind: simulated, clock_tolerance_us: 1000}
safety: {rearm_after_stall: 100}
conditions:
  - {name: lit, pattern: {kind: sites, leds: [2, 0], width_ms: 5, irradiance_mw_mm2: 2}}
  - {name: sham, pattern: {kind: none}}
"""


@pytest.fixture(scope="session")
def told() -> Any:
    """Facts of a session, for what is fed by hand."""
    from wavestim.controller.experiment import parse_experiment
    from wavestim.gui.facts import facts_from

    return facts_from(about(), parse_experiment(TEXT))


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session of it that is over, for whoever looks back; seven seconds."""
    from wavestim.controller.experiment import parse_experiment
    from wavestim.controller.session import run_experiment

    out = tmp_path_factory.mktemp("past") / "session"
    wave, quiet = parse_experiment(TEXT), {"progress": lambda s: None, "finish": lambda folder: {}}
    run_experiment(wave, out=out, seconds=7.0, pace="virtual", seed=1, arm=True, **quiet)
    return out


@pytest.fixture(scope="session")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of its wave: a session that begins with it needs no seconds to learn."""
    return learned(TEXT, tmp_path_factory.mktemp("calibration"))


@pytest.fixture
def experiment(desk: Path) -> Path:
    """A small one, as a file."""
    path = desk / "watched.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def at_once(experiment: Path, calibration: Path) -> Path:
    """The same, with its calibration."""
    experiment.write_text(f"{TEXT}calibration: {calibration}\n", encoding="utf-8")
    return experiment
