import numpy as np
from numpy.typing import NDArray

OUTCOMES: tuple[str, ...]
DISPATCH: np.dtype[np.void]

class Scheduler:
    min_lead_us: float
    max_uncertainty_us: float
    n_lost: int
    def __init__(self, port: object, min_lead_us: float, max_uncertainty_us: float = 250.0, hand_slot: int = 255) -> None: ...
    def publish_clock(
        self,
        sample0: float,
        device_ns_at_sample0: float,
        ns_per_sample: float,
        host_ns0: float,
        device_ns_at_host0: float,
        device_per_host: float,
        uncertainty_ns: float,
        valid: bool = True,
    ) -> None: ...
    def take(self) -> NDArray[np.void]: ...
