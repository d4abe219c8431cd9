"""The known wave: a computer that was held up is told as such and tried again, and what the board refuses is no success."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from wavestim.controller.experiment import Experiment, electrode_positions, parse_experiment
from wavestim.controller.preflight import Finding, knownwave, runner
from wavestim.controller.preflight.atrig import at_rig
from wavestim.controller.preflight.finding import green, late_red, red
from wavestim.controller.record.session import open_session
from wavestim.controller.record.summary import summarise

TEXT = """
name: known
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
conditions: [{name: lit, pattern: {kind: flash, width_ms: 2, irradiance_mw_mm2: 8}}]
"""


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, Path, Finding]:
    folder, e = tmp_path_factory.mktemp("known"), parse_experiment(TEXT)
    return e, folder, knownwave.inject(e, electrode_positions(e), None, 1000.0, folder, pace="virtual")


def judged(flown: tuple[Experiment, Path, Finding], to: Path, *changes: str) -> Finding:
    """The verdict on a session whose journal says something else."""
    e, folder, _ = flown
    path = Path(shutil.copytree(folder / "session", to / "session"))
    with sqlite3.connect(path / "journal.sqlite") as db:
        for change in changes:
            db.execute(change)
    db.close()
    wave = knownwave.known_wave(electrode_positions(e), 1000.0, e.band_hz, 10.0, e.seed)
    return knownwave._judged(e, wave, path, summarise(open_session(path)), lower_rate=False)


def test_it_comes_back_as_it_was_sent(flown: tuple[Experiment, Path, Finding]) -> None:
    found = flown[2]
    assert found.level == "green", found
    assert found.figures["edges_due"] == 4 * found.figures["shone"] > 20


@pytest.mark.parametrize(("leds", "level"), [(4, "green"), (3, "red")])
def test_every_edge_of_light_that_the_rig_saw_is_counted(
    leds: int, level: str, flown: tuple[Experiment, Path, Finding], tmp_path: Path
) -> None:
    e, folder, found = flown
    copy = tmp_path / "copy"
    shutil.copytree(folder / "session", copy / "session")
    rows = [f"{1000 * pulse + edge},{led},{edge}" for pulse in range(found.figures["shone"]) for led in range(leds) for edge in (1, 0)]
    (copy / "session" / "edges.csv").write_text("\n".join(["device_us,led,level", *rows]) + "\n")
    assert judged((e, copy, found), tmp_path).level == level


def test_what_the_board_refuses_is_red(flown: tuple[Experiment, Path, Finding], tmp_path: Path) -> None:
    found = judged(flown, tmp_path, "UPDATE pulses SET verdict = 'refused' WHERE rowid > 6")
    assert (found.level, "the board refused" in found.what) == ("red", True)


def test_one_pulse_that_the_governor_withheld_does_not_excuse_many_that_were_late(
    flown: tuple[Experiment, Path, Finding], tmp_path: Path
) -> None:
    found = judged(flown, tmp_path, "UPDATE pulses SET verdict = 'missed'", "UPDATE decisions SET verdict = 'duty' WHERE rowid = 1")
    assert (found.level, found.timed) == ("red", True)


def test_a_horizon_beyond_any_forecast_is_told_as_such_and_is_no_verdict(flown: tuple[Experiment, Path, Finding], tmp_path: Path) -> None:
    said = json.dumps({"ms": 300.0, "longest_ms": 125.0, "armed": False})
    found = judged(
        flown, tmp_path, "DELETE FROM pulses", "DELETE FROM decisions", f"INSERT OR REPLACE INTO meta VALUES ('horizon', '{said}')"
    )
    assert (found.level, found.looked, found.figures["pulses"]) == ("amber", False, 0)
    assert "300 ms ahead, and 125 are possible" in found.what
    assert "try again" in found.do


LATE, WRONG, RIGHT = late_red("known-wave", "0 pulses", "close"), red("known-wave", "off", "report"), green("known-wave", "right")


@pytest.mark.parametrize(
    ("tries", "stall_us", "level", "sessions"),
    [
        ([RIGHT], 90_000.0, "green", ["session"]),
        ([WRONG], 90_000.0, "red", ["session"]),
        ([LATE], 900.0, "red", ["session"]),
        ([LATE, RIGHT], 90_000.0, "green", ["session", "session-again"]),
        ([LATE, LATE], 90_000.0, "amber", ["session", "session-again"]),
    ],
)
def test_a_computer_that_was_held_up_has_a_second_try(
    tries: list[Finding], stall_us: float, level: str, sessions: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_us, asked, left = [50.0], [], iter(tries)

    def inject(*args: Any, session: str, **keys: Any) -> Finding:
        asked.append(session)
        late_us.extend([stall_us] * 200)
        return next(left)

    monkeypatch.setattr(runner, "inject", inject)
    e = parse_experiment(TEXT)
    with at_rig(e, "virtual", tmp_path) as rig:
        found = runner._known_wave(rig, e, 1000.0, tmp_path, "virtual", late_us, lambda name, part: None)
    assert (found.level, asked) == (level, sessions)
    if level == "amber":
        assert "tried twice" in found.what
        assert "held this computer up" in found.what
        assert not found.looked
