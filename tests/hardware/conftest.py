"""Boards for the tests: the firmware in memory or emulated, the driver with one in simulated time, stand-ins of drivers that labs own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from support import avr_board
from support.firmware_bench import AvrBench, Bench, armed_with_slot_1
from support.light_boards import DRIVERS, Host, Served
from wavestim.hardware.firmware.emulator import FirmwareCore, VirtualClock
from wavestim.hardware.lights import PatternEntry
from wavestim.hardware.lights.wavelight import Wavelight, open_virtual
from wavestim.hardware.lights.wavelight.link import press

MS = 1_000_000


class Desk:
    """The driver with a board in memory under one simulated clock."""

    def __init__(self) -> None:
        self.clock = VirtualClock(5 * MS)
        self.core = FirmwareCore(25, boot_ns=-777_777_777, drift_ppm=40)
        self.light: Wavelight = open_virtual(self.core, self.clock)
        self.port = self.light.port()
        self.count = 0
        self.events: list[object] = []
        self.samples: list[object] = []

    def flash(self, slot: int = 0, site: int = 3, width_us: int = 5000) -> None:
        self.light.upload(slot, [PatternEntry(site, 0, width_us, 255)])

    def fire(self, decision: int, in_us: float, slot: int = 0, flags: int = 0) -> int:
        """Order light; returns the device time, ns."""
        device = self.core.device_ns(self.clock.now_ns + round(in_us * 1000)) // 500 * 500
        assert press(self.port, "fire", decision, slot, flags, device) == 0
        return device

    def run(self, ms: int, beat: bool = True) -> None:
        for k in range(ms):
            if beat and k % 20 == 0:
                self.count += 1
                press(self.port, "heartbeat", value=self.count)
            self.clock.now_ns += MS
            self.core.advance(self.clock.now_ns)
            events, samples = self.light.poll()
            self.events += events
            self.samples += samples


@pytest.fixture(scope="session")
def emulated() -> type[AvrBench]:
    """The emulated board; where it cannot be built the test is skipped and says what is missing."""
    if reason := avr_board.missing():
        pytest.skip(reason)
    return AvrBench


@pytest.fixture(params=["core", "atmega2560"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Every board that runs the firmware core."""
    kind: type[Bench] = Bench if request.param == "core" else request.getfixturevalue("emulated")
    return kind()


@pytest.fixture
def avr(emulated: type[AvrBench]) -> AvrBench:
    """The emulated board, armed. Slot 1: site 3, 5 ms."""
    return armed_with_slot_1(emulated())


@pytest.fixture
def armed(bench: Bench) -> Bench:
    """Slot 1: site 3, 5 ms."""
    return armed_with_slot_1(bench)


@pytest.fixture
def desk() -> Iterator[Desk]:
    d = Desk()
    yield d
    d.light.close()


@pytest.fixture
def new_bench() -> type[Bench]:
    return Bench


@pytest.fixture
def served_by_name() -> Iterator[Callable[[str], Served]]:
    """The stand-in of a driver, by its name."""
    made: list[Served] = []

    def make(name: str) -> Served:
        made.append(Served(DRIVERS[name]))
        return made[-1]

    yield make
    for served in made:
        served.close()


@pytest.fixture
def host_of(served_by_name: Callable[[str], Served]) -> Iterator[Callable[[str], Host]]:
    """A driver opened at its stand-in, by its name."""
    made: list[Host] = []

    def make(name: str) -> Host:
        served = served_by_name(name)
        made.append(Host(served, served.open()))
        return made[-1]

    yield make
    for host in made:
        host.light.close()
