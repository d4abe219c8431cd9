"""The form of the whole experiment, made from the schema; a strip below it says what the field that is worked on means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.controller.experiment.problems import KeyPath
from wavestim.gui import theme
from wavestim.gui.editor.edits import Edits
from wavestim.gui.editor.fields import beforehand
from wavestim.gui.editor.pace import Pace
from wavestim.gui.widgets.editor.fieldrow import FieldRow, Now
from wavestim.gui.widgets.editor.sections import Card, Fields, Section
from wavestim.gui.widgets.panel import Panel
from wavestim.gui.words import editor as words

OPEN_AT_FIRST = ("trigger", "conditions", "safety")
PIECE_S = 0.006
"""Of a frame, until all of it is made."""


class Form(Panel):
    """See the module.

    Parameters
    ----------
    edits : Edits
    """

    def __init__(self, edits: Edits) -> None:
        super().__init__(words.FORM, words.FORM_HELP)
        self.fields = Fields(edits, 0, OPEN_AT_FIRST)
        self._told, self._now = beforehand(), Now({}, {}, {}, False)
        self._made = False
        """All of it, once."""
        self.fields.setObjectName("inside")
        self._scroll = QtWidgets.QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # one that comes late hides what is beside it
        self._scroll.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self.fields)
        self.help = QtWidgets.QLabel(words.NO_HELP)
        self.help.setObjectName("help")
        self.help.setWordWrap(True)
        self.help.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self.help.setFixedHeight(theme.px(56))
        self.body.addWidget(self.help)
        self.fill(self._scroll)
        self.body.removeWidget(self.help)
        self.body.addWidget(self.help)

    def show_now(self, now: Now) -> None:
        """Show an experiment; what is not made by then is made by :meth:`go_on`."""
        self._now = now
        if self._told.done():
            self._show(Pace() if self._made else Pace(PIECE_S))

    @property
    def whole(self) -> bool:
        """All of it is there."""
        return self._made

    def go_on(self) -> None:
        """Make the next piece."""
        if not self._made:
            self.show_now(self._now)

    def _show(self, pace: Pace) -> None:
        now = replace(self._now, pace=pace)
        self.fields.show_now(self._told.result(), (), now.data, now.resolved, now)
        self._made = not pace.rest

    def go_to(self, path: KeyPath) -> QtWidgets.QWidget | None:
        """Unfold what a place lies in, and put the focus there; returns the widget that has it."""
        if not self._made:
            self._show(Pace())
        found: Any = None
        nodes: list[Any] = list(self.fields.nodes)
        for at in range(len(path)):
            node = next((one for one in nodes if one.path == path[: at + 1]), None)
            if node is None:
                break
            found = node
            if isinstance(node, Section):
                node.unfold(True)
                nodes = [*node.cards, *(node.fields.nodes if node.fields is not None else [])]
            elif isinstance(node, Card):
                nodes = list(node.fields.nodes)
        if found is None:
            return None
        target = found.field if isinstance(found, FieldRow) else found.fold if isinstance(found, Section) else found.up
        target.setFocus(QtCore.Qt.FocusReason.ShortcutFocusReason)
        QtCore.QTimer.singleShot(0, lambda: self._scroll.ensureWidgetVisible(target, 0, 60))
        return target

    def rows(self) -> Iterator[Any]:
        """Every field and section that is made by now."""
        waiting = list(self.fields.nodes)
        while waiting:
            node = waiting.pop()
            yield node
            if isinstance(node, Section):
                waiting += [*(node.fields.nodes if node.fields is not None else []), *node.cards]
            elif isinstance(node, Card):
                waiting += node.fields.nodes
