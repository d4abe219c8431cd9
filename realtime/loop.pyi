from typing_extensions import Buffer
from wavestim.realtime.calibration import Calibration
from wavestim.realtime.engine import Engine
from wavestim.realtime.ring import Ring
from wavestim.realtime.scheduler import Scheduler

def now_ns() -> int: ...

class Loop:
    heartbeats: int
    turns: int
    stopped: bool
    stalled: bool
    n_stalls: int
    n_waits: int
    def __init__(
        self,
        ring: Ring,
        engine: Engine,
        scheduler: Scheduler | None = None,
        stop_byte: Buffer | None = None,
        hold_for_calibration: bool = False,
    ) -> None: ...
    def turn_at(self, now_ns: int) -> int: ...
    def run(self, priority: int = 0) -> tuple[int, int]: ...
    def swap_calibration(self, calibration: Calibration) -> None: ...
    def wait_percentile_us(self, percent: float) -> float: ...
    def quit(self) -> None: ...
    def resume_after_stall(self) -> None: ...
