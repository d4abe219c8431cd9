"""The keys, for those who forgot them."""

from __future__ import annotations

from pyqtgraph.Qt import QtWidgets
from wavestim.gui import words
from wavestim.gui.words import replay


class KeysDialog(QtWidgets.QDialog):  # type: ignore[misc]
    """See the module; it does not block the window."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(words.KEYS_TITLE)
        rows = "".join(f"<tr><td><b>{key}</b>&nbsp;&nbsp;&nbsp;</td><td>{does}</td></tr>" for key, does in (*words.KEYS, *replay.KEYS))
        label = QtWidgets.QLabel(f"<table cellspacing=6>{rows}</table>")
        QtWidgets.QVBoxLayout(self).addWidget(label)
