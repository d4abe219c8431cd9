"""Whole sessions with gate, blocks, catch trials and washout; sessions that end by themselves; light that is replayed. All are verified."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import yaml
from support.realpace import skip_if_starved
from typer.testing import CliRunner
from wavestim.controller import cli, open_session
from wavestim.controller.experiment import ExperimentError, load_experiment, parse_experiment
from wavestim.controller.record.complete import complete
from wavestim.controller.record.pulsetable import read_pulses
from wavestim.controller.record.trials import course_of
from wavestim.controller.session import replay_recording, run_experiment, verify_session

TEXT = """
name: gated
source: {kind: simulated, stimulus: [{marker: stimulus-on, until: stimulus-off, at_s: 3.5, for_s: 0.9, every_s: 1.3}]}
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
trigger: {refractory_ms: 100, max_phase_sd_deg: 180}
gate: {marker: stimulus-on, until: stimulus-off, after_s: 0.2}
schedule: {trials_per_block: 8, blocks: 2, washout_s: 1.5, catch_fraction: 0.25}
conditions:
  - {name: lit, pattern: {kind: flash, width_ms: 5, irradiance_mw_mm2: 2}}
  - {name: sham, pattern: {kind: none}}
"""


class Run(NamedTuple):
    path: Path
    summary: dict[str, Any]


def run(text: str, out: Path, seconds: float = 40.0) -> Run:
    experiment = parse_experiment(text)
    return Run(out, run_experiment(experiment, out=out, seconds=seconds, pace="virtual", seed=None, arm=True, progress=lambda s: None))


def command(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, list(words))
    return result.exit_code, result.stdout + result.stderr


@pytest.fixture
def no_report(monkeypatch):
    """What no test looks at is not drawn."""
    for module in ("run", "replay"):
        monkeypatch.setattr(f"wavestim.controller.session.{module}.finish_session", complete)


@pytest.fixture(scope="module")
def gated(tmp_path_factory) -> Run:
    return run(TEXT, tmp_path_factory.mktemp("gated") / "session")


def scheduled(path: Path) -> np.ndarray:
    decisions = open_session(path).decisions
    return decisions[decisions["verdict"] == "scheduled"]


def test_light_comes_only_in_the_gate_and_the_markers_that_open_it_are_journalled(gated):
    session, light = open_session(gated.path), scheduled(gated.path)
    marks = {name: [float(m["sample"]) for m in session.markers if m["value"] == name] for name in ("stimulus-on", "stimulus-off")}
    assert marks["stimulus-on"][:2] == [3500, 4800]
    opened = np.array(marks["stimulus-on"])
    at = opened[np.searchsorted(opened, light["start_sample"]) - 1]
    assert (light["start_sample"] >= at + 200).all()
    assert (light["sample"] < at + 900).all(), "nothing is decided once it is shut"
    events = {(sample, kind, value) for sample, kind, value, _ in session.input_events if kind in ("gate", "shut")}
    assert {(3500, "gate", 3700.0), (4400, "shut", 4400.0)} <= events
    assert set(session.decisions["verdict"]) >= {"scheduled", "gate", "washout"}


def test_the_session_ends_by_itself_after_its_blocks(gated):
    light = scheduled(gated.path)
    assert len(light) == 16
    assert gated.summary["stopped_by"] == "schedule.blocks: all 2 blocks are done"
    assert not gated.summary["stopped_early"]
    assert gated.summary["samples"] < 40_000
    assert gated.summary["samples"] - light["fire_sample"][-1] == pytest.approx(1000, abs=100), "the last second is recorded, dark"
    assert gated.summary["pulses"]["cancelled"] == gated.summary["pulses"]["missed"] == 0
    rest = light["start_sample"][8] - (light["start_sample"][7] + 5)
    assert rest >= 1500
    said = [(str(m["name"]), str(m["value"])) for m in open_session(gated.path).markers if m["name"] in ("block-done", "ending")]
    assert said == [
        ("block-done", "block 1 of 2; no light for 1.5 s"),
        ("block-done", "block 2 of 2; no light for 1.5 s"),
        ("ending", "schedule.blocks: all 2 blocks are done"),
    ]


def test_conditions_are_balanced_in_every_block_and_catches_are_counted_with_them(gated):
    light, course = scheduled(gated.path), course_of(open_session(gated.path))
    for block in (light[:8], light[8:]):
        assert sorted(block["condition"]) == ["lit"] * 4 + ["sham"] * 4
        assert (block["dark"] & (block["condition"] == "lit")).sum() == 1
    assert gated.summary["conditions"]["lit"]["pulses"] == 8
    assert [gated.summary["conditions"][name]["catch"] for name in ("lit", "sham")] == [2, 0]
    assert gated.summary["pulses"]["fired"] == 6
    assert gated.summary["trials"] == {"n": 16, "catch": 2, "per_block": 8, "blocks": 2}
    assert (course.blocks, course.catch.sum(), gated.summary["gate"]["openings"]) == (2, 2, len(course.openings))
    pulses = open_session(gated.path).pulses
    assert (pulses["verdict"] == "dark").sum() == 10, "a catch goes to the board as a sham does"


def test_the_report_tells_of_blocks_gate_and_catches(gated):
    page = (gated.path / "report.html").read_text()
    for words in (
        "2 of 2 blocks of 8 trials are whole",
        "2 pulses were catch trials",
        "lit (catch)",
        "the gate was shut",
        "8 sham and 2 catch",
    ):
        assert words in page


def test_every_decision_is_made_again_and_an_event_of_the_gate_that_is_changed_is_found(gated, tmp_path):
    assert verify_session(gated.path).ok
    copy = Path(shutil.copytree(gated.path, tmp_path / "copy"))
    with sqlite3.connect(copy / "journal.sqlite") as db:
        db.execute("UPDATE input_events SET value = value + 300 WHERE rowid = (SELECT MIN(rowid) FROM input_events WHERE kind = 'gate')")
    db.close()
    assert not verify_session(copy).ok


@pytest.mark.usefixtures("no_report")
def test_a_replay_opens_the_gate_as_it_was_opened_and_a_what_if_by_the_markers(gated, tmp_path):
    keys = {"speed": None, "progress": lambda s: None}
    again = replay_recording(str(gated.path), experiment=None, out=tmp_path / "again", **keys)
    assert again["decisions_sha256"] == gated.summary["decisions_sha256"]
    assert again["gate"]["openings"] == gated.summary["gate"]["openings"]
    other = load_experiment(gated.path)
    other = other.model_copy(update={"trigger": other.trigger.model_copy(update={"phase_deg": 180.0})})
    what_if = replay_recording(str(gated.path), experiment=other, out=tmp_path / "what-if", **keys)
    assert what_if["decisions_sha256"] != gated.summary["decisions_sha256"]
    assert what_if["pulses"]["scheduled"] > 5
    assert what_if["gate"]["openings"] == gated.summary["gate"]["openings"]
    assert verify_session(tmp_path / "what-if").ok
    np.savez(tmp_path / "plain.npz", lfp=np.zeros((4000, 16), np.float32), fs=1000.0, positions_mm=open_session(gated.path).positions_mm)
    with pytest.raises(ExperimentError, match=r"gate: .*plain\.npz has no markers or TTL edges to open it"):
        replay_recording(str(tmp_path / "plain.npz"), experiment=other, out=tmp_path / "no", **keys)


@pytest.fixture(scope="module")
def replayed(gated, tmp_path_factory) -> Run:
    """The light of that session once more, by one command, and the session itself gone afterwards."""
    folder = tmp_path_factory.mktemp("replayed")
    source = Path(shutil.copytree(gated.path, folder / "source"))
    result = CliRunner().invoke(cli.app, ["run", str(source), "--policy", "replayed", "--out", str(folder / "session"), "--json"])
    assert result.exit_code == 0, result.output
    shutil.rmtree(source)
    return Run(folder / "session", json.loads(result.stdout))


def test_the_same_light_comes_at_the_same_times_whatever_the_wave_does(gated, replayed):
    before, now = scheduled(gated.path), scheduled(replayed.path)
    assert len(now) == len(before)
    assert np.abs(now["fire_sample"] - before["fire_sample"]).max() < 1e-6
    for column in ("condition", "pattern", "slot", "dark"):
        assert now[column].tolist() == before[column].tolist()
    assert replayed.summary["policy"] == "replayed"
    assert replayed.summary["samples"] == gated.summary["samples"]
    assert {n: c["pulses"] for n, c in replayed.summary["conditions"].items()} == {
        n: c["pulses"] for n, c in gated.summary["conditions"].items()
    }
    phase = [open_session(run.path).pulses["true_phase_deg"] for run in (gated, replayed)]
    lengths = [abs(np.exp(1j * np.radians(p)).mean()) for p in phase]
    assert lengths[0] > 0.8
    assert lengths[1] < 0.6, "another stretch of the cortex: the light is not locked to it"


@pytest.mark.usefixtures("no_report")
def test_a_session_keeps_the_light_it_replayed_and_says_where_it_is_from(gated, replayed):
    assert verify_session(replayed.path).ok
    kept = yaml.safe_load((replayed.path / "experiment.yaml").read_text())
    said = kept["provenance"]["replayed_light"]
    assert kept["trigger"]["policy"] == {"kind": "replayed", "session": "replayed-light.json"}
    assert said["decisions_sha256"] == gated.summary["decisions_sha256"]
    assert said["pulses"] == 16
    table = read_pulses(replayed.path / "replayed-light.json")
    assert said["sha256"] == table.sha256 == read_pulses(gated.path).sha256
    again = replay_recording(str(replayed.path), experiment=None, out=replayed.path.parent / "again", speed=None, progress=lambda s: None)
    assert again["decisions_sha256"] == replayed.summary["decisions_sha256"]


def test_a_changed_table_is_found(replayed, tmp_path):
    copy = Path(shutil.copytree(replayed.path, tmp_path / "copy"))
    path = copy / "replayed-light.json"
    table = json.loads(path.read_text())
    table["pulses"][3][0] += 1e-3
    path.write_text(json.dumps(table))
    assert not verify_session(copy).ok
    path.write_text("{}")
    with pytest.raises(ExperimentError, match="holds no pulses to replay"):
        verify_session(copy)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("source: {kind: simulated, fs_hz: 500}", "was recorded at 1000 Hz, this one is at 500 Hz"),
        ("probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.5}", "had another probe"),
        ("conditions: [{name: lit, pattern: flash}, {name: dark, pattern: none}]", "had the conditions lit, sham, here they are lit, dark"),
        ("conditions: [{name: lit, pattern: {kind: flash, width_ms: 4}}, {name: sham, pattern: none}]", "had other light patterns"),
        ("trigger: {refractory_ms: 500, policy: {kind: replayed, session: SESSION}}", "trigger.refractory_ms is 500; lower it"),
        ("trigger: {policy: {kind: replayed, session: nowhere}}", "nowhere is not there; give the folder of a finished session"),
    ],
)
def test_light_that_does_not_fit_is_refused(gated, tmp_path, change, words):
    data = yaml.safe_load(TEXT) | {"trigger": {"refractory_ms": 100, "policy": {"kind": "replayed", "session": str(gated.path)}}}
    data |= yaml.safe_load(change.replace("SESSION", str(gated.path)))
    data.pop("gate")
    with pytest.raises(ExperimentError) as caught:
        run(yaml.safe_dump(data), tmp_path / "s")
    assert words in str(caught.value)
    assert not (tmp_path / "s").exists()


def test_what_is_no_finished_session_cannot_be_replayed(gated, tmp_path):
    code, said = command("run", "against-the-wave", "--policy", "replayed")
    assert (code, "policy replayed takes the light of a finished session" in said) == (2, True)
    copy = Path(shutil.copytree(gated.path, tmp_path / "copy"))
    with sqlite3.connect(copy / "journal.sqlite") as db:
        db.execute("UPDATE meta SET value = 'false' WHERE key = 'ended'")
    db.close()
    code, said = command("run", str(copy), "--policy", "replayed")
    assert (code, "has not come to its end" in said) == (2, True)


def test_pulses_that_never_came_are_not_replayed(gated, tmp_path):
    copy = Path(shutil.copytree(gated.path, tmp_path / "copy"))
    with sqlite3.connect(copy / "journal.sqlite") as db:
        db.execute("UPDATE pulses SET verdict = 'missed', reason = 'late' WHERE rowid = 3")
        db.execute("UPDATE pulses SET verdict = 'lost', reason = 'session-ended' WHERE rowid = 16")
    db.close()
    light = scheduled(gated.path)
    assert [row[0] for row in read_pulses(copy).pulses] == np.delete(light["fire_sample"], 2).tolist()


def test_what_was_lost_counts_in_the_length_of_a_session_that_is_replayed(gated, tmp_path, monkeypatch):
    before = read_pulses(gated.path).seconds
    monkeypatch.setattr("wavestim.controller.record.samples.SampleReader.gaps", property(lambda reader: [(100, 2000), (900, -700)]))
    assert read_pulses(gated.path).seconds == before + 2000 / 1000.0


@pytest.mark.usefixtures("no_report")
def test_pulses_end_a_session_of_the_random_control(tmp_path):
    text = TEXT.replace("max_phase_sd_deg: 180", "max_phase_sd_deg: 180, policy: rate-matched-random")
    text = "\n".join(line for line in text.splitlines() if not line.startswith(("gate", "schedule"))) + "\nstop: {after_pulses: 12}\n"
    session = run(text, tmp_path / "s")
    assert session.summary["policy"] == "rate-matched-random"
    assert "12 pulses have come out" in session.summary["stopped_by"]
    assert session.summary["pulses"]["fired"] + session.summary["pulses"]["dark"] in (12, 13)
    assert np.diff(scheduled(session.path)["fire_sample"]).min() >= 100
    assert verify_session(session.path).ok


@pytest.mark.usefixtures("no_report")
def test_a_session_at_real_pace_has_a_gate_and_ends_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr("wavestim.controller.session.real.finish_session", complete)
    data = yaml.safe_load(TEXT) | {
        "source": {"kind": "simulated", "stimulus": [{"ttl": 2, "at_s": 3.2, "for_s": 1.0, "every_s": 1.3}]},
        "gate": {"ttl": 2, "max_pulses": 3},
        "schedule": {"trials_per_block": 2, "blocks": 2, "trial": "opening"},
        "light": {"kind": "simulated", "clock_tolerance_us": 1000},
        "safety": {"rearm_after_stall": 100},
    }
    data["trigger"]["horizon_ms"] = 40
    summary = run_experiment(
        parse_experiment(yaml.safe_dump(data)), out=tmp_path / "s", seconds=60, pace="real", seed=None, arm=True, progress=lambda s: None
    )
    skip_if_starved(summary)
    session, light = open_session(tmp_path / "s"), scheduled(tmp_path / "s")
    assert verify_session(tmp_path / "s").ok
    assert summary["stopped_by"] == "schedule.blocks: all 2 blocks are done"
    assert {"ttl", "block-done", "ending"} <= set(session.markers["name"])
    course = course_of(session)
    assert course.done == 4
    opening = course.opening[course.opening >= 0]
    assert np.bincount(opening).max() <= 3
    spans = course.openings[opening]
    assert (light["start_sample"] >= spans[:, 0]).all()
