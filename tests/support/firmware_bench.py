"""A bench for the firmware: one board, in memory or as the emulated ATmega2560, spoken to frame by frame in simulated time."""

from __future__ import annotations

import struct
from typing import Any

from support import avr_board
from wavestim.hardware.firmware import codec
from wavestim.hardware.firmware.emulator import FirmwareCore
from wavestim.hardware.lights.wavelight.words import CAUSES, HELLO, NACKS, STATES, Command, Reply

MS = 1_000_000
CODE = {word: code for code, word in NACKS.items()}
"""Of a refusal, by its word."""
CAUSE = {word: code for code, word in CAUSES.items()}
"""Of darkness, by its word."""


class Bench:
    """Speaks WL1 by hand; time moves only when told to."""

    edge_us = 1e-6
    """How exactly light comes at its tick."""
    react_us = 0.0
    """How long the board needs for what is told to it."""
    guard_us = 0.0
    """How much earlier than the timeout silence of the host may end in darkness."""

    def __init__(self, **core: Any) -> None:
        self.core: Any = self._board(**core)
        self.now = 0
        self.seq = 0
        self.count = 0
        self.events: list[tuple[int, bytes]] = []
        self.hello(0)

    def _board(self, **core: Any) -> Any:
        return FirmwareCore(**{"boot_ns": -3_210_987_654, "drift_ppm": 35.0, **core})

    @property
    def state(self) -> str:
        """What STATUS says."""
        return STATES[self.ask(Command.STATUS)[1][0]]

    def send(self, raw: bytes, us: int = 2000) -> list[tuple[int, int, bytes]]:
        """Send bytes, let time pass, return the answers; events are kept apart in `events`."""
        self.core.receive(raw, self.now)
        self.pass_us(us)
        return self.read()

    def pass_us(self, us: float) -> None:
        self.now += round(us * 1000)
        self.core.advance(self.now)

    def read(self) -> list[tuple[int, int, bytes]]:
        frames = [codec.decode(f[:-1]) for _, f in self.core.transmitted()]
        self.events += [(t, p) for t, _, p in frames if 0xC0 <= t <= 0xC4]
        return [f for f in frames if not 0xC0 <= f[0] <= 0xC4]

    def ask(self, kind: int, payload: bytes = b"", us: int = 2000, seq: int | None = None) -> tuple[int, bytes]:
        """One command, its one answer."""
        if seq is None:
            self.seq = self.seq % 255 + 1
            seq = self.seq
        answers = [f for f in self.send(codec.encode(kind, seq, payload), us) if f[1] == seq]
        answers += self._later(seq) if not answers else []
        assert len(answers) == 1, answers
        return answers[0][0], answers[0][2]

    def _later(self, seq: int) -> list[tuple[int, int, bytes]]:
        return []

    def refused(self, kind: int, payload: bytes = b"") -> int:
        """The NACK code of a command that must be refused."""
        answer, body = self.ask(kind, payload)
        assert answer == Reply.NACK, hex(answer)
        assert body[0] == kind
        return body[1]

    def accepted(self, kind: int, payload: bytes = b"", us: int = 2000) -> bytes:
        answer, body = self.ask(kind, payload, us)
        assert answer == Reply.ACK, (hex(answer), body)
        return body[5:]

    def hello(self, nonce: int = 0xABCD) -> None:
        self.nonce = nonce
        kind, body = self.ask(Command.HELLO, struct.pack("<BI", 1, nonce))
        assert kind == Reply.HELLO
        told = HELLO.unpack(body)
        self.board = told[2]
        self.n_sites, self.n_slots, self.queue_len, self.min_lead_us, self.caps, self.boot_id = *told[3:6], told[7], *told[14:]

    def body(self, *entries: tuple[int, int, int, int]) -> bytes:
        """Entries as (site, delay us, width us, level)."""
        return b"".join(struct.pack("<BHHB", s, d // 4, w // 4, v) for s, d, w, v in entries)

    def stage(self, slot: int, body: bytes) -> None:
        pieces = [body[k : k + 240] for k in range(0, len(body), 240)]
        for k, piece in enumerate(pieces):
            self.accepted(Command.DEFINE, bytes([slot, k << 4 | len(pieces) - 1]) + piece, 8000)

    def commit_payload(self, slot: int, body: bytes) -> bytes:
        return bytes([slot]) + struct.pack(">H", codec.crc16(body))

    def define(self, slot: int, *entries: tuple[int, int, int, int]) -> int:
        body = self.body(*entries)
        self.stage(slot, body)
        return self.accepted(Command.COMMIT, self.commit_payload(slot, body))[0]

    def commit_refused(self, *entries: tuple[int, int, int, int]) -> int:
        body = self.body(*entries)
        self.stage(7, body)
        return self.refused(Command.COMMIT, self.commit_payload(7, body))

    def arm(self, max_pulses: int = 0, nonce: int = 0xABCD) -> None:
        self.hello(nonce)
        self.accepted(Command.DISARM)
        self.accepted(Command.ARM, struct.pack("<II", self.nonce ^ self.boot_id, max_pulses))
        self.beat()

    def beat(self) -> None:
        self.count += 1
        self.core.receive(codec.encode(Command.HEARTBEAT, 0, struct.pack("<I", self.count)), self.now)

    def tick_in(self, us: float) -> int:
        """The device tick that comes `us` from now."""
        return self.core.device_ns(self.now + round(us * 1000)) // 500

    def fire_payload(self, slot: int, gen: int, us: float, flags: int = 0) -> bytes:
        return struct.pack("<BBIB", slot, gen, self.tick_in(us) & 0xFFFFFFFF, flags)

    def run(self, ms: float, beat: bool = True) -> None:
        """Let time pass with a heartbeat every 20 ms."""
        end = self.now + round(ms * MS)
        while self.now < end:
            if beat:
                self.beat()
            self.pass_us(min(20_000, (end - self.now) / 1000))
        self.read()

    def lights(self) -> list[tuple[float, int, int]]:
        return [(float(e["device_us"]), int(e["led"]), int(e["level"])) for e in self.core.edges()]

    def same_lights(self, expected: list[tuple[float, int, int]]) -> bool:
        """The light since it was last asked is this, as exactly as the board can."""
        lights = self.lights()
        assert [(led, level) for _, led, level in lights] == [(led, level) for _, led, level in expected], lights
        return all(abs(a[0] - b[0]) <= self.edge_us for a, b in zip(lights, expected, strict=True))

    def event(self, kind: int) -> list[bytes]:
        found = [p for t, p in self.events if t == kind]
        self.events = [e for e in self.events if e[0] != kind]
        return found


class AvrBench(Bench):
    """The same with the real firmware of the ATmega2560 under simavr."""

    edge_us = 1.0
    react_us = 1000.0
    guard_us = 1100.0

    def _board(self, **core: Any) -> avr_board.AvrBoard:
        assert not core
        return avr_board.AvrBoard()

    def _later(self, seq: int) -> list[tuple[int, int, bytes]]:
        """It thinks longer than a computer; it still answers."""
        for _ in range(40):
            self.pass_us(500)
            if found := [f for f in self.read() if f[1] == seq]:
                return found
        return []


def armed_with_slot_1(bench: Any) -> Any:
    """Slot 1: site 3, 5 ms."""
    bench.arm()
    assert bench.define(1, (3, 0, 5000, 255)) == 1
    bench.run(1)
    return bench


def safe_causes(bench: Any) -> list[int]:
    """Why the board went dark, each time since it was last asked."""
    return [struct.unpack("<HBIB", e)[1] for e in bench.event(Reply.SAFE)]
