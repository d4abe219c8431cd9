"""Everything can be done with keys, and the list of them says what they do; the focus can be seen, and what takes it has a name."""

from __future__ import annotations

import itertools

import pytest
from wavestim.gui.words.keys import BY_QT, KEYS, page_key


@pytest.fixture(scope="module")
def opened(application):
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    window = RigWindow(Deck(), "against-the-wave", mock=True)
    window.resize(1366, 768)
    window.show()
    yield window
    window.close()


@pytest.fixture
def window(application, opened):
    """In front, with the view going on."""
    if opened._keys is not None:
        opened._keys.close()
    opened.activateWindow()
    application.processEvents()
    opened.live.held = False
    return opened


def everything(window):
    """Actions of the window and of all pages, by page."""
    return {page.title: {**window.actions(), **page.actions()} for page in window.pages}


def test_every_key_does_something_and_every_action_has_a_key(window):
    told, can = {key.action for key in KEYS} - {"next"}, everything(window)
    assert told == set().union(*can.values())
    for page, actions in can.items():
        keys = [key.keys for key in KEYS if key.action in actions]
        assert len(keys) == len(set(keys)), f"two actions for one key on the page {page}"


def test_the_keys_are_keys_and_each_is_a_shortcut(window):
    from pyqtgraph.Qt import QtGui, QtWidgets

    bound = {shortcut.key().toString() for shortcut in window.findChildren(QtWidgets.QShortcut) if shortcut.parent() is window}
    wanted = {key.keys for key in KEYS if key.action not in BY_QT}
    wanted |= {page_key(number + 1, "")[0] for number in range(len(window.pages))}
    assert bound == {QtGui.QKeySequence(keys).toString() for keys in wanted}
    assert "" not in bound


def test_the_list_has_them_all(window):
    from pyqtgraph.Qt import QtCore, QtTest, QtWidgets

    window.show_keys()
    for key in KEYS:
        assert key.keys in window._keys.told.text()
        assert key.does in window._keys.told.text()
    for shortcut in window.page.findChildren(QtWidgets.QShortcut):
        assert shortcut.whatsThis(), f"nobody learns what {shortcut.key().toString()} does"
        assert shortcut.whatsThis() in window._keys.told.text()
    for number, page in enumerate(window.pages, 1):
        assert f"Ctrl+{number}" in window._keys.told.text()
        assert page.title.replace("&&", "&amp;") in window._keys.told.text()
    assert window._keys.sizeHint().height() < 700, "it does not fit on a small screen"
    QtTest.QTest.keyClick(window._keys, QtCore.Qt.Key.Key_F12)
    assert not window._keys.isVisible()
    assert all(shortcut.whatsThis() for page in window.pages for shortcut in page.findChildren(QtWidgets.QShortcut))


def test_tab_goes_to_every_button_and_panel_and_comes_back(application, window):
    from pyqtgraph.Qt import QtCore, QtTest, QtWidgets

    header = window.header
    header.experiment.setFocus()
    seen = [header.experiment]
    for _ in range(100):
        QtTest.QTest.keyClick(application.focusWidget(), QtCore.Qt.Key_Tab)
        if application.focusWidget() is header.experiment:
            break
        seen.append(application.focusWidget())
    assert seen[:4] == [header.experiment, header.open, header.arm, header.stop], "in the order in which they lie"
    for panel in window.page.findChildren(QtWidgets.QFrame, "panel"):
        assert panel in seen or any(panel.isAncestorOf(widget) for widget in seen)
    assert len(seen) < 100


def test_space_presses_the_button_with_the_focus_and_elsewhere_holds_the_view(application, window):
    from pyqtgraph.Qt import QtCore, QtTest

    pressed = []
    window.header.stop.clicked.connect(lambda: pressed.append("stop"))
    window.header.stop.setFocus()
    QtTest.QTest.keyClick(window.header.stop, QtCore.Qt.Key_Space)
    assert (pressed, window.live.held) == (["stop"], False)
    window.live.map.setFocus()
    QtTest.QTest.keyClick(window.live.map, QtCore.Qt.Key_Space)
    assert (pressed, window.live.held) == (["stop"], True)


def test_the_focus_can_be_seen(application, window):
    for one, other in itertools.pairwise([window.header.stop, window.header.open, window.live.map, window.live.log]):
        other.setFocus()
        application.processEvents()
        without = one.grab().toImage()
        one.setFocus()
        application.processEvents()
        assert one.grab().toImage() != without, one.objectName()


def test_what_takes_the_focus_has_a_name(window):
    from pyqtgraph.Qt import QtCore, QtWidgets

    nameless = [
        widget
        for widget in window.findChildren(QtWidgets.QWidget)
        if widget.focusPolicy() & QtCore.Qt.FocusPolicy.TabFocus
        and widget.isVisible()
        and not isinstance(widget.parentWidget(), QtWidgets.QAbstractScrollArea)  # it has the name
        and not (widget.accessibleName() or getattr(widget, "text", str)())
    ]
    assert [(type(widget).__name__, widget.objectName()) for widget in nameless] == []
