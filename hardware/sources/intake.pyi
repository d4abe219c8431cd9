import numpy as np
from numpy.typing import NDArray

KINDS: tuple[str, ...]

class Intake:
    dtype: np.dtype[np.float32] | np.dtype[np.int16]
    blocks: int
    samples: int
    lost: int
    gaps: int
    late: int
    duplicated: int
    garbled: int
    restarts: int
    skipped: int
    overflowed: int
    untold: int
    first_counter: int
    last_host_ns: int
    @property
    def next_sample(self) -> int: ...
    def __init__(self, fs_hz: float, n_channels: int, sink: object) -> None: ...
    def block(self, counter: int, samples: NDArray[np.float32] | NDArray[np.int16], host_ns: int | None = None) -> int: ...
    def restarted(self) -> None: ...
    def was_garbled(self, n: int = 1) -> None: ...
    def was_untold(self, n: int = 1) -> None: ...
    def event(self, counter: int, kind: str, value: int = 0) -> None: ...
    def sample(self, counter: int) -> int: ...
    def take_events(self) -> list[tuple[int, str, int]]: ...
