from numpy import complex128, float64
from numpy.typing import NDArray

class Sheet:
    nx: int
    ny: int
    pitch_mm: float
    dt_s: float
    def __init__(
        self,
        nx: int,
        ny: int,
        pitch_mm: float,
        dt_s: float,
        *,
        coupling_per_s: float,
        restoring_per_s: float,
        reach_mm: float,
        asymmetry: float,
        slowest_mm_s: float,
        plane_edges: bool = True,
        x0_mm: float = 0.0,
        y0_mm: float = 0.0,
    ) -> None: ...
    @property
    def units_mm(self) -> NDArray[float64]: ...
    @property
    def z(self) -> NDArray[complex128]: ...
    def start(self, omega: float, kx: float, ky: float, amplitude: float, phases: NDArray[float64] | None = None) -> None: ...
