"""A wave that is known to the last degree, sent through the whole path: source seam, ring, engine, decision, light port, firmware and back.

The wave is played as a recording under the experiment's own electrodes; everything behind the source is what a session runs on. Phase at
light-on and direction are held against the truth, and light against what the board says it gave. Nothing can be put into an amplifier from
here, so what lies before the source seam (electrode, amplifier, its driver) is not in it: the check says so. A real board stays dark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment import Experiment, is_mock, parse_experiment
from wavestim.controller.experiment._probe import RecordingProbe
from wavestim.controller.experiment._source import FileSource
from wavestim.controller.preflight.finding import Finding, amber, green, late_red, red, unlooked
from wavestim.controller.preflight.heard import Array
from wavestim.controller.preflight.station import Progress
from wavestim.controller.record.session import Session, open_session
from wavestim.controller.record.summary import summarise
from wavestim.controller.session.run import run_experiment
from wavestim.hardware.lights import LightError
from wavestim.hardware.simulated.noise import ElectrodeNoise

AMPLITUDE_UV, SNR_DB = 50.0, 6.0
TURN_RAD = 2.5
"""Phase across the array."""
DIRECTION_DEG = 30.0
SECONDS = {"virtual": 8.0, "real": 15.0}
"""At real pace the horizon is measured for 5 s before anything is decided."""
SPARE_S = 2.0
MOST_VALUES = 40_000_000
BIAS_DEG, SD_DEG, TURNED_DEG = 15.0, 30.0, 20.0
"""What is recovered may be off by so much: a quarter of this is usual."""
LEAST_PULSES = 5
MISSED = 0.2
REFRACTORY_MS = 300.0
"""Where the experiment waits longer between pulses, its light is not given so often: the known wave is met in the dark."""
WITHHELD = ("irradiance", "width", "overlap", "duty", "dose", "temperature")
AGAIN = "close other programs and try again"
DARK = """
name: dark
conditions: [{name: dark, pattern: {kind: none}}]
"""


@dataclass(frozen=True)
class KnownWave:
    """A plane wave in noise, φ = ωt − k·r.

    Attributes
    ----------
    lfp : (n, m) float32 uV
    fs_hz, frequency_hz : float
    k_rad_mm : (2,)
    positions_mm : (m, 2)
    """

    lfp: NDArray[np.float32]
    fs_hz: float
    frequency_hz: float
    k_rad_mm: Array
    positions_mm: Array

    def phase_deg(self, sample: Array, electrode: int) -> Array:
        """The true phase there and then."""
        turns = self.frequency_hz * sample / self.fs_hz - self.positions_mm[electrode] @ self.k_rad_mm / (2 * np.pi)
        return np.asarray(360.0 * turns)

    @property
    def direction_deg(self) -> float:
        """Where it travels to."""
        return float(np.degrees(np.arctan2(self.k_rad_mm[1], self.k_rad_mm[0])))


def known_wave(positions_mm: Array, fs_hz: float, band_hz: tuple[float, float], seconds: float, seed: int) -> KnownWave:
    """Make one: in the middle of the band, along the array where it is a line, in noise as electrodes have it."""
    frequency_hz = float(np.sqrt(band_hz[0] * band_hz[1]))
    u = np.array([np.cos(np.radians(DIRECTION_DEG)), np.sin(np.radians(DIRECTION_DEG))])
    if is_line(positions_mm):
        u = np.linalg.svd(positions_mm - positions_mm.mean(axis=0))[2][0]
    extent = max(float(np.ptp(positions_mm @ u)), 1e-3)
    k = u * TURN_RAD / extent
    power_uv2, seeds = 0.5 * AMPLITUDE_UV**2 / 10 ** (SNR_DB / 10), np.random.SeedSequence([seed, 0x3A7E]).spawn(3)
    noise = ElectrodeNoise(
        positions_mm, fs_hz, band_uv2=power_uv2, band_hz=band_hz, slope=1.5, shared=0.3, reach_mm=extent / 2, line_uv=0.0,
        line_hz=50.0, seeds=seeds,
    )  # fmt: skip
    n = round(seconds * fs_hz)
    lfp = np.concatenate([noise.block() for _ in range(-(-n // len(noise.block())) + 1)])[:n]
    turns = frequency_hz * np.arange(n)[:, None] / fs_hz - positions_mm @ k / (2 * np.pi)
    lfp += (AMPLITUDE_UV * np.cos(2 * np.pi * turns)).astype(np.float32)
    return KnownWave(lfp, fs_hz, frequency_hz, k, positions_mm)


def is_line(positions_mm: Array) -> bool:
    """All electrodes lie on one line (or there are too few to see a direction)."""
    return len(positions_mm) < 4 or bool(np.linalg.svd(positions_mm - positions_mm.mean(axis=0), compute_uv=False)[1] < 1e-6)


def inject(
    experiment: Experiment,
    positions_mm: Array,
    region: tuple[str, ...] | None,
    fs_hz: float,
    folder: Path,
    *,
    pace: Literal["virtual", "real"],
    session: str = "session",
    progress: Progress = lambda s: None,
) -> Finding:
    """Run the experiment on a known wave, in ``folder``, as a session of that name; a real board stays dark."""
    seconds = SECONDS[pace]
    rate = fs_hz
    while (seconds + SPARE_S) * rate * len(positions_mm) > MOST_VALUES and rate / 2 >= 1000.0:
        rate /= 2
    wave = known_wave(positions_mm, rate, experiment.band_hz, seconds + SPARE_S, experiment.seed)
    folder.mkdir(parents=True, exist_ok=True)
    beside: dict[str, Any] = {} if region is None else {"region": np.array(region)}
    np.savez(folder / "known-wave.npz", lfp=wave.lfp, fs=wave.fs_hz, positions_mm=positions_mm, **beside)
    asked = _asked(experiment, folder / "known-wave.npz")
    try:
        summary = run_experiment(
            asked, out=folder / session, seconds=seconds, pace=pace, seed=None, arm=True, progress=progress, finish=_figures
        )
    except LightError as error:
        return red("known-wave", f"the light failed: {error}", "put the check 'light' right first")
    return _judged(experiment, wave, folder / session, summary, lower_rate=rate != fs_hz)


def _asked(experiment: Experiment, recording: Path) -> Experiment:
    """The same experiment on the recording of the known wave, in the dark where light would be real."""
    t = experiment.trigger
    trigger = {
        "max_phase_sd_deg": max(t.max_phase_sd_deg, 60.0),
        "direction_deg": None,
        "min_pgd": None,
        "policy": {"kind": "phase-locked"},
    }
    changes: dict[str, Any] = {
        "source": FileSource(path=str(recording)),
        "probe": RecordingProbe(bad_channels=experiment.probe.bad_channels),
        "calibration": None,
    }
    trigger["refractory_ms"] = REFRACTORY_MS
    if not is_mock(experiment.light) or t.refractory_ms > REFRACTORY_MS:
        changes["conditions"] = parse_experiment(DARK).conditions
    data = t.model_dump() | trigger
    return experiment.model_copy(update=changes | {"trigger": type(t).model_validate(data)})


def _judged(experiment: Experiment, wave: KnownWave, path: Path, summary: dict[str, Any], *, lower_rate: bool) -> Finding:
    session = open_session(path)
    pulses = session.pulses[np.isin(session.pulses["verdict"], ("fired", "dark"))]
    decided = session.decisions[pulses["decision"]]
    missed, refused = int(summary["pulses"]["missed"]), int(summary["pulses"]["refused"])
    shone = int((pulses["verdict"] == "fired").sum())
    n = len(pulses)
    figures: dict[str, Any] = {
        "pulses": n,
        "missed": missed,
        "refused": refused,
        "shone": shone,
        "horizon_ms": _horizon_ms(session),
        "lower_rate": lower_rate,
    }
    withheld = session.decisions["verdict"][np.isin(session.decisions["verdict"], WITHHELD)]
    if n < LEAST_PULSES and not session.meta.get("horizon", {}).get("armed", True):
        return unlooked("known-wave", f"nothing was decided: light would have to be planned {_too_far(session)}", AGAIN, **figures)
    if n < LEAST_PULSES and len(withheld) > missed + refused:
        why = ", ".join(sorted(set(withheld.tolist())))
        do = "lights plan shows what the file's light does; the governor withholds it in a session, too"
        return amber("known-wave", f"{n} pulses came: the governor withheld {len(withheld)} ({why})", do, **figures)
    if n < LEAST_PULSES:
        return late_red(
            "known-wave",
            f"{n} pulses came in {session.decided_to / session.fs_hz:.0f} s of a known wave: {_fates(session, missed)}",
            "this computer is too busy, or the horizon too short: close other programs; trigger.horizon_ms: auto",
            **figures,
        )
    at = _true_samples(path, pulses, decided)
    off = (wave.phase_deg(at, int(decided["site"][0])) - decided["target_deg"] + 180) % 360 - 180
    bias, sd = _circular(off)
    turned, spread = _circular(decided["direction_deg"] - wave.direction_deg)
    line = is_line(wave.positions_mm)
    figures |= {
        "phase_bias_deg": bias,
        "phase_sd_deg": sd,
        "direction_error_deg": None if line else turned,
        "direction_sd_deg": None if line else spread,
    }
    latency = summary["latency_us"]
    figures["latency_us"] = latency
    said = f"{n} pulses at {bias:+.1f}° ± {sd:.1f}° of the target" + ("" if line else f", direction {turned:+.1f}° off")
    said += f", {shone} lit" if shone else ", in the dark (a real board gives no light here)"
    said += f", {latency['p50']:.0f} µs from block to frame (p99 {latency['p99']:.0f})" if latency else ""
    said += "; put in behind the amplifier" if not is_mock(experiment.light) or experiment.source.kind not in ("simulated", "file") else ""
    horizon_ms = figures["horizon_ms"] or 0.0
    far = 0.36 * wave.frequency_hz * horizon_ms > 180  # half a cycle: what is forecast so far ahead may be wide
    if abs(bias) > BIAS_DEG or (sd > SD_DEG and not far) or (not line and abs(turned) > TURNED_DEG):
        return red(
            "known-wave",
            said,
            "a fault of the loop, or of the clocks: see 'board-clock'; please report it with the folder of --out",
            **figures,
        )
    lit, edges = decided[pulses["verdict"] == "fired"], _edges(path)
    due, edges_due = int((~decided["dark"]).sum()), sum(len(session.about["slots"][slot]["entries"]) for slot in lit["slot"])
    figures |= {"due_to_shine": due, "edges": edges, "edges_due": edges_due}
    if shone < due or (edges is not None and edges < edges_due):
        what = f"{said}; {due} should be" + ("" if edges is None else f", and the mock rig saw {edges} of {edges_due} edges of light")
        return red("known-wave", what, "see the check 'light'", **figures)
    if refused > MISSED * (n + refused):
        return late_red("known-wave", f"{said}; the board refused {refused}", "see the checks 'light' and 'board-clock'", **figures)
    if missed > MISSED * (n + missed):
        return amber("known-wave", f"{said}; {missed} would have been too late", "close other programs; see 'real-time'", **figures)
    if far:
        what = f"{said}; but light had to be planned {horizon_ms:.0f} ms ahead, more than half a cycle"
        return amber("known-wave", what, "close other programs; see 'real-time'", **figures)
    return green("known-wave", said, **figures)


def _fates(session: Session, missed: int) -> str:
    """What became of the others."""
    verdicts, counts = np.unique(session.decisions["verdict"], return_counts=True)
    vetoed = [f"{n} {v}" for v, n in zip(verdicts.tolist(), counts.tolist(), strict=True) if v != "scheduled"]
    horizon_ms = _horizon_ms(session)
    ahead = "" if horizon_ms is None else f", planned {horizon_ms:.0f} ms ahead"
    return f"{missed} too late, vetoed {', '.join(vetoed) or 'none'}{ahead}"


def _too_far(session: Session) -> str:
    """How far ahead the session would have had to plan."""
    asked = session.meta["horizon"]
    return f"{asked['ms']:.0f} ms ahead, and {asked['longest_ms']:.0f} are possible: samples reach the loop that late"


def _edges(path: Path) -> int | None:
    """How often light came on at the mock rig, by its own word: the loop-back. None where nothing tells."""
    file = path / "edges.csv"
    if not file.is_file():
        return None
    return sum(line.rsplit(",", 1)[-1] not in ("level", "0") for line in file.read_text(encoding="ascii").split())


def _horizon_ms(session: Session) -> float | None:
    """The horizon that was decided with."""
    found = [value for _, kind, value, _ in session.input_events if kind == "horizon"]
    return float(found[-1]) if found else None


def _figures(path: Path) -> dict[str, Any]:
    """The end of a session that nobody will read: its figures, no report."""
    return summarise(open_session(path))


def _true_samples(path: Path, pulses: NDArray[np.void], decided: NDArray[np.void]) -> Array:
    """When light really came to the site, in samples: by the mock rig's own word where it gives one, else by the session's clocks."""
    clock = path / "rig-clock.json"
    if not clock.is_file():
        return np.asarray(pulses["fire_sample"], dtype=np.float64)
    rig, fs_hz = json.loads(clock.read_text(encoding="ascii")), open_session(path).fs_hz
    began = (pulses["onset_device_us"] - rig["device_us_at_sample0"]) / rig["device_us_per_s"] * fs_hz
    return np.asarray(began + decided["fire_sample"] - decided["start_sample"])


def _circular(deg: Array) -> tuple[float, float]:
    """Mean and SD of angles, degrees."""
    mean = np.exp(1j * np.radians(deg)).mean()
    return float(np.degrees(np.angle(mean))), float(np.degrees(np.sqrt(-2 * np.log(np.clip(abs(mean), 1e-9, 1.0)))))
