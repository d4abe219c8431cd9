"""What holds for all tests: LSL stays on this machine, runs do not see each other's streams, and a busy machine gets a second chance."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.loopback import confine_lsl

REAL_TIME = (
    "realpace",
    "support.waiting",
    "support.light_boards",
    "support.openephys_peers",
    "time.monotonic",
    'pace="real"',
    "subprocess",
)
"""What the source of a test says that runs real threads, lines and processes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    real = {path for path in {item.path for item in items} if any(word in path.read_text(encoding="utf-8") for word in REAL_TIME)}
    for item in items:
        if item.path in real:
            item.add_marker(pytest.mark.flaky(reruns=2))


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # how fast is nobody's business
    settings.load_profile("untimed")
    folder = tempfile.TemporaryDirectory(prefix="wavestim-test-")
    confine_lsl(Path(folder.name))
    config.add_cleanup(folder.cleanup)
