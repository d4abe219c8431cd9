"""What a form may ask for: changes of the document by key, each through whoever shows what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wavestim.controller.experiment.problems import KeyPath
from wavestim.gui.editor.document import Document


class Edits:
    """See the module.

    Parameters
    ----------
    document : callable
        The document that is worked on now.
    change : callable
        Carries a change out, when it may be.
    explain : callable
        Takes the help of the field that is worked on.
    """

    def __init__(
        self, document: Callable[[], Document], change: Callable[[Callable[[], None]], None], explain: Callable[[str], None]
    ) -> None:
        self._document, self._change, self.explain = document, change, explain

    def put(self, path: KeyPath, value: Any) -> None:
        """A key gets a value."""
        self._change(lambda: self._document().put(path, value))

    def drop(self, path: KeyPath) -> None:
        """A key goes back to its default."""
        self._change(lambda: self._document().drop(path))

    def choose(self, path: KeyPath, kind: str) -> None:
        """A part gets another kind."""
        self._change(lambda: self._document().choose(path, kind))

    def add(self, path: KeyPath) -> None:
        """One more entry."""
        self._change(lambda: self._document().add(path))

    def duplicate(self, path: KeyPath, index: int) -> None:
        """An entry once more."""
        self._change(lambda: self._document().duplicate(path, index))

    def remove(self, path: KeyPath, index: int) -> None:
        """An entry goes."""
        self._change(lambda: self._document().remove(path, index))

    def move(self, path: KeyPath, index: int, by: int) -> None:
        """An entry changes places."""
        self._change(lambda: self._document().move(path, index, by))
