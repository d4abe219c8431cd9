"""A session at a glance: the compact table that demo, run and replay end with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def print_summary(summary: Mapping[str, Any], effect: str, report: Path | None) -> None:
    """Print what a session came to on stdout."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in rows(summary, effect):
        table.add_row(name, escape(text))
    out = Console()
    out.print(table)
    out.print(f"\nsession  {escape(str(summary.get('session', '')))}", soft_wrap=True, highlight=False)
    if report is not None:
        out.print(f"report   {escape(str(report))}", soft_wrap=True, highlight=False)


def rows(summary: Mapping[str, Any], effect: str) -> list[tuple[str, str]]:
    """Names and plain words of the figures."""
    pulses = summary.get("pulses") or {}
    fired = f"{pulses.get('fired', 0)} fired of {pulses.get('scheduled', 0)} scheduled, {pulses.get('missed', 0)} missed"
    others = f"{pulses.get('vetoed', 0)} vetoed, {pulses.get('refused', 0)} refused"
    conditions = summary.get("conditions") or {}
    arms = ", ".join(f"{name} {c.get('pulses', 0)}{_catch(c)}" for name, c in conditions.items()) or "none"
    return [
        *_region(summary.get("region")),
        ("pulses", f"{fired}; {others}"),
        ("conditions", arms),
        ("phase error", _error(summary.get("phase_error_deg"), "deg")),
        ("direction error", _error(summary.get("direction_error_deg"), "deg")),
        ("light onset error", _percentiles(summary.get("light_onset_error_us"))),
        ("latency", _percentiles(summary.get("latency_us"))),
        ("effect of light", effect),
        ("calibration", _calibration(summary.get("calibration") or {})),
        ("dropped samples", f"{summary.get('dropped_samples', 0)} of {summary.get('samples', 0)}"),
        *_course(summary),
    ]


def _catch(condition: Mapping[str, Any]) -> str:
    return f" ({condition['catch']} catch)" if condition.get("catch") else ""


def _course(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Policy, blocks, gate and end, where they are not what they always are."""
    trials, gate, policy = summary.get("trials") or {}, summary.get("gate") or {}, summary.get("policy")
    found = [("policy", str(policy))] if policy not in (None, "phase-locked") else []
    if trials.get("per_block"):
        found.append(("trials", f"{trials['n']} in {trials['blocks']} whole blocks of {trials['per_block']}"))
    if gate:
        found.append(("gate", f"open {gate['openings']} times, {gate['open_s']:.1f} s in all; {gate['with_light']} openings had a pulse"))
    if summary.get("stopped_by"):
        found.append(("ended early" if summary.get("stopped_early") else "ended by", str(summary["stopped_by"])))
    return found


def _region(about: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if not about:
        return []
    others = ", ".join(f"{name} ({n})" for name, n in about["channels"].items() if name != about["name"])
    text = f"{about['name']}, {about['channels'][about['name']]} channels" + (f"; recorded, not followed: {others}" if others else "")
    return [("region", text)]


def _calibration(about: Mapping[str, Any]) -> str:
    if not about:
        return "not known"
    origin = "from the warm-up" if about.get("from") == "warm-up" else f"{about.get('from')}, learned {about.get('learned_utc')}"
    stale = about.get("stale")
    return f"{origin}; " + (f"STALE from {stale['seconds']:.0f} s on: {stale['why']}" if stale else "fits")


def _error(value: Mapping[str, Any] | None, unit: str) -> str:
    if not value or not value.get("n"):
        return "not measured"
    truth = {"simulation": "against the true phase", "posthoc": "against the phase estimated afterwards"}.get(str(value.get("truth")), "")
    bias, sd = value.get("bias"), value.get("sd")
    spread = f"{bias:+.1f} +- {sd:.1f} {unit}, " if isinstance(bias, (int, float)) and isinstance(sd, (int, float)) else ""
    median = value.get("median_abs")
    middle = f"median {median:.1f} {unit} " if isinstance(median, (int, float)) else ""
    return f"{spread}{middle}{truth} (n = {value['n']})".replace("  ", " ")


def _percentiles(value: Mapping[str, Any] | None) -> str:
    if not value:
        return "not measured"
    return ", ".join(f"{name} {value[name]:.0f} us" for name in ("p50", "p99", "p999", "max") if isinstance(value.get(name), (int, float)))
