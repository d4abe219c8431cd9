"""A calibration: what the wave model has to know of a recording before it can track, and the constants that it works with.

It is made by :func:`wavestim.realtime.calibrate`. As bytes it goes into files and journals, and comes back to the bit.
"""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
FORMAT = 5


@dataclass(frozen=True)
class ModelOptions:
    """Time constants and spreads of the wave model; see ``docs/wave-model.md`` for where each comes from."""

    relearn_s: float = 1.0
    noise_memory_s: float = 60.0
    flank_hz: tuple[float, float] = (2.0, 60.0)
    guard_hz: float = 1.0
    line_hz: float = 50.0
    q_amp: float = 1e-3
    tau_amp_s: float = 0.5
    sd_freq: float = 0.08
    tau_freq_s: float = 0.6
    sd_k_extent: float = 0.36
    """SD of the wave vector in radians at the edge of the array: a scale that fits any layout."""
    tau_k_s: float = 2.0
    tau_mean_k_s: float = 8.0
    tau_mean_freq_s: float = 10.0
    tau_mean_amp_s: float = 8.0
    huber: float = 3.0
    refresh_s: float = 0.008
    tau_pattern_s: float = 1.0
    pattern_floor: float = 0.1
    travel_looks: float = 24.0
    """Independent looks at the band that are remembered to see whether anything travels."""
    travel_chance: float = 0.005
    evidence_tau_s: float = 0.5
    evidence_prior: float = 2.0


@dataclass(frozen=True)
class Calibration:
    """A calibrated wave model; everything that LAPACK or a random generator had a hand in is stored, so that it is the same everywhere."""

    band_hz: Array
    fs_hz: float
    n_samples: int
    used: NDArray[np.bool_]
    layout_mm: Array
    rotation: Array
    modes: Array
    gradient: Array
    beta: float
    shaper_sos: Array
    colour_phase_rad: Array
    colour_gain: Array
    flank_sos: tuple[Array, ...]
    band_sos: Array
    widths_hz: Array
    noise_cov: Array
    in_band_cov: Array
    omega_rad_s: float
    amplitude_uv: float
    k_rad_mm: Array
    sd_k_rad_mm: Array
    k_max_rad_mm: float
    pattern: NDArray[np.complex128]
    n_pattern: float
    step_power: float
    local_front_sos: Array
    local_stride: int
    local_taps: int
    local_ahead: int
    local_covariance: Array
    local_noise: Array
    hindsight_taps: NDArray[np.complex128]
    hindsight_noise_gain: float
    travel_tau_s: float
    travel_seen: Array
    travel_re: Array
    travel_im: Array
    evidence_threshold: float
    evidence_scale: float
    options: ModelOptions = field(default_factory=ModelOptions)
    residual_covariance: Array = field(default_factory=lambda: np.zeros(0))
    """Of what the electrodes have beyond the modes; empty where that is not looked at."""
    residual_taps: NDArray[np.complex128] = field(default_factory=lambda: np.zeros(0, dtype=np.complex128))
    residual_drift: Array = field(default_factory=lambda: np.zeros((1, 6)))
    residual_noise: float = 0.0
    """Its background, summed over the electrodes that teach, over that of the modes."""
    watch_whitening: Array = field(default_factory=lambda: np.zeros((0, 1, 1)))
    watch_weights: Array = field(default_factory=lambda: np.zeros((2, 0)))
    watch_centre: Array = field(default_factory=lambda: np.zeros(5))
    watch_limit: Array = field(default_factory=lambda: np.full(5, np.inf))
    usual_change: float = 0.0
    usual_spread: float = 0.0

    def to_bytes(self) -> bytes:
        """The calibration as an ``.npz`` in memory; the same values give the same bytes."""
        arrays: dict[str, object] = {"format": FORMAT, "n_flanks": len(self.flank_sos)}
        for f in fields(self):
            if f.name == "flank_sos":
                arrays.update({f"flank_sos_{i}": sos for i, sos in enumerate(self.flank_sos)})
            elif f.name == "options":
                arrays.update({f"option_{k}": v for k, v in asdict(self.options).items()})
            else:
                arrays[f.name] = getattr(self, f.name)
        out = io.BytesIO()
        np.savez(out, allow_pickle=False, **{k: np.asarray(v) for k, v in arrays.items()})
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Calibration:
        """Read what :meth:`to_bytes` wrote.

        Raises
        ------
        ValueError
            When the bytes are of another format version.
        """
        with np.load(io.BytesIO(data), allow_pickle=False) as z:
            if int(z["format"]) != FORMAT:
                raise ValueError(f"calibration format {int(z['format'])} is not the {FORMAT} that this version reads: calibrate again")
            values: dict[str, Any] = {}
            for f in fields(cls):
                if f.name == "flank_sos":
                    values[f.name] = tuple(z[f"flank_sos_{i}"] for i in range(int(z["n_flanks"])))
                elif f.name == "options":
                    options: dict[str, Any] = {}
                    for o in fields(ModelOptions):
                        v = z[f"option_{o.name}"]
                        options[o.name] = tuple(v.tolist()) if v.ndim else v.item()
                    values[f.name] = ModelOptions(**options)
                else:
                    values[f.name] = z[f.name] if z[f.name].ndim else z[f.name].item()
        return cls(**values)
