"""A session folder is begun whole or not at all."""

from pathlib import Path

import pytest
from wavestim.controller.errors import ExperimentError
from wavestim.controller.record.journal import JOURNAL
from wavestim.controller.session.opening import new_folder


def start(out: Path, *made: str) -> None:
    with new_folder(out):
        for name in made:
            (out / name).write_text("begun")
        raise ExperimentError("the board can only switch its LEDs")


def refused(out: Path, *made: str) -> None:
    with pytest.raises(ExperimentError, match="the board"):
        start(out, *made)


def test_a_start_that_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    refused(tmp_path / "monday" / "first", "truth.bin", "edges.csv")
    assert list(tmp_path.iterdir()) == []


def test_what_stood_there_before_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    refused(tmp_path, "truth.bin")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_session_that_has_begun_is_kept(tmp_path: Path) -> None:
    refused(tmp_path / "first", JOURNAL, "truth.bin")
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == [JOURNAL, "truth.bin"]
