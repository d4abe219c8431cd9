"""Light drivers with their stand-ins, each behind one name: a new driver is one more entry of `DRIVERS`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from wavestim.hardware.firmware.device import Served as ServedBoard
from wavestim.hardware.lights import Light, LightEvent, PatternEntry, open_light
from wavestim.hardware.lights.wavelight.link import press
from wavestim.hardware.simulated.boards import GatedBoard, PtyPeer, stand_in
from wavestim.hardware.simulated.boards._base import Peer

MS = 1_000_000
TRIES = 2000
ROOMS_MS = (30, 100, 400, 1600)
"""How far ahead light is ordered, until the machine is quick enough for it."""


@dataclass(frozen=True)
class Driver:
    """A driver, its stand-in, and what the tests have to know of it."""

    kind: str
    board: str
    file: str
    """The part ``light`` of an experiment on the mock rig."""
    width_us: int
    n_sites: int
    guarantee: str
    keys: dict[str, object] = field(default_factory=dict)
    gates: bool = False
    its_own_words: bool = True
    """Its pulses are started by the pacer."""
    echo: bytes = b""
    """What it says to a trigger."""
    says_its_name: bool = True


DRIVERS = {
    "pulsepal": Driver("pulsepal", "pulsepal", "{kind: pulsepal, port: mock}", 5000, 4, "self-terminating"),
    "mm-arduino": Driver("mm-arduino", "mm-arduino", "{kind: mm-arduino, port: mock}", 5000, 6, "self-terminating", echo=b"\x0c"),
    "cyclops": Driver(
        "cyclops", "cyclops", "{kind: cyclops, port: mock}", 1000, 1, "self-terminating", says_its_name=False, echo=b"Sending pulses:1\r\n",
    ),
    "cyclops-wavelight": Driver(
        "cyclops", "wavelight", "{kind: cyclops, port: mock, firmware: wavelight}", 5000, 4, "scheduled", {"firmware": "wavelight"},
        its_own_words=False,
    ),
    "thorlabs": Driver(
        "thorlabs-dc4100", "wavelight",
        "{kind: thorlabs-dc4100, port: mock, currents_ma: [300, 300], gated_by: {kind: wavelight, port: mock}}", 5000, 2, "level-only",
        gates=True, its_own_words=False,
    ),
    "thorlabs-pulsepal": Driver(
        "thorlabs-dc4100", "pulsepal",
        "{kind: thorlabs-dc4100, port: mock, currents_ma: [300, 300], gated_by: {kind: pulsepal, port: mock}}", 5000, 2, "level-only",
        gates=True,
    ),
}  # fmt: skip
PACED = [name for name, d in DRIVERS.items() if d.its_own_words]
OURS = [name for name in PACED if not DRIVERS[name].gates]


class Served:
    """The stand-in of a driver, served by a thread; what shines is in `edges` as (host ns, led, level)."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.board: ServedBoard = stand_in(driver.board, 4)
        if driver.gates:
            self.board = GatedBoard(self.board)
        self.edges: list[tuple[int, int, int]] = []
        self._changed = threading.Condition()
        self._done = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def peer(self) -> Peer:
        """The board that says when light is on, where it is a stand-in of its own."""
        gate = self.board.gate if isinstance(self.board, GatedBoard) else self.board
        assert isinstance(gate, PtyPeer)
        return gate.peer

    def open(self, answer_s: float = 1.0) -> Light:
        """The real driver on its port."""
        d = self.driver
        if not isinstance(self.board, GatedBoard):
            return open_light(d.kind, port=self.board.pty_name, answer_s=answer_s, **d.keys)
        gate = open_light(d.board, port=self.board.pty_name, answer_s=answer_s)
        try:
            return open_light(d.kind, port=self.board.level_pty_name, gate=gate, currents_ma=(300, 300), answer_s=answer_s)
        except BaseException:
            gate.close()
            raise

    def until(self, condition: Callable[[], object]) -> bool:
        """Wait for something to become true; False when it does not."""
        with self._changed:
            return any(condition() or (not self._changed.wait(0.01) and condition()) for _ in range(TRIES))

    def lit(self) -> list[tuple[int, int, int]]:
        return [e for e in self.edges if e[2]]

    def dark(self) -> bool:
        """Every LED that was lit is dark again."""
        return all([e for e in self.edges if e[1] == led][-1][2] == 0 for led in {e[1] for e in self.edges})

    def close(self) -> None:
        self._done = True
        self._thread.join()
        self.board.close()

    def _run(self) -> None:
        while not self._done:
            found = [(int(e["host_ns"]), int(e["led"]), int(e["level"])) for e in self.board.service(0.01)]
            with self._changed:
                self.edges += found
                self._changed.notify_all()


class Host:
    """What a session does with a driver: orders, heartbeats, news."""

    def __init__(self, served: Served, light: Light) -> None:
        self.served, self.light, self.port = served, light, light.port()
        self.events: list[LightEvent] = []
        self.count = 0
        self.unsure = 0
        """Orders that were given again although they may have shone."""

    def beat(self) -> None:
        self.count += 1
        press(self.port, "heartbeat", value=self.count)

    def fire(self, decision: int, host_ns: int, slot: int = 0, *, dark: bool = False) -> None:
        """Order light at a host time."""
        device_ns = self.served.board.device_ns(host_ns) // 500 * 500
        assert press(self.port, "fire", decision, slot, int(dark), device_ns) == 0

    def hear(self, *kinds: str, decision: int | None = None, beat: bool = True) -> LightEvent:
        """The first news of these kinds."""
        for _ in range(TRIES):
            if beat:
                self.beat()
            self.light.wait(0.01)
            self.events += self.light.poll()[0]
            for k, event in enumerate(self.events):
                if event.kind in kinds and decision in (None, event.decision):
                    return self.events.pop(k)
        raise AssertionError(f"no news of {kinds}")

    def ready(self, *entries: PatternEntry) -> None:
        """A pattern in slot 0 (every LED once, unless entries are given), armed."""
        d = self.served.driver
        self.light.upload(0, entries or [PatternEntry(site, 0, d.width_us, 255) for site in range(d.n_sites)])
        self.light.arm()
        self.beat()

    def shine(self, decision: int = 7, *, dark: bool = False) -> tuple[int, LightEvent]:
        """Order light until the machine is quick enough; the moment that was ordered, and the answer."""
        for room_ms in ROOMS_MS:
            at = time.monotonic_ns() + room_ms * MS
            self.fire(decision, at, dark=dark)
            answer = self.hear("fired", "refused", "dropped", "lost", decision=decision)
            if answer.reason == "heartbeat":  # this test was not waken for 100 ms
                self.unsure += answer.kind == "lost"
                self.light.arm()
                self.beat()
            elif answer.reason != "late":
                return at, answer
        raise AssertionError("the machine is too slow for any light")

    def assert_one_shone(self) -> None:
        """Every LED once, by the last order alone."""
        n = self.served.driver.n_sites
        assert self.served.until(lambda: len(self.served.lit()) >= n)  # the answer may be here before the edges are
        assert len(self.served.lit()) <= n * (1 + self.unsure)
