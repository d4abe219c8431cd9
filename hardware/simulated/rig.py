"""The mock rig: electrodes that can be read and LEDs that can be lit, over the same piece of cortex in silico.

Puts the parts together: geometry (where units, electrodes and LEDs lie), the streams of randomness (one seed each), the tissue, the
noise, the truth.
"""

from __future__ import annotations

import math
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import layout
from .config import CortexConfig, LightConfig, State
from .cortex import Sheet
from .drift import Drift
from .gate import Gate
from .kinematic import Kinematic
from .noise import BLOCK, ElectrodeNoise
from .tissue import DRIFT_BLOCK, NOISE_BLOCK, Tissue
from .truth import KINDS, TruthWriter, row_dtype

MAX_UNITS = 40  # across the electrode array


class SimulatedRig:
    """A source of samples and a piece of tissue under light.

    Parameters
    ----------
    config : CortexConfig
    positions_mm : array_like (n, 2)
        Electrodes.
    leds_mm : array_like (m, 2)
        LEDs, in the same coordinates.
    fs_hz : float
        100 to 5000 Hz; above 1 kHz the tissue takes finer steps.
    seed : int
        The same seed and the same light give the same bits, however reads are cut.
    truth_path : path, optional
        Where the truth goes (``truth.py``).
    light : LightConfig
    gate_channel : int, optional
        This channel records the light's gate and no tissue.
    slowest_mm_s : float, optional
        The slowest wave that it may be told to carry later (`become`).
    """

    def __init__(
        self,
        config: CortexConfig,
        positions_mm: ArrayLike,
        leds_mm: ArrayLike,
        *,
        fs_hz: float = 1000.0,
        seed: int = 1,
        truth_path: str | Path | None = None,
        light: LightConfig | None = None,
        gate_channel: int | None = None,
        slowest_mm_s: float | None = None,
    ) -> None:
        self.config = c = config
        self.wave = wave = config.wave()
        self.light_config = light or LightConfig()
        self.positions_mm = _points(positions_mm, "positions_mm", at_least=1)
        self.leds_mm = _points(leds_mm, "leds_mm", at_least=0)
        if not 100.0 <= fs_hz <= 5000.0:
            raise ValueError(f"fs_hz of the simulated rig must lie between 100 and 5000, not {fs_hz}")
        self.fs_hz, self.seed = fs_hz, seed if c.seed is None else c.seed
        self.n_channels, self.samples = len(self.positions_mm), 0
        self._gate = None if gate_channel is None else Gate(gate_channel, fs_hz)
        self._holds_mm_s = min(slowest_of(wave), slowest_mm_s or math.inf)
        gain = c.signal_uv
        seeds = np.random.SeedSequence(self.seed).spawn(12)
        self._noise = ElectrodeNoise(
            self.positions_mm,
            fs_hz,
            band_uv2=noise_power(c),
            band_hz=c.noise_band_hz(),
            slope=c.noise_slope,
            shared=c.shared_noise,
            reach_mm=c.shared_mm,
            line_uv=c.line_uv,
            line_hz=c.line_hz,
            seeds=seeds[:3],
        )
        self._noise_block, self._noise_at = np.empty((0, self.n_channels), np.float32), BLOCK
        self.sheet: Sheet | None = None
        self._tissue = self._grow(gain, seeds[3:]) if wave.kind == "planar" else self._draw(gain, seeds[3:])
        self._no_phase, self._no_state = np.empty((0, self.n_channels), np.int16), np.empty((0, 6), np.float32)
        self._truth: TruthWriter | None = None
        self._rows = self._written = 0
        if truth_path is not None:
            about = {"seed": self.seed, "leds_mm": self.leds_mm.tolist()}
            about |= {"config": c.model_dump(mode="json"), "wave": wave.model_dump(mode="json")}
            self._truth = TruthWriter(truth_path, fs_hz, self.positions_mm, about)
            self._phase_rows, self._state_rows = np.empty((BLOCK, self.n_channels), np.int16), np.empty((BLOCK, 6), np.float32)

    def _draw(self, gain: float, seeds: list[np.random.SeedSequence]) -> Kinematic:
        xy = self.positions_mm - 0.5 * (self.positions_mm.min(axis=0) + self.positions_mm.max(axis=0))
        self._drift = Drift(self.wave, None, 1.0 / self.fs_hz, seeds[:6])
        return Kinematic(self.wave.kind, self._drift, xy, gain)

    def _grow(self, gain: float, seeds: list[np.random.SeedSequence]) -> Tissue:
        c, wave, light = self.config, self.wave, self.light_config
        per_sample = max(1, math.ceil(1000.0 / self.fs_hz - 1e-9))
        dt_s = 1.0 / (self.fs_hz * per_sample)
        low, high = self.positions_mm.min(axis=0), self.positions_mm.max(axis=0)
        centre = 0.5 * (low + high)
        pitch = max(c.pitch_mm, float((high - low).max()) / MAX_UNITS)
        nx, ny = (int(np.ceil((high - low)[i] / pitch - 1e-6)) + 1 + 2 * c.margin_units for i in range(2))
        origin = low - c.margin_units * pitch - centre  # units coincide with a regular array's electrodes
        sheet = Sheet(
            nx,
            ny,
            pitch,
            dt_s,
            coupling_per_s=0.0 if c.topology == "local" else c.coupling_per_s,
            restoring_per_s=c.restoring_per_s,
            reach_mm=c.reach_mm * pitch / 0.4,
            asymmetry=0.0 if c.topology == "isotropic" else 1.0,
            slowest_mm_s=self._holds_mm_s,
            plane_edges=c.topology in ("wave", "shuffled"),
            x0_mm=float(origin[0]),
            y0_mm=float(origin[1]),
        )
        self._drift = drift = Drift(wave, c.tokens, dt_s, seeds[:6])
        rng = np.random.default_rng(seeds[6])
        order, free = np.arange(nx * ny), None
        if c.topology == "shuffled":
            order = rng.permutation(nx * ny)
        elif c.topology != "wave":
            free = rng.uniform(-np.pi, np.pi, (ny, nx))
        sheet.start(*drift.start, phases=free)
        units = sheet.units_mm + centre
        tissue_rng = np.random.default_rng(seeds[7])
        sd = np.float32(c.tissue_noise * math.sqrt(dt_s / 2 * wave.frequency_hz / 15.0))

        def noise() -> NDArray[np.float32]:
            return tissue_rng.standard_normal((NOISE_BLOCK, 2 * nx * ny), dtype=np.float32) * sd

        tissue = Tissue(
            sheet,
            order,
            lambda: drift.block(DRIFT_BLOCK),
            noise,
            layout.bilinear(self.positions_mm - centre - origin, pitch, nx, ny),
            layout.light_tables(light, units, self.leds_mm, self.positions_mm),
            layout.token_drive(c.tokens, wave.direction_deg, units, self.positions_mm),
            max(1, round(c.tokens.pulse_ms * 1e-3 / dt_s)) if c.tokens else 1,
            layout.window(nx, ny, c.margin_units),
            gain,
            per_sample,
        )
        self.sheet = sheet
        return tissue

    def become(self, config: CortexConfig) -> None:
        """Carry another wave, from the next blocks of drift and noise on; everything else stays as it was made.

        Raises
        ------
        ValueError
            For another kind of wave, or one that is slower than was provided for.
        """
        wave = config.wave()
        if wave.kind != self.wave.kind:
            raise ValueError(
                f"state {config.state} has a {wave.kind} wave and this rig a {self.wave.kind} one; start another session for it"
            )
        if self.sheet is not None and slowest_of(wave) < self._holds_mm_s:
            raise ValueError(f"a wave of {wave.speed_mm_s:g} mm/s is slower than this rig was made for; start another session for it")
        self._drift.become(wave)
        self._noise.become(noise_power(config), config.noise_band_hz())
        self.config, self.wave = config, wave

    def light(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None:
        """From ``time_s`` (since the first sample) on, the LED's face shines with this irradiance; 0 is off.

        An edge that comes after its moment was read acts at once and is counted in ``late_edges``.
        """
        if not 0 <= led < len(self.leds_mm):
            raise ValueError(f"led {led} does not exist; the rig has LEDs 0 to {len(self.leds_mm) - 1}")
        if not (math.isfinite(irradiance_mw_mm2) and irradiance_mw_mm2 >= 0 and math.isfinite(time_s) and time_s >= 0):
            raise ValueError(f"light at {time_s} s with {irradiance_mw_mm2} mW/mm²: both must be finite and not negative")
        self._tissue.add_edge(time_s, led, irradiance_mw_mm2)
        if self._gate is not None:
            self._gate.light(time_s, led, irradiance_mw_mm2 > 0)

    def read(self, n: int) -> NDArray[np.float32]:
        """The next n samples (n, channels), µV. Sample i lies i/fs_hz after the first."""
        out = np.empty((n, self.n_channels), np.float32)
        done = 0
        while done < n:
            at = self._noise_at
            if at == BLOCK:
                self._noise_block, at = self._noise.block(), 0
            m = min(n - done, BLOCK - at)
            part = out[done : done + m]
            part[:] = self._noise_block[at : at + m]
            if self._truth is None:
                self._tissue.read(part, self._no_phase, self._no_state)
            else:
                self._tissue.read(part, self._phase_rows[at : at + m], self._state_rows[at : at + m])
                self._rows = at + m
                if self._rows == BLOCK:
                    self._write_truth()
            self._noise_at = at + m
            done += m
        self.samples += n
        if self._gate is not None:
            self._gate.write(out)
        return out

    def _write_truth(self) -> None:
        assert self._truth is not None
        start, self._written = self._written, self._rows % BLOCK
        phase, state = self._phase_rows[start : self._rows], self._state_rows[start : self._rows]
        rows = np.zeros(len(phase), row_dtype(self.n_channels))
        rows["phase"] = phase
        for i, name in enumerate(("direction_deg", "speed_mm_s", "frequency_hz", "amplitude_uv", "planarity")):
            rows[name] = state[:, i]
        rows["token"] = state[:, 5]
        rows["kind"] = self._kinds(state)
        self._truth.append(rows)

    def _kinds(self, state: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Kind of wave per sample: as drawn, or seen in the sheet (a gradient under 0.3 rad over the array is none)."""
        code = {name: i for i, name in enumerate(KINDS)}
        if self.wave.kind != "planar":
            return np.full(len(state), code[self.wave.kind], np.uint8)
        if self.config.topology in ("local", "shuffled"):
            return np.full(len(state), code["none"], np.uint8)
        extent = float(np.hypot(*np.ptp(self.positions_mm, axis=0)))
        flat = 2 * np.pi * state[:, 2] / state[:, 1] * extent < 0.3
        kind = np.where(flat, code["synchronous"], code["planar"])
        return np.where(state[:, 4] < 0.6, code["undetermined"], kind).astype(np.uint8)

    @property
    def late_edges(self) -> int:
        """Light edges that came after their moment had been read."""
        return int(self._tissue.late_edges)

    @property
    def tokens(self) -> list[tuple[float, int]]:
        """Tokens that have entered: (time in s since the first sample, token)."""
        return [(step * self.sheet.dt_s, token) for step, token in self._tissue.tokens] if self.sheet is not None else []

    def flush(self) -> None:
        """Write the truth up to the last sample read."""
        if self._truth is not None:
            if self._rows % BLOCK > self._written:
                self._write_truth()
            self._truth.flush()

    def close(self) -> None:
        """Flush and close the truth file."""
        if self._truth is not None:
            self.flush()
            self._truth.close()
            self._truth = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def noise_power(config: CortexConfig) -> float:
    """Power of the noise in its band at an electrode, uV^2."""
    return 0.5 * config.signal_uv**2 / 10 ** (config.wave().snr_db / 10)


def slowest_of(wave: State) -> float:
    """The slowest that a wave of this state goes now and then, mm/s, with some room."""
    return wave.speed_mm_s * math.exp(-2.5 * wave.speed_log_sd) * 0.8


def _points(points: ArrayLike, name: str, *, at_least: int) -> NDArray[np.float64]:
    xy = np.asarray(points, dtype=np.float64)
    if xy.size == 0 and at_least == 0:
        return np.zeros((0, 2))
    if xy.ndim != 2 or xy.shape[1] != 2 or len(xy) < at_least or not np.isfinite(xy).all():
        raise ValueError(f"{name} must be finite and of shape (n, 2) with n ≥ {at_least}, not {xy.shape}")
    return xy
