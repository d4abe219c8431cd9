"""What is worked out of every text, step by step: what is wrong with it, the patterns that it makes, what their light does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wavestim.controller.errors import WavestimError
from wavestim.controller.experiment import Experiment
from wavestim.controller.experiment.problems import Checked, Problem, check_text, of_refusal
from wavestim.controller.session.rehearsal import Rehearsal, figures, rehearse
from wavestim.controller.session.sketch import Sketch, sketch


@dataclass(frozen=True)
class Looked:
    """The text was looked through."""

    text: str
    checked: Checked


@dataclass(frozen=True)
class Drawn:
    """Its patterns, whatever the limits say."""

    sketch: Sketch


@dataclass(frozen=True)
class Planned:
    """Its light, which no limit refuses; ``figures`` as ``wavestim lights plan`` has them."""

    rehearsal: Rehearsal
    figures: dict[str, Any]


@dataclass(frozen=True)
class Refused:
    """Its light cannot be made, or a limit refuses it."""

    problem: Problem


Result = Looked | Drawn | Planned | Refused


def work(order: tuple[str, Path]) -> Iterator[Result | None]:
    """Of a text and the folder that its paths start from; None where it can be left off."""
    text, base = order
    checked = check_text(text, base)
    yield Looked(text, checked)
    experiment = checked.experiment
    if experiment is None:
        return
    yield None
    try:
        yield Drawn(sketch(experiment))
        yield None
        rehearsal = rehearse(experiment)
        yield Planned(rehearsal, figures(rehearsal))
    except (WavestimError, ValueError, OSError) as error:
        yield Refused(_problem(error, experiment))


def _problem(error: Exception, experiment: Experiment) -> Problem:
    return of_refusal(" ".join(str(error).split()), experiment.name)
