"""Open Ephys' plugins as peers on loopback, whose samples say which they are, and the source that listens to them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from wavestim.hardware.sources import LiveSource, SourceError, open_live
from wavestim.hardware.sources.intake import Intake
from wavestim.hardware.sources.mock import Faults, Played, serve
from wavestim.realtime.ring import Ring

FS_HZ, CHANNELS = 1000.0, 5


def counting(fs_hz: float = FS_HZ, n_channels: int = CHANNELS) -> Played:
    """Every value says which sample of which channel it is."""
    at = 0

    def read(n: int) -> np.ndarray:
        nonlocal at
        at += n
        return (np.arange(at - n, at)[:, None] * 8 + np.arange(n_channels)).astype(np.float32)

    return Played("counting", fs_hz, tuple(f"CH{i + 1}" for i in range(n_channels)), None, read)


@contextlib.contextmanager
def serving(*acts: Callable[[Callable[[], bool]], Any]) -> Iterator[None]:
    """One act of the peer after the other, on a thread, until the end of the block; an act asks whether that has come."""
    over = threading.Event()
    thread = threading.Thread(target=lambda: [act(over.is_set) for act in acts], daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def some(peer: Any, seconds: float | None = None, faults: Faults | None = None) -> Callable[[Callable[[], bool]], Any]:
    return lambda over: serve(peer, faults, seconds=seconds, flat_out=True, stop=over)


def opened(peer: Any, **keys: Any) -> LiveSource:
    """Open the source that listens to the peer, which plays until then."""
    source = {key: value for key, value in peer.source.items() if key != "kind"}
    with serving(some(peer)):
        live = open_live("openephys", **source | keys)
    assert isinstance(live, LiveSource)
    return live


def received(peer: Any, live: LiveSource, *acts: Callable[[Callable[[], bool]], Any]) -> tuple[np.ndarray, Intake, str]:
    """Rows by the peer's counter (NaN where nothing came), from the first that came; the books; how it ended.

    The peer changes its rate at the end, which ends the source.
    """
    ring = Ring(live.info.n_channels, 300_000)
    intake = Intake(live.info.fs_hz, live.info.n_channels, ring.sink())

    def other_rate(over: object) -> None:
        peer.played = replace(peer.played, fs_hz=peer.played.fs_hz * 2)

    with serving(*acts, some(peer, 0.1), other_rate, some(peer)), pytest.raises(SourceError) as ended:
        live.receive(intake)
    blocks = ring.take(300_000)
    rows = np.full((blocks[-1][0] + len(blocks[-1][2]), live.info.n_channels), np.nan, np.float32)
    for first, _, block in blocks:
        rows[first : first + len(block)] = block
    return rows, intake, str(ended.value)


def expected(first: int, n: int) -> np.ndarray:
    return (first + np.arange(n))[:, None] * 8 + np.arange(CHANNELS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
