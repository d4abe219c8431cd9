"""What is a wave called, and how often is one claimed where there is none?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wavestim.controller.bench.tables import section, table
from wavestim.realtime.records import KINDS

NO_CLAIM = ("none", "undetermined")


def figures(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Parts of the ticks by reported kind, by true wave and SNR, and which part was right."""
    rows = []
    for kind, snr_db in dict.fromkeys((r["spec"]["kind"], r["spec"]["snr_db"]) for r in results):
        said: dict[str, int] = dict.fromkeys(KINDS, 0)
        right = 0
        for result in results:
            if (result["spec"]["kind"], result["spec"]["snr_db"]) == (kind, snr_db):
                for true, reported in result["kinds"].items():
                    right += reported.get(true, 0)
                    for name, count in reported.items():
                        said[name] += count
        total = sum(said.values())
        rows.append({"kind": kind, "snr_db": snr_db, "right": right / total, "said": {name: n / total for name, n in said.items()}})
    return rows


def false_claims(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where there is no wave: parts of the ticks in which one is claimed, and in which a trigger would believe the phase."""
    rows = []
    for generator, noise in dict.fromkeys((r["spec"]["generator"], r["spec"]["noise"]) for r in results):
        here = [r for r in results if (r["spec"]["generator"], r["spec"]["noise"]) == (generator, noise)]
        ticks = sum(sum(r["kinds"]["none"].values()) for r in here)
        quiet = sum(r["kinds"]["none"].get(name, 0) for r in here for name in NO_CLAIM)
        sure = sum(r["sure"] for r in here) / len(here)
        rows.append({"generator": generator, "noise": noise, "recordings": len(here), "claimed": 1 - quiet / ticks, "sure": sure})
    return rows


def report(rows: Sequence[Mapping[str, Any]], claims: Sequence[Mapping[str, Any]]) -> str:
    """Both as tables."""
    named = [name for name in KINDS if any(r["said"][name] > 0 for r in rows)]
    cells = [
        [r["kind"], f"{r['snr_db']:g}", f"{r['right']:.0%}", *(f"{r['said'][name]:.0%}" if r["said"][name] else "" for name in named)]
        for r in rows
    ]
    text = section("What the wave is called", "Part of the ticks.", table(["true wave", "SNR, dB", "right", *named], cells))
    cells = [[c["generator"], c["noise"], str(c["recordings"]), f"{c['claimed']:.1%}", f"{c['sure']:.1%}"] for c in claims]
    head = ["generator", "noise", "recordings", "wave claimed", "phase believed"]
    words = "Noise alone: part of the ticks in which a wave is claimed, and in which `predicted_sd_deg` is below 60, the trigger's default."
    return text + "\n" + section("Where there is no wave", words, table(head, cells))
