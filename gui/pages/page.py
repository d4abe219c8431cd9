"""What every page of the window is."""

from __future__ import annotations

from pyqtgraph.Qt import QtWidgets


class Page(QtWidgets.QWidget):  # type: ignore[misc]
    """One page; the window asks it for a frame while it is shown.

    Attributes
    ----------
    title : what its tab says.
    """

    title = ""

    def turn(self, frame: int) -> None:
        """Draw what has changed; ``frame`` counts those of the window."""

    def hold(self) -> None:
        """Space: what moves stands still, or goes on."""

    def leave(self) -> bool:
        """Another page is asked for; False to stay, when something would be lost."""
        return True
