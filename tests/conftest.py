"""What holds for all tests: LSL stays on this machine, and test runs do not see each other's streams."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from support.loopback import confine_lsl


def pytest_configure(config: pytest.Config) -> None:
    folder = tempfile.TemporaryDirectory(prefix="wavestim-test-")
    confine_lsl(Path(folder.name))
    config.add_cleanup(folder.cleanup)
