"""``track()``: the rig's engine over an array of samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from wavestim.realtime.calibration import Calibration, ModelOptions
from wavestim.realtime.config import EngineConfig, Reference
from wavestim.realtime.engine import TRACE_COLUMNS, Engine
from wavestim.realtime.forecast import OWN_COLUMN, RECORD_SIZE, forecast_records
from wavestim.realtime.records import KINDS
from wavestim.realtime.traveltime import travel_times

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """What the engine knew at every sample.

    Attributes
    ----------
    direction_deg, speed_mm_s, wavelength_mm, frequency_hz, pgd, amplitude_uv : (n,) always finite; ``kind`` says whether to believe them.
    kind : (n,) words of :data:`wavestim.realtime.records.KINDS`.
    kind_certainty : (n,) 0 to 1, how well the pattern that is tracked agrees with the kind that is named; 0 where that is ``undetermined``.
    centre_mm : (n, 2) of a rotating or radial wave; NaN for the other kinds.
    sense : (n,) 1 where a wave rotates counter-clockwise, -1 clockwise, 0 where none rotates.
    phase_sd_deg : (n,) the model's own circular SD at horizon 0, its resultant averaged over electrodes; at most 180.
    stale : (n,) bool, the samples no longer look like those that the calibration was learned from.
    calibration : what was learned from the first seconds, or None when the recording was too short.
    calibrations : every calibration with the first sample that used it: that one, and what was learned anew when one had gone stale.
    """

    direction_deg: Array
    speed_mm_s: Array
    wavelength_mm: Array
    frequency_hz: Array
    pgd: Array
    amplitude_uv: Array
    kind: NDArray[np.str_]
    kind_certainty: Array
    centre_mm: Array
    sense: NDArray[np.int64]
    phase_sd_deg: Array
    stale: NDArray[np.bool_]
    calibration: Calibration | None
    calibrations: tuple[tuple[int, Calibration], ...]
    _first_rows: tuple[int, ...]
    _records: Array
    _row: NDArray[np.int64]
    _age_s: Array
    _own: NDArray[np.complex64]
    _n_channels: int

    @property
    def phase(self) -> Array:
        """(n, channels) rad, of the modelled wave at each electrode."""
        return self.forecast(0.0)

    def forecast(self, horizon_s: float) -> Array:
        """(n, channels) rad: the phase expected at t + horizon_s from data up to t."""
        return self._forecast(horizon_s)[0]

    def forecast_sd_deg(self, horizon_s: float) -> Array:
        """(n, channels) the model's own circular SD of :meth:`forecast`, degrees, at most 180."""
        return np.degrees(self._forecast(horizon_s)[1])

    def travel_time_s(self, site: int) -> Array:
        """How long ago the wave that is now at each electrode was at ``site``.

        phase_j(t) = phase_site(t - T_j), so T_j = (phase_site - phase_j) / omega of the model's wave; plane: k.(r_j - r_site) / omega.
        Positive where the wave arrives after the site, negative where it comes from. Phases are followed over neighbouring electrodes
        from the site outwards; around the centre of a rotating wave that goes about half a period to either side.

        Parameters
        ----------
        site : index of an electrode.

        Returns
        -------
        (n, channels) s. NaN where nothing travels (any ``kind`` but planar, rotating, source and sink) and where the pattern has next to no
        amplitude at the electrode.
        """
        return self._travel_times(site)[0]

    def travel_time_sd_s(self, site: int) -> Array:
        """(n, channels) the model's own SD of :meth:`travel_time_s`, s; infinite where that is NaN."""
        return self._travel_times(site)[1]

    def _travel_times(self, site: int) -> tuple[Array, Array]:
        if not 0 <= site < self._n_channels:
            raise ValueError(f"site is electrode {site}, but there are electrodes 0 to {self._n_channels - 1}")
        time, sd = np.full((2, len(self._row), self._n_channels), [[[np.nan]], [[np.inf]]])
        kind = np.argmax(self.kind[:, None] == np.array(KINDS), axis=1).astype(np.intc)
        for known, calibration in self._spans(self._row):
            records = np.ascontiguousarray(self._records[self._row[known]])
            time[known], sd[known] = travel_times(records, np.ascontiguousarray(kind[known]), calibration, site)
        return time, sd

    def forecast_at(self, samples: NDArray[np.intp], horizon_s: float) -> tuple[Array, Array]:
        """:meth:`forecast` and its circular SD at some samples only: two arrays (samples, channels), rad."""
        phase, sd = np.zeros((len(samples), self._n_channels)), np.full((len(samples), self._n_channels), np.pi)
        row, age_s = self._row[samples], self._age_s[samples] + horizon_s
        for known, calibration in self._spans(row):
            own = self._own[row[known]] if len(self._own) else self._own
            phase[known], sd[known] = forecast_records(
                np.ascontiguousarray(self._records[row[known]]), calibration, np.ascontiguousarray(age_s[known]), own
            )
        return phase, sd

    def _forecast(self, horizon_s: float) -> tuple[Array, Array]:
        return self.forecast_at(np.arange(len(self._row)), horizon_s)

    def _spans(self, row: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.intp], Calibration]]:
        """Which of these ticks a calibration was used for, and the calibration."""
        stops = [*self._first_rows, len(self._records)][1:]
        for (_, calibration), start, stop in zip(self.calibrations, self._first_rows, stops, strict=True):
            known = np.flatnonzero((row >= start) & (row < stop))
            if len(known):
                yield known, calibration


