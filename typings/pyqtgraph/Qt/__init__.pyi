from typing import Any

from pyqtgraph.Qt import QtWidgets as QtWidgets

def __getattr__(name: str) -> Any: ...
