"""What the report needs of a session, and the pulses joined to their decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.records import MANUAL

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
LIT = ("fired", "cut")
DARK = ("dark",)
CATCH = " (catch)"
"""Ends the name of a condition where its light was left out."""


class Samples(Protocol):
    """Samples that are read when they are sliced."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __getitem__(self, key: Any) -> Any: ...


class SessionLike(Protocol):
    """What ``open_session`` gives."""

    @property
    def experiment(self) -> Mapping[str, Any]: ...
    @property
    def samples(self) -> Samples: ...
    @property
    def decisions(self) -> NDArray[Any]: ...
    @property
    def input_events(self) -> Sequence[tuple[int, str, float, bytes | None]]: ...
    @property
    def pulses(self) -> NDArray[Any]: ...
    @property
    def summary(self) -> Mapping[str, Any]: ...
    @property
    def fs_hz(self) -> float: ...
    @property
    def positions_mm(self) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Pulses:
    """Pulses that have a decision, one row each, in the order of time."""

    decision: NDArray[np.int64]
    condition: NDArray[np.str_]
    verdict: NDArray[np.str_]
    lit: Bools
    """Light came on."""
    dark: Bools
    """Sham that went off as planned."""
    fire_sample: Floats
    """Light-on at the site, as acknowledged."""
    start_sample: Floats
    """First light of the pattern."""
    site: NDArray[np.int64]
    target_deg: Floats
    direction_deg: Floats
    speed_mm_s: Floats
    wavelength_mm: Floats
    frequency_hz: Floats
    predicted_sd_deg: Floats
    raw: NDArray[Any]

    def __len__(self) -> int:
        return len(self.decision)

    @property
    def done(self) -> Bools:
        """Light or sham that happened."""
        return self.lit | self.dark


def join(session: SessionLike) -> Pulses:
    """Join pulses to their decisions; light by hand is left out. Catch trials are conditions of their own."""
    pulses, decisions = session.pulses, session.decisions
    index = np.asarray(pulses["decision"], dtype=np.int64) if len(pulses) else np.zeros(0, dtype=np.int64)
    known = (index >= 0) & (index < len(decisions))
    pulses, index = pulses[known], index[known]
    drawn = decisions["condition"][index] != MANUAL
    pulses, index = pulses[drawn], index[drawn]
    order = np.argsort(decisions["fire_sample"][index], kind="stable")
    pulses, index = pulses[order], index[order]
    mine = decisions[index]
    verdict = pulses["verdict"].astype(str) if len(pulses) else np.zeros(0, dtype="U16")
    acked = np.asarray(pulses["fire_sample"], dtype=np.float64) if len(pulses) else np.zeros(0)
    meant = np.asarray(mine["fire_sample"], dtype=np.float64)
    fire = np.where(np.isfinite(acked) & (acked > 0), acked, meant)
    sham = np.asarray(mine["dark"], dtype=bool)
    names, kinds = mine["condition"].astype(str), headings(session)
    caught = sham & np.array([kinds.get(name) != "sham" for name in names], dtype=bool)
    return Pulses(
        decision=index,
        condition=np.where(caught, np.char.add(names, CATCH), names),
        verdict=verdict,
        lit=np.isin(verdict, LIT) & ~sham,
        dark=np.isin(verdict, DARK) | (np.isin(verdict, LIT) & sham),
        fire_sample=fire,
        start_sample=np.asarray(mine["start_sample"], dtype=np.float64) + (fire - meant),
        site=np.asarray(mine["site"], dtype=np.int64),
        target_deg=np.asarray(mine["target_deg"], dtype=np.float64),
        direction_deg=np.asarray(mine["direction_deg"], dtype=np.float64),
        speed_mm_s=np.asarray(mine["speed_mm_s"], dtype=np.float64),
        wavelength_mm=np.asarray(mine["wavelength_mm"], dtype=np.float64),
        frequency_hz=np.asarray(mine["frequency_hz"], dtype=np.float64),
        predicted_sd_deg=np.asarray(mine["predicted_sd_deg"], dtype=np.float64),
        raw=pulses,
    )


def drawn(session: SessionLike) -> NDArray[Any]:
    """Decisions of the experiment: light by hand is none."""
    decisions = session.decisions
    return decisions[decisions["condition"] != MANUAL] if len(decisions) else decisions


def condition_order(session: SessionLike, pulses: Pulses) -> list[str]:
    """Names of the conditions as the experiment lists them, each followed by its catch trials, then any other that occurs."""
    seen = set(pulses.condition.tolist())
    names = [str(c.get("name")) for c in session.experiment.get("conditions", []) if isinstance(c, Mapping)]
    listed = [n for name in names for n in (name, name + CATCH) if n == name or n in seen]
    return listed + sorted(seen - set(listed))


def headings(session: SessionLike) -> dict[str, str]:
    """Condition name -> with, against, orthogonal, fixed, sham, catch or the kind of its pattern."""
    found: dict[str, str] = {}
    for condition in session.experiment.get("conditions", []):
        pattern = condition.get("pattern", {}) if isinstance(condition, Mapping) else {}
        kind = str(pattern.get("kind", "")) if isinstance(pattern, Mapping) else str(pattern)
        heading = pattern.get("heading") if isinstance(pattern, Mapping) else None
        if kind == "none":
            found[str(condition.get("name"))] = "sham"
        elif kind == "travelling":
            found[str(condition.get("name"))] = heading if isinstance(heading, str) else "fixed"
        else:
            found[str(condition.get("name"))] = kind
    found |= {name + CATCH: "catch" for name, kind in found.items() if kind != "sham"}
    return found


def window(session: SessionLike, first: int, last: int) -> Floats | None:
    """Samples first..last-1, or None when the session does not hold them all or they are not all finite."""
    offset = int(getattr(session, "first_sample", 0) or 0)
    first, last = first - offset, last - offset
    if first < 0 or last > session.samples.shape[0] or last <= first:
        return None
    block = np.asarray(session.samples[first:last], dtype=np.float64)
    return block if len(block) == last - first and bool(np.isfinite(block).all()) else None
