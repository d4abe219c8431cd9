from collections.abc import Callable, Sequence
from typing import Any

from numpy import float32, float64, int16
from numpy.typing import NDArray

from .cortex import Sheet

DRIFT_BLOCK: int
NOISE_BLOCK: int

class Tissue:
    steps: int
    samples: int
    late_edges: int
    def __init__(
        self,
        sheet: Sheet,
        order: NDArray[Any],
        drift: Callable[[], NDArray[float64]],
        noise: Callable[[], NDArray[float32]],
        taps: tuple[NDArray[Any], NDArray[Any]],
        light: dict[str, Any],
        tokens: NDArray[Any],
        token_steps: int,
        window: Sequence[NDArray[Any]],
        gain_uv: float,
        steps_per_sample: int,
    ) -> None: ...
    @property
    def tokens(self) -> list[tuple[int, int]]: ...
    def add_edge(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None: ...
    def read(self, out: NDArray[float32], phase: NDArray[int16], state: NDArray[float32]) -> int: ...
