"""Qt's own file dialogue, beside the window and never before it: STOP stays where it is, Esc too, and no question of its own is modal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pyqtgraph.Qt import QtWidgets


def ask_for_file(
    parent: QtWidgets.QWidget, title: str, folder: Path, kinds: str, do: Callable[[Path], object], suggested: str = ""
) -> QtWidgets.QFileDialog:
    """Show it; with a suggested name it is for a file to be written. What is wrong with the file, who asks finds out."""
    dialog = _dialog(parent, title, folder, do)
    dialog.setNameFilters(kinds.split(";;"))
    dialog.setFileMode(QtWidgets.QFileDialog.FileMode.AnyFile)
    if suggested:
        dialog.setAcceptMode(QtWidgets.QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("yaml")
        dialog.selectFile(suggested)
    dialog.show()
    return dialog


def ask_for_folder(parent: QtWidgets.QWidget, title: str, folder: Path, do: Callable[[Path], object]) -> QtWidgets.QFileDialog:
    """Show one for a folder."""
    dialog = _dialog(parent, title, folder, do)
    dialog.setFileMode(QtWidgets.QFileDialog.FileMode.Directory)
    dialog.setOption(QtWidgets.QFileDialog.Option.ShowDirsOnly)
    dialog.show()
    return dialog


def _dialog(parent: QtWidgets.QWidget, title: str, folder: Path, do: Callable[[Path], object]) -> QtWidgets.QFileDialog:
    dialog = QtWidgets.QFileDialog(parent, title, str(folder))
    dialog.setOption(QtWidgets.QFileDialog.Option.DontUseNativeDialog)
    dialog.setOption(QtWidgets.QFileDialog.Option.DontConfirmOverwrite)
    dialog.setModal(False)
    dialog.fileSelected.connect(lambda path: do(Path(path)))
    return dialog
