"""The session's face to the outside: it can be found, watched and given orders while it runs."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import zmq
from numpy.typing import NDArray
from wavestim.controller.live.control import Control, OrderError
from wavestim.controller.live.publisher import Publisher
from wavestim.controller.live.rendezvous import About, Meeting, announced
from wavestim.controller.session.mockorders import MockOrders
from wavestim.controller.session.wavelog import WaveLog

if TYPE_CHECKING:
    from wavestim.controller.record.journal import Journal
    from wavestim.controller.session.realsession import RealSession
    from wavestim.controller.session.telling import Everyone

LONGEST_MARK = 1000


class Overheard:
    """A journal whose samples, markers and waves are published, too."""

    def __init__(self, journal: Any, publisher: Publisher) -> None:
        self._journal, self._publisher = journal, publisher
        self._n_markers = self._n_waves = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def append_samples(self, first_sample: int, block: NDArray[np.float32], host_ns: int) -> None:
        """See ``Journal``."""
        self._journal.append_samples(first_sample, block, host_ns)
        self._publisher.samples(first_sample, block)

    def append_marker(self, sample: float, name: str, value: str = "") -> None:
        """See ``Journal``."""
        self._journal.append_marker(sample, name, value)
        self._publisher.marker(self._n_markers, sample, name, value)
        self._n_markers += 1

    def append_waves(self, waves: NDArray[np.void]) -> None:
        """See ``Journal``."""
        self._journal.append_waves(waves)
        self._publisher.waves(self._n_waves, waves)
        self._n_waves += len(waves)


class Outside:
    """Publisher and orders of one running session, on the recorder's thread.

    Parameters
    ----------
    session : RealSession
        Before its threads run.
    told : Everyone
        Of decisions and pulses.
    folder : Path
        Of the session.
    meeting : Meeting
        Where it is found.
    context : zmq.Context
    mock : MockOrders
        Of a real rig, too: it refuses.
    """

    def __init__(
        self, session: RealSession, told: Everyone, folder: Path, meeting: Meeting, context: zmq.Context[Any], mock: MockOrders
    ) -> None:
        self._session, self._told, self._folder, self._mock_rig = session, told, folder, mock
        self.publisher = Publisher(meeting.telemetry, session.engine, self.status, context)
        told.join(self.publisher)
        self.waves = WaveLog(session.assembly.fs_hz, session.assembly.site)
        told.join(self.waves)
        session.journal = session.recorder.journal = cast("Journal", Overheard(session.journal, self.publisher))
        orders: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any] | None]] = {
            "hello": lambda order: {"status": self.status()},
            "stop": lambda order: self._stop(),
            "end": lambda order: self._end(),
            "run": lambda order: self._run(),
            "pause": lambda order: self._hold(True),
            "resume": lambda order: self._hold(False),
            "mark": self._mark,
            "test": lambda order: {"pattern": session.hand.order(order, session)},
            "mock": self._mock,
        }
        try:
            self.control = Control(meeting.control, orders, context)
        except zmq.ZMQError:
            self.publisher.close()
            raise

    def turn(self, now_ns: int) -> None:
        """Between two turns of the session: orders, then news."""
        self.control.turn(now_ns)
        session = self._session
        for why in self._told.complaints():
            session.journal.append_marker(max(session.recorder.last_sample, 0), "not-told", why)
        waves = self.waves.take(*self.publisher.turn(now_ns), session.engine.calibration)
        if len(waves):
            session.journal.append_waves(waves)

    def tell_now(self) -> None:
        """The state at once: who pressed STOP waits for it, and takes the process for hung when it does not come."""
        self.publisher.tell()

    def close(self) -> None:
        """The last word."""
        self.publisher.end(self._session.counts.stopped_by or "all seconds were recorded")
        self.publisher.close()
        self.control.close()

    def status(self) -> dict[str, Any]:
        """How all is going."""
        s = self._session
        return {
            "state": s.state,
            "seconds": (s.recorder.last_sample + 1) / s.assembly.fs_hz,
            "samples": s.recorder.n_samples,
            "dropped": s.ring.n_dropped + s.engine.n_dropped,
            "decisions": s.recorder.n_decisions,
            "pulses": dict(self.publisher.verdicts),
            "course": s.course.status(),
            "stale": list(s.engine.stale),
            "safe": s.recorder.safe_reasons[-1:],
            "ring_fill": s.ring_fill,
            "written_bytes": s.journal.n_bytes,
            "free_bytes": shutil.disk_usage(self._folder).free,
            "controlled": self.control.held,
            "controller": self.control.holder,
            "realtime": s.rights.words,
            "light": s.books.status(max(s.recorder.last_sample, 0)),
            "manual": s.hand.status(),
            "mock": self._mock_rig.status(),
        }

    def _stop(self) -> None:
        """As STOP in the window does it: a byte in the file that the engine reads."""
        with (self._folder / "stop").open("r+b") as file:
            file.write(b"\1")

    def _run(self) -> None:
        if not self._session.let_run():
            raise OrderError(f"there is nothing to run: the session is {self._session.state}, not armed")

    def _end(self) -> None:
        self._session.ending = True

    def _hold(self, held: bool) -> None:
        if not self._session.hold(held):
            raise OrderError(f"there is nothing to {'pause' if held else 'resume'}: the session is {self._session.state}")

    def _mark(self, order: Mapping[str, Any]) -> None:
        text = order.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_MARK:
            raise OrderError(f"a mark has a text of 1 to {LONGEST_MARK} characters")
        self._session.journal.append_marker(max(self._session.recorder.last_sample, 0), "note", text.strip())

    def _mock(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        done = self._mock_rig.carry_out(order)
        self._session.journal.append_marker(max(self._session.recorder.last_sample, 0), "mock", done)
        return {"done": done}


@contextlib.contextmanager
def open_to_the_outside(session: RealSession, told: Everyone, folder: Path, mock: MockOrders) -> Iterator[Outside]:
    """While this lasts the session can be attached to."""
    a = session.assembly
    about = About(
        name=a.experiment.name,
        session=str(folder.resolve()),
        pid=os.getpid(),
        fs_hz=a.fs_hz,
        n_channels=len(a.positions_mm),
        positions_mm=np.asarray(a.positions_mm).tolist(),
        leds_mm=np.asarray(a.leds_mm).tolist(),
    )
    with zmq.Context() as context, announced(about) as meeting:
        outside = Outside(session, told, folder, meeting, context, mock)
        try:
            yield outside
        finally:
            outside.close()
