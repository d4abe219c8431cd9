"""The keys: what each does, bound to the window, and shown to those who forgot them. Both are made from ``words.keys``.

A key of one panel alone is a ``QShortcut`` of it, and says what it does as its ``whatsThis``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from html import escape

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui import theme
from wavestim.gui.pages.page import Page
from wavestim.gui.words import keys as words


def bind(window: QtWidgets.QWidget, act: Callable[[str], object], show_page: Callable[[int], object], n_pages: int) -> None:
    """Make the shortcuts of a window; ``act`` is given the keys that were pressed."""
    for keys in dict.fromkeys(key.keys for key in words.KEYS if key.action not in words.BY_QT):
        _shortcut(window, keys, partial(act, keys))
    for at in range(n_pages):
        _shortcut(window, words.page_key(at + 1, "")[0], partial(show_page, at))


def _shortcut(window: QtWidgets.QWidget, keys: str, do: Callable[[], object]) -> None:
    shortcut = QtWidgets.QShortcut(QtGui.QKeySequence(keys), window)
    shortcut.activated.connect(do)


class KeysDialog(QtWidgets.QDialog):
    """The list, with the keys that panels of a page have of their own; it does not block the window."""

    def __init__(self, parent: QtWidgets.QWidget, pages: Iterable[Page]) -> None:
        super().__init__(parent)
        self.setWindowTitle(words.KEYS_TITLE)
        told = [(key.keys, key.does) for key in words.KEYS]
        for number, page in enumerate(pages, 1):
            told.append(words.page_key(number, page.title.replace("&&", "&")))
            told += [(shortcut.key().toString(), shortcut.whatsThis()) for shortcut in page.findChildren(QtWidgets.QShortcut)]
        half = -(-len(told) // 2)
        columns = "".join(f"<td><table cellspacing=2>{_rows(part)}</table></td>" for part in (told[:half], told[half:]))
        self.told = QtWidgets.QLabel(f"<table cellspacing=0><tr>{columns}</tr></table>")
        self.told.setStyleSheet(f"font-size: {theme.px(12)}px")
        rows = QtWidgets.QVBoxLayout(self)
        rows.addWidget(self.told)
        rows.addWidget(QtWidgets.QLabel(words.KEYS_CLOSE))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """The key that opened it closes it: Esc is STOP here too."""
        if event.key() == QtCore.Qt.Key.Key_F12:
            self.close()
        else:
            super().keyPressEvent(event)


def _rows(told: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f"<tr><td><b>{escape(keys)}</b>&nbsp;&nbsp;&nbsp;</td><td>{escape(does)}&nbsp;&nbsp;&nbsp;</td></tr>" for keys, does in told
    )
