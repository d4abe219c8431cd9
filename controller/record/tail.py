"""A session that is being written, read bit by bit by somebody else: rows of its journal from one on, and the newest of its samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.journal import JOURNAL
from wavestim.controller.record.samples import Entry, SampleReader
from wavestim.controller.record.session import Reading

QUERIES = {
    "decisions": "SELECT * FROM decisions WHERE rowid > ? ORDER BY rowid LIMIT ?",
    "pulses": "SELECT p.*, d.fire_sample AS meant_sample, d.start_sample, d.site, d.condition, d.slot FROM pulses p "
    "LEFT JOIN decisions d ON d.rowid = p.decision + 1 WHERE p.rowid > ? ORDER BY p.rowid LIMIT ?",
    "markers": 'SELECT sample, name AS kind, value AS "text" FROM markers WHERE rowid > ? ORDER BY rowid LIMIT ?',
    "waves": "SELECT * FROM waves WHERE rowid > ? ORDER BY rowid LIMIT ?",
}
BLOCKS = """SELECT first_sample, n_samples, n_channels, host_ns, file, offset FROM blocks
WHERE first_sample < ? AND first_sample + n_samples > ? ORDER BY rowid"""


def rows_from(session: Path, table: str, first: int, most: int) -> list[dict[str, Any]]:
    """Rows as the session publishes them; pulses come with what was decided.

    Parameters
    ----------
    session : Path
    table : one of :data:`QUERIES`.
    first : index of the first.
    most : rows, at most.

    Raises
    ------
    RecordError
        When there is no journal, or it cannot be read now.
    """
    with Reading(session / JOURNAL, grows=True) as connection:
        found = connection.execute(QUERIES[table], (first, most))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]


def samples_around(session: Path, first: int, n: int) -> NDArray[np.float32] | None:
    """Samples (n, channels), uV, from a counter on; None when one of them is missing or not there yet.

    Raises
    ------
    RecordError
    """
    with Reading(session / JOURNAL, grows=True) as connection:
        entries = [Entry(*row) for row in connection.execute(BLOCKS, (first + n, first))]
    if not entries or entries[0].first_sample > first:
        return None
    reader = SampleReader(session / "samples", entries, entries[0].n_channels)
    begin = first - entries[0].first_sample
    return None if reader.gaps or len(reader) < begin + n else reader[begin : begin + n]
