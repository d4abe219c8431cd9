"""What happened: decisions, pulses, markers, pauses, in the order in which it can be told. Of a recording: what would have happened."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.lookback.past import Past
from wavestim.controller.record.records import MARKER, PULSE, PULSE_TRUTH
from wavestim.controller.record.session import Session
from wavestim.controller.record.truth import light_in_samples
from wavestim.realtime.records import DECISION

ROW = np.dtype([*PULSE.descr, *PULSE_TRUTH.descr[1:], ("at", "f8")])
"""A pulse, with its truth, and the sample at which it can be told: light-on as acknowledged, otherwise as it was meant."""
Floats = NDArray[np.float64]


@dataclass
class Chronicle:
    """See the module.

    Attributes
    ----------
    decisions : array of DECISION
    pulses : array of ROW, by ``at``
    markers : array of MARKER, by sample
    switches : list of (sample, name)
        ``arm``, ``disarm``, ``pause``, ``resume``.
    light : first and last samples of light that is in the samples.
    """

    decisions: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, DECISION))
    pulses: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, ROW))
    markers: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, MARKER))
    switches: list[tuple[int, str]] = field(default_factory=list)
    light: tuple[Floats, Floats] = field(default_factory=lambda: (np.zeros(0), np.zeros(0)))

    def lit_at(self, sample: float) -> str:
        """``off``, ``armed`` or ``paused``: whether light could be decided on."""
        armed = paused = False
        for at, name in self.switches:
            if at > sample:
                break
            armed = name == "arm" or (armed and name != "disarm")
            paused = name == "pause" or (paused and name != "resume")
        return "paused" if armed and paused else ("armed" if armed else "off")

    def dark_spans(self, end: int) -> list[tuple[int, int]]:
        """From where to where light was paused or disarmed after it had been armed."""
        spans, armed, since = [], False, None
        for at, name in self.switches:
            armed = armed or name == "arm"
            dark = self.lit_at(at) != "armed"
            if armed and dark and since is None:
                since = at
            elif not dark and since is not None:
                spans.append((since, at))
                since = None
        return spans if since is None else [*spans, (since, end)]


def of_session(session: Session) -> Chronicle:
    """What a session recorded."""
    decisions, pulses = session.decisions, session.pulses
    rows = np.zeros(len(pulses), ROW)
    for name in pulses.dtype.names or ():
        rows[name] = pulses[name]
    rows = _timed(rows, decisions)
    markers = session.markers[np.argsort(session.markers["sample"], kind="stable")]
    switches = [(at, kind) for at, kind, _, _ in session.input_events if kind in ("arm", "disarm", "pause", "resume")]
    return Chronicle(decisions, rows, markers, sorted(switches, key=lambda switch: switch[0]), light_in_samples(session))


def of_decisions(decisions: NDArray[np.void], first: int) -> Chronicle:
    """What would have happened on a recording: light wherever it would have been scheduled."""
    scheduled = np.flatnonzero(decisions["verdict"] == "scheduled")
    rows = np.zeros(len(scheduled), ROW)
    for name in ROW.names or ():
        if ROW[name].kind == "f":
            rows[name] = np.nan
    rows["decision"], rows["dark"] = scheduled, decisions["dark"][scheduled]
    rows["verdict"] = np.where(rows["dark"], "dark", "fired")
    return Chronicle(decisions, _timed(rows, decisions), switches=[(first, "arm")])


def of_past(past: Past, made: NDArray[np.void]) -> Chronicle:
    """Of either; ``made`` are decisions that were made on a recording."""
    return of_decisions(made, past.reel.first) if past.session is None else of_session(past.session)


def _timed(rows: NDArray[np.void], decisions: NDArray[np.void]) -> NDArray[np.void]:
    rows = rows[(rows["decision"] >= 0) & (rows["decision"] < len(decisions))]
    meant = decisions["fire_sample"][rows["decision"]]
    rows["at"] = np.where(np.isfinite(rows["fire_sample"]), rows["fire_sample"], meant)
    return rows[np.argsort(rows["at"], kind="stable")]
