"""Units and places come from what a stream says of its channels, in either convention; a unit is never guessed."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.hardware.sources import SourceError
from wavestim.hardware.sources.lsl.metadata import channels_of, describe


def xml(*channels: dict[str, object]) -> str:
    info = ElementTree.Element("info")
    node = ElementTree.SubElement(ElementTree.SubElement(info, "desc"), "channels")
    for channel in channels:
        _fill(ElementTree.SubElement(node, "channel"), channel)
    return ElementTree.tostring(info, encoding="unicode")


def _fill(node, content):
    for key, value in content.items():
        child = ElementTree.SubElement(node, key)
        if isinstance(value, dict):
            _fill(child, value)
        else:
            child.text = str(value)


def xdf(x, y, unit="microvolts", **more):
    return {"label": f"E{x}", "unit": unit, "type": "ECoG", "location": {"X": x, "Y": y, "Z": 0}, **more}


def mne(x, y, unit="-6"):
    return {"label": f"E{x}", "unit": unit, "type": "eeg", "loc": {"X": x / 1000, "Y": y / 1000, "Z": 0.0, "X0": "nan"}}


@pytest.mark.parametrize("channel", [xdf, mne])
def test_places_are_mm_in_both_conventions(channel):
    found = channels_of(xml(channel(0.0, 1.5), channel(0.4, -2.5)), 2, "s")
    np.testing.assert_allclose(found.positions_mm, [[0.0, 1.5], [0.4, -2.5]], atol=1e-9)
    np.testing.assert_array_equal(found.scale_uv, [1, 1])
    assert found.labels == ("E0.0", "E0.4")


@pytest.mark.parametrize(
    ("unit", "scale"),
    [("microvolts", 1), ("Microvolt", 1), ("uV", 1), ("µV", 1), ("millivolts", 1e3), ("mV", 1e3), ("volts", 1e6), ("-6", 1), ("0", 1e6)],
)
def test_units(unit, scale):
    assert channels_of(xml(xdf(0, 0, unit)), 1, "s").scale_uv[0] == np.float32(scale)


@pytest.mark.parametrize("unit", ["", "none", "counts", "tesla", "99999999999"])
def test_a_unit_is_not_guessed(unit):
    with pytest.raises(SourceError, match=r"s: channel E0 has .*unit.*microvolts"):
        channels_of(xml(xdf(0, 0, unit)), 1, "s")


def test_only_electrodes_are_taken_and_keep_their_order():
    found = channels_of(xml(xdf(0, 0), {"label": "trigger", "type": "TRIG"}, xdf(1, 0)), 3, "s")
    assert found.index.tolist() == [0, 2]
    assert found.labels == ("E0", "E1")


def test_an_unknown_place_leaves_places_to_the_experiment():
    assert channels_of(xml(xdf(0, 0), {"label": "b", "unit": "uV"}), 2, "s").positions_mm is None
    assert channels_of(xml(mne(0, 0), mne(0, 0)), 2, "s").positions_mm is None  # how MNE writes "unknown"
    assert channels_of(xml(mne(float("nan"), 0), mne(1, 0)), 2, "s").positions_mm is None


@pytest.mark.parametrize(
    ("text", "n", "words"),
    [
        ("<info><desc/></info>", 4, "does not describe its channels"),
        ("<info", 4, "no XML"),
        (xml(xdf(0, 0)), 2, "describes 1 channels and sends 2"),
        (xml({"label": "t", "type": "TRIG", "unit": "uV"}), 1, "none of its channels is an electrode"),
        (xml(xdf(0, 0), xdf(0, 0), xdf(1, 0)), 3, "lie at one place"),
    ],
)
def test_what_is_wrong_is_said(text, n, words):
    with pytest.raises(SourceError, match=words):
        channels_of(text, n, "s")


@given(st.lists(st.tuples(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8)), min_size=1, max_size=6))
def test_what_goes_out_can_be_read_again(labels):
    names = [label.strip() or "x" for (label,) in labels]
    places = np.column_stack([np.arange(len(names)) * 0.4, -np.arange(len(names)) * 0.1])
    found = channels_of(xml(*describe(names, places)), len(names), "s")
    assert found.labels == tuple(names)
    np.testing.assert_array_equal(found.positions_mm, places)


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with pytest.raises(SourceError):
        channels_of(text, 4, "s")