def track(
    lfp: ArrayLike,
    fs: float,
    positions_mm: ArrayLike,
    band_hz: tuple[float, float],
    *,
    calibration: Calibration | bytes | None = None,
    reference: Reference = "none",
    gain_uv: ArrayLike | None = None,
    options: ModelOptions | None = None,
) -> Track:
    """Track the wave through samples, causally: what is reported at sample t uses nothing after t.

    Parameters
    ----------
    lfp : (n, channels) uV; NaN marks missing values. Or int16 as a converter gave them, with ``gain_uv``; a memory-mapped array is read
        block by block.
    fs : samples a second.
    positions_mm : (channels, 2).
    band_hz : band of the rhythm.
    calibration : from another part of the recording or another day (``wavestim.controller.load_calibration`` reads it from a file);
        without it the first 2.5 s teach and are reported as undetermined.
    reference : ``none``, ``average``, ``median``.
    gain_uv : uV per bit of int16 samples, one number or one for each channel; without it they are uV. Samples at the rails are missing.
    options : constants of the model.

    Returns
    -------
    Track

    Raises
    ------
    ValueError
        For shapes, rates or bands that do not fit; the message says what would be right.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(4000) / 1000
    >>> xy = np.column_stack([np.tile(np.arange(4), 4), np.repeat(np.arange(4), 4)]) * 0.4
    >>> rng = np.random.default_rng(0)
    >>> lfp = 50 * np.cos(2 * np.pi * 15 * t[:, None] - xy @ [0.5, 0]) + 20 * rng.standard_normal((4000, 16))
    >>> w = track(lfp, fs=1000, positions_mm=xy, band_hz=(8, 24))
    >>> str(w.kind[-1]), round(w.frequency_hz[-1])
    ('planar', 15)
    """
    x = np.asarray(lfp)
    if x.ndim == 1:
        x = x[:, None]
    xy = np.atleast_2d(np.asarray(positions_mm, dtype=np.float64))
    if x.ndim != 2 or x.shape[1] != len(xy):
        raise ValueError(f"lfp of shape {np.shape(lfp)} does not fit {len(xy)} positions: it must be (samples, {len(xy)})")
    if gain_uv is not None and x.dtype != np.int16:
        raise ValueError(f"gain_uv is for int16 samples, these are {x.dtype}: leave it out, or give the samples as the converter did")
    config = EngineConfig(
        fs_hz=float(fs), positions_mm=xy, band_hz=(float(band_hz[0]), float(band_hz[1])),
        reference=reference,
        gain_uv=None if gain_uv is None else np.asarray(gain_uv, dtype=np.float64), options=options or ModelOptions(),
    )  # fmt: skip
    engine = Engine(config)
    if calibration is not None:
        engine.apply_calibration(calibration)
    n = len(x)
    ticks = int(np.ceil(n * engine.rate_hz / fs)) + 2
    records, waves, at = np.zeros((ticks, RECORD_SIZE)), np.zeros((ticks, TRACE_COLUMNS)), np.full(ticks, -1, np.int64)
    own = np.zeros((ticks, len(xy)), dtype=np.complex64)
    engine.trace_into(records, waves, at, own)
    used: list[tuple[int, Calibration]] = []
    for start in range(0, n, 65536):
        engine.run(x[start : start + 65536], start)
        used += [(max(0, sample), c) for sample, c in engine.take_calibrations()]
    traced = engine.n_traced
    if not records[:, OWN_COLUMN].any():  # nothing beyond the modes was ever followed
        own = own[:0]
    row = np.searchsorted(at[:traced], np.arange(n), side="right") - 1
    first_rows = tuple(int(np.searchsorted(at[:traced], sample)) for sample, _ in used)
    known = row >= first_rows[0] if first_rows else np.zeros(n, dtype=bool)
    row = np.where(known, row, -1)
    age = np.where(known, (np.arange(n) - at[np.maximum(row, 0)]) / fs + engine.delay_s, 0.0)
    nothing = [0.0, 1e6, 1e6, np.sqrt(band_hz[0] * band_hz[1]), 0.0, 0.0, 0.0, 0.0, 0.0, np.nan, np.nan, 0.0]
    wave = np.where(known[:, None], waves[np.maximum(row, 0)], nothing)
    result = Track(
        direction_deg=wave[:, 0], speed_mm_s=wave[:, 1], wavelength_mm=wave[:, 2], frequency_hz=wave[:, 3], pgd=wave[:, 4],
        amplitude_uv=wave[:, 6], kind=np.array(KINDS)[wave[:, 5].astype(int)], kind_certainty=wave[:, 8], centre_mm=wave[:, 9:11],
        sense=wave[:, 11].astype(int), phase_sd_deg=np.full(n, 180.0), stale=wave[:, 7] > 0,
        calibration=used[0][1] if used else None, calibrations=tuple(used), _first_rows=first_rows, _records=records, _row=row, _age_s=age,
        _own=own, _n_channels=len(xy),
    )  # fmt: skip
    resultant = np.exp(-0.5 * result._forecast(0.0)[1] ** 2).mean(axis=1)
    sd = np.degrees(np.sqrt(-2 * np.log(np.maximum(resultant, 0.0073))))
    result.phase_sd_deg[:] = np.where(known, np.minimum(sd, 180.0), 180.0)
    return result
