"""Everything that is wrong with a text is told at once, each with its key, in the sentences that a session would refuse it with."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import example_names, parse_experiment
from wavestim.controller.experiment.load import EXAMPLES
from wavestim.controller.experiment.problems import check_text, named_key

SHORT = "name: x\nconditions:\n  - {name: sham, pattern: none}\n"


def places(text: str) -> dict[tuple[str | int, ...], str]:
    return {problem.path: problem.sentence for problem in check_text(text).problems}


@pytest.mark.parametrize("name", example_names())
def test_nothing_is_wrong_with_the_examples(name):
    checked = check_text((EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8"))
    assert checked.problems == ()
    assert checked.experiment is not None
    assert checked.experiment.name == checked.data["name"]


def test_every_problem_has_its_key():
    found = places(SHORT + "band_hz: [24, 8]\ntrigger: {phase_deg: 400, colour: red}\nsafety: {max_duty: much}\n")
    assert set(found) == {("band_hz",), ("trigger", "phase_deg"), ("trigger", "colour"), ("safety", "max_duty")}
    assert found["trigger", "colour"].startswith("unknown key 'trigger.colour'")


def test_the_sentence_is_the_one_that_refuses_the_file():
    text = SHORT + "safety: {max_duty: 0.5}\n"
    with pytest.raises(ExperimentError) as refused:
        parse_experiment(text, "x.yaml")
    (problem,) = check_text(text).problems
    assert str(refused.value) == f"x.yaml: {problem.sentence}"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (SHORT + "schedule: {trials_per_block: 3, order: blocked, blocks: 1}\n", None),
        (SHORT + "gate: {ttl: 1}\n", ("gate",)),
        (SHORT + "source: {kind: simulated, loopback_channel: 3}\n", ("source", "loopback_channel")),
        (SHORT + "opsin: no\n", ("opsin",)),
        (SHORT + "leds: {on_delay_us: nowhere.json}\n", ()),
    ],
)
def test_what_fits_nowhere_by_itself_is_put_where_its_sentence_says(text, path):
    if path is None:
        assert check_text(text).problems == ()
    else:
        assert set(places(text)) == {path}


def test_text_that_is_no_yaml_has_a_line():
    (problem,) = check_text("name: x\nconditions: [\n  - oh: }\n").problems
    assert problem.line == 3
    assert problem.path == ()


@pytest.mark.parametrize("text", ["", "# nothing\n", "[1, 2]", "a: &a [*a]", "name: x\nname: y\n", "? [1]\n: 2\n", "\0", "a: .nan", "- x"])
def test_what_is_no_experiment_is_one_sentence(text):
    checked = check_text(text)
    assert checked.experiment is None
    assert len(checked.problems) >= 1
    assert all(problem.sentence for problem in checked.problems)


@settings(max_examples=150)
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#, \n\t0.e", max_size=60))
def test_no_text_breaks_it(text):
    checked = check_text(text)
    assert (checked.experiment is None) == bool(checked.problems)


def test_a_key_is_read_from_the_beginning_of_a_sentence():
    assert named_key("conditions[2].pattern.leds names LED 9") == ("conditions", 2, "pattern", "leds")
    assert named_key("pattern 'flash': 3 mW/mm2, but") == ()
    assert named_key("") == ()
