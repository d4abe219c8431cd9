"""How much of a session is left, and for how long the disk lasts: estimates from what went on so far, and None where nothing tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from wavestim.gui.facts import Plan

LEAST_S, LEAST_TRIALS = 10.0, 5
"""Before so much was seen, no pace is known."""


def time_left_s(plan: Plan, status: Mapping[str, Any], conditions: Mapping[str, int], running_s: float) -> float | None:
    """Until the session is done, s.

    Parameters
    ----------
    plan : Plan
    status : the last status.
    conditions : pulses that came out so far, of each.
    running_s : when light was let come, s of the session; NaN before.
    """
    now_s = float(status.get("seconds") or 0.0)
    left = [] if plan.seconds is None else [max(plan.seconds - now_s, 0.0)]
    since_s = now_s - running_s
    if math.isfinite(since_s) and since_s >= LEAST_S:
        came = sum(conditions.values())
        trials = int((status.get("course") or {}).get("trials", 0))
        for done, of in ((trials, plan.trials), (came, plan.pulses)):
            if of is not None and done >= LEAST_TRIALS:
                left.append(max(of - done, 0) * since_s / done)
        if plan.trials is None and plan.conditions:
            had = {name: conditions.get(name, 0) for name in plan.conditions}
            if all(had.values()):
                left.append(max(0.0, *((of - had[name]) * since_s / had[name] for name, of in plan.conditions.items())))
    return min(left, default=None)


def disk_rate(status: Mapping[str, Any]) -> float | None:
    """Bytes a second that the session writes."""
    seconds, written = float(status.get("seconds") or 0.0), status.get("written_bytes")
    return None if written is None or seconds < LEAST_S else float(written) / seconds


def disk_left_s(status: Mapping[str, Any]) -> float | None:
    """Until the disk is full, s."""
    rate, free = disk_rate(status), status.get("free_bytes")
    return None if not rate or free is None else float(free) / rate
