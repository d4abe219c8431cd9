"""Qt's own file dialogue, beside the window and never before it: STOP stays where it is, Esc too, and no question of its own is modal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pyqtgraph.Qt import QtWidgets
from wavestim.gui.words import editor as words


def ask_for_file(
    parent: QtWidgets.QWidget, title: str, folder: Path, do: Callable[[Path], object], suggested: str = ""
) -> QtWidgets.QFileDialog:
    """Show it; with a suggested name it is for a file to be written. What is wrong with the file, who asks finds out."""
    dialog = QtWidgets.QFileDialog(parent, title, str(folder), words.FILE)
    dialog.setOption(QtWidgets.QFileDialog.Option.DontUseNativeDialog)
    dialog.setOption(QtWidgets.QFileDialog.Option.DontConfirmOverwrite)
    dialog.setFileMode(QtWidgets.QFileDialog.FileMode.AnyFile)
    if suggested:
        dialog.setAcceptMode(QtWidgets.QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("yaml")
        dialog.selectFile(suggested)
    dialog.setModal(False)
    dialog.fileSelected.connect(lambda path: do(Path(path)))
    dialog.show()
    return dialog
