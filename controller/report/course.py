"""The course of the session: what every block held, how often the gate was open, and how many trials were catches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from wavestim.controller.record.trials import Course
from wavestim.controller.report import page
from wavestim.controller.report._session import SessionLike

MOST = 60
"""Blocks that are listed; of more, the first ones."""


def course_section(session: SessionLike, course: Course) -> list[str]:
    """Trials, blocks and gate; nothing for a session that has none of them."""
    gated = session.experiment.get("gate") is not None
    if not (course.per_block or gated or course.catch.any()):
        return []
    return [page.section("Trials", _words(session, course, gated), _blocks(session, course))]


def _words(session: SessionLike, course: Course, gated: bool) -> str:
    schedule, said = session.experiment.get("schedule") or {}, []
    if course.per_block:
        asked = f" of {schedule['blocks']}" if schedule.get("blocks") else ""
        wait = f", with {schedule['washout_s']:g} s of darkness after each" if schedule.get("washout_s") else ""
        said.append(f"{course.blocks}{asked} blocks of {course.per_block} trials are whole{wait}.")
    if gated:
        lit = len(set(course.opening[course.opening >= 0].tolist()))
        said.append(f"The gate was open {len(course.openings)} times; {lit} openings had a pulse.")
    if course.catch.any():
        said.append(f"{int(course.catch.sum())} pulses were catch trials: timed like light, and dark.")
    if (session.summary.get("policy") or "phase-locked") != "phase-locked":
        said.append(f"The policy was {session.summary['policy']}: a control.")
    return " ".join(said)


def _blocks(session: SessionLike, course: Course) -> str:
    if not course.per_block:
        return ""
    decisions, names = session.decisions, _names(session.experiment)
    rows = []
    for block in range(min(int(course.block.max(initial=-1)) + 1, MOST)):
        mine = course.block == block
        at_s = decisions["fire_sample"][mine] / session.fs_hz
        row: list[Any] = [block + 1, f"{at_s.min():.1f} to {at_s.max():.1f} s", len(np.unique(course.trial[mine]))]
        for name in names:
            of = mine & (decisions["condition"] == name)
            catches = int((of & course.catch).sum())
            row.append(f"{int(of.sum())} ({catches} catch)" if catches else int(of.sum()))
        rows.append(row)
    return page.table(("block", "when", "trials", *(f"{name}, pulses" for name in names)), rows) if rows else ""


def _names(experiment: Mapping[str, Any]) -> list[str]:
    return [str(c.get("name")) for c in experiment.get("conditions", ()) if isinstance(c, Mapping)]
