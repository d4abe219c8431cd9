"""What the preflight says of each planted fault, and of the mock rig without one, at real pace: scripts/planted_faults.json.

``python scripts/measure_planted_faults.py [JSON ...]``: runs them, about a minute and a half each; or takes what
``wavestim preflight --json`` printed. ``scripts/make_docs.py`` makes the table in docs/preflight.md of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from wavestim.controller.preflight.plant import FOUND_BY, PLANTS

FILE = Path(__file__).with_name("planted_faults.json")
LONGEST = 260


def flown(fault: str | None) -> dict[str, Any]:
    """One preflight of the packaged example."""
    words = [sys.executable, "-m", "wavestim.controller.cli", "preflight", "against-the-wave", "--mock", "--json"]
    done = subprocess.run([*words, *(["--plant", fault] if fault else [])], stdout=subprocess.PIPE, check=False)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def row(told: dict[str, Any]) -> dict[str, Any]:
    """What of it the table shows: the check that is there for the fault, and whatever else is red."""
    by = FOUND_BY.get(told["planted"])
    levels = {c["check"]: c["level"] for c in told["checks"]}
    says = next((c["what"] for c in told["checks"] if c["check"] == by), "")
    return {
        "level": told["level"], "found": levels.get(by), "says": says if len(says) < LONGEST else f"{says[:LONGEST]}…",
        **{colour: [name for name, level in levels.items() if level == colour] for colour in ("red", "amber")}, "pace": told["pace"],
    }  # fmt: skip


def main() -> int:
    """Run or read them, and write the file."""
    told = [json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]] or [flown(fault) for fault in (None, *PLANTS)]
    rows = {t["planted"] or "none": row(t) for t in told}
    missing = [name for name in ("none", *PLANTS) if name not in rows]
    if missing:
        print(f"not all are there: {', '.join(missing)}")
        return 1
    FILE.write_text(json.dumps({name: rows[name] for name in ("none", *PLANTS)}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unseen = [name for name in PLANTS if rows[name]["found"] != "red"]
    print(f"not found: {', '.join(unseen) or 'none'}; the sound rig is {rows['none']['level']}, red: {rows['none']['red']}")
    return int(bool(unseen or rows["none"]["red"]))


if __name__ == "__main__":
    raise SystemExit(main())
