"""A picture of the window with the mock experiment running: for the docs and for tests, on no screen."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import yaml
from pyqtgraph.Qt import QtWidgets
from wavestim.controller.experiment import Experiment, load_experiment
from wavestim.gui.window import RigWindow

HORIZON_MS = 40.0
PATIENCE_S = 120.0


def picture_experiment(experiment: str, folder: Path) -> Path:
    """The experiment with a fixed horizon, so that no picture waits for a measurement; returns the file."""
    asked: Experiment = load_experiment(experiment)
    if asked.trigger.horizon_ms == "auto":
        asked = asked.model_copy(update={"trigger": asked.trigger.model_copy(update={"horizon_ms": HORIZON_MS})})
    path = folder / f"{Path(experiment).stem}.yaml"
    path.write_text(yaml.safe_dump(asked.model_dump(mode="json", exclude={"provenance"})), encoding="utf-8")
    return path


def take(window: RigWindow, path: Path, seconds: float, size: tuple[int, int]) -> bool:
    """Arm, run, wait so many seconds after RUN, and write the picture of that size; False when light never ran.

    Raises
    ------
    OSError
        When the picture cannot be written.
    """
    window.setFixedSize(*size)
    window.show()
    window.arm()
    give_up_s, ran_s = time.monotonic() + PATIENCE_S + seconds, None
    asked = False
    while time.monotonic() < give_up_s and (ran_s is None or time.monotonic() < ran_s + seconds):
        QtWidgets.QApplication.processEvents()
        state = window.deck.state
        if state == "armed" and not asked:
            asked = True
            window.header.run.click()
        if state == "running" and ran_s is None:
            ran_s = time.monotonic()
        if state in ("failed", "ended", "gone", "report"):
            break
        time.sleep(0.005)
    save(window, path)
    window.stop()
    while window.deck.state == "stopping":
        QtWidgets.QApplication.processEvents()
        time.sleep(0.005)
    window.deck.abandon()
    return ran_s is not None


def take_replay(window: RigWindow, path: Path, seconds: float, size: tuple[int, int]) -> str:
    """Look back as long as it takes, to the first pulse so many seconds after the beginning, and write the picture; why not, or empty.

    Raises
    ------
    OSError
        When the picture cannot be written.
    """
    window.setFixedSize(*size)
    window.show()
    desk, placed, give_up_s = window.replay.desk, False, time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s and desk.state != "refused":
        QtWidgets.QApplication.processEvents()
        if desk.progress.get("done") and not placed:
            placed = True
            desk.jump(desk.timeline.sample(seconds))
            desk.pulse(1)
        if placed and desk.settled:
            break
        time.sleep(0.005)
    window.turn()
    window.replay.turn(0)
    QtWidgets.QApplication.processEvents()
    save(window, path)
    return desk.why if desk.state == "refused" else ""


def save(window: RigWindow, path: Path) -> None:
    """Write what the window shows.

    Raises
    ------
    OSError
    """
    if not window.grab().save(str(path), "PNG"):
        raise OSError(f"{path}: the picture cannot be written; name a PNG in a folder that exists")


def scratch() -> tempfile.TemporaryDirectory[str]:
    """Where the session of a picture lies; nobody keeps it."""
    return tempfile.TemporaryDirectory(prefix="wavestim-picture-", ignore_cleanup_errors=True)
