"""Brain states and opsins of the simulated cortex beside what is published of them, as the tables of docs/mock-rig.md.

python scripts/measure_presets.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "build" / "ns"))

from wavestim.hardware.simulated.published import Compared, compared_opsins, compared_state, published_states

WORDS = {
    "closing_ms": "closing, ms",
    "steady_over_peak": "steady current over peak",
    "frequency_hz": "rate, Hz",
    "speed_mm_s": "speed, mm/s",
    "direction_deg": "direction, °",
    "direction_sd_deg": "spread of directions (circular SD), °",
    "opposite": "part of the time in the opposite direction",
    "turns": "turns of the phase round the array",
}


def table(rows: Iterable[Compared]) -> str:
    """In Markdown."""
    lines = ["| preset | what | published | simulated | source |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        seen = f"{row.measured:.3g}{'' if row.agrees else ' **differs**'}"
        lines.append(f"| `{row.preset}` | {WORDS[row.quantity]} | {row.low:g} to {row.high:g} | {seen} | {row.source} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(row for name in published_states() for row in compared_state(name)))
    print()
    print(table(compared_opsins()))
