"""Publishes a running session to whoever looks: what the recorder passes on, what the model knows, and how all is going.

It runs on the recorder's thread and never waits: a watcher who is too slow misses messages, which the session does not notice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import zmq
from numpy.typing import NDArray
from wavestim.controller.live import wire
from wavestim.realtime.engine import Engine
from wavestim.realtime.forecast import forecast_records

TICKS_HZ = 60.0
STATUS_NS = 200_000_000
TURNS = ("armed", "running", "held", "released", "paused", "resumed", "disarmed")
"""Markers with which the state changes: a session that waits for its samples to come back says so before, not after."""
BACKLOG = 200
"""Messages that wait for a slow watcher; further ones are dropped for it."""
Snapshots = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]
NOBODY = np.zeros((0, 0), np.complex64)


class Publisher:
    """The rig's end of what is published.

    Parameters
    ----------
    address : str
        Where to bind.
    engine : Engine
        Before its first sample.
    status : callable
        What a ``status`` message is to hold.
    context : zmq.Context, optional

    Attributes
    ----------
    verdicts : Counter
        Pulses so far, by what became of them.
    """

    def __init__(self, address: str, engine: Engine, status: Callable[[], dict[str, Any]], context: zmq.Context[Any] | None = None) -> None:
        self._engine, self._status = engine, status
        self._telemetry = engine.show_every(round(engine.rate_hz / TICKS_HZ))
        self._next_status = 0
        self.verdicts: Counter[str] = Counter()
        self._asked_for: set[str] = set()
        self._socket = (context or zmq.Context.instance()).socket(zmq.XPUB)  # PUB, to those who listen, and it knows what they listen to
        self._socket.setsockopt(zmq.SNDHWM, BACKLOG)
        self._socket.setsockopt(zmq.LINGER, 200)
        self._socket.bind(address)

    def samples(self, first: int, block: NDArray[np.float32]) -> None:
        """A block as it was received, (n, m) uV."""
        self._send("samples", {"first": first}, {"uv": block})

    def decided(self, first_index: int, decisions: NDArray[np.void], model: object, now_ns: int) -> None:
        """Decisions, the first of which has that row in the journal."""
        self._send("decisions", {"first": first_index, "rows": wire.rows(decisions)})

    def pulsed(self, pulses: NDArray[np.void], model: object, now_ns: int) -> None:
        """Pulses, in the order in which they became known."""
        self._send("pulses", {"first": self.verdicts.total(), "rows": wire.rows(pulses)})
        self.verdicts.update(str(verdict) for verdict in pulses["verdict"])

    def marker(self, index: int, sample: float, kind: str, text: str) -> None:
        """Something that is to be read in words; ``index`` is its row in the journal."""
        self._send("marker", {"index": index, "sample": sample, "kind": kind, "text": text})
        if kind in TURNS:
            self.tell()

    def waves(self, first_index: int, waves: NDArray[np.void]) -> None:
        """What the model knew, the first of which has that row in the journal."""
        self._send("waves", {"first": first_index, "rows": wire.rows(waves)})

    def turn(self, now_ns: int) -> Snapshots:
        """What the model knows now, and a status when one is due; returns what it knew since the last turn (see ``Telemetry.take``)."""
        self._note_listeners()
        samples, records, waves = self._telemetry.take()
        calibration = self._engine.calibration
        if len(samples) and calibration is not None and self._wanted("tick"):
            self._tick(int(samples[-1]), records[-1:], waves[-1], calibration)
        if now_ns >= self._next_status:
            self._next_status = now_ns + STATUS_NS
            self.tell()
        return samples, records, waves

    def tell(self) -> None:
        """A status, due or not."""
        self._send("status", {**self._status(), "telemetry_dropped": self._telemetry.n_dropped})

    def end(self, reason: str) -> None:
        """The last message."""
        self._note_listeners()
        self._send("end", {"reason": reason})

    def close(self) -> None:
        self._socket.close()

    def _tick(self, sample: int, record: NDArray[np.float64], wave: NDArray[np.float64], calibration: Any) -> None:
        phase, sd = forecast_records(record, calibration, np.zeros(1), NOBODY)
        self._send("tick", *wire.tick(sample, wave, phase[0], np.degrees(sd[0])))

    def _note_listeners(self) -> None:
        while self._socket.poll(0):
            said = self._socket.recv()
            (self._asked_for.add if said[:1] == b"\1" else self._asked_for.discard)(said[1:].decode(errors="replace"))

    def _wanted(self, topic: str) -> bool:
        return any(topic.startswith(asked) for asked in self._asked_for)

    def _send(self, topic: str, header: dict[str, Any], arrays: dict[str, NDArray[Any]] | None = None) -> None:
        if not self._wanted(topic):  # putting it together is most of the work
            return
        self._socket.send_multipart(wire.pack(topic, header, arrays), zmq.NOBLOCK)
