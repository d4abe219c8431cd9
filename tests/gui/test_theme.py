"""Both themes can be read, by the colour-blind too, and changing them at run time leaves the session alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from wavestim.gui.palettes import THEMES, contrast, ink

MEANING = ("good", "warn", "bad", "light", "target", "off")
SIGHTS = {  # G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, IEEE TVCG 15, 1291 (2009), severity 1
    "usual": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
APART = 9.0
"""CIE 1976 difference; 2.3 is just noticeable."""


def lab(colour, sight):
    part = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    seen = np.clip(SIGHTS[sight] @ np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4), 0, 1)
    xyz = np.array([[0.41246, 0.35758, 0.18044], [0.21267, 0.71515, 0.07218], [0.01933, 0.11919, 0.95030]]) @ seen
    ratio = xyz / [0.95047, 1.0, 1.08883]
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert (ink("#f0e442"), ink("#7d0c1e")) == ("#000000", "#ffffff")


@pytest.mark.parametrize("name", THEMES)
def test_text_can_be_read(name):
    c = THEMES[name]
    pairs = [(text, ground) for text in (c.text, c.dim, c.warn_text, c.bad_text) for ground in (c.ground, c.panel, c.button)]
    pairs += [("#ffffff", c.stop), ("#ffffff", c.stop_hover)]
    pairs += [(ink(fill), fill) for fill in (c.text, c.target, c.warn, c.light, c.good, c.bad)]
    assert {pair: round(contrast(*pair), 2) for pair in pairs if contrast(*pair) < 4.5} == {}


@pytest.mark.parametrize("name", THEMES)
def test_what_is_drawn_stands_out(name):
    c = THEMES[name]
    drawn = (c.good, c.warn, c.bad, c.light, c.target, c.data)
    assert {colour: round(contrast(colour, c.panel), 2) for colour in drawn if contrast(colour, c.panel) < 3} == {}


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("name", THEMES)
def test_colours_with_a_meaning_stay_apart(name, sight):
    colours = {meaning: getattr(THEMES[name], meaning) for meaning in MEANING}
    apart = {
        (one, other): round(float(np.linalg.norm(lab(colours[one], sight) - lab(colours[other], sight))), 1)
        for one, other in itertools.combinations(MEANING, 2)
    }
    assert {pair: distance for pair, distance in apart.items() if distance < APART} == {}


def test_another_theme_is_a_new_window_on_the_same_session(application, experiment):
    from pyqtgraph.Qt import QtCore, QtTest
    from wavestim.gui import theme
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    window = RigWindow(Deck(), str(experiment), mock=True)
    window.show()
    window.activateWindow()
    application.processEvents()
    try:
        deck, header = window.deck, window.header
        header.experiment.setCurrentIndex(1)
        chosen = header.chosen
        window.live.hold()
        QtTest.QTest.keyClick(window, QtCore.Qt.Key_T, QtCore.Qt.ControlModifier)
        assert (theme.chosen(), theme.TEXT) == ("light", THEMES["light"].text)
        assert window.deck is deck
        assert window.header is not header
        assert (window.header.chosen, window.header.offered, window.live.held) == (chosen, header.offered, True)
        assert THEMES["light"].ground in application.styleSheet()
    finally:
        window.close()
        theme.choose("dark")
        theme.apply(application)


def test_a_step_says_what_it_is_in_now(application):
    from wavestim.gui import theme, words
    from wavestim.gui.widgets.header import Header

    header = Header(["mine"])
    header.show_step("running", "", False, words.NOW["held"])
    assert header._steps["running"].text() == "HELD"
    assert theme.WARN in header._steps["running"].styleSheet()
    header.show_step("running", "", False)
    assert header._steps["running"].text() == "RUNNING"


def test_the_arrows_are_there(application):
    from pyqtgraph.Qt import QtGui
    from wavestim.gui import theme

    for way in ("down", "up"):
        assert not QtGui.QPixmap(str(theme.ARROWS / f"{way}.png")).isNull()


def test_a_plot_is_filled_before_it_is_drawn(application):
    """Its own background ends half a pixel short: a screen would show there what was in memory before."""
    from pyqtgraph.Qt import QtCore
    from wavestim.gui.widgets.plots import still_plot

    plot = still_plot()
    assert plot.viewport().autoFillBackground()
    assert not plot.viewport().testAttribute(QtCore.Qt.WA_OpaquePaintEvent)
