"""What a finished session holds besides its journal: the truth about its pulses, ``summary.json`` and ``session.nwb``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from wavestim.controller.plain import plain
from wavestim.controller.record.errors import room
from wavestim.controller.record.nwb import write_nwb
from wavestim.controller.record.session import TRUTH, open_session
from wavestim.controller.record.summary import summarise
from wavestim.controller.record.truth import write_truth


def complete(path: Path) -> dict[str, Any]:
    """Write truth, summary and NWB of a session whose journal is closed; returns the summary.

    Raises
    ------
    RecordError
        When the disk is full; the journal and the samples are safe, ``recover`` writes the rest later.
    """
    draft = path / "summary.json.part"
    with room(path):
        write_truth(open_session(path), path / TRUTH)
        summary: dict[str, Any] = plain(summarise(open_session(path)))
        try:
            draft.write_text(json.dumps(summary, indent=1, allow_nan=False) + "\n", encoding="utf-8")
            draft.replace(path / "summary.json")
        finally:
            draft.unlink(missing_ok=True)
        write_nwb(open_session(path), path / "session.nwb")
    return summary
