"""How the window looked is how it looks next time; a file that is broken, foreign or read-only never stops it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.gui.remembered import MOST_BYTES, Remembered, read, usual_path, write

JUNK = st.none() | st.integers(-9, 9) | st.text(max_size=3) | st.lists(st.integers(-9, 900) | st.none(), max_size=4)
KEPT = st.dictionaries(st.sampled_from(["sizes", "other"]), JUNK | st.dictionaries(st.sampled_from(["all", "main", "above"]), JUNK))


def test_it_comes_back(tmp_path):
    kept = Remembered(theme="light", text=1.2, page="LivePage", pages={"LivePage": {"sizes": {"all": [3, 4]}}})
    path = tmp_path / "none" / "yet" / "window.json"
    write(path, kept)
    assert read(path) == kept
    assert [file.name for file in path.parent.iterdir()] == ["window.json"]


def test_it_lies_in_the_users_folder_of_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert usual_path() == tmp_path / "wavestim" / "window.json"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"version": 2}', b'{"theme": "pink"}', b'{"text": 1e9}', b'{"pages": 3}', b" " * (MOST_BYTES + 1)],
)
def test_what_cannot_be_read_is_not_there(tmp_path, content):
    path = tmp_path / "window.json"
    path.write_bytes(content)
    assert read(path) == Remembered()


def test_where_nothing_can_be_kept_nothing_happens(tmp_path):
    (tmp_path / "file").write_text("")
    write(tmp_path / "file" / "window.json", Remembered())
    assert read(tmp_path / "file" / "window.json") == Remembered()


@pytest.fixture(scope="module")
def page(application):
    from wavestim.gui.deck import Deck
    from wavestim.gui.pages.live import LivePage

    return LivePage(Deck())


@settings(max_examples=30)
@given(kept=KEPT)
def test_a_page_takes_whatever_was_kept(page, kept):
    page.restore(kept)
    assert isinstance(page.kept(), dict)


def opened(experiment, path):
    from wavestim.gui.deck import Deck
    from wavestim.gui.window import RigWindow

    window = RigWindow(Deck(), str(experiment), mock=True, memory=path)
    window.show()
    return window


def test_panels_lie_as_they_were_left(application, experiment, tmp_path):
    path = tmp_path / "window.json"
    window = opened(experiment, path)
    window.resize(1366, 768)
    application.processEvents()
    usual = window.live.kept()
    window.live.map.setFocus()
    application.processEvents()
    for _ in range(3):
        window.live.actions()["wider"]()
        window.live.actions()["lower"]()
    left = window.live.kept()
    assert left["sizes"]["above"][0] > usual["sizes"]["above"][0]
    assert left["sizes"]["main"][0] < usual["sizes"]["main"][0]
    window.close()
    again = opened(experiment, path)
    application.processEvents()
    assert (again.width(), again.height()) == (1366, 768)
    assert again.live.kept() == left
    again.actions()["reset"]()
    assert again.live.kept() == usual
    again.close()


def test_a_broken_file_opens_a_usual_window(application, experiment, tmp_path):
    path = tmp_path / "window.json"
    path.write_text('{"version": 1, "geometry": "AAAA", "page": "Nowhere", "pages": {"LivePage": {"sizes": {"all": [-1, "x"]}}}}')
    window = opened(experiment, path)
    assert window.page is window.live
    window.close()
    assert read(path).page == "LivePage"


def test_without_a_screen_it_ends_in_a_sentence(application, monkeypatch, capsys):
    from wavestim.gui import __main__ as gui

    for name in gui.SCREENS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(gui.sys, "platform", "linux")
    assert gui.main([]) == 2
    assert "there is no screen" in capsys.readouterr().err
