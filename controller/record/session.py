"""A session folder: made here, and read back here as arrays."""

from __future__ import annotations

import json
import sqlite3
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import ArrayLike, NDArray
from wavestim.controller.plain import plain
from wavestim.controller.record import tables
from wavestim.controller.record.errors import RecordError, no_room
from wavestim.controller.record.journal import JOURNAL, Journal
from wavestim.controller.record.records import PULSE_TRUTH, WAVE
from wavestim.controller.record.rows import ReferencedSamples, Samples
from wavestim.controller.record.samples import Entry, SampleReader

FORMAT = 1
TRUTH = "truth.npz"
InputEvent = tuple[int, str, float, bytes | None]


def create_session(folder: Path, experiment: dict[str, Any], *, fs_hz: float, positions_mm: ArrayLike, about: dict[str, Any]) -> Journal:
    """Make a session folder and the journal that writes it.

    Parameters
    ----------
    folder : Path
        Must hold no session yet.
    experiment : dict
        The resolved experiment, kept as ``experiment.yaml``.
    fs_hz, positions_mm
        Of the source.
    about : dict
        Whatever else is known before the first sample: pace, light, horizon, the recording of a replay.

    Raises
    ------
    RecordError
        When the folder can't be written.
    """
    if (folder / JOURNAL).exists():
        raise RecordError(f"{folder}: holds a session already; sessions are never overwritten, choose another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "experiment.yaml").write_text(yaml.safe_dump(plain(experiment), sort_keys=False, allow_unicode=True), encoding="utf-8")
    except OSError as error:
        raise no_room(error, folder) or RecordError(f"{folder}: cannot be written ({error.strerror}); choose another --out") from error
    positions = np.asarray(positions_mm, dtype=np.float64).tolist()
    return Journal(folder, {"format": FORMAT, "fs_hz": fs_hz, "positions_mm": positions, "about": about})


def open_session(path: str | Path) -> Session:
    """Open a session for reading: finished, running, or left behind by a process that died.

    Raises
    ------
    RecordError
        When it is no session, or its journal is damaged.
    """
    return Session(Path(path))


class Session:
    """What a session recorded. Everything is read when it is first asked for.

    Attributes
    ----------
    path : Path
    fs_hz : float
        Rate of the source.
    positions_mm : ndarray (channels, 2)
    about : dict
        Pace, light, horizon and the like.
    recovered : bool
        The process that wrote it died, and ``recover`` finished it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / JOURNAL).is_file():
            raise RecordError(f"{path}: no session here, {JOURNAL} is missing; give the folder that --out named")
        meta = {key: json.loads(value) for key, value in self._rows("SELECT key, value FROM meta")}
        if meta.get("format") != FORMAT:
            raise RecordError(f"{path}: session format {meta.get('format')} is not the {FORMAT} that this version reads")
        self.meta: dict[str, Any] = meta
        self.fs_hz = float(meta["fs_hz"])
        self.positions_mm: NDArray[np.float64] = np.asarray(meta["positions_mm"], dtype=np.float64).reshape(-1, 2)
        self.about: dict[str, Any] = meta["about"]
        self.recovered = bool(meta.get("recovered"))

    @cached_property
    def experiment(self) -> dict[str, Any]:
        """The resolved experiment."""
        try:
            loaded = yaml.safe_load((self.path / "experiment.yaml").read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise RecordError(f"{self.path}/experiment.yaml: cannot be read ({error}); restore it from a copy") from error
        return dict(loaded)

    @cached_property
    def samples(self) -> Samples:
        """Lazy array (n, channels), uV; of a replay: the recording's own."""
        reference = self.about.get("recording")
        if reference is not None:
            from wavestim.controller.record.reference import open_reference

            n = int(self.meta.get("counts", {}).get("samples") or self.meta.get("decided_to") or 0)
            return ReferencedSamples(lambda: open_reference(reference), n, len(self.positions_mm))
        rows = self._rows("SELECT first_sample, n_samples, n_channels, host_ns, file, offset FROM blocks ORDER BY rowid")
        return SampleReader(self.path / "samples", [Entry(*row) for row in rows], len(self.positions_mm))

    @property
    def first_sample(self) -> int:
        """Counter of the first sample."""
        return self.samples.first_sample

    @cached_property
    def decisions(self) -> NDArray[np.void]:
        """Structured array, one row for each decision, scheduled or vetoed."""
        return self._table("decisions")

    @cached_property
    def pulses(self) -> NDArray[np.void]:
        """Structured array, one row for each scheduled decision that has come to an end; with its truth where that is known."""
        pulses = self._table("pulses")
        order = np.argsort(pulses["decision"], kind="stable")
        out = np.zeros(len(pulses), [*pulses.dtype.descr, *PULSE_TRUTH.descr[1:]])
        for name in pulses.dtype.names or ():
            out[name] = pulses[name][order]
        for name in PULSE_TRUTH.names or ():
            if PULSE_TRUTH[name].kind == "f":
                out[name] = np.nan
        path = self.path / TRUTH
        if path.is_file():
            with np.load(path, allow_pickle=False) as archive:
                truth = archive["pulses"]
            at = {int(d): i for i, d in enumerate(truth["decision"])}
            for row in out:
                i = at.get(int(row["decision"]))
                if i is not None:
                    for name in (PULSE_TRUTH.names or ())[1:]:
                        row[name] = truth[i][name]
        return out

    @cached_property
    def device_events(self) -> NDArray[np.void]:
        """What the board said."""
        return self._table("device_events")

    @cached_property
    def markers(self) -> NDArray[np.void]:
        """Moments worth finding again."""
        return self._table("markers")

    @cached_property
    def waves(self) -> NDArray[np.void]:
        """What the model knew, ten times a second and at every light-on; none of sessions under a simulated clock."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'waves'"):  # of an earlier version
            return np.zeros(0, WAVE)
        return self._table("waves")

    @cached_property
    def input_events(self) -> list[InputEvent]:
        """(applied before this sample, kind, value, payload), in the order in which they were applied."""
        return self._rows("SELECT sample, kind, value, payload FROM input_events ORDER BY rowid")

    @cached_property
    def clock_models(self) -> list[dict[str, float]]:
        """Clock models as they were published, each with ``host_ns``: when."""
        return [{"host_ns": at, **json.loads(model)} for at, model in self._rows("SELECT host_ns, model FROM clock_models ORDER BY rowid")]

    @property
    def decided_to(self) -> int:
        """Decisions are complete before this sample."""
        return int(self.meta.get("decided_to", 0))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """``summary.json``; of a session that is not finished, what can be said so far."""
        path = self.path / "summary.json"
        if path.is_file():
            return dict(json.loads(path.read_text(encoding="utf-8")))
        from wavestim.controller.record.summary import summarise

        return summarise(self)

    def _table(self, name: str) -> NDArray[np.void]:
        with self._reading() as connection:
            return tables.read(connection, name)

    def _rows(self, query: str) -> list[Any]:
        with self._reading() as connection:
            return connection.execute(query).fetchall()

    def _reading(self) -> Reading:
        return Reading(self.path / JOURNAL)


class Reading:
    """A read-only connection; also to a journal on a disk that can't be written, unless that ``grows``."""

    def __init__(self, path: Path, *, grows: bool = False) -> None:
        self._path, self._grows = path, grows

    def __enter__(self) -> sqlite3.Connection:
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        for attempt in (uri,) if self._grows else (uri, uri + "&immutable=1"):
            try:
                self._connection = sqlite3.connect(attempt, uri=True)
            except sqlite3.OperationalError as error:
                failure: sqlite3.Error = error
                continue
            try:
                self._connection.execute("SELECT 1 FROM meta")
                return self._connection
            except sqlite3.DatabaseError as error:
                self._connection.close()
                failure = error
                if not isinstance(error, sqlite3.OperationalError):
                    break
        raise RecordError(f"{self._path}: the journal can't be read ({failure}); restore it from a copy") from failure

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._connection.close()
        if isinstance(error, sqlite3.Error):
            raise RecordError(f"{self._path}: the journal is damaged ({error}); restore it from a copy") from error
