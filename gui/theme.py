"""The theme that is chosen: its colours as ``theme.TEXT`` and so on, the style of the window, sizes of text.

Colours are read when something is made or drawn, never at import: the window is made anew when another theme is chosen. The phase map is
CET-CBC1, a cyclic map for the colour-blind (P. Kovesi, https://colorcet.com).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets
from wavestim.gui.palettes import THEMES, Name, ink

if TYPE_CHECKING:
    GROUND: str
    PANEL: str
    BUTTON: str
    LINE: str
    TEXT: str
    DIM: str
    OFF: str
    GOOD: str
    WARN: str
    BAD: str
    LIGHT: str
    TARGET: str
    DATA: str
    GLOW: str
    GLOW_LINE: str
    WARN_TEXT: str
    BAD_TEXT: str
    LEVELS: dict[str, str]
    """Colours of the lamps' levels."""
    LINES: dict[str, str]
    """Colours of the levels of the log, and of other words."""

SHADES = 8
ARROWS = Path(__file__).parent / "arrows"
"""Pictures of the two arrows, in a grey that stands out in both themes: without them Qt draws a bevel."""
FAMILY, MONO = "DejaVu Sans", "DejaVu Sans Mono"
PLAIN_PX = 13
"""Of most words, at scale 1."""
DEFAULT: Name = "dark"
SMALLEST, LARGEST = 0.8, 2.0
COMFORTABLE_HEIGHT_PX = 1080
"""A screen with more lines than that gets larger text."""


class _Chosen:
    """What is chosen; of this process."""

    name: Name = DEFAULT
    colours, scale = THEMES[DEFAULT], 1.0


def choose(name: Name, scale: float = 1.0) -> None:
    """The theme of all that is made from now on; ``scale`` of all text, within ``SMALLEST`` and ``LARGEST``.

    Raises
    ------
    KeyError
        For a name that is none of :data:`~wavestim.gui.palettes.THEMES`.
    """
    _Chosen.name, _Chosen.colours = name, THEMES[name]
    _Chosen.scale = min(max(scale, SMALLEST), LARGEST)


def chosen() -> Name:
    """Name of the theme."""
    return _Chosen.name


def scale() -> float:
    """Of all text."""
    return _Chosen.scale


def __getattr__(name: str) -> object:
    colours = _Chosen.colours
    if name == "LEVELS":
        return {"off": colours.off, "good": colours.good, "warn": colours.warn, "bad": colours.bad, "lit": colours.light}
    if name == "LINES":
        return {"plain": colours.text, "warn": colours.warn_text, "bad": colours.bad_text, "veto": colours.dim}
    if name.isupper() and hasattr(colours, name.lower()):
        return getattr(colours, name.lower())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def px(at_scale_1: float) -> int:
    """A size of text, in Qt's pixels, which are of a like size on every screen."""
    return round(at_scale_1 * _Chosen.scale)


def fitting_scale(height_px: float) -> float:
    """The scale of text for a screen, or a picture, of that height."""
    return min(max(height_px / COMFORTABLE_HEIGHT_PX, 1.0), LARGEST)


