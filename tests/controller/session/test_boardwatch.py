"""A board that was unplugged or reset comes back dark: with its patterns and a clock learned anew, and never armed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from wavestim.controller.experiment import load_experiment
from wavestim.controller.session.boardwatch import BoardWatch
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import LightError, PatternEntry
from wavestim.hardware.lights.wavelight import Link, Wavelight
from wavestim.hardware.lights.wavelight.simline import SimulatedLine

MS = 1_000_000


class Bench:
    """A board behind a line that can be pulled out, and as much of a session as the watch looks at."""

    def __init__(self) -> None:
        self.clock = VirtualClock(MS)
        self.core = FirmwareCore(2, boot_ns=-999_999, drift_ppm=-20)
        self.line = SimulatedLine(self.core, out_ns=[30_000, 80_000, 55_000], back_ns=[40_000, 90_000])
        self.plugged = True
        self.light = Wavelight(
            Link(-1, self.core, self.clock, self.line),
            "the board",
            answer_s=0.05,
            nonce=8,
            on_reopen=lambda: self.plugged and not self.line.plug(),
        )
        self.device_clock = DeviceClock()
        self.markers: list[tuple[str, str]] = []
        self.published: list[int] = []
        self.posted: list[str] = []
        recorder: Any = SimpleNamespace(
            hear=lambda: self.device_clock.add(self.light.poll()[1]),
            publish=lambda now, force: self.published.append(now),
            journal=SimpleNamespace(append_marker=lambda sample, name, words: self.markers.append((name, words))),
            engine=SimpleNamespace(post=lambda kind, value: self.posted.append(kind)),
            last_sample=17,
        )
        assembly: Any = SimpleNamespace(
            experiment=load_experiment("every-cycle"),
            plan=SimpleNamespace(slots=[SimpleNamespace(entries=[PatternEntry(k, 0, 4000, 255)]) for k in range(2)]),
        )
        self.watch = BoardWatch(self.light, assembly, self.device_clock, recorder)
        for slot in assembly.plan.slots:
            self.light.upload(assembly.plan.slots.index(slot), slot.entries)
        self.ping(20)
        self.light.arm()

    def ping(self, count: int) -> None:
        for _ in range(count):
            self.light.ping()
            self.clock.now_ns += 50 * MS
            self.core.advance(self.clock.now_ns)
            self.device_clock.add(self.light.poll()[1])
            self.device_clock.fit(self.clock.now_ns)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def knows_the_time(bench: Bench) -> bool:
    line = bench.device_clock.fit(bench.clock.now_ns)
    assert line is not None
    return abs(line(float(bench.clock.now_ns)) - bench.core.device_ns(bench.clock.now_ns)) < line.uncertainty < 250_000


def test_nothing_happens_while_nothing_happens(bench: Bench) -> None:
    bench.ping(5)
    assert not bench.watch.came_back(bench.clock.now_ns)
    assert bench.markers == []


def test_a_cable_that_was_out(bench: Bench) -> None:
    bench.line.unplug()
    bench.plugged = False
    bench.light.poll()
    assert not bench.watch.came_back(bench.clock.now_ns)
    bench.core.reset(0, boot_id=77)  # it lost its power too
    bench.plugged = True
    assert not bench.watch.came_back(bench.clock.now_ns + 1)  # it does not look all the time
    bench.clock.now_ns += 5000 * MS
    assert bench.watch.came_back(bench.clock.now_ns)
    assert [name for name, _ in bench.markers] == ["board-back"]
    assert "needs arming" in bench.markers[0][1]
    assert bench.core.state == "idle"
    assert bench.light.link.knows(0)
    assert bench.light.link.knows(1)
    assert len(bench.published) == 1
    assert knows_the_time(bench)


def test_a_board_that_started_anew_by_itself(bench: Bench) -> None:
    bench.core.reset(4, boot_id=78)
    bench.ping(5)
    assert bench.device_clock.steps == 1
    assert bench.watch.came_back(bench.clock.now_ns)
    assert [name for name, _ in bench.markers] == ["board-reset"]
    assert bench.posted == ["pause"]
    assert bench.core.state in ("safe", "idle")
    assert knows_the_time(bench)
    bench.light.arm()
    assert bench.core.state == "armed"


def test_a_board_that_does_not_answer_is_written_down(bench: Bench) -> None:
    bench.core.reset(4, boot_id=79)
    bench.ping(5)
    bench.core.freeze(bench.clock.now_ns + 60_000 * MS)
    assert not bench.watch.came_back(bench.clock.now_ns)
    assert [name for name, _ in bench.markers] == ["board-silent"]


def test_a_board_that_answers_again_is_looked_after(bench: Bench) -> None:
    bench.core.reset(4, boot_id=79)
    bench.ping(5)
    bench.core.freeze(bench.clock.now_ns + 2000 * MS)
    for _ in range(20):
        if bench.watch.came_back(bench.clock.now_ns):
            break
        bench.clock.now_ns += 500 * MS
        bench.core.advance(bench.clock.now_ns)
    assert [name for name, _ in bench.markers] == ["board-silent", "board-reset"]
    assert bench.light.link.knows(0)
    assert knows_the_time(bench)


@pytest.mark.parametrize("cable", [True, False])
def test_a_board_that_fails_while_it_is_made_ready_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch, cable: bool) -> None:
    upload, refusals = bench.light.upload, ["the light at the board refused pattern for slot 1"] * 2

    def upload_at_the_third_try(slot: int, entries: Any) -> None:
        if slot == 1 and refusals:
            raise LightError(refusals.pop())
        upload(slot, entries)

    monkeypatch.setattr(bench.light, "upload", upload_at_the_third_try)
    if cable:
        bench.line.unplug()
        bench.light.poll()
    bench.core.reset(0, boot_id=77)
    bench.ping(5)
    tries = 0
    while not bench.watch.came_back(bench.clock.now_ns):
        tries += 1
        assert tries < 40
        assert not bench.light.link.knows(1)
        assert not bench.watch.ready
        bench.clock.now_ns += 500 * MS
        bench.core.advance(bench.clock.now_ns)
    assert tries > 10  # it does not ask all the time
    assert [name for name, _ in bench.markers] == ["board-silent", "board-back" if cable else "board-reset"]
    assert bench.light.link.knows(1)
    assert bench.watch.ready
    assert knows_the_time(bench)
