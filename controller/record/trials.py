"""Which trial and block each decision belongs to, which are catches, and when the gate was open: worked out from the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from wavestim.realtime.records import MANUAL

if TYPE_CHECKING:
    from wavestim.controller.record.session import Session

Integers = NDArray[np.int64]


class Journalled(Protocol):
    """What has to be known of a session."""

    @property
    def experiment(self) -> Mapping[str, Any]: ...
    @property
    def decisions(self) -> NDArray[Any]: ...
    @property
    def input_events(self) -> Sequence[tuple[int, str, float, bytes | None]]: ...


@dataclass(frozen=True)
class Course:
    """What a session's course was; arrays have one entry for each decision.

    Attributes
    ----------
    trial : of a scheduled decision, counted from 0; -1: none.
    block : likewise; -1 without blocks.
    opening : of the gate, in which a scheduled decision fell; -1: none.
    catch : it stayed dark, though its condition is lit.
    openings : (n, 2) samples from and to which the gate was open; the last may be infinite.
    done : trials that were completed or begun.
    per_block : trials in a block; 0: there are none.
    """

    trial: Integers
    block: Integers
    opening: Integers
    catch: NDArray[np.bool_]
    openings: NDArray[np.float64]
    done: int
    per_block: int

    @property
    def blocks(self) -> int:
        """Blocks that are whole."""
        return self.done // self.per_block if self.per_block else 0


def course_of(session: Journalled) -> Course:
    """The course of a session, finished or not."""
    decisions, e = session.decisions, session.experiment
    schedule = e.get("schedule") or {}
    per_block = int(schedule.get("trials_per_block") or 0)
    by_opening = schedule.get("trial") == "opening"
    dark = {str(c["name"]) for c in e.get("conditions", ()) if (c.get("pattern") or {}).get("kind") == "none"}
    orders = [(int(at), kind, float(value)) for at, kind, value, _ in session.input_events if kind in ("gate", "shut")]
    openings = _openings([(kind, value) for _, kind, value in orders])
    trial, opening = np.full(len(decisions), -1), np.full(len(decisions), -1)
    done = begun = 0
    last = -1
    opened = [at for at, kind, _ in orders if kind == "gate"]
    for i in np.flatnonzero((decisions["verdict"] == "scheduled") & (decisions["condition"] != MANUAL)).tolist():
        now = int(np.searchsorted(opened, int(decisions["sample"][i]), side="right")) - 1
        opening[i] = now
        if by_opening:
            done += last >= 0 and now != last
            last = now
            begun = 1
            trial[i] = done
        else:
            trial[i] = done
            done += 1
    return Course(
        trial=trial,
        block=np.where(trial >= 0, trial // per_block, -1) if per_block else np.full(len(decisions), -1),
        opening=opening,
        catch=decisions["dark"] & ~np.isin(decisions["condition"], sorted(dark)) & (decisions["verdict"] == "scheduled"),
        openings=openings,
        done=done + begun,
        per_block=per_block,
    )


def summary_of(session: Session) -> dict[str, Any]:
    """``policy``, ``trials`` and, where there is one, ``gate``, as the summary has them."""
    course, e = course_of(session), session.experiment
    found: dict[str, Any] = {
        "policy": _policy(e),
        "trials": {"n": course.done, "catch": int(course.catch.sum()), "per_block": course.per_block or None, "blocks": course.blocks},
    }
    if e.get("gate") is not None:
        end = float(session.first_sample + session.samples.shape[0] + sum(n for _, n in session.samples.gaps))
        spans = np.clip(course.openings, session.first_sample, end)
        found["gate"] = {
            "openings": len(spans),
            "open_s": round(float((spans[:, 1] - spans[:, 0]).clip(0).sum()) / session.fs_hz, 3),
            "with_light": len(set(course.opening[course.opening >= 0].tolist())),
        }
    return found


def _policy(experiment: Mapping[str, Any]) -> str:
    policy = (experiment.get("trigger") or {}).get("policy") or {}
    return str(policy.get("kind", "phase-locked"))


def _openings(orders: list[tuple[str, float]]) -> NDArray[np.float64]:
    """Spans in which the gate was open: the first word that shuts it counts, and an opening begins anew."""
    spans: list[list[float]] = []
    for kind, value in orders:
        if kind == "gate":
            if spans:
                spans[-1][1] = min(spans[-1][1], value)
            spans.append([value, np.inf])
        elif spans:
            spans[-1][1] = min(spans[-1][1], value)
    return np.array(spans, dtype=np.float64).reshape(-1, 2)
