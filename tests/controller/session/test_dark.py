"""Whatever stops, and whenever: dark within the board's timeout, and nothing shines afterwards until somebody arms again.

Loop, scheduler, driver and firmware as in a session, under a simulated clock; 200 random moments for each fault, most with light on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from support.waves import make
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import PatternEntry
from wavestim.hardware.lights.wavelight import Link, Wavelight
from wavestim.hardware.lights.wavelight.link import press
from wavestim.hardware.lights.wavelight.simline import SimulatedLine
from wavestim.realtime import EngineConfig, TriggerConfig
from wavestim.realtime.engine import Engine
from wavestim.realtime.loop import Loop
from wavestim.realtime.ring import Ring
from wavestim.realtime.scheduler import Scheduler

MS = 1_000_000
MOMENTS = 200
LEDS, PULSE_MS, PERIOD_MS, HORIZON_MS = 10, 20, 25, 80
TIMEOUT_NS = 100 * MS
FRAME_NS = 16 * 20_000
"""A heartbeat or an abort on its way to the board."""
XY = np.array([[0.0, 0.0]])


class Session:
    """Light all the time: one LED after the other for 20 of 25 ms, ordered 80 ms ahead."""

    def __init__(self) -> None:
        self.clock = VirtualClock(MS)
        self.core = FirmwareCore(LEDS, boot_ns=-55_555_555, drift_ppm=25)
        self.line = SimulatedLine(self.core)
        self.light = Wavelight(
            Link(-1, self.core, self.clock, self.line), "the board", answer_s=0.05, nonce=3, on_reopen=lambda: self.line.plug() or True
        )
        named = [
            SimpleNamespace(
                name=f"led {k}",
                dark=False,
                heading="none",
                heading_deg=0,
                offset_deg=0,
                slot0=k,
                n_headings=1,
                speeds_mm_s=(),
            )
            for k in range(LEDS)
        ]
        slots = [SimpleNamespace(name=f"led {k}", lead_ms=0.0, duration_ms=float(PULSE_MS), reaches=True) for k in range(LEDS)]
        plan = SimpleNamespace(slots=slots, conditions=named, sequence=np.arange(10_000, dtype=np.int16) % LEDS)
        trigger = TriggerConfig(horizon_ms=HORIZON_MS, refractory_ms=0, policy="open-loop", period_ms=PERIOD_MS)
        self.engine = Engine(
            EngineConfig(fs_hz=1000, positions_mm=XY, band_hz=(8, 24), trigger=trigger, plan=plan, mask_own_light=False, renew=False)
        )
        self.ring = Ring(1, 4096)
        self.scheduler = Scheduler(self.light.port(), self.light.info.min_lead_us + 340.0)
        self.loop = Loop(self.ring, self.engine, self.scheduler, hold_for_calibration=True)
        self.wave = make("planar", seed=1, seconds=3.0, xy=XY, snr_db=10)[0]
        self.sample = 0
        self.host0 = self.clock.now_ns
        self.upload()
        self.run(4000)
        self.engine.post("arm")
        self.light.arm()

    def upload(self) -> None:
        for k in range(LEDS):
            self.light.upload(k, [PatternEntry(k, 0, PULSE_MS * 1000, 255)])

    def run(self, ms: int, *, samples: bool = True, turns: bool = True) -> None:
        for _ in range(ms):
            self.clock.now_ns += MS
            self.core.advance(self.clock.now_ns)
            if samples:
                self.ring.push(self.wave[self.sample % len(self.wave)][None], self.sample, self.clock.now_ns)
                self.sample += 1
            if turns:
                self.loop.turn_at(self.clock.now_ns)
                if self.engine.wants_calibration:
                    self.engine.apply_calibration(self.engine.learn())
            self.light.poll()
            if self.sample % 100 == 0:  # what nobody writes down is not fired
                self.engine.take_decisions(), self.scheduler.take(), self.engine.take_events(), self.ring.take()

    def publish(self) -> None:
        """The clocks are known; samples are numbered without a gap while host time goes on."""
        now = self.clock.now_ns
        device = self.core.device_ns(now)
        self.scheduler.publish_clock(self.sample - 1.0, device, 1e6 * (1 + 25e-6), now, device, 1 + 25e-6, 1000.0)

    def again(self) -> None:
        """Somebody has looked, and arms again."""
        self.light.reopen()
        self.light.disarm()
        self.upload()
        self.loop.resume_after_stall()
        self.run(5)  # what had piled up is past
        self.publish()
        self.light.arm()
        self.engine.post("resume")

    def edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Times of light on and off since the last call, ns."""
        found = self.core.host_edges()
        return found["host_ns"][found["level"] > 0], found["host_ns"][found["level"] == 0]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    s = Session()
    s.publish()
    yield s
    s.light.close()


def engine_stalls(s: Session) -> None:
    s.run(300, turns=False)


def samples_stop(s: Session) -> None:
    s.run(300, samples=False)


def cable_is_pulled(s: Session) -> None:
    s.line.unplug()
    s.run(300)


def host_hangs(s: Session) -> None:
    """The process is stopped or dead and the line stays up."""
    s.run(300, turns=False, samples=False)


def heartbeat_stops(s: Session) -> None:
    """Orders still come, as from a program that lives on without its loop."""
    port = s.light.port()
    for k in range(300):
        if k % PERIOD_MS == 0:
            press(port, "fire", -1, k // PERIOD_MS % LEDS, 0, s.core.device_ns(s.clock.now_ns + HORIZON_MS * MS))
        s.run(1, turns=False)


@pytest.mark.parametrize(
    ("fault", "within_ns"),
    [
        (engine_stalls, TIMEOUT_NS + FRAME_NS),
        (samples_stop, TIMEOUT_NS + MS + FRAME_NS),  # the loop sees it at its next turn
        (cable_is_pulled, 0),
        (host_hangs, TIMEOUT_NS + FRAME_NS),
        (heartbeat_stops, TIMEOUT_NS + FRAME_NS),
    ],
)
def test_dark_within_the_timeout_and_nothing_after(session: Session, fault: Callable[[Session], None], within_ns: int) -> None:
    rng = np.random.default_rng(11)
    lit_before = 0
    for _ in range(MOMENTS):
        session.again()
        session.run(int(rng.integers(HORIZON_MS + 40, HORIZON_MS + 120)))
        session.clock.now_ns += int(rng.integers(0, MS))
        session.core.advance(session.clock.now_ns)
        lit_before += bool(session.core.lit)
        on, _ = session.edges()
        assert len(on) > 0  # the positive control: light was being fired
        begin = session.clock.now_ns
        fault(session)
        on, off = session.edges()
        assert not session.core.lit
        assert max([*on, *off], default=0) <= begin + within_ns
        session.run(40)  # samples and loop are back: that is not enough
        on, _ = session.edges()
        assert len(on) == 0
    assert lit_before > MOMENTS / 2
