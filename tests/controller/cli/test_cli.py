"""The command line as a person or a script meets it: exit codes, one sentence, one JSON object."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner
from wavestim.controller import cli
from wavestim.controller.cli import errors
from wavestim.controller.errors import ExperimentError, WavestimError
from wavestim.hardware.sources import KINDS
from wavestim.hardware.sources.mock import PEERS

SUMMARY = {
    "samples": 3000,
    "dropped_samples": 0,
    "pulses": {"scheduled": 12, "fired": 8, "missed": 0, "vetoed": 3, "refused": 0},
    "phase_error_deg": {"bias": -3.0, "sd": 25.0, "median_abs": 17.0, "n": 12, "truth": "simulation"},
    "light_onset_error_us": {"p50": 4.0, "p99": 9.0, "max": 11.0},
    "latency_us": None,
    "conditions": {"with-wave": {"pulses": 4}, "against-wave": {"pulses": 4}, "sham": {"pulses": 4}},
}


class LightError(Exception):
    """As the light room has it: it knows nothing of exit codes."""


class SourceError(Exception):
    """As the source room has it."""


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """Runners, recorder and report that only note how they were called."""
    import wavestim.controller.preflight.kept  # noqa: F401 - with all that it stands on, before a stub takes the place of the sessions

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    calls: list[tuple[str, dict[str, Any]]] = []
    verified = SimpleNamespace(ok=True, n_decisions=7, first_difference=None)
    state = SimpleNamespace(calls=calls, error=None, verified=verified, went_dark=None)

    def note(name: str, keys: dict[str, Any]) -> None:
        calls.append((name, keys))
        print("a library that chatters on stdout")
        if state.error is not None:
            raise state.error

    def run_experiment(experiment: Any, **keys: Any) -> dict[str, Any]:
        note("run", {"experiment": experiment, **keys})
        keys["progress"](1.0)
        keys["out"].mkdir(parents=True)
        (keys["out"] / "report.html").write_text("x")
        return {"session": str(keys["out"]), **SUMMARY, "odd": [np.float64(1.5), math.nan, np.int64(3)], "went_dark": state.went_dark}

    def replay_recording(recording: str, **keys: Any) -> dict[str, Any]:
        note("replay", {"recording": recording, **keys})
        return {"session": str(keys["out"]), **SUMMARY}

    def verify_session(path: Path, progress: Any) -> Any:
        note("verify", {"path": path})
        progress(0.5)
        return state.verified

    def recover(path: Path) -> dict[str, Any]:
        note("recover", {"path": path})
        return {"decisions": 5}

    def write_report(path: Path) -> Path:
        note("report", {"path": path})
        return Path(path) / "report.html"

    def module(name: str, **content: Any) -> None:
        made = ModuleType(name)
        made.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, made)

    module("wavestim.controller.session", run_experiment=run_experiment, replay_recording=replay_recording, verify_session=verify_session)
    module("wavestim.controller.record", recover=recover)
    module("wavestim.controller.report", write_report=write_report, effect_sentence=lambda path: "with - against +10 %")
    return state


@pytest.fixture
def session(tmp_path: Path) -> str:
    folder = tmp_path / "session"
    folder.mkdir()
    (folder / "journal.sqlite").touch()
    return str(folder)


def call(*words: str) -> Any:
    return CliRunner().invoke(cli.app, list(words))


def test_the_demo_is_the_packaged_experiment_on_the_mock_rig(rooms: SimpleNamespace, tmp_path: Path) -> None:
    result = call("demo", "--out", "here")
    assert result.exit_code == 0, result.stderr
    name, keys = rooms.calls[0]
    assert (name, keys["experiment"].name, keys["arm"]) == ("run", "against-the-wave", True)
    assert (keys["seconds"], keys["seed"], keys["pace"], keys["out"]) == (60.0, 1, "virtual", tmp_path / "here")
    for words in (
        "8 fired of 12 scheduled",
        "with-wave 4",
        "-3.0 +- 25.0 deg",
        "true phase",
        "with - against +10 %",
        "0 of 3000",
        "report.html",
    ):
        assert words in result.stdout


def test_json_is_one_object_and_everything_else_goes_to_stderr(rooms: SimpleNamespace) -> None:
    result = call("demo", "--json", "--seconds", "3")
    assert result.exit_code == 0
    data = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert data["odd"] == [1.5, None, 3]
    assert "chatters" in result.stderr


@pytest.mark.parametrize(
    ("why", "failed", "code", "said"),
    [
        (["line"], True, 3, "because the line to the board was lost; the recording went on"),
        (["overtemp"], True, 3, "because the board told overtemp;"),
        (["no-samples", "abort"], False, 0, "because samples stopped and the board was told to be dark;"),
    ],
)
def test_a_session_whose_light_failed_does_not_end_as_if_all_were_well(
    rooms: SimpleNamespace, why: list[str], failed: bool, code: int, said: str
) -> None:
    rooms.went_dark = {"at_s": 11.22, "why": why, "light_failed": failed}
    result = call("demo", "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["went_dark"]["why"] == why, "the session is complete all the same"
    words = " ".join(result.stderr.split())
    assert "11.2 s after the first sample light ended by itself and did not come back" in words
    assert said in words


def test_a_new_folder_is_made_for_every_session(rooms: SimpleNamespace) -> None:
    call("demo")
    call("demo")
    folders = [keys["out"] for _, keys in rooms.calls]
    assert folders[0] != folders[1]
    assert folders[0].parent.name == "wavestim-sessions"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("demo", "--seconds", "0"), "--seconds 0: the length must be above 0"),
        (("demo", "--seconds", "-3"), "--seconds -3: the length must be above 0"),
        (("demo", "--seconds", "nan"), "--seconds nan"),
        (("demo", "--seconds", "inf"), "--seconds inf"),
        (("demo", "--seconds", "soon"), "Invalid value for '--seconds'"),
        (("demo", "--seed", "-1"), "--seed -1: a seed is a whole number"),
        (("demo", "--pace", "fast"), "'virtual', 'real'"),
        (("demo", "--secnds", "3"), "--seconds"),
        (("demo", "--out", "full"), "--out full: the folder is not empty"),
        (("demo", "--out", "file"), "--out file: a file is in the way"),
        (("run",), "Missing argument 'EXPERIMENT'"),
        (("run", "nothing.yaml"), "nothing.yaml: no such file or example"),
        (("run", "bad.yaml"), "unknown key 'triger'; did you mean 'trigger'?"),
        (("run", "rig.yaml", "--pace", "virtual"), "wavelight light runs in real time"),
        (("replay", "x.npz", "--speed", "0"), "--speed 0: give 'max' or a factor above 0"),
        (("replay", "x.npz", "--speed", "fast"), "--speed fast"),
        (("verify", "nowhere"), "nowhere: no such session folder"),
        (("report", "full"), "full: not a session folder"),
        (("lights", "test", "laser"), "lights test laser: no such driver"),
        (("lights", "test", "wavelight"), "give --port or --serial-number"),
        (("lights", "test", "simulated", "--port", "COM3"), "it has no port"),
        (("lights", "test", "--photodiode", "0", "--arm"), "a simulated light stamps no TTL input"),
        (("lights", "test", "--port", "COM3", "--photodiode", "0"), "add --arm when nobody is under them"),
        (("lights", "test", "--port", "COM3", "--out", "x.json"), "belong to --photodiode"),
        (("lights", "test", "--link", "usb"), "--link usb: no such link; use one of pty"),
        (("lights", "test", "--port", "COM3", "--link", "pty"), "only the simulated board can pretend a link"),
        (("lights", "device", "--board", "uno"), "--board uno: no such board"),
        (("frobnicate",), "No such command 'frobnicate'"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(rooms: SimpleNamespace, words: tuple[str, ...], expected: str) -> None:
    Path("full").mkdir()
    Path("full/x").touch()
    Path("file").touch()
    start = "name: x\nconditions: [{name: a, pattern: {kind: flash}}]\n"
    Path("bad.yaml").write_text(start + "triger: {}\n")
    Path("rig.yaml").write_text(start + "light: {kind: wavelight, port: COM3}\n")
    result = call(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("wavestim: ")
    assert result.stderr.count("\n") == 1
    assert expected in result.stderr
    assert result.stdout == ""
    assert not rooms.calls


def test_with_json_a_failure_is_an_object_too(rooms: SimpleNamespace) -> None:
    result = call("run", "nothing.yaml", "--json")
    data = json.loads(result.stdout)
    assert data["exit_code"] == result.exit_code == 2
    assert "nothing.yaml" in data["error"]


@pytest.mark.parametrize(
    ("error", "code", "expected"),
    [
        (ExperimentError("x.yaml: wrong"), 2, "x.yaml: wrong"),
        (LightError("no board\non COM3"), 3, "no board on COM3"),
        (SourceError("no stream"), 2, "no stream"),
        (OSError(28, "No space left on device", "/data"), 2, "/data: No space left on device; check the path"),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C; all LEDs are dark"),
        (KeyboardInterrupt("SIGTERM"), 130, "stopped by SIGTERM; all LEDs are dark"),
        (ZeroDivisionError("oh"), 70, "internal error: ZeroDivisionError: oh"),
    ],
)
def test_errors_become_exit_codes(rooms: SimpleNamespace, error: BaseException, code: int, expected: str) -> None:
    rooms.error = error
    result = call("demo")
    assert result.exit_code == code
    assert expected in result.stderr
    assert "Traceback" not in result.stderr


def test_a_traceback_is_there_for_those_who_ask(rooms: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAVESTIM_DEBUG", "1")
    rooms.error = LightError("no board")
    result = call("demo")
    assert "Traceback" in result.stderr
    assert result.exit_code == 3


def test_errors_of_other_rooms_may_bring_their_own_code() -> None:
    class OddError(LightError):
        exit_code = 1

    assert errors.exit_code_of(OddError()) == 1
    assert errors.exit_code_of(WavestimError()) == 2
    assert errors.exit_code_of(ValueError()) is None


def test_run_with_mock_takes_the_mock_rig_and_real_light_is_not_armed_by_itself(rooms: SimpleNamespace) -> None:
    Path("rig.yaml").write_text("name: x\nlight: {kind: wavelight, port: COM3}\nconditions: [{name: a, pattern: {kind: flash}}]\n")
    assert call("run", "rig.yaml", "--mock").exit_code == 0
    dark = call("run", "rig.yaml")
    assert "Not armed" in dark.stderr
    call("run", "rig.yaml", "--arm", "--seed", "9")
    mock, unarmed, armed = (keys for _, keys in rooms.calls)
    assert (mock["experiment"].light.kind, mock["arm"], mock["pace"]) == ("simulated", True, "virtual")
    assert (unarmed["experiment"].light.kind, unarmed["arm"], unarmed["pace"]) == ("wavelight", False, "real")
    assert (armed["arm"], armed["seed"]) == (True, 9)


def test_replay_passes_on_what_it_was_told(rooms: SimpleNamespace) -> None:
    assert call("replay", "r.npz", "--experiment", "every-cycle", "--speed", "2", "--out", "o").exit_code == 0
    assert call("replay", "r.npz").exit_code == 0
    first, second = (keys for _, keys in rooms.calls)
    assert (first["recording"], first["experiment"].name, first["speed"]) == ("r.npz", "every-cycle", 2.0)
    assert (second["experiment"], second["speed"]) == (None, None)


def test_verify_tells_and_exits_1_at_the_first_difference(rooms: SimpleNamespace, session: str) -> None:
    same = call("verify", session)
    assert (same.exit_code, "all 7 decisions" in same.stdout) == (0, True)
    rooms.verified = SimpleNamespace(ok=False, n_decisions=7, first_difference="decision 3: fire_sample 12.0 is 12.5")
    assert "decision 3" in call("verify", session).stdout
    result = call("verify", session, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "session": session,
        "ok": False,
        "decisions": 7,
        "first_difference": "decision 3: fire_sample 12.0 is 12.5",
    }


def test_recover_finishes_with_a_report(rooms: SimpleNamespace, session: str) -> None:
    result = call("recover", session, "--json")
    assert result.exit_code == 0
    assert [name for name, _ in rooms.calls] == ["recover", "report"]
    assert json.loads(result.stdout)["decisions"] == 5


def test_report_prints_where_it_is(rooms: SimpleNamespace, session: str) -> None:
    assert call("report", session).stdout.splitlines()[-1] == str(Path(session) / "report.html")


@pytest.mark.parametrize(("words", "key"), [(("lights", "list"), "lights"), (("sources", "list"), "sources")])
def test_lists_name_the_simulated_part(words: tuple[str, str], key: str) -> None:
    assert json.loads(call(*words, "--json").stdout)[key][0]["kind"] == "simulated"
    assert "simulated" in call(*words).stdout


def fake_module(monkeypatch: pytest.MonkeyPatch, name: str, **content: Any) -> None:
    made = ModuleType(name)
    made.__dict__.update(content)
    monkeypatch.setitem(sys.modules, name, made)


def test_the_simulated_board_passes_its_own_test() -> None:
    result = call("lights", "test", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert told["ok"]
    assert set(told["checks"]) == {"clock-known", "starts-when-told", "refuses-what-is-late", "dark-on-abort", "dark-without-heartbeat"}
    assert (told["light"]["board"], told["shots"], told["fired"]) == ("host", 50, 50)
    assert told["onset_error_us"]["max"] < told["clock_uncertainty_us"] < 250
    assert 99 < told["dark_after_ms"] < 101
    assert abs(told["clock_rate_ppm"] - 30) < 20
    assert told["stall_us"] is None
    assert "onset error" in call("lights", "test").stdout


def test_a_link_that_holds_answers_back_fails_the_test_of_the_clock() -> None:
    result = call("lights", "test", "simulated", "--link", "ftdi-16ms", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert not told["ok"]
    assert not told["checks"]["clock-known"]
    assert told["checks"]["dark-without-heartbeat"]


def test_a_light_of_another_kind_is_asked_who_it_is_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Info:
        board: str = "other"
        n_sites: int = 4

    done: list[Any] = []

    def open_light(kind: str, **keys: Any) -> Any:
        done.append((kind, keys))
        return SimpleNamespace(info=Info(), close=lambda: done.append("closed"))

    fake_module(monkeypatch, "wavestim.hardware.lights", open_light=open_light, KINDS={"another": ()})
    result = call("lights", "test", "another", "--port", "COM3", "--json")
    assert json.loads(result.stdout) == {"ok": True, "light": {"board": "other", "n_sites": 4}, "line": None}
    assert done == [("another", {"port": "COM3"}), "closed"]
    assert "n_sites" in call("lights", "test", "another", "--port", "COM3").stdout


def test_the_mock_light_is_served_with_its_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []

    def serve(edges: Path, *, board: str) -> None:
        served.append((edges, board))

    fake_module(monkeypatch, "wavestim.hardware.firmware.device", serve_device=serve, BOARDS=("host",))
    assert call("lights", "device", "--edges", "e.csv").exit_code == 0
    assert served == [(Path("e.csv"), "host")]


@pytest.mark.parametrize("command", ["demo", "run", "replay", "verify", "recover", "report"])
def test_every_help_shows_an_example(command: str) -> None:
    result = call(command, "--help")
    assert result.exit_code == 0
    assert f"wavestim {command}" in result.stdout


@pytest.mark.parametrize(("command", "kinds"), [("mock", PEERS), ("probe", KINDS), ("record", KINDS)])
def test_the_help_of_sources_names_every_kind(command: str, kinds: dict[str, Any]) -> None:
    told = call("sources", command, "--help").stdout
    assert [kind for kind in sorted(kinds) if kind not in told] == []


def test_no_arguments_print_the_help() -> None:
    result = call()
    assert "demo" in result.stdout
    assert result.stderr == ""
