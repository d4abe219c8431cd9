"""Answers questions about one past: opens it, lets the engine run over it in a thread, tells moments and the truth about them.

Questions and answers are messages of :mod:`wavestim.controller.live.wire`. Of moments that were asked for in one go only the last is told.

==========  ======================================================================================================
question    ``open`` (path, experiment), ``show`` (number, sample, since)
answer      ``opened``, ``refused`` and ``trouble`` (why), ``marks``, ``progress``, ``moment`` (number; the messages that
            lead to it come in the same packet), ``truth`` (number), ``afterwards`` (of a pulse)
==========  ======================================================================================================
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.lookback.afterwards import Afterwards
from wavestim.controller.lookback.chronicle import Chronicle, of_past
from wavestim.controller.lookback.line import Line
from wavestim.controller.lookback.maker import Maker
from wavestim.controller.lookback.past import LookbackError, Past, open_past
from wavestim.controller.lookback.telling import Teller
from wavestim.controller.lookback.ticks import Ticks
from wavestim.controller.record.records import CAME
from wavestim.controller.record.session import Session
from wavestim.controller.session.replayedlight import light_plan

LOOK_S = 0.25
"""How often progress is told."""
PAUSE_S, TRUTH_S = 0.05, 0.3
"""While one moment after another is asked for, the truth is told in a pause, or so often."""
MOST_MARKS = 2000
CODES = {"fired": 0, "cut": 0, "dark": 1}
OTHER = 2
"""Of pulses in ``marks``: light, dark, and what did not come."""


@dataclass
class _Opened:
    """What belongs to one past; ``session`` and ``n_decided`` are what the chronicle was read from."""

    past: Past
    maker: Maker
    teller: Teller
    afterwards: Afterwards
    session: Session | None = None
    n_decided: int = -1

    def read(self) -> None:
        """The chronicle, as it is now."""
        made = self.maker.decisions
        self.n_decided, self.session = len(made), self.past.session
        self.teller.chronicle = of_past(self.past, made)

    def close(self) -> None:
        """Let go of the files, once nothing is written any more."""
        self.maker.close()
        if self.maker.is_alive():
            self.maker.join()
        self.afterwards.close()
        self.teller.ticks.close()

    @property
    def outdated(self) -> bool:
        """There is more to tell."""
        return self.past.session is not self.session or (self.session is None and len(self.maker.decisions) != self.n_decided)


class Server:
    """See the module.

    Parameters
    ----------
    line : Line
    scratch : Path
        For what has to be copied.
    """

    def __init__(self, line: Line, scratch: Path) -> None:
        self._line, self._scratch = line, scratch
        self._opened: _Opened | None = None
        self._next_look_s = 0.0
        self._next_truth_s = 0.0
        self._told: dict[str, Any] = {}
        self._truth_of: dict[str, Any] | None = None

    def serve(self) -> None:
        """Until nobody asks any more."""
        try:
            with contextlib.suppress(EOFError, BrokenPipeError, ConnectionError):
                while True:
                    self._turn()
        finally:
            if self._opened is not None:
                self._opened.close()

    def _turn(self) -> None:
        asked = self._line.ask(LOOK_S if self._truth_of is None else PAUSE_S if time.monotonic() < self._next_truth_s else 0.0)
        show: dict[str, Any] | None = None
        while asked is not None:
            topic, header = asked
            if topic == "open" and self._opened is None:
                self._open(str(header["path"]), header.get("experiment"))
            elif topic == "show":
                show = header
            asked = self._line.ask(0.0)
        opened = self._opened
        if opened is None:
            return
        try:
            if time.monotonic() >= self._next_look_s:
                self._next_look_s = time.monotonic() + LOOK_S
                self._tell_progress(opened)
            if show is not None:
                self._show(opened, show)
            elif self._truth_of is not None:
                asked_for, self._truth_of = self._truth_of, None
                self._tell_truth(opened, asked_for)
        except (EOFError, BrokenPipeError, ConnectionError):
            raise
        except Exception as error:  # what is read may be damaged anywhere
            self._line.tell(("trouble", {"why": _sentence(opened.past.path, error)}, {}))

    def _open(self, path: str, experiment: str | None) -> None:
        try:
            past = open_past(path, experiment, self._scratch)
            if past.reel.end <= past.reel.first and past.kind != "running":
                raise LookbackError(f"{path}: holds no samples; open another one")
            ticks = Ticks()
            maker = Maker(past, ticks)
            opened = _Opened(past, maker, Teller(past, ticks, maker.delay_s), Afterwards(past))
            opened.read()
        except Exception as error:  # of a damaged file anything may be told
            self._line.tell(("refused", {"why": _sentence(path, error)}, {}))
            return
        self._opened, assembly = opened, past.assembly
        header = {
            "path": path,
            "kind": past.kind,
            "name": assembly.experiment.name,
            "experiment": past.experiment_text,
            "fs_hz": assembly.fs_hz,
            "site": assembly.site,
            "horizon_ms": past.horizon_ms,
            "runs_back": past.reel.runs_back,
            "notice": past.notice,
            **_light(past),
        }
        places = {"positions_mm": np.asarray(assembly.positions_mm, np.float64), "leds_mm": np.asarray(assembly.leds_mm, np.float64)}
        self._line.tell(("opened", header, places))
        self._tell_marks(opened)
        maker.start()

    def _show(self, opened: _Opened, asked: dict[str, Any]) -> None:
        sample, since = float(asked["sample"]), asked.get("since")
        header, messages = opened.teller.moment(sample, None if since is None else float(since), opened.maker.made_to)
        self._line.tell(("moment", {**header, "number": asked["number"]}, {}), *messages)
        self._truth_of = {"number": asked["number"], "sample": sample, "pulse": header["pulse"]}

    def _tell_truth(self, opened: _Opened, asked: dict[str, Any]) -> None:
        self._next_truth_s = time.monotonic() + TRUTH_S
        chronicle, pulse = opened.teller.chronicle, asked["pulse"]
        found = opened.afterwards.at(asked["sample"], opened.past.assembly.site, chronicle)
        self._line.tell(("truth", {"number": asked["number"], **vars(found)}, {}))
        if pulse is not None and pulse.get("verdict") in CAME and not pulse.get("truth"):
            then = opened.afterwards.at(pulse["at"], pulse["decided"]["site"], chronicle)
            self._line.tell(("afterwards", {"index": pulse["index"], **vars(then)}, {}))

    def _tell_progress(self, opened: _Opened) -> None:
        maker, past = opened.maker, opened.past
        if opened.outdated:
            opened.read()
            self._tell_marks(opened)
        now = {
            "first": past.reel.first,
            "made_to": maker.made_to,
            "end": past.reel.end,
            "done": maker.done,
            "same": maker.same,
            "difference": maker.difference,
            "trouble": maker.trouble,
            "kind": past.kind,
            "decisions": len(opened.teller.chronicle.decisions),
        }
        if now != self._told:
            self._told = now
            self._line.tell(("progress", now, {}))

    def _tell_marks(self, opened: _Opened) -> None:
        c, reel = opened.teller.chronicle, opened.past.reel
        header = {"first": reel.first, "end": reel.end, "named": _named(c)}
        self._line.tell(("marks", header, _marks(c, reel.gaps, reel.end)))


def _light(past: Past) -> dict[str, Any]:
    """The patterns, as a journal has them; a recording has those of the experiment that decides on it."""
    if past.session is not None:
        return {name: past.session.about.get(name, ()) for name in ("slots", "manual_slots")}
    return {"slots": light_plan(past.assembly.experiment, past.assembly.plan.slots, past.assembly.plan.n_leds)}


def _marks(c: Chronicle, gaps: list[tuple[int, int]], end: int) -> dict[str, NDArray[Any]]:
    """What is marked on the line of time."""
    return {
        "pulse_at": c.pulses["at"],
        "pulse_what": np.array([CODES.get(v, OTHER) for v in c.pulses["verdict"].tolist()], np.uint8),
        "veto_at": c.decisions["sample"][c.decisions["verdict"] != "scheduled"].astype(np.float64),
        "gaps": np.array([(first, first + n) for first, n in gaps], np.float64).reshape(-1, 2),
        "pauses": np.array(c.dark_spans(end), np.float64).reshape(-1, 2),
    }


def _named(c: Chronicle) -> list[list[Any]]:
    """Markers as (sample, kind, text)."""
    return [[float(m["sample"]), str(m["name"]), str(m["value"])] for m in c.markers[:MOST_MARKS]]


def _sentence(path: str, error: Exception) -> str:
    said = " ".join(str(error).split()) or type(error).__name__
    return said if isinstance(error, LookbackError) or path in said else f"{path}: {said}"
