from numpy import complex64
from numpy.typing import ArrayLike, NDArray

class Network:
    n_units: int
    n_runs: int
    dt_s: float
    def __init__(
        self,
        n_units: int,
        first: ArrayLike,
        source: ArrayLike,
        weight: ArrayLike,
        delay_s: ArrayLike,
        *,
        dt_s: float = 1e-3,
        tau_s: float = 5e-3,
        frequency_hz: float = 15.0,
        saturation: float = 1.0,
        noise: float = 0.0,
        n_runs: int = 1,
        seed: int = 0,
    ) -> None: ...
    @property
    def z(self) -> NDArray[complex64]: ...
    def advance(self, steps: int, drive: ArrayLike) -> None: ...
