"""What a person is told on the command line, and that red refuses to arm: without it a preflight is a page that nobody reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from wavestim.controller import cli
from wavestim.controller.experiment import Experiment, experiment_hash
from wavestim.controller.experiment._course import Gate, Stop
from wavestim.controller.experiment.controls import as_control
from wavestim.controller.preflight import Preflight, kept, runner
from wavestim.controller.preflight.finding import amber, green, red, unlooked, worst

TEXT = """
name: small
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
conditions: [{name: lit, pattern: {kind: flash, width_ms: 2, irradiance_mw_mm2: 5}}]
"""


def call(*words: str | Path) -> Any:
    return CliRunner().invoke(cli.app, [str(w) for w in words])


def preflight_of(experiment: Experiment, *findings: Any) -> Preflight:
    return Preflight(experiment.name, experiment_hash(experiment), "real", findings)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the rig is listened to for."""
    monkeypatch.setattr(runner, "LISTEN_S", 3.0)
    monkeypatch.setattr(runner, "inject", lambda *args, **keys: green("known-wave", "not tried here"))
    monkeypatch.setattr(runner, "_light_seen", lambda *args: runner.LightSeen([green("led-places", "not tried here")]))


def test_the_whole_is_as_bad_as_its_worst_check() -> None:
    assert worst([]) == "green"
    assert worst([green("a", "b"), amber("c", "d", "e")]) == "amber"
    assert worst([red("a", "b", "c"), green("d", "e")]) == "red"


@pytest.mark.usefixtures("quick")
def test_a_red_preflight_is_exit_code_1_refuses_to_arm_and_is_lifted_by_a_better_one(file: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.yaml"
    spoilt.write_text(TEXT.replace("name: small", "name: small\nsource: {kind: simulated, cortex: {line_uv: 500}}"))
    found = call("preflight", spoilt, "--mock", "--pace", "virtual", "--json")
    assert found.exit_code == 1, found.stderr
    told = json.loads(found.stdout)
    assert told["level"] == "red"
    assert {c["check"]: c["level"] for c in told["checks"]}["hum"] == "red"
    assert all(c["do"] for c in told["checks"] if c["level"] != "green")

    out = tmp_path / "session"
    refused = call("run", spoilt, "--mock", "--arm", "--seconds", "3", "--out", out)
    assert refused.exit_code == 1
    said = " ".join(refused.stderr.split())
    assert "not armed" in said
    assert "hum: 50 Hz" in said
    assert not out.exists()

    assert call("run", spoilt, "--mock", "--seconds", "3", "--out", out).exit_code == 0  # it can be looked at without --arm
    assert call("preflight", file, "--mock", "--pace", "virtual").exit_code == 0
    again = call("run", file, "--mock", "--arm", "--seconds", "3", "--out", tmp_path / "armed")
    assert again.exit_code == 0, again.stderr


@pytest.mark.usefixtures("quick")
def test_a_table_tells_people_and_the_folder_keeps_it(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "kept"
    found = call("preflight", file, "--mock", "--pace", "virtual", "--plant", "dead-channels", "--out", out)
    assert found.exit_code == 1
    assert "bad_channels" in found.stdout
    assert "Red" in found.stderr
    assert "refuses" not in found.stderr  # it does not: see below
    told = json.loads((out / "preflight.json").read_text())
    assert (told["planted"], told["level"]) == ("dead-channels", "red")
    assert call("run", file, "--mock", "--arm", "--seconds", "3", "--out", tmp_path / "s").exit_code == 0  # a rehearsal is no verdict


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("preflight", "nowhere.yaml"), "nowhere.yaml"),
        (("preflight", "against-the-wave", "--mock", "--plant", "gremlins"), "swapped-rows"),
        (("preflight", "against-the-wave", "--seconds", "0"), "above 0"),
    ],
)
def test_wrong_usage_is_exit_code_2(words: tuple[str, ...], says: str) -> None:
    found = call(*words)
    assert found.exit_code == 2
    assert says in " ".join(found.stderr.split())


