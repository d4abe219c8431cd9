"""Tells other programs over LSL what is decided and what shone: two streams of text, one JSON object to a line, stamped with its moment.

``NAME-decisions`` has every decision with the moment at which it was made. ``NAME-pulses`` has what became of each scheduled one, stamped
with light-on where there was light (or where a dark pulse stands for it), otherwise with the moment at which it was known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.experiment import Experiment
from wavestim.hardware.sources.lsl import text_outlet

if TYPE_CHECKING:
    from wavestim.controller.session.clocks import ClockModel

DECISION_KEYS = ("sample", "fire_sample", "verdict", "condition", "pattern", "site", "target_deg", "predicted_sd_deg", "direction_deg",
                 "speed_mm_s", "frequency_hz", "wave_kind", "dark")  # fmt: skip
PULSE_KEYS = ("verdict", "reason", "dark", "fire_sample", "onset_device_us")
SHONE = ("fired", "cut", "dark")


class Outlet(Protocol):
    """Where lines go."""

    def send(self, text: str, at_s: float) -> None: ...


class Announcer:
    """Sends decisions and pulses as they are journalled.

    Parameters
    ----------
    decisions, pulses : Outlet
    """

    def __init__(self, decisions: Outlet, pulses: Outlet) -> None:
        self._decisions, self._pulses = decisions, pulses

    def decided(self, first_index: int, decisions: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """New decisions, the first of which has that row in the journal."""
        for i, row in enumerate(decisions):
            at_ns = now_ns if model is None else model.sample_to_host(float(row["sample"]))
            self._decisions.send(line({"decision": first_index + i} | _values(row, DECISION_KEYS)), at_ns / 1e9)

    def pulsed(self, pulses: NDArray[np.void], model: ClockModel | None, now_ns: int) -> None:
        """What became of scheduled decisions."""
        for row in pulses:
            at = float(row["fire_sample"])
            known = model is not None and str(row["verdict"]) in SHONE and math.isfinite(at)
            at_ns = model.sample_to_host(at) if known and model is not None else now_ns
            self._pulses.send(line({"decision": int(row["decision"])} | _values(row, PULSE_KEYS)), at_ns / 1e9)


def open_announcer(experiment: Experiment, session: Path) -> Announcer | None:
    """The streams that the experiment asks for, ready to be found; None when it asks for none.

    Raises
    ------
    SourceError
        Without pylsl.
    """
    name = getattr(experiment.source, "lsl_out", None)
    if name is None:
        return None
    decisions, pulses = (text_outlet(f"{name}-{what}", f"{session.resolve()}#{what}") for what in ("decisions", "pulses"))
    return Announcer(decisions, pulses)


def line(values: dict[str, Any]) -> str:
    """One JSON object; what is no number is null."""
    return json.dumps({key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in values.items()})


def _values(row: np.void, keys: Iterable[str]) -> dict[str, Any]:
    return {key: row[key].item() for key in keys}
