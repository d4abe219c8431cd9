"""What holds for all tests: LSL stays on this machine, runs do not see each other's streams, and no deadline is a matter of speed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.loopback import confine_lsl


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # how fast is nobody's business
    settings.load_profile("untimed")
    folder = tempfile.TemporaryDirectory(prefix="wavestim-test-")
    confine_lsl(Path(folder.name))
    config.add_cleanup(folder.cleanup)
