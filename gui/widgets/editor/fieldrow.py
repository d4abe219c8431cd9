"""One key with one value: its name, the field, the unit, the way back to the default, and beside it what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.controller.experiment.problems import KeyPath
from wavestim.gui import theme
from wavestim.gui.editor import yamltext
from wavestim.gui.editor.edits import Edits
from wavestim.gui.editor.fields import Field, inline
from wavestim.gui.editor.pace import Pace
from wavestim.gui.editor.yamltext import CannotChangeError
from wavestim.gui.words import editor as words

NAME_PX, UNIT_PX = 150, 62


@dataclass(frozen=True)
class Now:
    """What the form is to show.

    Attributes
    ----------
    data : of the file.
    resolved : every key with the value that holds, as far as it is known.
    problems : sentences by place.
    locked : nothing may be changed.
    pace : how much of the form may be made now.
    """

    data: Mapping[str, Any]
    resolved: Mapping[str, Any]
    problems: Mapping[KeyPath, Sequence[str]]
    locked: bool
    pace: Pace = field(default_factory=Pace)

    def below(self, path: KeyPath, others: Sequence[str | int] = ()) -> list[str]:
        """What is wrong there, but for what lies in one of the keys that have a place of their own."""
        n = len(path)
        return [
            sentence
            for at, sentences in self.problems.items()
            if at[:n] == path and not (len(at) > n and at[n] in others)
            for sentence in sentences
        ]


class Wrong(QtWidgets.QLabel):
    """What is wrong with the field above."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("wrong")
        self.setWordWrap(True)
        self.setStyleSheet(f"color: {theme.LINES['bad']}; font-size: {theme.px(12)}px")
        self.hide()

    def tell(self, sentences: Sequence[str]) -> None:
        """Nothing hides it."""
        text = "\n".join(f"▲ {sentence}" for sentence in sentences)
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))


class Combo(QtWidgets.QComboBox):
    """A choice that a wheel over it does not change while something else has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)

    def wheelEvent(self, event: Any) -> None:
        """See the class."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class FieldRow(QtWidgets.QWidget):
    """See the module.

    Parameters
    ----------
    told : Field
    edits : Edits
    """

    def __init__(self, told: Field, edits: Edits) -> None:
        super().__init__()
        self.told = told
        self.path: KeyPath = (told.key,)
        self._edits, self._shown = edits, ""
        self._typing = False
        """Somebody types here: the field is not written anew while it means what the file says."""
        self.name = QtWidgets.QLabel(told.name)
        self.name.setFixedWidth(theme.px(NAME_PX))
        self.field = self._make()
        self.field.setObjectName("field")
        self.field.setAccessibleName(told.key)
        self.reset = QtWidgets.QToolButton()
        self.reset.setText("↺")
        self.reset.setToolTip(words.RESET)
        self.reset.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self.reset.clicked.connect(lambda: edits.drop(self.path))
        self.wrong = Wrong()
        unit = QtWidgets.QLabel(told.unit)
        unit.setFixedWidth(theme.px(UNIT_PX))
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(1)
        for column, widget in enumerate((self.name, self.field, unit, self.reset)):
            grid.addWidget(widget, 0, column)
        grid.addWidget(self.wrong, 1, 0, 1, 4)
        grid.setColumnStretch(1, 1)
        keeps = self.reset.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(keeps)
        for widget in (self, self.name, self.field):
            widget.setToolTip(words.help_of(told))
        self.field.installEventFilter(self)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Who comes to the field reads its help."""
        if event.type() == QtCore.QEvent.Type.FocusIn:
            self._edits.explain(words.help_of(self.told))
        return False

    def show_now(self, path: KeyPath, value: Any, there: bool, resolved: Any, now: Now) -> None:
        """Show what stands there."""
        self.path = path
        self._show_value(value, there, resolved)
        self.field.setEnabled(not now.locked)
        self.reset.setVisible(there and not self.told.required and not now.locked)
        restyle(self.name, f"color: {theme.TEXT}; font-weight: bold" if there else f"color: {theme.DIM}")
        sentences = now.below(path)
        self.wrong.tell(sentences)
        restyle(self.field, f"border: 1px solid {theme.BAD}" if sentences else "")

    def _make(self) -> QtWidgets.QWidget:
        combo: QtWidgets.QWidget
        if self.told.form == "choice":
            combo = Combo()
            combo.addItems(["", *self.told.words])
            combo.activated.connect(self._chosen)
            return combo
        if self.told.form == "words":
            combo = Combo()
            combo.setEditable(True)
            combo.setMinimumContentsLength(3)  # with more where there is room
            combo.setInsertPolicy(QtWidgets.QComboBox.InsertPolicy.NoInsert)
            combo.setCompleter(None)
            combo.addItems(self.told.words)
            combo.activated.connect(lambda at: self._typed(self.told.words[at]))
            self._line = combo.lineEdit()
        else:
            combo = self._line = QtWidgets.QLineEdit()
        self._line.textEdited.connect(self._edited)
        self._line.editingFinished.connect(self._left)
        return combo

    def _show_value(self, value: Any, there: bool, resolved: Any) -> None:
        text = "null" if there and value is None and not self.told.optional else inline(value) if there and value is not None else ""
        if self.told.form == "choice":
            self.field.setItemText(0, f"{words.DEFAULT}: {words.placeholder(self.told, resolved)}")
            at = self.field.findText(str(value)) if text else 0
            self.field.setCurrentIndex(max(at, 0) if not text or at > 0 else -1)
            return
        self._line.setPlaceholderText(words.placeholder(self.told, resolved))
        self._shown = text
        if text != self._line.text() and not (self._typing and (not text or _same(self._value(self._line.text()), value))):
            self._line.setText(text)
            self._line.setCursorPosition(len(text) if self._line.hasFocus() else 0)

    def _chosen(self, at: int) -> None:
        if at == 0:
            self._edits.drop(self.path)
        else:
            self._edits.put(self.path, self.told.words[at - 1])

    def _edited(self, text: str) -> None:
        self._typing = True
        if text.strip():
            self._typed(text)

    def _typed(self, text: str) -> None:
        self._edits.put(self.path, self._value(text))

    def _left(self) -> None:
        """An empty field is the default; only once it is left, so that who types anew keeps the place in the file."""
        self._typing = False
        if not self._line.text().strip() and self._shown:
            if self.told.required:
                self._line.setText(self._shown)
            else:
                self._edits.drop(self.path)

    def _value(self, text: str) -> Any:
        """What was typed, as the file would hold it."""
        text = text.strip()
        if self.told.form == "text" or (self.told.form == "words" and text in self.told.words and text != "null"):
            return text
        if self.told.is_list and text[:1] not in "[{":
            text = f"[{text}]"
        try:
            return yamltext.read(text)
        except CannotChangeError:
            return text


def restyle(widget: QtWidgets.QWidget, style: str) -> None:
    """Only when it is another one: Qt works long on that."""
    if widget.styleSheet() != style:
        widget.setStyleSheet(style)


def _same(a: Any, b: Any) -> bool:
    return repr(a) == repr(b) or inline(a) == inline(b)
