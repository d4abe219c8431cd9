"""The end of a session: everything that is worked out from the journal, and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wavestim.controller.record.complete import complete
from wavestim.controller.record.errors import room


def finish_session(path: Path) -> dict[str, Any]:
    """Write truth, summary, NWB and report; returns the summary."""
    from wavestim.controller.report import write_report

    summary = complete(path)
    with room(path):
        write_report(path)
    return summary
