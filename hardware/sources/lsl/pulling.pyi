from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.hardware.sources.intake import Intake

class Pulled(NamedTuple):
    lost: bool
    taken_s: NDArray[np.float64]
    stamps_s: NDArray[np.float64]
    block_uv: NDArray[np.float32]
    host_ns: int
    ages_s: NDArray[np.float64]

class Puller:
    def __init__(self, function: int, n_channels: int, index: ArrayLike, scale_uv: ArrayLike, fs_hz: float, intake: Intake) -> None: ...
    def attach(self, inlet: int) -> None: ...
    def follow(self, counter: int, due_s: float) -> None: ...
    def pull(self, longest_s: float) -> Pulled: ...
