"""Rows come back from SQLite as they went in: NaN, text of any language, infinities."""

from __future__ import annotations

import contextlib
import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.controller.record import tables
from wavestim.controller.record.hashing import decisions_sha256
from wavestim.controller.record.journal import JOURNAL, Journal


def values(layout: np.dtype) -> st.SearchStrategy:
    if layout.kind == "f":
        return st.floats()
    if layout.kind == "b":
        return st.booleans()
    if layout.kind == "i":
        return st.integers(np.iinfo(layout).min, np.iinfo(layout).max)
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=layout.itemsize // 4)
    return st.one_of(text, st.sampled_from(["φ=ωt−k·r", "🐭", "'; DROP"][: layout.itemsize // 4]).map(lambda t: t[: layout.itemsize // 4]))


@pytest.mark.parametrize("name", sorted(tables.LAYOUTS))
@settings(max_examples=25)
@given(data=st.data())
def test_rows_come_back(name, data):
    layout = tables.LAYOUTS[name]
    rows = np.array(data.draw(st.lists(st.tuples(*(values(layout[f]) for f in layout.names)), max_size=5)), dtype=layout)
    connection = sqlite3.connect(":memory:")
    tables.create(connection)
    tables.append(connection, name, rows)
    back = tables.read(connection, name)
    connection.close()
    assert back.dtype == layout
    for field in layout.names:
        if layout[field].kind == "f":
            assert np.array_equal(back[field], rows[field], equal_nan=True)
        else:
            assert np.array_equal(back[field], rows[field])


def test_minus_zero_is_zero():
    """SQLite knows no -0.0; the engine makes none either, so that the hash of decisions is that of what is on file."""
    rows = np.zeros(1, tables.LAYOUTS["decisions"])
    connection = sqlite3.connect(":memory:")
    tables.create(connection)
    tables.append(connection, "decisions", rows)
    assert decisions_sha256(tables.read(connection, "decisions")) == decisions_sha256(rows)
    rows["direction_deg"] = -0.0
    tables.append(connection, "decisions", rows)
    back = tables.read(connection, "decisions")
    connection.close()
    assert not np.signbit(back["direction_deg"]).any()


def test_what_is_kept_is_written_with_the_next_commit(tmp_path):
    def read() -> list[tuple[str]]:
        with contextlib.closing(sqlite3.connect(tmp_path / JOURNAL)) as other:
            return other.execute("SELECT value FROM meta WHERE key = 'decided_to'").fetchall()

    with Journal(tmp_path, {}) as journal:
        journal.keep_meta("decided_to", 1)
        journal.keep_meta("decided_to", 2)
        assert read() == []
        journal.commit()
        assert read() == [("2",)]
        journal.keep_meta("decided_to", 3)
    assert read() == [("3",)]
