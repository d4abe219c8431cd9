"""The electrodes, from samples heard in the dark: which are bad, whether microvolts are microvolts, and how loud the mains are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, iirnotch, sosfilt, tf2sos, welch
from wavestim.controller.preflight.finding import Finding, amber, green, red, unlooked
from wavestim.controller.preflight.heard import Array
from wavestim.realtime.colour import MAINS_HZ
from wavestim.realtime.electrodes import channel_faults

MANY = 0.2
"""Part of the channels that may be bad before the array is."""
USUAL_UV, POSSIBLE_UV = (5.0, 1000.0), (1.0, 5000.0)
"""Field potentials between 2 and 100 Hz have such an RMS; beyond the wider limits a unit or a gain is wrong."""
RANGE_HZ = (2.0, 100.0)
BANK = 3.0
"""So many times louder or fainter than the median is another gain, not another place."""
HUM_AMBER_DB, HUM_RED_DB = 10.0, 30.0
"""The mains' line above the spectrum beside it, median over channels."""
MAINS_Q = 8.0
HUM_LOUD = 1.0
"""… and as strong as all of the field potential: it will clip, and reach into the band."""


def check_channels(x: Array, excluded: NDArray[np.bool_], site: int) -> tuple[Finding, NDArray[np.bool_]]:
    """Which channels are dead, shorted, noisy or faint; and a mask of the good ones.

    Parameters
    ----------
    x : (n, m) uV.
    excluded : (m,) left out by the experiment.
    site : the electrode at which the phase counts.
    """
    faults = channel_faults(x, excluded)
    faults[~np.isfinite(x).all(axis=0) & (faults == "")] = "lost"
    good, bad = faults == "", np.flatnonzero((faults != "") & (faults != "excluded"))
    named = [{"channel": int(i), "reason": str(faults[i])} for i in bad]
    figures = {"bad": named, "excluded": np.flatnonzero(faults == "excluded").tolist()}
    if not len(bad):
        left_out = int((faults == "excluded").sum())
        return green(
            "channels", f"{int(good.sum())} good" + (f", {left_out} left out by the experiment" if left_out else ""), **figures
        ), good
    listed = ", ".join(f"{n['channel']} ({n['reason']})" for n in named[:12]) + (f" and {len(named) - 12} more" if len(named) > 12 else "")
    do = f"mend the contacts, or leave them out: probe.bad_channels: {bad.tolist()}"
    if faults[site] not in ("", "excluded"):
        return red(
            "channels", f"the trigger site, channel {site}, is {faults[site]}; bad are {listed}", f"choose another site; {do}", **figures
        ), good
    if len(bad) > MANY * len(x[0]):
        return red(
            "channels", f"{len(bad)} of {len(x[0])} channels are bad: {listed}", f"{do}; a whole connector may be loose", **figures
        ), good
    return amber("channels", f"bad: {listed}", do, **figures), good


def check_amplitude(x: Array, fs_hz: float, good: NDArray[np.bool_]) -> Finding:
    """Are microvolts microvolts, and on every channel alike?"""
    high = min(RANGE_HZ[1], 0.4 * fs_hz)
    y = sosfilt(butter(2, (RANGE_HZ[0], high), "bandpass", fs=fs_hz, output="sos"), x - x[0], axis=0)[round(0.5 * fs_hz) :]
    rms = np.sqrt(np.mean(y**2, axis=0))
    middle = float(np.median(rms[good]))
    figures: dict[str, object] = {"rms_uv": middle, "of_channels_uv": rms}
    said = f"{middle:.3g} uV RMS between {RANGE_HZ[0]:g} and {high:g} Hz"
    if not POSSIBLE_UV[0] <= middle <= POSSIBLE_UV[1]:
        return red(
            "amplitude",
            f"{said}: field potentials have {USUAL_UV[0]:g} to {USUAL_UV[1]:g}",
            "the unit or the gain of the source is wrong (V or mV taken for uV, a factor of 1000): set it to uV",
            **figures,
        )
    odd = np.flatnonzero(good & ((rms > BANK * middle) | (rms < middle / BANK)))
    if len(odd):
        factor = float(np.median(rms[odd]) / middle)
        return red(
            "amplitude",
            f"{said}; channels {_some(odd)} have {factor:.2g} times that of the others",
            "give these channels the gain of the others (another headstage, or another setting), or leave them out",
            **figures, channels=odd.tolist(), factor=factor,
        )  # fmt: skip
    if not USUAL_UV[0] <= middle <= USUAL_UV[1]:
        return amber("amplitude", f"{said}: usual are {USUAL_UV[0]:g} to {USUAL_UV[1]:g}", "check unit and gain of the source", **figures)
    return green("amplitude", said, **figures)


def check_hum(x: Array, fs_hz: float, good: NDArray[np.bool_], notch_hz: float | None, band_hz: tuple[float, float]) -> Finding:
    """The mains: its line above the spectrum beside it, and against the field potential."""
    f, p = welch(x[:, good], fs_hz, nperseg=min(len(x), round(2 * fs_hz)), axis=0)
    usual = np.sqrt(np.sum(np.median(p, axis=1)[(f >= RANGE_HZ[0]) & (f <= 45.0)]) * (f[1] - f[0]))
    lines = [line for line in MAINS_HZ if line <= 0.45 * fs_hz]
    if not lines:
        what = f"the mains can't be seen in samples at {fs_hz:g} Hz: they are folded into lower frequencies"
        return unlooked("hum", what, "look at a faster stream")
    loudest = (0.0, -np.inf, 0.0)
    for line in lines:
        at, beside = np.abs(f - line) <= 1.0, (np.abs(f - line) > 2.5) & (np.abs(f - line) < 8.0)
        db = float(np.median(10 * np.log10(np.max(p[at], axis=0) / np.median(p[beside], axis=0))))
        uv = float(np.sqrt(2 * np.sum(np.median(p[at], axis=1)) * (f[1] - f[0])))
        loudest = max(loudest, (line, db, uv), key=lambda one: one[1])
    line, db, uv = loudest
    figures = {"line_hz": line, "above_db": db, "amplitude_uv": uv}
    if db < HUM_AMBER_DB:
        return green("hum", "no line at 50 or 60 Hz stands out", **figures)
    said = f"{line:g} Hz: {uv:.1f} uV, {db:.0f} dB above the spectrum beside it"
    do = f"earth, shield, move mains adapters away; conditioning.notch_hz: {line:g} takes the rest out"
    inside = band_hz[0] <= line <= band_hz[1]
    if (db >= HUM_RED_DB and uv >= HUM_LOUD * usual and notch_hz != line) or inside:
        return red("hum", said + (", inside the band" if inside else ", louder than the field potential"), do, **figures)
    if notch_hz == line and uv < HUM_LOUD * usual:
        return green("hum", f"{said}; the notch takes it out", **figures)
    return amber("hum", said, do, **figures) if db > HUM_AMBER_DB + 10 or uv > 0.5 * usual else green("hum", said, **figures)


def without_mains(x: Array, fs_hz: float) -> Array:
    """Without the lines of the mains, which would be alike everywhere."""
    for line in MAINS_HZ:
        if line < 0.45 * fs_hz:
            x = sosfilt(tf2sos(*iirnotch(line, MAINS_Q, fs_hz)), x, axis=0)
    return x


def _some(channels: NDArray[np.intp]) -> str:
    """Ten of them at most."""
    return ", ".join(str(c) for c in channels[:10]) + (f" and {len(channels) - 10} more" if len(channels) > 10 else "")
