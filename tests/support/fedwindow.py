"""A session that only its messages make up, at any pace: a wave, its decisions, pulses and trouble, for a window that never knows."""

from __future__ import annotations

import gc
import itertools
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import yaml
from wavestim.controller.live.rendezvous import About
from wavestim.controller.record.session import create_session
from wavestim.gui.deck import Deck

FS_HZ, BLOCK, TICK, STATUS, WAVE = 1000.0, 20, 20, 200, 100
"""Samples a second, in a block, from tick to tick, from status to status, from row to row of what the model knew."""
PULSE_S, NOTE_S = 0.2, 60.0
PERIOD = 80
"""Samples of a cycle of the wave."""
VERDICTS = ("fired", "fired", "dark", "missed")
VETOES = ("unsure", "no-wave")


def experiment_text(side: int) -> str:
    """An experiment for so many electrodes on each side of a grid."""
    conditions = [
        {"name": "with-wave", "pattern": {"kind": "flash", "width_ms": 2, "irradiance_mw_mm2": 1}},
        {"name": "sham", "pattern": {"kind": "none"}},
    ]
    probe = {"kind": "grid", "rows": side, "columns": side, "pitch_mm": 0.4, "bad_channels": [3]}
    return yaml.safe_dump({"name": "fed", "probe": probe, "conditions": conditions})


