"""A person at the page of the experiment, for tests."""

from __future__ import annotations

from support.waiting import until


class Hands:
    """The page of the experiment, and hands for it: what somebody at the window does."""

    def __init__(self, application, page):
        from pyqtgraph.Qt import QtCore, QtTest

        self.application, self.page, self.keys, self.qt = application, page, QtTest.QTest, QtCore.Qt

    def settle(self):
        """Let the page live until all is worked out."""

        def settled():
            self.application.processEvents()
            self.page.turn(0)
            return self.page.settled

        until(settled)  # a process of its own works it out
        return self

    def click(self, button):
        """With the mouse."""
        assert button.isEnabled()
        self.keys.mouseClick(button, self.qt.LeftButton)

    def row(self, *path):
        """The row or the section at a path, unfolded on the way."""
        for at in range(1, len(path) + 1):
            self.page.form.go_to(path[:at])
        return next(one for one in self.page.form.rows() if one.path == path)

    def type(self, row, text):
        """Instead of what stands in the field, and Enter."""
        line = getattr(row, "_line", row.field)
        line.setFocus()
        line.selectAll()
        self.keys.keyClick(line, self.qt.Key_Backspace)
        self.keys.keyClicks(line, text)
        self.keys.keyClick(line, self.qt.Key_Return)

    def choose(self, combo, text):
        """One of a list."""
        at = combo.findText(text)
        assert at >= 0
        combo.setCurrentIndex(at)
        combo.activated.emit(at)

    def yaml(self, text):
        """Select all and type anew, as a hand would paste it."""
        pane = self.page.yaml.text
        pane.selectAll()
        pane.insertPlainText(text)

    def data(self):
        """What the file would hold."""
        return self.page.document.data

    def answer(self, text):
        """The question of the page."""
        self.click(next(button for button in self.page.bar.answers if button.text() == text))
