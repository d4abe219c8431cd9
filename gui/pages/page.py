"""What every page of the window is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pyqtgraph.Qt import QtWidgets

SLOW_FRAMES = 6
"""What changes slowly is drawn in every sixth frame."""


class Page(QtWidgets.QWidget):
    """One page; the window asks it for a frame while it is shown.

    Attributes
    ----------
    title : what its tab says.
    """

    title = ""

    def turn(self, frame: int) -> None:
        """Draw what has changed; ``frame`` counts those of the window."""

    def actions(self) -> dict[str, Callable[[], object]]:
        """What keys do on this page, by the names in ``words.keys``."""
        return {}

    def kept(self) -> dict[str, Any]:
        """What is to be the same next time, as JSON has it: sizes, choices of the view."""
        return {}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """What was kept, perhaps by another version; what does not fit is passed over."""

    def reset_layout(self) -> None:
        """Sizes as they were at first."""

    def leave(self) -> bool:
        """Another page is asked for; False to stay, when something would be lost."""
        return True
