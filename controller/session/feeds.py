"""Where a session's samples come from when the clock is simulated: the cortex in silico, or a recording played as if it were live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.shown import shown_tokens
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import Experiment
from wavestim.controller.experiment.irradiance import light_settings
from wavestim.hardware.simulated import CortexConfig, LightConfig, SimulatedRig
from wavestim.hardware.simulated.faults import Faults, FaultyRig, Rig

Block = NDArray[np.float32] | NDArray[np.int16]


_NOTHING: Block = np.zeros((0, 0), np.float32)


class Feed(Protocol):
    """Samples in order, and light that may act on what makes them."""

    fs_hz: float
    gain_uv: NDArray[np.float32] | None
    """uV per bit when samples are int16; None: they are float32 uV."""

    def read(self, n: int) -> tuple[int, Block]:
        """Counter of the first sample and the next samples (n, channels); fewer before a gap and at the end, none after it."""
        ...

    def light(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None:
        """An edge of light, before the read that covers it."""
        ...

    def close(self) -> None: ...


def cortex_settings(experiment: Experiment) -> dict[str, Any]:
    """What the cortex in silico needs of an experiment, checked: ``cortex``, ``light``, ``seed``, ``fs_hz``, ``gate_channel``.

    Raises
    ------
    ExperimentError
        For a state, opsin or other value that it does not know.
    """
    source = experiment.source
    assert source.kind == "simulated"
    given = {"state": source.state, "snr_db": source.snr_db, **source.cortex}
    cortex: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    shown = shown_tokens(experiment)
    if shown is not None:
        cortex["tokens"] = {
            **cortex.get("tokens", {}),
            "n_tokens": shown.sequence.n_tokens,
            "period_ms": shown.period_ms,
            "sequence": shown.sequence.tokens.tolist(),
        }
    light = light_settings(experiment)
    try:
        CortexConfig(**cortex)
    except ValueError as error:
        reason = " ".join(str(error).split("Value error, ")[-1].split(" [type=")[0].split())
        raise ExperimentError(f"{experiment.name}: source: {reason}") from None
    if shown is not None and (kind := CortexConfig(**cortex).wave().kind) != "planar":
        raise ExperimentError(
            f"{experiment.name}: sequence: tokens enter a cortex whose waves are planar, not {kind}; choose another source.state"
        )
    seed = experiment.seed if source.seed is None else source.seed
    return {"cortex": cortex, "light": light, "seed": seed, "fs_hz": source.fs_hz, "gate_channel": source.loopback_channel}


class Cortex:
    """The cortex in silico under the experiment's electrodes and LEDs; its truth goes to a file of the session."""

    gain_uv: NDArray[np.float32] | None = None

    def __init__(
        self,
        experiment: Experiment,
        positions_mm: NDArray[np.float64],
        leds_mm: NDArray[np.float64],
        truth_path: Path | None,
        faults: Faults | None = None,
    ) -> None:
        settings = cortex_settings(experiment)
        self.fs_hz = float(settings["fs_hz"])
        self._read = 0
        rig = SimulatedRig(
            CortexConfig(**settings["cortex"]), positions_mm, leds_mm, fs_hz=self.fs_hz, seed=settings["seed"], truth_path=truth_path,
            light=LightConfig(**settings["light"]), gate_channel=settings["gate_channel"],
        )  # fmt: skip
        self.rig: Rig = rig if faults is None else FaultyRig(rig, faults)

    def read(self, n: int) -> tuple[int, Block]:
        first = self._read
        self._read += n
        return first, self.rig.read(n)

    def light(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None:
        self.rig.light(time_s, led, irradiance_mw_mm2)

    def close(self) -> None:
        self.rig.close()


class Played:
    """A recording as it was: light does not act on it."""

    def __init__(self, blocks: Iterator[tuple[int, Block]], fs_hz: float, gain_uv: NDArray[np.float32] | None = None) -> None:
        self.gain_uv = gain_uv
        self._blocks = blocks
        self._rest: tuple[int, Block] | None = None
        self.fs_hz = fs_hz

    def read(self, n: int) -> tuple[int, Block]:
        first, block = self._rest or next(self._blocks, (0, _NOTHING))
        self._rest = (first + n, block[n:]) if len(block) > n else None
        return first, block[:n]

    def light(self, time_s: float, led: int, irradiance_mw_mm2: float) -> None:
        """Nothing: what was recorded stays what it was."""

    def close(self) -> None:
        self._rest = None
