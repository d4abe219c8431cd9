"""What a study is made of: its plan, its cells of work, what it found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from matplotlib.figure import Figure
from wavestim.controller.errors import WavestimError
from wavestim.controller.studies.plan import Plan

Row = dict[str, Any]
"""One tidy row: what was measured on one cell, in plain numbers and words."""
Verdict = Literal["yes", "no", "undecided"]


class StudyError(WavestimError):
    """A study or sweep can't be run as asked."""


@dataclass(frozen=True)
class Cell:
    """The smallest piece of work: the same cell gives the same rows on any computer.

    Attributes
    ----------
    study : its name.
    arm : what is done, among the study's alternatives.
    parameters : plain values.
    seed : of everything random in it.
    """

    study: str
    arm: str
    parameters: Mapping[str, Any]
    seed: int

    @property
    def key(self) -> str:
        """The same for the same work, whoever asks for it."""
        words = json.dumps([self.study, self.arm, self.parameters, self.seed], sort_keys=True)
        return hashlib.sha256(words.encode()).hexdigest()


@dataclass(frozen=True)
class Effect:
    """A difference that was asked for, with the interval that holds at the level of the plan."""

    name: str
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Outcome:
    """What a study found.

    Attributes
    ----------
    verdict : on the question of the plan.
    because : the verdict in one sentence.
    effects : the primary ones first.
    """

    verdict: Verdict
    because: str
    effects: tuple[Effect, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)


class Study(Protocol):
    """See the package."""

    def cells(self, plan: Plan) -> Sequence[Cell]:
        """The work, in a fixed order."""
        ...

    def work(self, cell: Cell) -> list[Row]:
        """Do one cell; pure."""
        ...

    def judge(self, plan: Plan, rows: Sequence[Row]) -> Outcome:
        """From all rows to the verdict."""
        ...

    def draw(self, plan: Plan, rows: Sequence[Row], outcome: Outcome) -> Figure:
        """The picture of its docs page."""
        ...
