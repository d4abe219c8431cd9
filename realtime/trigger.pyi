from wavestim.realtime.config import CourseConfig, LightPlan, TriggerConfig
from wavestim.realtime.governor import Governor

class Trigger:
    def __init__(
        self,
        config: TriggerConfig,
        plan: LightPlan,
        fs_hz: float,
        tick_s: float,
        seed: int,
        course: CourseConfig,
        governor: Governor | None = None,
    ) -> None: ...
    def slot_for(self, condition: int, direction_deg: float, speed_mm_s: float) -> int: ...
