"""The patterns that are drawn are those that the board would get, also when a limit refuses them."""

from __future__ import annotations

import pytest
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import load_experiment, parse_experiment
from wavestim.controller.session.rehearsal import rehearse
from wavestim.controller.session.sketch import sketch


def test_it_is_the_plan_of_a_session():
    experiment = load_experiment("against-the-wave")
    assert sketch(experiment).plan.slots == rehearse(experiment).assembly.plan.slots


def test_light_goes_with_and_against_the_wave_as_the_loop_would_choose():
    drawn = sketch(load_experiment("against-the-wave"))
    names = [drawn.plan.slots[drawn.slot(condition, 90.0, 200.0)].name for condition in (0, 1)]
    assert names[0].startswith("travelling 90 deg")
    assert names[1].startswith("travelling 270 deg")
    assert names[0].split("deg")[1] == names[1].split("deg")[1], "as fast as each other"


def test_what_is_too_bright_is_drawn_all_the_same():
    text = "name: x\ntrigger: {refractory_ms: 10}\nconditions:\n  - {name: a, pattern: {kind: flash, width_ms: 20, irradiance_mw_mm2: 9}}\n"
    experiment = parse_experiment(text)
    with pytest.raises(ExperimentError):
        rehearse(experiment)
    assert len(sketch(experiment).plan.slots[0].entries) == 25


def test_there_is_no_pattern_of_a_condition_that_is_not_there():
    drawn = sketch(load_experiment("against-the-wave"))
    with pytest.raises(ValueError, match="no such pattern"):
        drawn.slot(3, 0.0, 100.0)
