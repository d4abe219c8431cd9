import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.calibration import Calibration

def lanes_of(used: NDArray[np.bool_]) -> NDArray[np.intp]: ...

class Residual:
    def __init__(self, calibration: Calibration, fs_hz: float) -> None: ...
