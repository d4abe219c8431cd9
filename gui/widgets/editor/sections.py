"""Keys that belong together: a part, a part with a choice of its kind, a list of parts. Folded until somebody wants to see them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.controller.experiment.problems import KeyPath
from wavestim.gui import theme
from wavestim.gui.editor.edits import Edits
from wavestim.gui.editor.fields import Field
from wavestim.gui.editor.pace import Pace
from wavestim.gui.editor.places import kind_of
from wavestim.gui.widgets.editor.fieldrow import NAME_PX, Combo, FieldRow, Now, Wrong, restyle
from wavestim.gui.words import editor as words

INDENT_PX = 14
Node = Any
"""A ``FieldRow`` or a ``Section``."""


def make(told: Field, edits: Edits) -> Node:
    """The widget of a field."""
    return Section(told, edits) if told.form in ("part", "kinds", "list") else FieldRow(told, edits)


def button(text: str, tip: str, do: Any) -> QtWidgets.QToolButton:
    """A small one, that the keyboard reaches."""
    made = QtWidgets.QToolButton()
    made.setText(text)
    made.setToolTip(tip)
    made.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
    made.clicked.connect(lambda: do())
    return made


class Fields(QtWidgets.QWidget):
    """Fields below each other, made anew when others are wanted.

    Parameters
    ----------
    edits : Edits
    indent_px : int
    opened : keys whose sections are unfolded from the beginning.
    """

    def __init__(self, edits: Edits, indent_px: int = INDENT_PX, opened: Collection[str] = ()) -> None:
        super().__init__()
        self._edits, self._opened = edits, opened
        self._fields: tuple[Field, ...] = ()
        self.nodes: list[Node] = []
        self._rows = QtWidgets.QVBoxLayout(self)
        self._rows.setContentsMargins(indent_px, 0, 0, 2)
        self._rows.setSpacing(3)

    def show_now(self, fields: tuple[Field, ...], path: KeyPath, value: Any, resolved: Any, now: Now) -> None:
        """Show the fields of a part."""
        if fields != self._fields:
            self._fields = fields
            for node in self.nodes:
                self._rows.removeWidget(node)
                node.hide()
                node.deleteLater()
            self.nodes = []
        for told in fields[len(self.nodes) :]:
            if not now.pace.may():
                break
            self.nodes.append(node := make(told, self._edits))
            if told.key in self._opened:
                node.open = True
            self._rows.addWidget(node)
        inside = value if isinstance(value, Mapping) else {}
        known = resolved if isinstance(resolved, Mapping) else {}
        for node in self.nodes:
            key = node.told.key
            node.show_now((*path, key), inside.get(key), key in inside, known.get(key), now)


class Card(QtWidgets.QFrame):
    """One entry of a list, with what can be done to it."""

    def __init__(self, told: Field, edits: Edits) -> None:
        super().__init__()
        self.setObjectName("card")
        self.told = told
        self.path: KeyPath = (told.key,)
        self.title = QtWidgets.QLabel()
        self.title.setObjectName("title")
        self.fields = Fields(edits, 0)

        def on_list(do: Any, *more: Any) -> Any:
            return lambda: do(self.path[:-1], self.path[-1], *more)

        self.up = button(words.UP, words.UP_HELP, on_list(edits.move, -1))
        self.down = button(words.DOWN, words.DOWN_HELP, on_list(edits.move, 1))
        self.duplicate = button(words.DUPLICATE, words.DUPLICATE, on_list(edits.duplicate))
        self.remove = button(words.REMOVE, words.REMOVE, on_list(edits.remove))
        line = QtWidgets.QHBoxLayout()
        line.addWidget(self.title, 1)
        for one in (self.up, self.down, self.duplicate, self.remove):
            line.addWidget(one)
        self.wrong = Wrong()
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(6, 4, 6, 4)
        rows.setSpacing(3)
        rows.addLayout(line)
        rows.addWidget(self.wrong)
        rows.addWidget(self.fields)

    def show_now(self, path: KeyPath, value: Any, resolved: Any, of: int, now: Now) -> None:
        """Show an entry."""
        self.path, at = path, int(path[-1])
        name = value.get("name") if isinstance(value, Mapping) else None
        self.title.setText(f"{at + 1} · {name}" if name else f"{at + 1}")
        for one in (self.up, self.down, self.duplicate, self.remove):
            one.setEnabled(not now.locked)
        self.up.setEnabled(not now.locked and at > 0)
        self.down.setEnabled(not now.locked and at < of - 1)
        self.wrong.tell(now.below(path, [told.key for told in self.told.fields]))
        self.fields.show_now(self.told.fields, path, value, resolved, now)


class Section(QtWidgets.QWidget):
    """See the module.

    Parameters
    ----------
    told : Field
    edits : Edits
    """

    def __init__(self, told: Field, edits: Edits) -> None:
        super().__init__()
        self.told, self._edits = told, edits
        self.path: KeyPath = (told.key,)
        self._args: tuple[Any, ...] | None = None
        self.open = False
        self.fold = QtWidgets.QPushButton()
        self.fold.setObjectName("fold")
        self.fold.setToolTip(words.help_of(told))
        self.fold.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        self.fold.setMinimumWidth(theme.px(NAME_PX))
        self.fold.clicked.connect(lambda: self.unfold(not self.open))
        self.fold.installEventFilter(self)
        self.kinds, self.says, self.wrong = Combo(), QtWidgets.QLabel(), Wrong()
        self.says.setObjectName("note")
        self.kinds.setVisible(told.form == "kinds")
        self.kinds.addItems([*([words.NOT_SET] if told.optional else []), *told.words])
        self.kinds.setToolTip("\n".join(f"{kind}: {about}" for kind, about in told.kinds_help.items()))
        self.kinds.activated.connect(self._chosen)
        self.kinds.installEventFilter(self)
        self.reset = button("↺", words.RESET, lambda: edits.drop(self.path))
        self.set = button(words.SET, words.help_of(told), self._set)
        self.add = button(words.ADD, words.help_of(told), lambda: edits.add(self.path))
        line = QtWidgets.QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.fold)
        line.addWidget(self.kinds, 1)
        line.addWidget(self.says, 0 if told.form == "kinds" else 1)
        for one in (self.set, self.add, self.reset):
            line.addWidget(one)
        self._inside = QtWidgets.QVBoxLayout()
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(4)
        self.fields: Fields | None = None
        self.cards: list[Card] = []
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(3)
        rows.addLayout(line)
        rows.addWidget(self.wrong)
        rows.addLayout(self._inside)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Who comes to it reads its help."""
        if event.type() == QtCore.QEvent.Type.FocusIn:
            self._edits.explain(words.help_of(self.told, self.kinds.currentText()))
        return False

    def unfold(self, open_: bool) -> None:
        """Show all that is inside, or not."""
        self.open = open_
        if self._args is not None:
            path, value, there, resolved, now = self._args
            self.show_now(path, value, there, resolved, replace(now, pace=Pace()))

    def show_now(self, path: KeyPath, value: Any, there: bool, resolved: Any, now: Now) -> None:
        """Show what stands there."""
        self._args = (path, value, there, resolved, now)
        self.path, told = path, self.told
        kind = kind_of(told, value) if there and value is not None else "" if told.optional else kind_of(told, resolved)
        fields = told.kinds.get(kind, ()) if told.form == "kinds" else told.fields
        absent = told.optional and (not there or value is None)
        n = len(value) if isinstance(value, list) else 0
        n_set = len([key for key in value if key != "kind"]) if isinstance(value, Mapping) else 0
        self.fold.setText(f"{words.UNFOLDED if self.open else words.FOLDED} {told.name}")
        restyle(self.fold, f"color: {theme.TEXT if there else theme.DIM}")
        self.says.setText(words.NOT_SET if absent else words.entries(n) if told.form == "list" else words.changed_keys(n_set))
        self.kinds.setCurrentIndex(self.kinds.findText(kind) if kind else 0 if told.optional else -1)
        self.set.setVisible(absent and told.form == "part")
        self.add.setVisible(told.form == "list")
        self.reset.setVisible(there and not told.required)
        self.reset.setText(words.TAKE_OUT if told.optional else "↺")
        for one in (self.kinds, self.set, self.add, self.reset):
            one.setEnabled(not now.locked)
        mine = [f.key for f in fields] if self.open and told.form != "list" and not absent else []
        entries = range(n) if self.open and told.form == "list" else ()
        self.wrong.tell(now.below(path, [*mine, *entries]))
        self._show_fields(fields if self.open and told.form != "list" and not absent else None, value, resolved, now)
        if told.form == "list":
            self._show_cards(value if self.open and isinstance(value, list) else [], resolved, now)

    def _show_fields(self, fields: tuple[Field, ...] | None, value: Any, resolved: Any, now: Now) -> None:
        if fields is None:
            if self.fields is not None:
                self.fields.hide()
            return
        if self.fields is None:
            self.fields = Fields(self._edits)
            self._inside.addWidget(self.fields)
        self.fields.show()
        self.fields.show_now(fields, self.path, value, resolved, now)

    def _show_cards(self, values: list[Any], resolved: Any, now: Now) -> None:
        assert self.told.item is not None
        while len(self.cards) > len(values):
            card = self.cards.pop()
            self._inside.removeWidget(card)
            card.hide()
            card.deleteLater()
        while len(self.cards) < len(values) and now.pace.may():
            self.cards.append(Card(self.told.item, self._edits))
            self._inside.addWidget(self.cards[-1])
        for at, (card, value) in enumerate(zip(self.cards, values, strict=False)):
            known = resolved[at] if isinstance(resolved, list) and at < len(resolved) else None
            card.show_now((*self.path, at), value, known, len(values), now)

    def _chosen(self, at: int) -> None:
        if self.told.optional and at == 0:
            self._edits.drop(self.path)
            return
        self.open = True
        self._edits.choose(self.path, self.kinds.itemText(at))

    def _set(self) -> None:
        self.open = True
        self._edits.put(self.path, {})