def fit_screens() -> None:
    """A screen at 150 % is drawn at 150 %; before the application is there."""
    QtGui.QGuiApplication.setHighDpiScaleFactorRoundingPolicy(QtCore.Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    for attribute in (QtCore.Qt.ApplicationAttribute.AA_EnableHighDpiScaling, QtCore.Qt.ApplicationAttribute.AA_UseHighDpiPixmaps):
        QtCore.QCoreApplication.setAttribute(attribute)


def load_fonts() -> None:
    """The font comes with matplotlib, so that it is there everywhere."""
    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf"):
        QtGui.QFontDatabase.addApplicationFont(str(fonts / name))


def apply(application: QtWidgets.QApplication) -> None:
    """Style and font of the whole window, in the theme that is chosen; the same on every desktop."""
    application.setStyle("Fusion")
    if FAMILY not in QtGui.QFontDatabase().families():
        load_fonts()
    plain = QtGui.QFont(FAMILY)
    plain.setPixelSize(px(PLAIN_PX))
    application.setFont(plain)
    application.setStyleSheet(style())
    pg.setConfigOptions(background=_Chosen.colours.panel, foreground=_Chosen.colours.dim, antialias=True)


def style() -> str:
    """Qt's style sheet."""
    c = _Chosen.colours
    down, up = ((ARROWS / f"{way}.png").as_posix() for way in ("down", "up"))
    return f"""
QWidget {{ background: {c.ground}; color: {c.text}; font-family: "{FAMILY}"; font-size: {px(PLAIN_PX)}px; }}
QFrame#panel {{ background: {c.panel}; border: 1px solid {c.line}; border-radius: 6px; }}
QGraphicsView > QWidget {{ background: {c.panel}; }}
QFrame#panel QLabel {{ background: {c.panel}; }}
QLabel#title {{ color: {c.dim}; font-size: {px(12)}px; font-weight: bold; }}
QLabel#note {{ color: {c.dim}; font-size: {px(11)}px; }}
QLabel#clock {{ font-size: {px(22)}px; font-weight: bold; }}
QLabel#sentence {{ font-size: {px(16)}px; font-weight: bold; }}
QPushButton, QComboBox {{ background: {c.button}; border: 1px solid {c.line}; border-radius: 5px; }}
QPushButton, QComboBox {{ padding: {px(7)}px {px(12)}px; font-size: {px(14)}px; font-weight: bold; }}
QPushButton:disabled, QComboBox:disabled {{ color: {c.off}; background: {c.panel}; }}
QPushButton:hover:enabled {{ border-color: {c.text}; }}
QPushButton#arm:enabled {{ color: {c.warn_text}; border-color: {c.warn}; }}
QPushButton#run:enabled {{ background: {c.light}; color: {ink(c.light)}; border-color: {c.light}; }}
QPushButton#stop {{ background: {c.stop}; color: white; border: 2px solid {c.stop_line}; }}
QPushButton#stop {{ font-size: {px(22)}px; padding: {px(10)}px {px(34)}px; }}
QPushButton#stop:hover {{ background: {c.stop_hover}; }}
QComboBox::drop-down, QSpinBox::up-button, QSpinBox::down-button {{ border: none; width: {px(18)}px; }}
QComboBox::down-arrow, QSpinBox::down-arrow {{ image: url("{down}"); width: {px(10)}px; height: {px(10)}px; }}
QSpinBox::up-arrow {{ image: url("{up}"); width: {px(10)}px; height: {px(10)}px; }}
QPushButton#small, QFrame#panel QComboBox#small {{ padding: {px(1)}px {px(6)}px; border-radius: 3px; }}
QPushButton#small, QFrame#panel QComboBox#small {{ font-size: {px(11)}px; font-weight: normal; }}
QPushButton#small:checked {{ border-color: {c.target}; color: {c.text}; }}
QLineEdit, QPlainTextEdit, QListWidget, QSpinBox {{ background: {c.ground}; border: 1px solid {c.line}; border-radius: 4px; }}
QLineEdit, QPlainTextEdit, QListWidget, QSpinBox {{ padding: {px(2)}px {px(4)}px; }}
QLineEdit:focus, QPlainTextEdit:focus, QListWidget:focus, QSpinBox:focus, QToolButton:focus {{ border: 2px solid {c.target}; }}
QLineEdit:disabled, QSpinBox:disabled {{ color: {c.dim}; }}
QPlainTextEdit#yaml {{ font-family: "{MONO}"; font-size: {px(12)}px; }}
QToolButton {{ background: {c.button}; border: 1px solid {c.line}; border-radius: 4px; padding: {px(3)}px {px(7)}px; }}
QToolButton:disabled {{ color: {c.off}; background: {c.panel}; }}
QComboBox#field, QFrame#panel QComboBox {{ padding: {px(2)}px {px(6)}px; font-size: {px(13)}px; font-weight: normal; }}
QFrame#panel QScrollArea, QFrame#panel QWidget#inside, QFrame#card {{ background: {c.panel}; }}
QFrame#card {{ border: 1px solid {c.line}; border-radius: 5px; }}
QFrame#panel QCheckBox {{ background: {c.panel}; }}
QFrame#ask {{ background: {c.panel}; border: 2px solid {c.warn}; border-radius: 6px; }}
QFrame#ask QLabel {{ background: {c.panel}; font-weight: bold; }}
QLabel#help {{ color: {c.dim}; font-size: {px(12)}px; }}
QTabBar::tab {{ background: {c.panel}; color: {c.dim}; border: 1px solid {c.line}; padding: {px(5)}px {px(16)}px; font-weight: bold; }}
QTabBar::tab:selected {{ color: {c.text}; border-bottom: 2px solid {c.text}; }}
QPushButton#fold {{ background: {c.panel}; border: 1px solid {c.panel}; padding: {px(3)}px 2px; font-size: {px(13)}px; text-align: left; }}
QPushButton#fold:focus, QPushButton#fold:hover {{ border-color: {c.target}; }}
QTableWidget {{ background: {c.panel}; border: none; alternate-background-color: {c.ground}; }}
QTableWidget::item {{ padding: {px(3)}px; }}
QHeaderView::section {{ background: {c.panel}; color: {c.dim}; border: none; padding: {px(3)}px; font-size: {px(12)}px; }}
QCheckBox::indicator {{ width: {px(14)}px; height: {px(14)}px; border: 1px solid {c.dim}; border-radius: 3px; background: {c.ground}; }}
QCheckBox::indicator:checked {{ background: {c.text}; }}
QCheckBox:focus {{ color: {c.target}; }}
QProgressBar {{ background: {c.ground}; border: 1px solid {c.line}; border-radius: 4px; text-align: center; min-height: {px(22)}px; }}
QProgressBar::chunk {{ background: {c.line}; }}
QMenu {{ background: {c.panel}; border: 1px solid {c.line}; }}
QMenu::item:selected {{ background: {c.line}; }}
QScrollBar {{ background: {c.panel}; border: none; }}
QScrollBar:vertical {{ width: {px(11)}px; }}
QScrollBar:horizontal {{ height: {px(11)}px; }}
QScrollBar::handle {{ background: {c.line}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QTextEdit {{ background: {c.panel}; border: 2px solid {c.panel}; font-size: {px(12)}px; }}
QPushButton:focus, QPushButton#arm:enabled:focus, QPushButton#run:enabled:focus, QComboBox:focus {{ border: 2px solid {c.target}; }}
QFrame#panel:focus, QTextEdit:focus, QTabBar:focus {{ border: 2px solid {c.target}; }}
QPushButton#stop:focus {{ border: 4px solid {c.text}; }}
QSplitter::handle {{ background: {c.ground}; }}
QSplitter::handle:hover {{ background: {c.target}; }}
QToolTip {{ background: {c.panel}; color: {c.text}; border: 1px solid {c.line}; }}
"""


def small() -> QtGui.QFont:
    """For axes with little room."""
    font = QtGui.QFont(FAMILY)
    font.setPixelSize(px(9))
    return font


def mono() -> QtGui.QFont:
    """For text whose columns count."""
    font = QtGui.QFont(MONO)
    font.setPixelSize(px(12))
    return font


def phase_colours(steps: int = 64) -> NDArray[np.uint8]:
    """Colours of phases from 0 to 360 degrees by how sure they are, (steps, SHADES, 3); the last shade is the full colour."""
    full = pg.colormap.get("CET-CBC1").getLookupTable(0.0, 1.0, steps + 1)[:steps, :3].astype(np.float64)
    ground = np.array(QtGui.QColor(_Chosen.colours.line).getRgb()[:3], np.float64)
    mix = np.linspace(0.12, 1.0, SHADES)[None, :, None]
    shades: NDArray[np.uint8] = np.round(full[:, None, :] * mix + ground * (1 - mix)).astype(np.uint8)
    return shades
