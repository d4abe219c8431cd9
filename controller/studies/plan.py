"""Parameters and seeds of a study, fixed in a file before any seed is run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict


class Plan(BaseModel):
    """One study as it was fixed.

    Attributes
    ----------
    study : its name.
    question : in one sentence.
    decides : how the verdict follows from the figures, in words.
    seeds : fresh ones, that nothing was tuned on.
    parameters : by name.
    quick : the plan is the short one, which only shows that it works.
    sha256 : of the file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    question: str
    decides: str
    seeds: tuple[int, ...]
    parameters: Mapping[str, Any]
    quick: bool = False
    sha256: str = ""


def load_plan(name: str, *, quick: bool = False) -> Plan:
    """The committed plan of a study; ``quick`` puts what the file has under ``quick`` in place."""
    raw = (files(__package__) / "parameters" / f"{name}.yaml").read_bytes()
    read = yaml.safe_load(raw)
    shorter = read.pop("quick", {})
    if quick:
        read["seeds"] = shorter.get("seeds", read["seeds"])
        read["parameters"] = {**read["parameters"], **shorter.get("parameters", {})}
    return Plan(**read, quick=quick, sha256=hashlib.sha256(raw).hexdigest())
