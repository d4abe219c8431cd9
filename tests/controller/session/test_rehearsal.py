"""Light planned at a desk: the figures are those of the session, and what a session refuses is refused here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner
from wavestim.controller import cli
from wavestim.controller.experiment import load_experiment, parse_experiment
from wavestim.controller.experiment.irradiance import light_settings
from wavestim.controller.session.rehearsal import figures, rehearse
from wavestim.hardware.simulated import CortexConfig, LightConfig, SimulatedRig, load_opsin
from wavestim.hardware.simulated.light import foutz
from wavestim.realtime.governor import Governor

FLASH = {"kind": "flash", "width_ms": 5, "irradiance_mw_mm2": 8}


def one_led(**keys: Any) -> Any:
    data = {
        "name": "one",
        "probe": {"kind": "grid", "rows": 4, "columns": 4, "pitch_mm": 0.4},
        "conditions": [{"name": "a", "pattern": FLASH}],
    }
    return rehearse(parse_experiment(yaml.safe_dump({**data, **keys})))


def test_every_pattern_has_its_figures() -> None:
    found = figures(rehearse(load_experiment("against-the-wave")))
    assert (found["leds"], found["electrodes"], found["period_ms"]) == (25, 100, 200.0)
    assert len(found["patterns"]) > 8
    for pattern in found["patterns"]:
        assert pattern["conditions"] == ["with-wave", "against-wave", "sham"]
        assert pattern["leds"] == 25
        assert pattern["duty"] == pytest.approx(0.025)
        assert pattern["irradiance_mw_mm2"] == pytest.approx(2.0)
        assert pattern["dose_mj_mm2_per_h"] == pytest.approx(2.0 * 0.005 * 5 * 3600, rel=1e-3)
        assert 0 < pattern["warming_c"] <= found["mixed_warming_c"] < 0.5
        assert pattern["lead_ms"] < pattern["duration_ms"] <= 200
        assert pattern["at_depth_mw_mm2"][0] == pytest.approx(2.0, rel=1e-3)
        assert (pattern["sites_above"], pattern["sites_surely_above"]) == (25, 0)  # below every LED, with most of the cells spared
        assert pattern["reach_mm"] > found["depth_mm"]
        assert pattern["opened"] == pytest.approx(0.012, abs=0.002)


def test_the_plan_says_how_the_simulated_cortex_answers() -> None:
    """One opsin, one spread of light: at any brightness, width and colour the response is what the plan says opens, times one number."""
    per_opened = []
    for irradiance, width_ms, nm in ((0.5, 5, 470), (2, 5, 470), (8, 5, 470), (2, 10, 470), (4, 5, 510)):
        made = one_led(
            leds={"positions_mm": [[-0.2, -0.2]], "wavelength_nm": nm},
            conditions=[{"name": "a", "pattern": {"kind": "flash", "width_ms": width_ms, "irradiance_mw_mm2": irradiance}}],
        )
        found, settings = made.design.colours[0].opened[0], light_settings(made.assembly.experiment)
        pair = []
        for lit in (False, True):
            light = LightConfig(**settings, artefact_uv=0, edge_uv=0)
            rig = SimulatedRig(CortexConfig(snr_db=80, line_uv=0), made.assembly.positions_mm, made.assembly.leds_mm, seed=3, light=light)
            if lit:
                rig.light(0.4, 0, irradiance)
                rig.light(0.4 + width_ms / 1000, 0, 0.0)
            pair.append(rig.read(500))
        response = np.abs(pair[1] - pair[0])[400 : 400 + width_ms].max(axis=0)
        assert np.argmax(response) == np.argmax(found) == 5
        per_opened.append(response[5] / (found[5] * width_ms))
    assert np.ptp(per_opened) < 0.3 * np.mean(per_opened), per_opened


def test_irradiance_at_depth_is_that_of_the_light_model() -> None:
    """One LED over electrode 5: what its light is below it, and where the opsin gets enough of it."""
    made = one_led(leds={"positions_mm": [[-0.2, -0.2]], "depth_mm": 0.1})
    found = figures(made)
    pattern = found["patterns"][0]
    face = pattern["irradiance_mw_mm2"]
    assert face == pytest.approx(8, rel=0.01)
    below = face * foutz(np.array(found["depths_mm"]))
    assert pattern["at_depth_mw_mm2"] == pytest.approx(below.tolist(), rel=0.02, abs=1e-5)
    assert pattern["at_cells_mw_mm2"] == pytest.approx(face * float(foutz(0.1)), rel=0.02)
    assert (pattern["sites_above"], pattern["sites_surely_above"]) == (1, 0)
    deep = np.interp(pattern["reach_mm"], found["depths_mm"], below)
    least, _ = load_opsin("chr2").threshold_mw_mm2(470) or (0.0, 0.0)
    assert deep >= least > np.interp(pattern["reach_mm"] + 0.025, found["depths_mm"], below)


def test_a_colour_that_the_opsin_does_not_see_reaches_nothing() -> None:
    found = figures(one_led(leds={"wavelength_nm": 635}))
    assert found["opsins"][0]["least_mw_mm2"] is None
    assert found["patterns"][0]["sites_above"] is None


def test_the_forecast_is_what_the_governor_books() -> None:
    made = one_led(trigger={"refractory_ms": 100})
    limits = made.assembly.engine.limits
    governor = Governor(limits)
    times, rises = made.design.forecast_s, made.design.forecast_c[0]
    at = {}
    for i in range(1201):
        assert governor.ask(0, i * 0.1) == "scheduled"
        at[round(i * 0.1, 1)] = governor.rise_c.max()
    for t in (0.0, 1.0, 10.0, 60.0, 119.5):
        assert rises[times == t][0] == pytest.approx(at[t], rel=1e-3)
    assert rises[-1] < 0.2 * rises.max()


def test_shams_alone_stay_dark_and_cool() -> None:
    made = one_led(conditions=[{"name": "sham", "pattern": {"kind": "none"}}])
    pattern = figures(made)["patterns"][0]
    assert (pattern["irradiance_mw_mm2"], pattern["duty"], pattern["warming_c"], pattern["sites_above"]) == (0, 0, 0, 0)


def test_real_leds_that_nobody_measured_are_told(tmp_path: Path) -> None:
    """Full level is taken for the limit: LEDs that give more would break every limit, and a lower limit would make them brighter."""
    said = {}
    for name, leds in (("believed", {}), ("measured", {"power_curve": [[0, 0], [255, 50]]})):
        file = tmp_path / f"{name}.yaml"
        data = {"name": name, "light": {"kind": "wavelight", "port": "/dev/ttyACM9"}, "leds": leds}
        data["conditions"] = [{"name": "a", "pattern": {**FLASH, "irradiance_mw_mm2": 2}}]
        file.write_text(yaml.safe_dump(data))
        said[name] = " ".join(CliRunner().invoke(cli.app, ["lights", "plan", str(file)]).stdout.split())
        armed = CliRunner().invoke(cli.app, ["run", str(file), "--arm", "--out", str(tmp_path / name)])
        assert ("full level is taken for 10 mW/mm2" in " ".join(armed.stderr.split())) == (name == "believed")
    assert "full level is taken for 10 mW/mm2" in said["believed"]
    assert "full level" not in said["measured"]


def test_the_command_line_shows_them() -> None:
    shown = CliRunner().invoke(cli.app, ["lights", "plan", "every-cycle"])
    assert shown.exit_code == 0
    assert " 7.2 " in shown.stdout
    assert "…" not in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert json.loads(CliRunner().invoke(cli.app, ["lights", "plan", "every-cycle", "--json"]).stdout)["experiment"] == "every-cycle"


BOTH_WAYS = {
    "leds": {"positions_mm": [[-0.2, -0.2]], "wavelength_nm": 590, "inhibition": {"opsin": "gtacr2", "wavelength_nm": 470}},
    "opsin": "chrimsonr",
    "conditions": [{"name": "a", "pattern": {**FLASH, "inhibition": {"irradiance_mw_mm2": 1, "delay_ms": 20}}}],
}


def test_each_of_two_colours_has_its_own_figures() -> None:
    """The brighter colour would hide the other, and one opsin the other's need of light."""
    made = one_led(**BOTH_WAYS)
    found, alone = figures(made), figures(one_led(**{**BOTH_WAYS, "conditions": [{"name": "a", "pattern": FLASH}]}))
    assert [(o["name"], o["wavelength_nm"]) for o in found["opsins"]] == [("chrimsonr", 590), ("gtacr2", 470)]
    (pattern,) = found["patterns"]
    red, blue = pattern["colours"]
    assert (round(red["irradiance_mw_mm2"], 1), round(blue["irradiance_mw_mm2"], 1)) == (8.0, 1.0)
    assert red["at_cells_mw_mm2"] > 8 * blue["at_cells_mw_mm2"] > 0, "red goes deeper"
    assert blue["sites_above"] >= red["sites_above"] >= 1
    assert blue["opened"] > 0
    assert (pattern["opened"], pattern["sites_above"]) == (None, None), "no one opsin"
    dark = alone["patterns"][0]["colours"][1]
    assert (dark["irradiance_mw_mm2"], dark["sites_above"], dark["reach_mm"]) == (0, 0, 0)
    assert alone["patterns"][0]["warming_c"] < pattern["warming_c"]


