"""Fibres, LEDs and power curves by name: data files with their sources, read into the keys of ``leds``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

FULL = 255


def emitter_names() -> tuple[str, ...]:
    """What ``leds.emitter`` takes."""
    return tuple(_file("emitters.yaml"))


def emitter(name: str) -> dict[str, Any]:
    """The keys of ``leds`` that an emitter settles, and its ``source``.

    Raises
    ------
    ValueError
        Naming the known ones.
    """
    return dict(_known("emitters.yaml", name, "emitter"))


def curve_names() -> tuple[str, ...]:
    """What ``leds.power_curve`` takes by name."""
    return tuple(_file("power_curves.yaml"))


def power_curve(name: str, full_mw_mm2: float) -> list[tuple[int, float]]:
    """[level, mW/mm2] pairs of a named curve that gives so much at full level.

    Raises
    ------
    ValueError
        Naming the known ones.
    """
    points = _known("power_curves.yaml", name, "power_curve")["points"]
    return [(round(at * FULL), part * full_mw_mm2) for at, part in points]


def curve_source(name: str) -> str:
    """Where a named curve comes from."""
    return str(_known("power_curves.yaml", name, "power_curve")["source"])


def _known(file: str, name: str, key: str) -> dict[str, Any]:
    rows = _file(file)
    if name not in rows:
        raise ValueError(f"{key} '{name}' is not known; use one of {', '.join(rows)}")
    return dict(rows[name])


@cache
def _file(name: str) -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load((files(__package__) / name).read_text(encoding="utf-8")))
