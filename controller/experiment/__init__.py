"""Experiments as files: the schema, the light they ask for, the order of their conditions, and the first wall of safety."""

from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._light import Light, is_mock
from wavestim.controller.experiment._types import Board, ConditionPlan, PatternEntry, Plan, SlotPlan
from wavestim.controller.experiment.abilities import check_abilities
from wavestim.controller.experiment.geometry import electrode_positions, led_positions, site_index
from wavestim.controller.experiment.governing import check_budget, light_limits
from wavestim.controller.experiment.limits import check_light, shortest_period_ms
from wavestim.controller.experiment.load import (
    example_names,
    experiment_hash,
    experiment_on,
    load_experiment,
    parse_experiment,
    resolve,
)
from wavestim.controller.experiment.patterns import unmeasured
from wavestim.controller.experiment.planning import plan
from wavestim.controller.experiment.regions import Region, choose_region, in_region, region_labels
from wavestim.controller.experiment.schedule import balanced_sequence
from wavestim.controller.experiment.schema import Experiment, mocked

__all__ = [
    "Board",
    "ConditionPlan",
    "Experiment",
    "ExperimentError",
    "Light",
    "PatternEntry",
    "Plan",
    "Region",
    "SlotPlan",
    "balanced_sequence",
    "check_abilities",
    "check_budget",
    "check_light",
    "choose_region",
    "electrode_positions",
    "example_names",
    "experiment_hash",
    "experiment_on",
    "in_region",
    "is_mock",
    "led_positions",
    "light_limits",
    "load_experiment",
    "mocked",
    "parse_experiment",
    "plan",
    "region_labels",
    "resolve",
    "shortest_period_ms",
    "site_index",
    "unmeasured",
]
