"""One short session in mock mode that the tests of this room share; whoever changes it takes a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest


class Live(NamedTuple):
    """A session folder and what the run printed."""

    path: Path
    summary: dict[str, Any]


def run_demo(out: Path, *, seconds: float = 8.0, seed: int = 1, progress: Callable[[float], None] = lambda s: None, **change: Any) -> Live:
    """The packaged experiment in mock mode at virtual pace."""
    from wavestim.controller.experiment import load_experiment
    from wavestim.controller.session import run_experiment

    experiment = load_experiment("against-the-wave").model_copy(update=change)
    return Live(out, run_experiment(experiment, out=out, seconds=seconds, pace="virtual", seed=seed, arm=True, progress=progress))


@pytest.fixture(scope="session")
def demo() -> Callable[..., Live]:
    """Runs another one."""
    return run_demo


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Eight seconds of the packaged experiment."""
    return run_demo(tmp_path_factory.mktemp("live") / "session")


@pytest.fixture
def copy(live: Live, tmp_path: Path) -> Path:
    """A copy of it that may be spoilt."""
    return Path(shutil.copytree(live.path, tmp_path / "copy"))
