import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.calibration import Calibration

Array = NDArray[np.float64]

class TravelTime:
    m: int
    r: int
    site: int
    def __init__(self, calibration: Calibration, site: int) -> None: ...

def travel_times(records: Array, kinds: NDArray[np.intc], calibration: Calibration, site: int) -> tuple[Array, Array]: ...
