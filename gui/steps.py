"""The way of a session: the states that it can be in, and at which step of the way each of them is."""

from __future__ import annotations

STEP = {
    "idle": "idle",
    "preflight": "preflight",
    "starting": "prepare",
    "learning": "prepare",
    "recording": "prepare",
    "armed": "armed",
    "running": "running",
    "held": "running",
    "paused": "running",
    "disarmed": "stopped",
    "stopping": "stopped",
    "stopped": "stopped",
    "gone": "stopped",
    "failed": "stopped",
    "ended": "stopped",
    "recovering": "stopped",
    "report": "report",
}
"""Where on the way of a session each state is."""
ALARMING = ("gone", "failed", "paused", "disarmed")
"""Somebody has to look."""
OVER = ("idle", "failed", "ended", "report", "gone")
"""No session is open, and another may begin."""
