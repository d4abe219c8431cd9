"""Record layouts as SQLite tables: one column per field, one row per record, so that any SQLite tool can read a session."""

from __future__ import annotations

import sqlite3

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.records import DEVICE_EVENT, MARKER, PULSE, WAVE
from wavestim.realtime.records import DECISION

LAYOUTS: dict[str, np.dtype[np.void]] = {
    "decisions": DECISION,
    "pulses": PULSE,
    "device_events": DEVICE_EVENT,
    "markers": MARKER,
    "waves": WAVE,
}
_AFFINITY = {"f": "REAL", "i": "INTEGER", "b": "INTEGER", "U": "TEXT"}

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks (first_sample INTEGER, n_samples INTEGER, n_channels INTEGER, host_ns INTEGER, file INTEGER, offset INTEGER);
CREATE TABLE input_events (sample INTEGER, kind TEXT, value REAL, payload BLOB);
CREATE TABLE clock_models (host_ns INTEGER, sample INTEGER, model TEXT);
"""


def create(connection: sqlite3.Connection) -> None:
    """Make every table."""
    connection.executescript(SCHEMA)
    for name, layout in LAYOUTS.items():
        columns = ", ".join(f'"{field}" {_AFFINITY[layout[field].kind]}' for field in layout.names or ())
        connection.execute(f"CREATE TABLE {name} ({columns})")


def append(connection: sqlite3.Connection, name: str, rows: NDArray[np.void]) -> None:
    """Add records; NaN is stored as NULL."""
    marks = ", ".join("?" for _ in LAYOUTS[name].names or ())
    connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows.tolist())


def read(connection: sqlite3.Connection, name: str) -> NDArray[np.void]:
    """Every record in the order in which it was written; NULL is NaN again."""
    layout = LAYOUTS[name]
    fields = layout.names or ()
    columns = ", ".join(f'"{field}"' for field in fields)
    found = connection.execute(f"SELECT {columns} FROM {name} ORDER BY rowid").fetchall()
    out = np.zeros(len(found), layout)
    for i, field in enumerate(fields):
        fill = np.nan if layout[field].kind == "f" else 0
        out[field] = [fill if row[i] is None else row[i] for row in found]
    return out
