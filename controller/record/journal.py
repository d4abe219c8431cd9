"""The one writer of a session: samples go to append-only files, everything else to SQLite, in commits of at most 250 ms.

Samples are handed to the operating system before the commit that names them, and decisions are taken before the samples they rest on, so
whatever moment the process dies at, what was committed can be read and every committed decision can be made again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.plain import plain
from wavestim.controller.record import tables
from wavestim.controller.record.errors import RecordError, no_room, room
from wavestim.controller.record.samples import SampleWriter
from wavestim.hardware.lights import LightEvent

COMMIT_NS = 200_000_000
JOURNAL = "journal.sqlite"
LOCK = ".writing"


class Journal:
    """Writes one session.

    Parameters
    ----------
    folder : Path
        The session folder; it must exist and hold no journal.
    meta : dict
        What is known before the first sample: plain values by key.

    Raises
    ------
    RecordError
        When the folder holds a journal already, is being written by another process, or the disk is full.
    """

    def __init__(self, folder: Path, meta: dict[str, Any]) -> None:
        self.folder = folder
        if (folder / JOURNAL).exists():
            raise RecordError(f"{folder}: holds a session already; sessions are never overwritten, choose another --out")
        self._next_commit_ns = 0
        self._kept: dict[str, Any] = {}
        self._failed: RecordError | None = None
        with contextlib.ExitStack() as undo, self._room():
            self._lock = lock_session(folder)
            undo.callback(unlock_session, folder, self._lock)
            self._samples = SampleWriter(folder / "samples")
            self._db = sqlite3.connect(folder / JOURNAL, isolation_level=None)
            undo.callback(self._db.close)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            tables.create(self._db)
            self._db.execute("BEGIN")
            for key, value in meta.items():
                self.set_meta(key, value)
            self.commit()
            self._undo = undo.pop_all()

    def append_samples(self, first_sample: int, block: NDArray[np.float32], host_ns: int) -> None:
        """Samples (n, channels) uV of which the first has counter ``first_sample``, and when they were received."""
        with self._room():
            self._samples.append(first_sample, block, host_ns)

    def append_decisions(self, decisions: NDArray[np.void]) -> None:
        """Rows of :data:`wavestim.realtime.records.DECISION`; a row's number is the index of the decision."""
        with self._room():
            tables.append(self._db, "decisions", decisions)

    def append_pulses(self, pulses: NDArray[np.void]) -> None:
        """Rows of :data:`wavestim.controller.record.records.PULSE`."""
        with self._room():
            tables.append(self._db, "pulses", pulses)

    def append_waves(self, waves: NDArray[np.void]) -> None:
        """Rows of :data:`wavestim.controller.record.records.WAVE`."""
        with self._room():
            tables.append(self._db, "waves", waves)

    def append_device_events(self, events: Iterable[LightEvent]) -> None:
        """What the board said, as it said it."""
        names = tables.LAYOUTS["device_events"].names or ()
        rows = [tuple(getattr(e, name) for name in names) for e in events]
        with self._room():
            tables.append(self._db, "device_events", np.array(rows, dtype=tables.LAYOUTS["device_events"]))

    def append_input_event(self, sample: int, kind: str, value: float, payload: bytes | None = None) -> None:
        """What entered the engine besides samples; applied before ``sample``."""
        with self._room():
            self._db.execute("INSERT INTO input_events VALUES (?, ?, ?, ?)", (sample, kind, value, payload))

    def append_clock_model(self, host_ns: int, sample: int, model: dict[str, float]) -> None:
        """A clock model as it was published."""
        with self._room():
            self._db.execute("INSERT INTO clock_models VALUES (?, ?, ?)", (host_ns, sample, json.dumps(plain(model))))

    def append_marker(self, sample: float, name: str, value: str = "") -> None:
        """A moment worth finding again."""
        with self._room():
            tables.append(self._db, "markers", np.array([(sample, name, value)], dtype=tables.LAYOUTS["markers"]))

    def set_meta(self, key: str, value: Any) -> None:
        """A plain value by key; replaces an older one."""
        with self._room():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(plain(value))))

    def keep_meta(self, key: str, value: Any) -> None:
        """As :meth:`set_meta`, for what changes all the time: what it is at the next commit is written with it."""
        self._kept[key] = value

    @property
    def n_bytes(self) -> int:
        """That samples and journal take on the disk so far."""
        files = (self.folder / JOURNAL, self.folder / f"{JOURNAL}-wal")
        return self._samples.n_bytes + sum(path.stat().st_size for path in files if path.exists())

    def tick(self, now_ns: int) -> None:
        """Commit when it is time; to be called often."""
        if now_ns >= self._next_commit_ns:
            self.commit()
            self._next_commit_ns = now_ns + COMMIT_NS

    def commit(self) -> None:
        """Everything so far survives the process."""
        kept, self._kept = self._kept, {}
        for key, value in kept.items():
            self.set_meta(key, value)
        with self._room():
            entries = self._samples.flush()
            rows = [(e.first_sample, e.n_samples, e.n_channels, e.host_ns, e.file, e.offset) for e in entries]
            self._db.executemany("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")

    def close(self) -> None:
        """Commit and let go of the files; a second call does nothing."""
        if self._lock.closed:
            return
        with self._undo:  # whatever fails on the way, the files and the lock are let go of
            self._undo.callback(self._samples.close)
            self.commit()
            with self._room():
                self._db.execute("COMMIT")
                to_one_file(self._db)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self.close()
            return
        with contextlib.suppress(RecordError, OSError, sqlite3.Error):  # what went wrong first is what is told
            self.close()

    @contextlib.contextmanager
    def _room(self) -> Iterator[None]:
        """A full disk is told in one sentence, and nothing is committed after it: decisions never outlive the samples they rest on."""
        if self._failed is not None:
            raise self._failed
        try:
            with room(self.folder):
                yield
        except RecordError as error:
            self._failed = error
            raise


def to_one_file(db: sqlite3.Connection) -> None:
    """A finished journal is one file, safe to copy. Somebody who reads it just now keeps it from that, which is no harm."""
    with contextlib.suppress(sqlite3.OperationalError):
        db.execute("PRAGMA journal_mode=DELETE")


def unlock_session(folder: Path, lock: Any) -> None:
    """Take the mark away again."""
    (folder / LOCK).unlink(missing_ok=True)
    lock.close()


def lock_session(folder: Path) -> Any:
    """Mark a session as being written; the mark ends with the process, however it ends.

    Raises
    ------
    RecordError
        When another process writes it.
    """
    try:
        file = (folder / LOCK).open("w", encoding="ascii")
    except OSError as error:
        raise no_room(error, folder) or RecordError(f"{folder}: cannot be written ({error.strerror}); choose a folder of yours") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise RecordError(f"{folder}: the session is still being written by another process; wait for it or stop it first") from error
    return file
