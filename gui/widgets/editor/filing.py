"""The experiment as a file: made new, opened, saved, never lost or written over without a question."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pyqtgraph.Qt import QtWidgets
from wavestim.controller.errors import WavestimError
from wavestim.gui.editor import document as documents
from wavestim.gui.editor.document import ChangedOnDiskError, Document
from wavestim.gui.widgets.editor.askbar import Answer, AskBar
from wavestim.gui.widgets.filedialog import ask_for_file
from wavestim.gui.words import editor as words


class Filing:
    """See the module.

    Parameters
    ----------
    page : QWidget
        Beside which questions and dialogues are.
    bar : AskBar
    document : callable
        The one that is worked on now.
    show : callable
        Begins with another one.
    written : callable
        Is told that it was saved, and where.

    Attributes
    ----------
    locked : nothing is opened or saved.
    dialog : the one that asks for a file, or the last one.
    """

    def __init__(
        self,
        page: QtWidgets.QWidget,
        bar: AskBar,
        document: Callable[[], Document],
        show: Callable[[Document], None],
        written: Callable[[Path], None],
    ) -> None:
        self._page, self._bar, self._document, self._show, self._written = page, bar, document, show, written
        self.locked = False
        self.dialog: QtWidgets.QFileDialog | None = None

    def new(self, example: str | None = None) -> None:
        """A new experiment; without a name, the small one."""
        self._unless_lost(lambda: self.show(lambda: documents.new(example)))

    def open(self, path_or_name: str) -> None:
        """Another experiment."""
        self._unless_lost(lambda: self.show(lambda: documents.opened(path_or_name)))

    def show(self, make: Callable[[], Document]) -> None:
        """Begin with another one, whatever becomes of the one that is there; what cannot be opened is told."""
        try:
            self._show(make())
        except (WavestimError, OSError) as error:
            self._bar.tell(str(error), words.KEEP)

    def choose_file(self) -> None:
        """Ask for a file to open."""
        if not self.locked:
            self._choose(words.OPEN, lambda path: self.open(str(path)))

    def save(self) -> None:
        """Write the file; what has none yet gets a name first."""
        if self.locked:
            return
        if self._document().path is None:
            self.save_as()
        else:
            self._save(None)

    def save_as(self) -> None:
        """Write it under another name."""
        if not self.locked:
            path = self._document().path
            self._choose(words.SAVE_AS, self._save_new, f"{self.name}.yaml" if path is None else path.name)

    def ask_before(self, question: str, then: Callable[[], object], discard: str = words.DISCARD) -> None:
        """Something would lose what is not saved."""
        self._bar.ask(question.format(name=self.name), [(words.SAVE_FIRST, self.save), (discard, then), (words.KEEP, None)])

    @property
    def name(self) -> str:
        """Of the experiment, as it says itself."""
        name = self._document().data.get("name")
        return str(name) if isinstance(name, str) and name else words.EMPTY

    def _unless_lost(self, then: Callable[[], None]) -> None:
        if self.locked:
            return
        if self._document().unsaved:
            self.ask_before(words.LOSES, then)
        else:
            then()

    def _save(self, path: Path | None, *, over: bool = False) -> None:
        try:
            written = self._document().save(path, over=over)
        except ChangedOnDiskError:
            asked: list[Answer] = [(words.OVER, lambda: self._save(path, over=True)), (words.RELOAD, self._reload), (words.KEEP, None)]
            self._bar.ask(words.CHANGED.format(name=self.name), asked)
            return
        except WavestimError as error:
            self._bar.tell(str(error), words.KEEP)
            return
        self._bar.over()
        self._written(written)

    def _save_new(self, path: Path) -> None:
        """Under another name, which may be taken."""
        before = self._document().path
        own = before is not None and path.resolve() == before.resolve()
        if path.exists() and not own:
            self._bar.ask(words.EXISTS.format(path=path), [(words.OVER, lambda: self._save(path)), (words.KEEP, None)])
        else:
            self._save(path)

    def _reload(self) -> None:
        path = self._document().path
        self.show(lambda: documents.opened(str(path)))

    def _choose(self, title: str, do: Callable[[Path], object], suggested: str = "") -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
        path = self._document().path
        self.dialog = ask_for_file(self._page, title, Path.cwd() if path is None else path.parent, words.FILE, do, suggested)
