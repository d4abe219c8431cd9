"""All that is wrong with the text of an experiment, each with its key and its sentence: for who writes it, while it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._explain import explain_each
from wavestim.controller.experiment._yaml import HOLDS_ITSELF, TruthError, YamlError, read_yaml, refuse_truth_values
from wavestim.controller.experiment.lightdelay import with_delays
from wavestim.controller.experiment.load import absolute
from wavestim.controller.experiment.schema import Experiment

KeyPath = tuple[str | int, ...]
KEY_AT_START = re.compile(r"([a-z]\w*(?:\.[a-z]\w*|\[\d+\])*)\b")
STEP = re.compile(r"[a-z]\w*|\d+")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    path : keys and indices from the top of the file; empty when it is about the whole.
    sentence : what is wrong and what would be right, as a session would refuse it.
    line : of the text, from 1, where only the text has a place.
    """

    path: KeyPath
    sentence: str
    line: int | None = None


@dataclass(frozen=True)
class Checked:
    """A text that was looked through.

    Attributes
    ----------
    data : keys and values that it holds; None when it cannot be read as such.
    experiment : None when something is wrong.
    problems : empty when nothing is.
    """

    data: dict[str, Any] | None
    experiment: Experiment | None
    problems: tuple[Problem, ...]


def check_text(text: str, base: Path | None = None) -> Checked:
    """Look through the text of an experiment.

    Parameters
    ----------
    text : str
        YAML, or what is to become some.
    base : Path, optional
        What relative paths in it are relative to.
    """
    try:
        data = read_yaml(text, "experiment")
    except YamlError as error:
        return Checked(None, None, (Problem((), error.problem, error.line),))
    if not isinstance(data, dict):
        what = "is empty" if data is None else "does not hold keys and values"
        return Checked(
            {} if data is None else None, None, (Problem((), f"the file {what}; an experiment begins with 'name:' and 'conditions:'"),)
        )
    try:
        refuse_truth_values(data, "experiment", ())
        experiment = Experiment.model_validate(absolute(with_delays(data, base), base))
    except TruthError as error:
        return Checked(data, None, (Problem(error.path, error.problem),))
    except ValidationError as error:
        found = (Problem(path or named_key(sentence), sentence) for path, sentence in explain_each(error, data, Experiment))
        return Checked(data, None, tuple(found))
    except RecursionError:
        return Checked(None, None, (Problem((), HOLDS_ITSELF),))
    except ExperimentError as error:
        return Checked(data, None, (of_refusal(str(error), str(data.get("name"))),))
    return Checked(data, experiment, ())


def of_refusal(sentence: str, name: str) -> Problem:
    """What was refused for an experiment of that name, with the key that the sentence begins with."""
    said = sentence.removeprefix(f"{name}: ")
    return Problem(named_key(said), said)


def named_key(sentence: str) -> KeyPath:
    """The key that a sentence begins with, such as ``conditions[0].pattern.leds``; empty when that is no key."""
    match = KEY_AT_START.match(sentence)
    steps = STEP.findall(match[1]) if match else []
    if not steps or steps[0] not in Experiment.model_fields:
        return ()
    return tuple(int(step) if step.isdigit() else step for step in steps)
