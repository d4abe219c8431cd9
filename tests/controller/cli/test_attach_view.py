"""What attach shows of a session's course."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner
from wavestim.controller import cli
from wavestim.controller.cli.attach import by_hand, view

BLOCKS = {"trials_per_block": 9, "of_blocks": 2}


@pytest.mark.parametrize(
    ("course", "words"),
    [
        ({"trials": 4, **BLOCKS}, "4 of 9 done, block 1 of 2"),
        ({"trials": 9, "washout": True, **BLOCKS}, "0 of 9 done, block 2 of 2, washout"),
        ({"trials": 18, "washout": True, **BLOCKS}, "all 2 blocks are done"),
        ({"trials": 20, "trials_per_block": 9}, "2 of 9 done, block 3"),
        ({"trials": 3, "gate": "open"}, "3 done"),
    ],
)
def test_how_far_it_is(course: dict[str, Any], words: str) -> None:
    console = Console(width=120)
    with console.capture() as said:
        console.print(view("x", {"state": "running", "course": course}, {}, []))
    assert words in said.get()
    assert ("open" in said.get()) == ("gate" in course)


def test_a_session_without_a_course_shows_none() -> None:
    console = Console(width=120)
    with console.capture() as said:
        console.print(view("x", {"state": "running", "course": {"trials": 3, "washout": False}}, {}, []))
    assert "trials" not in said.get()


def test_light_by_hand_names_an_led_by_its_number_or_a_condition():
    assert by_hand("7", 5.0) == {"led": 7, "width_ms": 5.0}
    assert by_hand("with-wave", 5.0) == {"condition": "with-wave"}


@pytest.mark.parametrize("seconds", ["nan", "0", "-3"])
def test_a_look_that_lasts_no_time_is_refused(seconds: str) -> None:
    said = CliRunner().invoke(cli.app, ["attach", "nowhere", "--seconds", seconds])
    assert said.exit_code == 2
    assert f"--seconds {seconds}: the length must be above 0" in said.stderr
