"""Colours and sizes. Colours that carry meaning stay apart for the colour-blind (Okabe and Ito) and have a word beside them.

The phase map is CET-CBC1, a cyclic map for the colour-blind (P. Kovesi, https://colorcet.com).
"""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.Qt import QtGui

GROUND, PANEL, LINE, TEXT, DIM = "#0e1116", "#171c24", "#323b48", "#e8ecf1", "#93a0b0"
GOOD, WARN, BAD, LIGHT, TARGET, DATA = "#1fb58f", "#e69f00", "#e0561b", "#f0e442", "#56b4e9", "#b8c4d2"
LEVELS = {"off": "#4a5563", "good": GOOD, "warn": WARN, "bad": BAD, "lit": LIGHT}
LINES = {"plain": TEXT, "warn": WARN, "bad": "#ff7a45", "veto": DIM}
SHADES = 8
FAMILY, MONO = "DejaVu Sans", "DejaVu Sans Mono"

STYLE = f"""
QWidget {{ background: {GROUND}; color: {TEXT}; font-family: "{FAMILY}"; font-size: 13px; }}
QFrame#panel {{ background: {PANEL}; border: 1px solid {LINE}; border-radius: 6px; }}
QFrame#panel QLabel {{ background: {PANEL}; }}
QLabel#title {{ color: {DIM}; font-size: 12px; font-weight: bold; }}
QLabel#note {{ color: {DIM}; font-size: 11px; }}
QLabel#clock {{ font-size: 22px; font-weight: bold; }}
QLabel#sentence {{ font-size: 16px; font-weight: bold; }}
QPushButton, QComboBox {{ background: #252d38; border: 1px solid {LINE}; border-radius: 5px; }}
QPushButton, QComboBox {{ padding: 7px 12px; font-size: 14px; font-weight: bold; }}
QPushButton:disabled, QComboBox:disabled {{ color: #5b6675; background: {PANEL}; }}
QPushButton:hover:enabled, QPushButton:focus {{ border-color: {TEXT}; }}
QPushButton#arm:enabled {{ color: {WARN}; border-color: {WARN}; }}
QPushButton#run:enabled {{ color: {LIGHT}; border-color: {LIGHT}; }}
QPushButton#stop {{ background: #c8201a; color: white; border: 2px solid #ff8a80; font-size: 22px; padding: 10px 34px; }}
QPushButton#stop:hover {{ background: #e5302a; }}
QTextEdit {{ background: {PANEL}; border: none; font-size: 12px; }}
QLineEdit, QPlainTextEdit, QListWidget, QSpinBox {{ background: {GROUND}; border: 1px solid {LINE}; border-radius: 4px; padding: 2px 4px; }}
QLineEdit:focus, QPlainTextEdit:focus, QListWidget:focus, QSpinBox:focus, QToolButton:focus {{ border: 1px solid {TEXT}; }}
QLineEdit:disabled, QSpinBox:disabled {{ color: {DIM}; }}
QPlainTextEdit#yaml {{ font-family: "{MONO}"; font-size: 12px; }}
QToolButton {{ background: #252d38; border: 1px solid {LINE}; border-radius: 4px; padding: 3px 7px; }}
QToolButton:disabled {{ color: #5b6675; background: {PANEL}; }}
QComboBox#field, QFrame#panel QComboBox {{ padding: 2px 6px; font-size: 13px; font-weight: normal; }}
QFrame#panel QScrollArea, QFrame#panel QWidget#inside, QFrame#card {{ background: {PANEL}; }}
QFrame#card {{ border: 1px solid {LINE}; border-radius: 5px; }}
QFrame#panel QCheckBox {{ background: {PANEL}; }}
QFrame#ask {{ background: {PANEL}; border: 2px solid {WARN}; border-radius: 6px; }}
QFrame#ask QLabel {{ background: {PANEL}; font-weight: bold; }}
QLabel#help {{ color: {DIM}; font-size: 12px; }}
QTabBar::tab {{ background: {PANEL}; color: {DIM}; border: 1px solid {LINE}; padding: 5px 16px; font-weight: bold; }}
QTabBar::tab:selected {{ color: {TEXT}; border-bottom: 2px solid {TEXT}; }}
QTabBar:focus {{ border: 1px solid {TEXT}; }}
QPushButton#fold {{ background: {PANEL}; border: 1px solid {PANEL}; padding: 3px 2px; font-size: 13px; text-align: left; }}
QPushButton#fold:focus, QPushButton#fold:hover {{ border-color: {LINE}; }}
QTableWidget {{ background: {PANEL}; border: none; alternate-background-color: {GROUND}; }}
QTableWidget::item {{ padding: 3px; }}
QHeaderView::section {{ background: {PANEL}; color: {DIM}; border: none; padding: 3px; font-size: 12px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {DIM}; border-radius: 3px; background: {GROUND}; }}
QCheckBox::indicator:checked {{ background: {TEXT}; }}
QCheckBox:focus {{ color: {TARGET}; }}
QProgressBar {{ background: {GROUND}; border: 1px solid {LINE}; border-radius: 4px; text-align: center; min-height: 22px; }}
QProgressBar::chunk {{ background: {LINE}; }}
QMenu {{ background: {PANEL}; border: 1px solid {LINE}; }}
QMenu::item:selected {{ background: {LINE}; }}
QScrollBar {{ background: {PANEL}; border: none; }}
QScrollBar:vertical {{ width: 11px; }}
QScrollBar:horizontal {{ height: 11px; }}
QScrollBar::handle {{ background: {LINE}; border-radius: 4px; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QSplitter::handle {{ background: {GROUND}; }}
QToolTip {{ background: {PANEL}; color: {TEXT}; border: 1px solid {LINE}; }}
"""


def apply(application: QtGui.QGuiApplication) -> None:
    """Style and font of the whole window; the font comes with matplotlib, so that it is there everywhere."""
    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf"):
        QtGui.QFontDatabase.addApplicationFont(str(fonts / name))
    application.setStyleSheet(STYLE)
    pg.setConfigOptions(background=PANEL, foreground=DIM, antialias=True)


def small() -> QtGui.QFont:
    """For axes with little room."""
    return QtGui.QFont(FAMILY, 7)


def mono() -> QtGui.QFont:
    """For text whose columns count."""
    font = QtGui.QFont(MONO)
    font.setPixelSize(12)
    return font


def phase_colours(steps: int = 64) -> NDArray[np.uint8]:
    """Colours of phases from 0 to 360 degrees by how sure they are, (steps, SHADES, 3); the last shade is the full colour."""
    full = pg.colormap.get("CET-CBC1").getLookupTable(0.0, 1.0, steps + 1)[:steps, :3].astype(np.float64)
    ground = np.array(QtGui.QColor(LINE).getRgb()[:3], np.float64)
    mix = np.linspace(0.12, 1.0, SHADES)[None, :, None]
    shades: NDArray[np.uint8] = np.round(full[:, None, :] * mix + ground * (1 - mix)).astype(np.uint8)
    return shades
