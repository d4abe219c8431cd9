"""Pages below their tabs, one at a time: another one only when the one that is shown loses nothing by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets
from wavestim.gui import words
from wavestim.gui.pages.page import Page


class PageStack(QtWidgets.QWidget):
    """See the module.

    Parameters
    ----------
    pages : in their order.
    first : the one to begin with.
    """

    def __init__(self, pages: tuple[Page, ...], first: Page) -> None:
        super().__init__()
        self.pages = pages
        self._stack, self._tabs = QtWidgets.QStackedWidget(), QtWidgets.QTabBar()
        self._tabs.setObjectName("tabs")
        self._tabs.setAccessibleName(words.PAGES)
        self._tabs.setFocusPolicy(QtCore.Qt.FocusPolicy.TabFocus)
        for page in pages:
            self._stack.addWidget(page)
            self._tabs.addTab(page.title)
        self._stack.setCurrentWidget(first)
        self._tabs.setCurrentIndex(pages.index(first))
        self._tabs.currentChanged.connect(self.show_at)
        rows = QtWidgets.QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        rows.addWidget(self._tabs)
        rows.addWidget(self._stack, 1)

    @property
    def shown(self) -> Page:
        """The one that is seen."""
        at: int = self._stack.currentIndex()
        return self.pages[at]

    def show_page(self, page: Page) -> None:
        """Another one, unless the one that is shown would lose something."""
        if page is not self.shown and self.shown.leave():
            self._stack.setCurrentWidget(page)
            page.turn(0)
        self._tabs.setCurrentIndex(self._stack.currentIndex())

    def show_at(self, at: int) -> None:
        """Another one, by its place."""
        self.show_page(self.pages[at])

    def lose_nothing(self) -> bool:
        """All of them may go."""
        return all(page.leave() for page in self.pages)

    def kept(self) -> dict[str, dict[str, Any]]:
        """What each of them keeps, by its name."""
        return {type(page).__name__: page.kept() for page in self.pages}

    def restore(self, kept: Mapping[str, Mapping[str, Any]], shown: str) -> None:
        """What was kept, and the page of that name."""
        for page in self.pages:
            name = type(page).__name__
            page.restore(kept.get(name, {}))
            if name == shown:
                self.show_page(page)
