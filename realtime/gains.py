"""How strongly each channel shows what its neighbours show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

Array = NDArray[np.float64]


def relative_gains(x: Array, modes: Array, used: NDArray[np.bool_], fs_hz: float, band_hz: tuple[float, float]) -> Array:
    """Gain of each channel relative to the others', from the smooth pattern in the band that the others show at its place.

    Parameters
    ----------
    x : (n, m) uV.
    modes : (m, r) orthonormal smooth modes over the channels in use; the first ones are the smoothest.
    used : (m,) channels that take part.
    fs_hz, band_hz : rate and band.

    Returns
    -------
    (m,) 1 is usual; NaN where it can't be told: channels left out, and all of them when there are fewer than six.

    Notes
    -----
    Each channel is regressed on the projection of the others (leave-one-out, by the hat matrix: Cook & Weisberg 1982, Residuals and
    Influence in Regression). A mode for four channels at most, or noise is carried around. The figure is rough:
    a fifth off on synthetic waves of 0 dB is usual.
    """
    gains = np.full(len(used), np.nan)
    n_used = int(used.sum())
    if n_used < 6:
        return gains
    B = modes[used][:, : max(2, n_used // 4)]
    y = sosfilt(butter(2, band_hz, "bandpass", fs=fs_hz, output="sos"), x[:, used] - x[0, used], axis=0)[round(fs_hz / 2) :]
    own = np.sum(B * B, axis=1)
    others = ((y @ B) @ B.T - own * y) / np.maximum(1 - own, 0.05)
    slope = np.sum(y * others, axis=0) / np.maximum(np.sum(others * others, axis=0), 1e-30)
    middle = float(np.median(slope))
    if middle > 0:
        gains[used] = slope / middle
    return gains
