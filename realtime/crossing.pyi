import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

class Crossing:
    look_s: float
    longest_s: float
    def __init__(self, fs_hz: float, band_hz: tuple[float, float], longest_delay_s: float) -> None: ...

def follow(phases: Array, fs_hz: float, band_hz: tuple[float, float], longest_delay_s: float) -> Array: ...
def samples_of_a_look(fs_hz: float, band_hz: tuple[float, float], longest_delay_s: float) -> int: ...
