import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.calibration import Calibration

RECORD_SIZE: int
OWN_COLUMN: int
FREQUENCY_COLUMNS: list[int]
COVARIANCE_COLUMNS: list[int]

def forecast_records(
    records: NDArray[np.float64], calibration: Calibration, horizon_s: NDArray[np.float64], own: NDArray[np.complex64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
