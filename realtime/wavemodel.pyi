import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.calibration import Calibration

RECORD_SIZE: int
FREQUENCY_COLUMNS: list[int]

class WaveModel:
    m: int
    r: int
    fs: float
    tau_freq: float
    def __init__(self, calibration: Calibration, fs_hz: float) -> None: ...
    def log_likelihood(self, y: NDArray[np.float64]) -> float: ...
    def run(self, y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

def forecast_records(
    records: NDArray[np.float64],
    modes: NDArray[np.float64],
    xy: NDArray[np.float64],
    horizon_s: NDArray[np.float64],
    tau_freq_s: float,
    var_freq: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
