from wavestim.realtime.calibration import Calibration

WHY: tuple[str, ...]
MEMORY_S: float
STEP_S: float
CLIP: float

class Watch:
    stale: bool
    why: int
    def __init__(self, calibration: Calibration, rate_hz: float) -> None: ...
    @property
    def values(self) -> dict[str, float]: ...
