import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.calibration import Calibration

RECORD_SIZE: int
FREQUENCY_COLUMNS: list[int]

def forecast_records(
    records: NDArray[np.float64], calibration: Calibration, horizon_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
