"""The experiment that is written: its text, its file, and changes by key. Whoever would lose something is asked before."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Any

from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment.load import EXAMPLES, find_file, read_file
from wavestim.controller.experiment.problems import KeyPath
from wavestim.gui.editor import yamltext
from wavestim.gui.editor.places import begun, fresh, is_there, key_order, lineage, required, unused, value_at
from wavestim.gui.editor.yamltext import CannotChangeError

MAX_CHARS = 100_000
"""A longer text would be read again and again for too long."""
EMPTY = """name: new-experiment
conditions:
  - {name: light, pattern: {kind: flash, width_ms: 5, irradiance_mw_mm2: 2}}
  - {name: sham, pattern: {kind: none}}
"""


class ChangedOnDiskError(ExperimentError):
    """The file is another one than was opened."""


class Document:
    """See the module.

    Parameters
    ----------
    text : str
    path : Path, optional
        Its file; without one it has to be given a name before it is saved.
    base : Path, optional
        What relative paths in it are relative to; by default where the file is, or where the window was started.

    Attributes
    ----------
    saved : what is in the file, as far as is known here; of what has none, how it began.
    """

    def __init__(self, text: str, path: Path | None = None, base: Path | None = None) -> None:
        self.text, self.path = text, path
        self.base = base or (path.parent if path is not None else Path.cwd())
        self.saved = text
        self._crlf = path is not None and b"\r\n" in path.read_bytes()
        self._put_away: dict[tuple[KeyPath, str], dict[str, Any]] = {}

    @property
    def unsaved(self) -> bool:
        """There is something to lose."""
        return self.text != self.saved

    @property
    def data(self) -> dict[str, Any]:
        """What the text holds; empty when it cannot be read."""
        with contextlib.suppress(CannotChangeError):
            found = yamltext.read(self.text)
            return found if isinstance(found, dict) else {}
        return {}

    def put(self, path: KeyPath, value: Any) -> None:
        """Give a key a value.

        Raises
        ------
        CannotChangeError
        """
        data = yamltext.read(self.text)
        told = lineage(path, data)
        here: Any = data
        for at, step in enumerate(path[:-1], 1):
            here = value_at(here, (step,))
            if not isinstance(here, dict | list):
                made = begun(told[at - 1], here)
                inner = made
                for key in path[at:-1]:
                    inner = inner.setdefault(str(key), {})
                inner[str(path[-1])] = value
                self.text = yamltext.change(self.text, path[:at], made, key_order(path[:at], data))
                return
        self.text = yamltext.change(self.text, path, value, key_order(path, data))

    def drop(self, path: KeyPath) -> None:
        """Back to the default: the key goes.

        Raises
        ------
        CannotChangeError
        """
        if is_there(self.data, path):
            self.text = yamltext.remove(self.text, path)

    def choose(self, path: KeyPath, kind: str) -> None:
        """Another kind of a part; keys that both have stay, others come back when the kind does.

        Raises
        ------
        CannotChangeError
        """
        data = self.data
        there, told = value_at(data, path), lineage(path, data)[-1]
        if not isinstance(there, dict):
            self.put(path, begun(told, kind))
            return
        keep, before = {f.key for f in told.kinds.get(kind, ())}, str(there.get("kind"))
        gone = [key for key in there if key not in keep and key != "kind"]
        text = self.text
        for key in gone:
            text = yamltext.remove(text, (*path, key))
        text = yamltext.change(text, (*path, "kind"), kind)
        back = {**required(told, kind), **self._put_away.get((path, kind), {})}
        for key, value in back.items():
            if key not in there or key in gone:
                text = yamltext.change(text, (*path, key), value, [f.key for f in told.kinds.get(kind, ())])
        self._put_away[path, before] = {key: there[key] for key in gone}
        self.text = text

    def add(self, path: KeyPath) -> None:
        """One more entry at the end of a list.

        Raises
        ------
        CannotChangeError
        """
        there = value_at(self.data, path)
        if there is not None and not isinstance(there, list):
            raise CannotChangeError("there is something else than a list")
        self._insert(path, len(there or ()), fresh(path, there or []))

    def duplicate(self, path: KeyPath, index: int) -> None:
        """An entry once more, behind itself.

        Raises
        ------
        CannotChangeError
        """
        there = value_at(self.data, path)
        one = there[index]
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            one = {**one, "name": unused(one["name"], [str(each.get("name")) for each in there if isinstance(each, dict)])}
        self._insert(path, index + 1, one)

    def remove(self, path: KeyPath, index: int) -> None:
        """Take an entry out of a list.

        Raises
        ------
        CannotChangeError
        """
        self.text = yamltext.remove(self.text, (*path, index))

    def move(self, path: KeyPath, index: int, by: int) -> None:
        """An entry one place up (-1) or down (1); at the end of the list it stays.

        Raises
        ------
        CannotChangeError
        """
        first = min(index, index + by)
        if 0 <= first < len(value_at(self.data, path)) - 1:
            self.text = yamltext.swap(self.text, path, first)

    def save(self, path: Path | None = None, *, over: bool = False) -> Path:
        """Write the file, whole or not at all.

        Parameters
        ----------
        path : Path, optional
            Another name for it.
        over : bool
            Also over what somebody else has written there since.

        Raises
        ------
        ChangedOnDiskError
        ExperimentError
            When it cannot be written there.
        """
        target = path or self.path
        if target is None:
            raise ExperimentError("it has no name yet; save it as a file")
        if is_kept(target):
            raise ExperimentError(f"{target}: belongs to the package or to a session and stays as it is; save under another name")
        same = self.path is not None and target.resolve() == self.path.resolve()
        if not over and same and target.is_file() and read_file(target) != self.saved:
            raise ChangedOnDiskError(f"{target}: somebody else has changed it since it was opened here")
        text = self.text.replace("\n", "\r\n") if self._crlf else self.text
        try:
            _write(target.resolve(), text)
        except OSError as error:
            raise ExperimentError(f"{target}: cannot be written ({error.strerror or error}); save it somewhere else") from error
        self.path, self.base, self.saved = target, target.parent, self.text
        return target

    def _insert(self, path: KeyPath, index: int, value: Any) -> None:
        if is_there(self.data, path[:-1]) or len(path) == 1:
            self.text = yamltext.insert(self.text, path, index, value)
        else:
            self.put(path, [value])


def new(name: str | None = None) -> Document:
    """A new experiment: a small one, or a copy of a packaged example.

    Raises
    ------
    ExperimentError
    """
    return Document(EMPTY if name is None else read_file(EXAMPLES / f"{name}.yaml"))


def opened(path_or_name: str) -> Document:
    """An experiment from its file; of a packaged example or a session, a copy without a name.

    Raises
    ------
    ExperimentError
    """
    path = find_file(path_or_name)
    text = read_file(path)
    if len(text) > MAX_CHARS:
        raise ExperimentError(f"{path}: {len(text)} characters are too long to be edited here ({MAX_CHARS} at most); use a text editor")
    return Document(text, None, path.parent) if is_kept(path) else Document(text, path)


def is_kept(path: Path) -> bool:
    """A file that nobody may write over: a packaged example, or a session's own copy."""
    folder = path.resolve().parent
    return folder == EXAMPLES.resolve() or (folder / "journal.sqlite").exists()


def _write(target: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        mode = target.stat().st_mode if target.exists() else 0o644
        Path(name).chmod(mode & 0o777)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
