"""LSL for tests: streams of this machine only, unseen by other test runs, without multicast."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import numpy as np
import pytest

SETTINGS = """[lab]
KnownPeers = {{127.0.0.1}}
SessionID = wavestim-test-{}
[multicast]
ResolveScope = machine
[log]
level = -2
"""
_made: list[tempfile.TemporaryDirectory[str]] = []


def lsl_on_loopback() -> None:
    """Settings for this process and its children, made before liblsl is first used; skips where there is no liblsl."""
    if not _made:
        _made.append(tempfile.TemporaryDirectory(prefix="lsl-"))
        path = Path(_made[0].name, "lsl_api.cfg")
        path.write_text(SETTINGS.format(os.getpid()))
        os.environ["LSLAPICFG"] = str(path)
    pytest.importorskip("pylsl", reason="pylsl or its liblsl is not installed: pip install 'wavestim[lsl]'", exc_type=Exception)


def until(happened: Callable[[], bool], most_s: float = 60.0) -> None:
    """Wait for an outcome; how long it takes is nobody's business, but a test has to end."""
    end = time.monotonic() + most_s
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        Event().wait(0.02)


def numbered(first: int, n: int, n_channels: int) -> np.ndarray:
    """Samples that say which they are: sample i of channel c is i + c / 100."""
    return (np.arange(first, first + n)[:, None] + np.arange(n_channels) / 100).astype(np.float32)