def test_a_real_board_has_its_own_pace(tmp_path: Path) -> None:
    path = tmp_path / "real.yaml"
    path.write_text(TEXT + "light: {kind: wavelight, port: /dev/ttyNOT}\n")
    found = call("preflight", path, "--pace", "virtual")
    assert (found.exit_code, "own pace" in found.stderr) == (2, True)


def test_a_verdict_holds_for_this_very_experiment_only(small: Experiment, tmp_path: Path) -> None:
    assert "no preflight" in str(kept.may_arm(small, tmp_path, 60))
    kept.keep(preflight_of(small, green("a", "b"), red("hum", "loud", "earth it"), red("disk", "slow", "another")), small)
    with pytest.raises(kept.RedError, match=r"hum: loud \(and 1 more\); earth it"):
        kept.may_arm(small, tmp_path, 60)
    other = small.model_copy(update={"band_hz": (4.0, 8.0)})
    assert "no preflight" in str(kept.may_arm(other, tmp_path, 60))
    kept.keep(preflight_of(small, amber("hum", "b", "c"), green("disk", "d")), small)
    assert kept.may_arm(small, tmp_path, 60) is None


@pytest.mark.parametrize("change", [{"seed": 99}, {"name": "day-2"}, {"gate": Gate(marker="on", until="off")}, {"stop": Stop(after_s=9)}])
def test_what_does_not_touch_the_rig_does_not_lift_a_red(small: Experiment, tmp_path: Path, change: dict[str, Any]) -> None:
    kept.keep(preflight_of(small, red("hum", "loud", "earth it")), small)
    control = as_control(small.model_copy(update=change), "rate-matched-random", "")
    with pytest.raises(kept.RedError, match="hum: loud"):
        kept.may_arm(control, tmp_path, 60)


def test_a_red_stays_until_somebody_has_looked_again(small: Experiment, tmp_path: Path) -> None:
    """LEDs in the wrong order, found with --arm; the next preflight leaves them dark, or does not get as far."""
    kept.keep(preflight_of(small, green("source", "a"), red("led-places", "swapped", "mend the cable")), small)
    for blind in (unlooked("led-places", "not checked", "add --arm"), green("source", "a")):
        found = preflight_of(small, blind)
        assert kept.standing(found, small) == [("led-places", "swapped", "mend the cable")]
        kept.keep(found, small)
        with pytest.raises(kept.RedError, match="led-places: swapped"):
            kept.may_arm(small, tmp_path, 60)
    kept.keep(preflight_of(small, green("led-places", "right")), small)
    assert kept.may_arm(small, tmp_path, 60) is None


@pytest.mark.usefixtures("quick")
def test_a_verdict_that_could_not_be_kept_is_said(file: Path, state: Path) -> None:
    (state / "wavestim").write_text("no folder")
    found = call("preflight", file, "--mock", "--pace", "virtual", "--json")
    assert json.loads(found.stdout)["kept"] is False
    assert "will not know of it" in " ".join(found.stderr.split())


def test_an_old_verdict_is_told_and_a_spoilt_one_is_none(small: Experiment, tmp_path: Path) -> None:
    path = kept.keep(preflight_of(small, green("a", "b")), small)
    assert path is not None
    told = json.loads(path.read_text())
    path.write_text(json.dumps(told | {"at_utc": (datetime.now(UTC) - timedelta(hours=50)).isoformat()}))
    assert "50 hours old" in str(kept.may_arm(small, tmp_path, 60))
    for spoilt in ("", "[]", "{}", json.dumps(told | {"level": "blue"}), json.dumps(told | {"red": [1]}), "\x00"):
        path.write_text(spoilt)
        assert kept.last(small) is None


def test_a_disk_that_is_too_slow_or_full_refuses_to_arm(small: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(kept.RedError, match="disk-room"):
        kept.may_arm(small, tmp_path, 1e12)
    monkeypatch.setattr(kept, "check_speed", lambda *args: red("disk-speed", "slow", "another disk"))
    with pytest.raises(kept.RedError, match="disk-speed: slow; another disk"):
        kept.may_arm(small, tmp_path, 60)
