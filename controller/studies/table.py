"""Rows of cells that are done, on disk as soon as they are: what is interrupted goes on where it was."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from wavestim.controller.plain import plain
from wavestim.controller.studies.study import Cell, Row, StudyError


class Table:
    """Results by cell.

    Parameters
    ----------
    folder : Path, optional
        Holds them as a SQLite file, and is made when it is not there; without one the rows are kept in memory.

    Raises
    ------
    StudyError
        When the folder or the file can't be used.
    """

    def __init__(self, folder: Path | None = None) -> None:
        path = None if folder is None else folder / "cells.sqlite"
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(":memory:" if path is None else path)
            with self._db:
                self._db.execute("CREATE TABLE IF NOT EXISTS cells (key TEXT PRIMARY KEY, rows TEXT NOT NULL)")
        except OSError as error:
            raise StudyError(f"{folder}: can't be made ({error.strerror}); name a folder that can") from error
        except sqlite3.Error as error:
            raise StudyError(f"{path}: is no table of results ({error}); name another folder") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._db.close()

    def has(self, cell: Cell) -> bool:
        """It is done."""
        return self._db.execute("SELECT 1 FROM cells WHERE key = ?", (cell.key,)).fetchone() is not None

    def put(self, cell: Cell, rows: Iterable[Row]) -> None:
        """Keep what a cell gave, with what it was."""
        told = [{"arm": cell.arm, "seed": cell.seed, **row} for row in rows]
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO cells VALUES (?, ?)", (cell.key, json.dumps(plain(told))))

    def rows(self, cells: Iterable[Cell]) -> list[Row]:
        """Those of some cells, in their order; a cell that is not done has none."""
        found: list[Row] = []
        for cell in cells:
            kept = self._db.execute("SELECT rows FROM cells WHERE key = ?", (cell.key,)).fetchone()
            found += json.loads(kept[0]) if kept else []
        return found


def write_csv(path: Path, rows: Iterable[Row]) -> None:
    """A tidy table: a row for each measurement, a column for each name that occurs."""
    told = list(rows)
    names = list(dict.fromkeys(name for row in told for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(told)
