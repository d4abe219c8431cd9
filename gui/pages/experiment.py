"""The experiment made and changed: a form from the schema beside the YAML, what is wrong with it, and the light that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.controller.experiment import Experiment
from wavestim.controller.experiment.problems import Checked, KeyPath, Problem
from wavestim.gui.deck import Deck
from wavestim.gui.editor import document as documents
from wavestim.gui.editor import yamltext
from wavestim.gui.editor.document import Document
from wavestim.gui.editor.edits import Edits
from wavestim.gui.editor.latest import Latest
from wavestim.gui.editor.working import Drawn, Looked, Planned, Refused, work
from wavestim.gui.editor.yamltext import CannotChangeError
from wavestim.gui.pages.page import Page
from wavestim.gui.steps import OVER
from wavestim.gui.widgets.editor.askbar import AskBar
from wavestim.gui.widgets.editor.fieldrow import Now
from wavestim.gui.widgets.editor.filing import Filing
from wavestim.gui.widgets.editor.forecast import Forecast
from wavestim.gui.widgets.editor.form import Form
from wavestim.gui.widgets.editor.patterns import Patterns
from wavestim.gui.widgets.editor.problems import Problems
from wavestim.gui.widgets.editor.tools import Tools
from wavestim.gui.widgets.editor.yamlpane import YamlPane
from wavestim.gui.words import editor as words

Signal: Any = QtCore.Signal


class ExperimentPage(Page):
    """See the module; ``saved`` tells the file that was written or opened.

    Parameters
    ----------
    deck : Deck
        Says whether the experiment is locked.
    """

    title = words.TITLE
    saved = Signal(str)

    def __init__(self, deck: Deck) -> None:
        super().__init__()
        self._deck = deck
        self.document = documents.new()
        self._checked = Checked(None, None, ())
        self._resolved: dict[str, Any] = {}
        self._refused: Problem | None = None
        self._locked = False
        self._wanted: str | None = None
        self._watched: Path | None = None
        """The session of somebody else whose experiment is shown."""
        self._begun = False
        """Nothing is worked out before somebody looks at the page."""
        self._worker = Latest(work)
        self.bar, self.problems = AskBar(), Problems()
        self.yaml = YamlPane()
        self.edits = Edits(lambda: self.document, self._change, lambda text: self.form.help.setText(text))
        self.form = Form(self.edits)
        self.patterns, self.forecast = Patterns(), Forecast()
        self.lock = QtWidgets.QLabel(words.LOCKED)
        self.files = Filing(self, self.bar, lambda: self.document, self.show_document, self._written)
        self.tools = Tools(self.files, self.yaml.text.undo, self.yaml.text.redo, self.problems.count)
        self._lay_out()
        self.yaml.typed.connect(self._typed)
        self.problems.asked.connect(self._go_to)

    def turn(self, frame: int) -> None:
        """One frame."""
        locked = self._deck.state not in OVER
        watched = self._deck.watched
        if watched is not None and watched != self._watched:
            self._watched, self._wanted = watched, str(watched)
        if self._wanted is not None and not (locked and self.unsaved):
            self._show_wanted(self._wanted)
        if not self._begun:
            self.show_document(self.document)
        if locked != self._locked:
            self._locked = self.files.locked = locked
            self._show()
        results = self._worker.take()
        for result in results:
            self._worked(result)
        if results:
            self._show_worked()
        else:
            self.form.go_on()
        self.patterns.turn()

    @property
    def unsaved(self) -> bool:
        """There is something to lose."""
        return self.document.unsaved

    @property
    def settled(self) -> bool:
        """All of the text is worked out and shown."""
        return self._begun and self.form.whole and not self._worker.busy and self._wanted is None

    def follow(self, experiment: str) -> None:
        """Another experiment is chosen for the next session: show that one, once the page is looked at."""
        path = self.document.path
        if path is None or str(path) != experiment:
            self._wanted = experiment

    def take_over(self, before: ExperimentPage) -> None:
        """Go on with what another page had, saved or not; that page ends."""
        before.close_down()
        self._watched = before._watched
        if before._begun:
            self._wanted = before._wanted
            self.show_document(before.document)

    def close_down(self) -> None:
        """The window goes."""
        self._worker.close()

    def show_document(self, document: Document) -> None:
        """Begin with another one."""
        self.document, self._resolved, self._checked, self._begun = document, {}, Checked(None, None, ()), True
        self.bar.over()
        self.yaml.begin(document.text)
        self._changed()
        if document.path is not None:
            self.saved.emit(str(document.path))

    def discard(self) -> None:
        """Back to what is in the file."""
        self.document.text = self.document.saved
        self.yaml.change_to(self.document.text)
        self._changed()

    def _change(self, do: Callable[[], None]) -> None:
        if self._locked:
            return
        try:
            do()
        except CannotChangeError:
            self.bar.tell(words.CANNOT_CHANGE, words.KEEP)
        except Exception as error:  # a fault of ours: the window holds STOP, and goes on
            self.bar.tell(words.internal(error), words.KEEP)
        self.yaml.change_to(self.document.text)
        self._changed()

    def _typed(self) -> None:
        self.document.text = self.yaml.content
        self._changed()

    def _changed(self) -> None:
        """The text is another one."""
        self._refused = None
        self._worker.ask((self.document.text, self.document.base))
        self.problems.tell(self._problems(), looking=True)
        self._show()

    def _show(self) -> None:
        """The form, as the text is now; what is wrong comes later."""
        try:
            data = yamltext.read(self.document.text)
            readable = data is None or isinstance(data, dict)
        except CannotChangeError:
            readable = False
        if readable:
            self.form.show_now(Now(data or {}, self._resolved, self._by_place(), self._locked))
        self.form.fields.setEnabled(readable)
        self.form.says.setText("" if readable else words.UNREADABLE)
        self.yaml.text.setReadOnly(self._locked)
        self.lock.setVisible(self._locked)
        self.tools.lock(self._locked)
        where = "" if self.document.path is None else str(self.document.path)
        self.tools.name.setText(words.title(self.files.name, where, self.document.unsaved))

    def _worked(self, result: object) -> None:
        if isinstance(result, Looked):
            self._checked = result.checked
            if isinstance(result.checked.experiment, Experiment):
                self._resolved = result.checked.experiment.model_dump(mode="json")
                self.forecast.wait()
            else:
                self._resolved = {}
                self.patterns.begin(None)
                self.forecast.nothing()
        elif isinstance(result, Drawn):
            self.patterns.begin(result.sketch)
        elif isinstance(result, Planned):
            self.forecast.show_plan(result)
        elif isinstance(result, Refused):
            self._refused = result.problem
            self.forecast.refuse(result.problem.sentence)
        elif isinstance(result, Exception):
            self._checked = Checked(None, None, (Problem((), words.internal(result)),))

    def _show_worked(self) -> None:
        """What was worked out of the text: what is wrong with it, and where."""
        self.problems.tell(self._problems())
        self.yaml.text.mark([line for line in map(self._line, self._problems()) if line is not None])
        self._show()

    def _problems(self) -> list[Problem]:
        return [*self._checked.problems, *([self._refused] if self._refused is not None else [])]

    def _by_place(self) -> dict[KeyPath, list[str]]:
        found: dict[KeyPath, list[str]] = {}
        for problem in self._problems():
            found.setdefault(problem.path, []).append(problem.sentence)
        return found

    def _line(self, problem: Problem) -> int | None:
        return problem.line or (yamltext.line_of(self.document.text, problem.path) if problem.path else None)

    def _go_to(self, problem: Problem) -> None:
        line = self._line(problem)
        if line is not None:
            self.yaml.go_to(line)
        if problem.path:
            self.form.go_to(problem.path)

    def _show_wanted(self, wanted: str) -> None:
        self._wanted = None
        if self.unsaved:
            self.files.open(wanted)
        else:
            self.files.show(lambda: documents.opened(wanted))

    def _written(self, path: Path) -> None:
        self._changed()
        self.saved.emit(str(path))

    def _lay_out(self) -> None:
        right = QtWidgets.QSplitter(QtCore.Qt.Orientation.Vertical)
        columns = QtWidgets.QSplitter(QtCore.Qt.Orientation.Horizontal)
        for splitter, name, widgets, parts in (
            (right, "light", (self.patterns, self.forecast), (12, 10)),
            (columns, "columns", (self.form, self.yaml, right), (10, 10, 11)),
        ):
            splitter.setObjectName(name)
            splitter.setChildrenCollapsible(False)
            for widget in widgets:
                splitter.addWidget(widget)
                widget.setMinimumSize(200, 120)
            splitter.setSizes([100 * part for part in parts])
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        for line in (self.tools, self.lock, self.bar, self.problems):
            rows.addWidget(line)
        rows.addWidget(columns, 1)
        self.lock.setStyleSheet("font-weight: bold")
        self.lock.hide()
