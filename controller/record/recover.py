"""Finishes a session whose process died: nothing that was committed is lost, and what lies beyond the last commit is kept as well."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from wavestim.controller.plain import plain
from wavestim.controller.record import tables
from wavestim.controller.record.complete import complete
from wavestim.controller.record.errors import RecordError, no_room
from wavestim.controller.record.journal import JOURNAL, lock_session, to_one_file, unlock_session
from wavestim.controller.record.records import PULSE
from wavestim.controller.record.samples import scan
from wavestim.controller.record.session import open_session


def recover(path: Path) -> dict[str, Any]:
    """Make a session whole again, write ``session.nwb`` and ``summary.json``, and return the summary.

    Parameters
    ----------
    path : Path
        The session folder. A session that ended well is written anew and stays what it is.

    Raises
    ------
    RecordError
        When it is no session, is still being written, or its journal is beyond reading.
    """
    open_session(path)  # a journal that can't be read is told here
    lock = lock_session(path)
    try:
        session = open_session(path)
        if not session.meta.get("ended") and not session.recovered:
            _repair(path, session.about.get("recording") is not None)
        return complete(path)
    finally:
        unlock_session(path, lock)


def _repair(path: Path, refers: bool) -> None:
    entries, damaged = ([], []) if refers else scan(path / "samples")
    try:
        with contextlib.closing(sqlite3.connect(path / JOURNAL)) as db, db:
            known = db.execute("SELECT COUNT(*) FROM blocks").fetchone()[0]
            if not refers:
                db.execute("DELETE FROM blocks")
                rows = [(e.first_sample, e.n_samples, e.n_channels, e.host_ns, e.file, e.offset) for e in entries]
                db.executemany("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)", rows)
            decisions = tables.read(db, "decisions")
            ended = set(tables.read(db, "pulses")["decision"].tolist())
            open_ones = [i for i in np.flatnonzero(decisions["verdict"] == "scheduled").tolist() if i not in ended]
            lost = np.zeros(len(open_ones), PULSE)
            for name in PULSE.names or ():
                if PULSE[name].kind == "f":
                    lost[name] = np.nan
            lost["decision"], lost["dark"], lost["verdict"], lost["reason"] = (
                open_ones,
                decisions["dark"][open_ones],
                "lost",
                "process-died",
            )
            tables.append(db, "pulses", lost)
            note = {
                "when_utc": datetime.now(UTC).isoformat(timespec="seconds"),
                "blocks_beyond_journal": max(0, len(entries) - known),
                "pulses_without_answer": len(open_ones),
                "damaged": damaged,
            }
            db.execute("INSERT OR REPLACE INTO meta VALUES ('recovered', ?)", (json.dumps(plain(note)),))
        with contextlib.closing(sqlite3.connect(path / JOURNAL)) as db:
            to_one_file(db)
    except sqlite3.Error as error:
        raise no_room(error, path) or RecordError(f"{path / JOURNAL}: can't be repaired ({error}); restore it from a copy") from error
