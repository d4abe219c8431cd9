"""The process that knows the past, and the thread that hears it: whatever it reads or works out, the window does not wait."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from numpy.typing import NDArray
from wavestim.controller.errors import WavestimError
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.live import wire
from wavestim.controller.live.rendezvous import About
from wavestim.controller.lookback.line import Message, receive, send
from wavestim.controller.offspring import environment
from wavestim.controller.record.records import CAME
from wavestim.gui.byhand import MANUAL
from wavestim.gui.eventlog import EventLog
from wavestim.gui.facts import Facts, facts_from
from wavestim.gui.joining import Stream
from wavestim.gui.knowledge import TREND_HZ, Knowledge

SERVER = (sys.executable, "-m", "wavestim.controller.lookback")
LAST_BYTES = 2000


@dataclass
class Answer:
    """One answer.

    Attributes
    ----------
    topic : of :mod:`wavestim.controller.lookback.server`; ``ended`` when the process is no more.
    header, arrays : its content.
    facts : with ``opened``.
    knowledge : with a moment that was told from the beginning.
    messages : with one that was told from an earlier one.
    """

    topic: str
    header: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    facts: Facts | None = None
    knowledge: Knowledge | None = None
    messages: list[Message] = field(default_factory=list)


class Answers:
    """A process for one past.

    Parameters
    ----------
    path : str
        Session folder or recording.
    experiment : str, optional
        For a recording.

    Raises
    ------
    OSError
        When there is no room for another process or its words.
    """

    def __init__(self, path: str, experiment: str | None) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this
        self._scratch = tempfile.mkdtemp(prefix="wavestim-lookback-")
        try:
            self._process = subprocess.Popen(
                [*SERVER, self._scratch],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                start_new_session=True,
                env=environment(),
            )
        except OSError:
            self._said.close()
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._answers = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()
        self._heard: deque[Answer] = deque()
        self._facts: Facts | None = None
        self.ask("open", path=path, experiment=experiment)
        self._thread = threading.Thread(target=self._hear, name="answers", daemon=True)
        self._thread.start()

    def ask(self, topic: str, **header: Any) -> None:
        """A question; a process that is no more is told by its last answer."""
        with contextlib.suppress(OSError):
            send(self._questions, (topic, header, {}))

    def heard(self) -> list[Answer]:
        """What has been answered since the last time."""
        return [self._heard.popleft() for _ in range(len(self._heard))]

    def close(self) -> None:
        """The process ends, and what it kept is gone."""
        self._questions.close()
        try:
            self._process.wait(0.2)
        except subprocess.TimeoutExpired:  # it is busy with a large file
            self._process.kill()
            self._process.wait()
        self._thread.join(2.0)
        self._said.close()
        shutil.rmtree(self._scratch, ignore_errors=True)  # the process does so, unless it was killed

    def _hear(self) -> None:
        why = ""
        try:
            while True:
                (topic, header, arrays), *more = receive(self._answers)
                self._heard.append(self._answer(topic, header, arrays, more))
        except (EOFError, OSError):
            why = self._last_words()
        except (wire.WireError, WavestimError) as error:
            why = str(error)
        finally:
            self._answers.close()
        self._heard.append(Answer("ended", {"why": why}))

    def _answer(self, topic: str, header: dict[str, Any], arrays: wire.Arrays, more: list[Message]) -> Answer:
        if topic == "opened":
            self._facts = facts_told(header, arrays)
            return Answer(topic, header, arrays, self._facts)
        if topic != "moment" or self._facts is None:
            return Answer(topic, header, arrays)
        if not header["fresh"]:
            return Answer(topic, header, messages=more)
        return Answer(topic, header, knowledge=retold(self._facts, more))

    def _last_words(self) -> str:
        try:
            self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - LAST_BYTES))
            lines = [line.strip() for line in self._said.read().decode(errors="replace").splitlines()]
        except ValueError:  # it was closed
            return ""
        return next((line for line in reversed(lines) if line), "")


def facts_told(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Facts:
    """The facts of what was opened.

    Raises
    ------
    ExperimentError
    """
    about = About(
        name=str(header["name"]),
        session=str(header["path"]),
        pid=0,
        fs_hz=float(header["fs_hz"]),
        n_channels=len(arrays["positions_mm"]),
        positions_mm=arrays["positions_mm"].tolist(),
        leds_mm=arrays["leds_mm"].tolist(),
    )
    return facts_from(about, parse_experiment(str(header["experiment"]), about.session), header)


def retold(facts: Facts, messages: list[Message]) -> Knowledge:
    """What is known at a moment, from everything that led to it."""
    knowledge = Knowledge(facts, EventLog())
    knowledge.streams["pulses"] = Stream()  # each comes with its decision
    for message in messages:
        tell(knowledge, message)
    return knowledge


def tell(knowledge: Knowledge, message: Message) -> None:
    """One message of the past. A session tells its wave ten times a second, and at light; here both follow from ticks and pulses."""
    topic, header, arrays = message
    if topic == "history":
        tell_history(knowledge, header, arrays)
        return
    knowledge.hear(topic, header, arrays, 0.0)
    if topic == "tick":
        rows = knowledge.trends.view()
        if not len(rows) or header["sample"] / knowledge.fs_hz - rows[-1, 0] >= 1 / TREND_HZ:
            sure_deg = float(arrays["sd_deg"][knowledge.site])
            knowledge.note_waves([{**header, "decision": -1, "wave_kind": header["kind"], "sd_deg": sure_deg}])
    elif topic == "pulses":
        came = [row for row in header["rows"] if row["verdict"] in CAME and row.get("condition") != MANUAL]
        for row, shone in zip(came, knowledge.new_light(), strict=False):
            if row["known_deg"] is not None:
                knowledge.phases.add("known", shone.condition, row["known_deg"])


def tell_history(knowledge: Knowledge, header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """What was counted long before: as if every message of it had been heard."""
    book = knowledge.pulses
    book.verdicts.update(header["verdicts"])
    book.vetoes.update(header["vetoes"])
    book.conditions.update(header["conditions"])
    book.directions.add_all(arrays["directions_deg"])
    book.latency.add_all(arrays["latency_us"])
    book.deadline.add_all(arrays["deadline_us"])
    aimed = [i for i, condition in enumerate(header["lit"]) if condition != MANUAL]
    knowledge.phases.add_all("known", [header["lit"][i] for i in aimed], arrays["at_light_deg"][aimed])
    for table, n in header["next"].items():
        knowledge.streams[table].begin_at(n)
