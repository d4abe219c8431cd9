"""A rig window on a bare loop: it is announced and published as a session is, so that the window attaches to it and draws what it does."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import measure_window
import numpy as np
import yaml
import zmq
from numpy.typing import NDArray
from wavestim.controller.experiment import parse_experiment, resolve
from wavestim.controller.live.control import Control
from wavestim.controller.live.publisher import Publisher
from wavestim.controller.live.rendezvous import About, announced
from wavestim.controller.record.session import create_session
from wavestim.realtime.engine import Engine
from wavestim.realtime.loop import now_ns
from wavestim.realtime.records import DECISION


class WatchedLoop:
    """What the recorder's thread does for those who look, and one window that does.

    Parameters
    ----------
    folder : Path
        For the session that the window finds; it must exist.
    engine : Engine
        Before its first sample.
    positions_mm : (n, 2)
    fs_hz : float
    platform : str
        Of Qt: ``offscreen``, or ``xcb`` on an X server of its own.
    """

    def __init__(self, folder: Path, engine: Engine, positions_mm: NDArray[np.float64], fs_hz: float, platform: str) -> None:
        self._session, self._platform = folder / "watched", platform
        self._n_samples = self._n_decisions = 0
        self._fs_hz = fs_hz
        experiment = parse_experiment(yaml.safe_dump(measure_window.EXPERIMENT))
        create_session(self._session, resolve(experiment), fs_hz=fs_hz, positions_mm=positions_mm, about={"pace": "real"}).close()
        with contextlib.ExitStack() as undo:
            context = undo.enter_context(zmq.Context())
            places = positions_mm.tolist()
            about = About("measured", str(self._session), os.getpid(), fs_hz, len(places), places, [[0.0, 0.0]])
            meeting = undo.enter_context(announced(about))
            self._publisher = Publisher(meeting.telemetry, engine, self._status, context)
            undo.callback(self._publisher.close)
            self._control = Control(meeting.control, {"hello": lambda order: {"status": self._status()}}, context)
            undo.callback(self._control.close)
            display = undo.enter_context(measure_window.x_server()) if platform == "xcb" else {}
            self._environment = {**os.environ, **display, "QT_QPA_PLATFORM": platform}
            self._undo = undo.pop_all()
        self._window: subprocess.Popen[str] | None = None

    def open_window(self, seconds: float) -> None:
        """Start the window and answer it until it draws; it measures itself for so long."""
        words = [sys.executable, measure_window.__file__, "--window", str(self._session), "--seconds", f"{seconds:g}"]
        self._window = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=self._environment)
        said = self._window.stdout
        assert said is not None
        while not select.select([said], [], [], 0.01)[0]:
            self.turn([], np.zeros(0, DECISION))
        if said.readline() != "settled\n":
            raise SystemExit("the window did not open: it needs PyQt5 and pyqtgraph, and for xcb an X server (xvfb)")

    def turn(self, blocks: list[tuple[int, NDArray[np.int64], NDArray[Any]]], decisions: NDArray[np.void]) -> None:
        """Orders, then news: as the recorder's thread does it between two turns of a session."""
        self._control.turn(now_ns())
        for first, _, block in blocks:
            self._publisher.samples(first, block)
            self._n_samples += len(block)
        if len(decisions):
            self._publisher.decided(self._n_decisions, decisions, None, now_ns())
            self._n_decisions += len(decisions)
        self._publisher.turn(now_ns())

    def told(self) -> dict[str, float]:
        """What the window said at its end: frames a second, and its part of a core."""
        assert self._window is not None
        said: dict[str, float] = json.loads(self._window.communicate()[0])
        return {name: round(value, 1) for name, value in said.items()}

    def _status(self) -> dict[str, Any]:
        seconds = self._n_samples / self._fs_hz
        return {"state": "running", "seconds": seconds, "samples": self._n_samples, "decisions": self._n_decisions}

    def __enter__(self) -> WatchedLoop:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._window is not None and self._window.poll() is None:
            self._window.kill()
            self._window.wait()
        self._undo.close()
