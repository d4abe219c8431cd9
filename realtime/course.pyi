from wavestim.realtime.config import CourseConfig

class Course:
    position: int
    n_trials: int
    per_block: int
    dark_to: float
    in_opening: int
    def __init__(self, config: CourseConfig, fs_hz: float) -> None: ...
    def gate_open_at(self, sample: float) -> bool: ...
