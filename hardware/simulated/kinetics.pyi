from typing import Any

from numpy import float64
from numpy.typing import NDArray

class Photocycle:
    n: int
    def __init__(self, n: int, rates: dict[str, Any]) -> None: ...
    def advance(self, flux: NDArray[float64], dt_ms: float) -> NDArray[float64]: ...
