import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.calibration import Calibration

class WaveModel:
    m: int
    r: int
    fs: float
    def __init__(self, calibration: Calibration, fs_hz: float) -> None: ...
    def log_likelihood(self, y: NDArray[np.float64]) -> float: ...
    def run(self, y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
