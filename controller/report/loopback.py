"""The loop-back, where one was wired: how often the light's gate was seen, and the delay of the source that it tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wavestim.controller.record.loopback import LEAST, MOST, loopback_words
from wavestim.controller.report import page

UNSEEN = 0.05
"""Of so many pulses the gate may be missed, in samples that were lost."""


def loopback_section(summary: Mapping[str, Any]) -> list[str]:
    """What the gate told; nothing for a session without one."""
    found = summary.get("loopback")
    return [] if not found else [page.section("Loop-back", _words(found), _table(found))]


def _words(found: Mapping[str, Any]) -> str:
    words = loopback_words(dict(found))
    said = f"{words[0].upper()}{words[1:]}."
    unseen = min(found["pulses"], MOST) - found["n"]
    if found["pulses"] >= LEAST and unseen > UNSEEN * (unseen + found["n"]):
        said += f" Of {unseen} pulses that the board acknowledged it was not seen: look at the light's cable and at the gate's wire."
    elif "delay_ms" in found and abs(found["delay_ms"] - found["used_ms"]) > found["uncertainty_ms"]:
        said += f" Phases of this session were reckoned with {found['used_ms']:g} ms: they are off by the difference."
    return said


def _table(found: Mapping[str, Any]) -> str:
    if found["pulses"] < LEAST:
        return ""
    rows: list[tuple[str, Any, str]] = [("pulses of light", found["pulses"], ""), ("gate seen for", found["n"], "")]
    if "delay_ms" in found:
        rows += [
            ("constant delay of the source, measured", float(found["delay_ms"]), f"± {found['uncertainty_ms']:.2g} ms"),
            ("the same, as reckoned with", float(found["used_ms"]), "ms"),
            ("light-on against its acknowledgement, median", float(found["onset_error_us"]["p50"]), "µs"),
            ("the same, 99 %", float(found["onset_error_us"]["p99"]), "µs"),
        ]
    return page.table(("", "figure", "unit"), rows)
