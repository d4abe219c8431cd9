"""Pictures of every page, in both themes, at the sizes of a laptop and a large screen, with no text cut off: in build/screenshots.

To be looked at: a test cannot see what is ugly.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from support.fedwindow import fed_deck
from wavestim.gui.palettes import THEMES

SIZES = ((1366, 768), (2560, 1440))
FOLDER = Path(__file__).resolve().parents[2] / "build" / "screenshots"
SESSION_S = 40


@pytest.fixture
def window(application, tmp_path):
    from wavestim.gui import theme
    from wavestim.gui.window import RigWindow

    deck, link = fed_deck(tmp_path / "day-3", 10)
    window = RigWindow(deck, "against-the-wave", mock=True)
    window._timer.stop()
    window.show()
    for second in range(SESSION_S):
        link.sample = 1000 * second
        deck.turn()
    yield window
    window.close()
    theme.choose(theme.DEFAULT)
    theme.apply(application)


def test_every_page_in_both_themes_at_both_sizes(application, window):
    from wavestim.gui import theme
    from wavestim.gui.pages.page import SLOW_FRAMES

    cut = {}
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, (width, height) in itertools.product(THEMES, SIZES):
        window.choose_theme(name, theme.fitting_scale(height))
        window.resize(width, height)
        for page in window.pages:
            window.show_page(page)
            for _ in range(SLOW_FRAMES + 1):
                window.turn()
                application.processEvents()
            while page is window.experiment and not page.form.whole:  # it is made in pieces
                window.turn()
                application.processEvents()
            assert (window.width(), window.height()) == (width, height), "what is shown needs more room than there is"
            where = f"{type(page).__name__}-{name}-{width}x{height}"
            assert window.grab().save(str(FOLDER / f"{where}.png"))
            if found := cut_off(window):
                cut[where] = found
    assert cut == {}


@pytest.mark.parametrize("seldom", ["take", "recover", "report"])
def test_the_header_has_room_on_a_laptop_whatever_it_shows(application, seldom):
    from wavestim.gui.lamps import Lamp
    from wavestim.gui.widgets.header import Header

    header = Header(["against-the-wave"])
    said = ("no samples for 12 s", "dark: the board heard nothing of the engine", "123 of 4567 missed", "only 1.9 GB free")
    header.show_lamps(Lamp("bad", words) for words in said)
    header.clock.setText("23:59:59")
    getattr(header, seldom).show()
    assert header.minimumSizeHint().width() <= SIZES[0][0] - 16


def test_what_has_no_room_is_said_by_the_tooltip(application):
    from wavestim.gui.widgets.elided import Elided

    label = Elided("more than there is room for\nand a second line")
    label.resize(60, 40)
    label.show()
    assert label.text() == label.toolTip() == "more than there is room for\nand a second line"
    label.resize(600, 40)
    assert label.toolTip() == ""
    label.close()


def test_text_that_is_cut_off_is_found(application):
    from pyqtgraph.Qt import QtWidgets

    box = QtWidgets.QWidget()
    label, button = QtWidgets.QLabel("a text that is much too long", box), QtWidgets.QPushButton("another one", box)
    label.setGeometry(0, 0, 40, 20)
    button.setGeometry(0, 30, 20, 20)
    box.show()
    assert cut_off(box) == ["a text that is much too long", "another one"]
    label.setToolTip("a text that is much too long")
    button.resize(button.sizeHint())
    assert cut_off(box) == []
    box.close()


def cut_off(window):
    """Texts of visible labels, buttons and choices that do not fit and have no tooltip that says them."""
    from pyqtgraph.Qt import QtWidgets

    found = []
    for widget in window.findChildren(QtWidgets.QWidget):
        if not widget.isVisible() or widget.visibleRegion().isEmpty():
            continue
        if isinstance(widget, QtWidgets.QLabel):
            text = widget.text()
            wraps = widget.wordWrap()
            needed = widget.heightForWidth(widget.width()) if wraps else widget.sizeHint().width()
            fits = needed <= (widget.height() if wraps else widget.width()) + 1
        elif isinstance(widget, QtWidgets.QAbstractButton):
            text = widget.text()
            fits = widget.sizeHint().width() <= widget.width() + 1 or not text
        elif isinstance(widget, QtWidgets.QComboBox):
            text = widget.currentText()
            fits = widget.fontMetrics().horizontalAdvance(text) <= widget.width() - 20
        else:
            continue
        if not fits and not widget.toolTip():
            found.append(text)
    return found