def test_the_command_line_and_the_picture_show_both_colours(tmp_path: Path) -> None:
    file = tmp_path / "both.yaml"
    file.write_text(yaml.safe_dump({"name": "both", **BOTH_WAYS}))
    done = CliRunner().invoke(cli.app, ["lights", "plan", str(file), "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if " nm " in line and line.startswith(" ")}
    assert {nm: row[2] for nm, row in rows.items()} == {"590": "8.00", "470": "0.98"}
    assert max(map(len, done.stdout.splitlines()[:-2])) <= 80
    drawn = (tmp_path / "light-plan.svg").read_text()
    assert all(words in drawn for words in ("chrimsonr at 590 nm", "gtacr2 at 470 nm", "both colours"))


@pytest.mark.parametrize("example", ["dark", "two"])
def test_the_picture_is_drawn(tmp_path: Path, example: str) -> None:
    """With several patterns and a threshold in reach, and with nothing that shines."""
    file = tmp_path / "e.yaml"
    conditions = [{"name": "sham", "pattern": {"kind": "none"}}]
    if example == "two":
        conditions += [{"name": "a", "pattern": FLASH}, {"name": "b", "pattern": {"kind": "sites", "leds": [0]}}]
    file.write_text(yaml.safe_dump({"name": example, "conditions": conditions, "leds": {"depth_mm": 0.05}}))
    done = CliRunner().invoke(cli.app, ["lights", "plan", str(file), "--json", "--out", str(tmp_path / "plan")])
    assert done.exit_code == 0, done.output
    files = json.loads(done.stdout)["files"]
    assert [Path(f).name for f in files] == ["light-plan.png", "light-plan.svg"]
    picture = matplotlib.image.imread(files[0])
    assert picture.shape[1] > 1200
    assert picture[..., :3].std() > 0.05
    assert (picture[0, 0] == 1).all(), "on paper, whatever is behind it"
    assert Path(files[1]).read_text().startswith("<?xml")


def test_a_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(cli.app, ["lights", "plan", "every-cycle", "--out", str(tmp_path / "file")])
    assert done.exit_code == 2
