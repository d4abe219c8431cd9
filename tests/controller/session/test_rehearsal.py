"""Light planned at a desk: the figures are those of the session, and what a session refuses is refused here."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner
from wavestim.controller import cli
from wavestim.controller.experiment import load_experiment
from wavestim.controller.session.rehearsal import rehearse


def test_every_pattern_has_its_figures() -> None:
    found = rehearse(load_experiment("against-the-wave"))
    assert (found["leds"], found["period_ms"]) == (25, 200.0)
    assert len(found["patterns"]) > 8
    for pattern in found["patterns"]:
        assert pattern["conditions"] == ["with-wave", "against-wave", "sham"]
        assert pattern["leds"] == 25
        assert pattern["duty"] == pytest.approx(0.025)
        assert pattern["irradiance_mw_mm2"] == pytest.approx(2.0)
        assert 0 < pattern["warming_c"] < 0.5
        assert pattern["lead_ms"] < pattern["duration_ms"] <= 200


def test_the_command_line_shows_them() -> None:
    shown = CliRunner().invoke(cli.app, ["lights", "plan", "every-cycle"])
    assert shown.exit_code == 0
    assert "7.2%" in shown.stdout
    assert json.loads(CliRunner().invoke(cli.app, ["lights", "plan", "every-cycle", "--json"]).stdout)["experiment"] == "every-cycle"
