"""Panels side by side or one above the other, with handles between them for the mouse; keys move them for the panel with the focus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets

SMALLEST = QtCore.QSize(150, 90)
HANDLE_PX = 6
STEP = 0.04
"""Of the whole, for one press of a key."""


class Split(QtWidgets.QSplitter):
    """See the module.

    Parameters
    ----------
    name : by which its sizes are kept; of its own within a page.
    down : one above the other.
    parts : panels or other splits, each with its part of the room.
    """

    def __init__(self, name: str, *parts: tuple[QtWidgets.QWidget, int], down: bool = False) -> None:
        super().__init__(QtCore.Qt.Orientation.Vertical if down else QtCore.Qt.Orientation.Horizontal)
        self.name = name
        self.setChildrenCollapsible(False)
        self.setHandleWidth(HANDLE_PX)
        for at, (part, stretch) in enumerate(parts):
            if not isinstance(part, Split):
                part.setMinimumSize(SMALLEST)
            self.addWidget(part)
            self.setStretchFactor(at, stretch)
        self._usual = [1000 * stretch for _, stretch in parts]
        self.setSizes(self._usual)

    def _all(self) -> list[Split]:
        return [self, *self.findChildren(Split)]

    def kept(self) -> dict[str, Any]:
        """Sizes of this and of those in it, by their names."""
        return {split.name: split.sizes() for split in self._all()}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Sizes that were kept; those that do not fit what there is now are passed over."""
        for split in self._all():
            sizes = kept.get(split.name)
            if isinstance(sizes, list) and len(sizes) == split.count() and all(type(size) is int and size > 0 for size in sizes):
                split.setSizes(sizes)

    def reset(self) -> None:
        """As it was at first."""
        for split in self._all():
            split.setSizes(split._usual)

    def grow(self, part: QtWidgets.QWidget, down: bool, sign: int) -> None:
        """Give what holds the widget more room across or down, or less, where it has a neighbour there."""
        direction = QtCore.Qt.Orientation.Vertical if down else QtCore.Qt.Orientation.Horizontal
        while part is not None and part is not self:
            above = part.parentWidget()
            if isinstance(above, Split) and above.orientation() == direction:
                sizes, at = above.sizes(), above.indexOf(part)
                whole, step = sum(sizes), round(sign * STEP * sum(sizes))
                rest = max(whole - sizes[at], 1)
                above.setSizes([size + step if i == at else size - round(step * size / rest) for i, size in enumerate(sizes)])
                return
            part = above