class Feed:
    """Messages of a session, in the order in which they come.

    Parameters
    ----------
    side : electrodes on each side of a grid.
    """

    def __init__(self, side: int) -> None:
        self.side, self.n = side, side * side
        self.sample = 0
        self._decisions, self._pulses, self._markers, self._waves = (itertools.count() for _ in range(4))
        self._places = np.array([[0.4 * (i % side), 0.4 * (i // side)] for i in range(self.n)])
        self._phases = (2 * math.pi * np.arange(PERIOD)[:, None] / PERIOD - self._places @ [0.8, 0.4]).astype(np.float32)
        self._noise = np.random.default_rng(1).normal(0, 30, (4001, self.n)).astype(np.float32)
        self._decided = 0
        self._counts = {"fired": 0, "dark": 0, "missed": 0, "refused": 0}

    def about(self, session: Path) -> About:
        """Where it seems to run."""
        places = self._places.tolist()
        return About("fed", str(session), os.getpid(), FS_HZ, self.n, places, places[::4])

    def until(self, sample: int) -> Iterator[tuple[str, dict[str, Any], dict[str, np.ndarray]]]:
        """What is said up to a sample."""
        while self.sample + BLOCK <= sample:
            first, self.sample = self.sample, self.sample + BLOCK
            yield "samples", {"first": first}, {"uv": self._uv(first)}
            for at in range(first, self.sample):
                if at % TICK == 0:
                    yield self._tick(at)
                if at % STATUS == 0:
                    yield "status", self._status(at), {}
                if at % round(PULSE_S * FS_HZ) == 5:
                    yield from self._pulse(at)
                if at % round(NOTE_S * FS_HZ) == 7:
                    note = {"sample": at, "kind": "note", "text": f"minute {at // round(NOTE_S * FS_HZ)}"}
                    yield "marker", {"index": next(self._markers), **note}, {}
                if at % WAVE == 0:
                    yield self._wave(at)

    def _uv(self, first: int) -> np.ndarray:
        at = np.arange(first, first + BLOCK)
        return 100 * np.cos(self._phases[at % PERIOD]) + self._noise[at % len(self._noise)]

    def _tick(self, at: int) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
        wandering = math.sin(at / 5000)
        header = {
            "sample": at,
            "kind": "undetermined" if wandering > 0.95 else "planar",
            "direction_deg": 30 * wandering,
            "speed_mm_s": 200 + 50 * wandering,
            "wavelength_mm": 20.0,
            "frequency_hz": FS_HZ / PERIOD + wandering,
            "pgd": 0.8 + 0.1 * wandering,
            "amplitude_uv": 100.0,
            "stale": False,
        }
        sd_deg = np.full(self.n, 25 + 10 * wandering, np.float32)
        return "tick", header, {"phase_rad": self._phases[at % PERIOD], "sd_deg": sd_deg}

    def _wave(self, at: int) -> tuple[str, dict[str, Any], dict[str, np.ndarray]]:
        _, told, _ = self._tick(at)
        kept = {name: told[name] for name in ("speed_mm_s", "frequency_hz", "pgd", "direction_deg")}
        row = {"sample": at, "decision": -1, "wave_kind": told["kind"], "sd_deg": 30.0, "phase_deg": 0.0, "condition": "", **kept}
        return "waves", {"first": next(self._waves), "rows": [row]}, {}

    def _status(self, at: int) -> dict[str, Any]:
        return {
            "state": "running",
            "seconds": at / FS_HZ,
            "samples": at,
            "dropped": 0,
            "decisions": self._decided,
            "pulses": dict(self._counts),
            "course": {"trials": sum(self._counts.values())},
            "free_bytes": 80_000_000_000,
            "controlled": True,
            "controller": "the window on lab-pc, process 4711",
            "realtime": "in time",
            "safe": [],
            "stale": False,
        }

    def _pulse(self, at: int) -> Iterator[tuple[str, dict[str, Any], dict[str, np.ndarray]]]:
        index = next(self._decisions)
        self._decided = index + 1
        verdict = VETOES[index // 7 % 2] if index % 7 == 0 else "scheduled"
        row = {
            "sample": at - 4,
            "fire_sample": at + 40.5,
            "site": self.n // 2,
            "condition": ("with-wave", "sham")[index % 2],
            "direction_deg": 30 * math.sin(at / 5000),
            "wave_kind": "planar",
            "verdict": verdict,
        }
        yield "decisions", {"first": index, "rows": [row]}, {}
        if verdict != "scheduled":
            return
        became = "dark" if index % 2 else VERDICTS[index % 4]
        self._counts[became] += 1
        budget = {"queue_us": 20.0 + index % 9, "compute_us": 20.0, "serial_us": 10.0, "margin_us": 38_000.0}
        told = {"decision": index, "fire_sample": at + 40.5, "verdict": became, "dark": became == "dark", "reason": "late", **budget}
        yield "pulses", {"first": next(self._pulses), "rows": [told]}, {}


class FedLink:
    """In the place of a ``Link``: what the feed says until now, which whoever owns it sets."""

    def __init__(self, feed: Feed) -> None:
        self.feed, self.sample, self.in_control = feed, 0, True

    def heard(self) -> list[Any]:
        return list(self.feed.until(self.sample))

    def refused(self) -> list[str]:
        return []

    def order(self, order: str, **more: Any) -> None:
        pass

    def close(self) -> None:
        pass


def fed_deck(folder: Path, side: int) -> tuple[Deck, FedLink]:
    """A deck that is attached to it."""
    link = FedLink(Feed(side))
    about = link.feed.about(folder)
    made = create_session(folder, yaml.safe_load(experiment_text(side)), fs_hz=FS_HZ, positions_mm=about.positions_mm, about={})
    made.close()  # it is empty: all is heard
    meeting = SimpleNamespace(about=about)
    rig = SimpleNamespace(
        session=folder, alive=True, child=None, meeting=meeting, look=lambda: meeting, kill=lambda: None, press_stop=lambda: True
    )
    deck = Deck(lambda: link.sample / FS_HZ, lambda _: rig, lambda _: link)
    deck.attach(None)
    return deck, link


@dataclass(frozen=True)
class Weighed:
    """What a window had taken at some moment: hours of the session, bytes of memory, Python objects, pieces of memory that Python holds."""

    at_h: float
    bytes: int
    objects: int
    pieces: int


def weigh(window: Any, link: FedLink, hours: float, frame_s: float, every_h: float) -> Iterator[Weighed]:
    """Let a window live through so many hours of a session, with a frame drawn every so often, and weigh it."""
    from pyqtgraph.Qt import QtCore, QtWidgets

    page = os.sysconf("SC_PAGESIZE")
    next_s = every_h * 3600
    while link.sample < hours * 3600 * FS_HZ:
        link.sample += round(frame_s * FS_HZ)
        window.turn()
        QtWidgets.QApplication.processEvents()
        if link.sample >= next_s * FS_HZ:
            next_s += every_h * 3600
            QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
            gc.collect()
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            yield Weighed(link.sample / FS_HZ / 3600, pages * page, len(gc.get_objects()), sys.getallocatedblocks())
