import numpy as np
from numpy.typing import NDArray

class Telemetry:
    n_dropped: int
    def __init__(self, every: int) -> None: ...
    def take(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]: ...
