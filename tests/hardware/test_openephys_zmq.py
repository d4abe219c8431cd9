"""Messages of ZMQ Interface one by one: an edge comes before its block, and another stream in the place of ours ends it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from support.openephys_peers import CHANNELS, FS_HZ, counting
from wavestim.hardware.sources import LiveError, LiveInfo
from wavestim.hardware.sources.intake import Intake
from wavestim.hardware.sources.mock.openephys import FalconPeer, ZmqInterfacePeer
from wavestim.hardware.sources.openephys import zmqwire
from wavestim.hardware.sources.openephys.assembly import Layout
from wavestim.hardware.sources.openephys.place import Place
from wavestim.hardware.sources.openephys.source import MOST_EDGES, ZmqSource
from wavestim.hardware.sources.openephys.wire import Message
from wavestim.realtime.ring import Ring


def zmq_taking() -> tuple[Intake, Callable[[list[bytes], int], None], FalconPeer | ZmqInterfacePeer]:
    """A source of ZMQ Interface that is handed its messages, and the plugin that makes them."""
    plugin = ZmqInterfacePeer(counting(), port=0, block_ms=10)
    layout = Layout("mock", FS_HZ, tuple(range(CHANNELS)), plugin.played.channel_names)
    source = ZmqSource(LiveInfo("openephys", "here", FS_HZ, layout.names), Place("127.0.0.1", plugin.port, "ZMQ Interface"), layout)
    intake = Intake(FS_HZ, CHANNELS, Ring(CHANNELS, 100_000).sink())
    take = source.taker(intake)
    return intake, lambda frames, ns: take(Message(frames, ns)), plugin


def test_an_edge_before_the_first_block_and_before_a_new_run_stands_in_its_own_block() -> None:
    """It comes before its block, when the session's number of its sample is not known yet."""
    intake, take, plugin = zmq_taking()
    now = time.monotonic_ns()

    def block(first: int, edge: int, ns: int) -> None:
        plugin.counter = first
        take(zmqwire.encode_ttl(zmqwire.Ttl("mock", edge, 0, True, 1, 1)), ns)
        for packet in plugin.packets(plugin.played.read(plugin.block)):
            if packet[0] == zmqwire.DATA:
                take(list(packet), ns)

    try:
        block(3_600_000, 3_600_004, now)
        for i in range(1, 5):  # far behind: believed once more than one block says so
            block(10 * i, 10 * i + 7, now + i * 10_000_000)
        begun = {sample for sample, kind, _ in intake.take_events() if kind == "ttl"}
        assert 4 in begun
        assert max(begun) < 1000
    finally:
        plugin.close()


def test_edges_whose_block_never_comes_are_counted_when_they_are_too_many() -> None:
    intake, take, plugin = zmq_taking()
    try:
        for i in range(MOST_EDGES + 3):
            take(zmqwire.encode_ttl(zmqwire.Ttl("mock", 3_600_000 + i, 0, True, 1, 1)), time.monotonic_ns())
        assert intake.untold == 3
    finally:
        plugin.close()


def test_another_stream_in_the_place_of_ours_ends_it() -> None:
    _, take, plugin = zmq_taking()
    plugin.stream = "other"
    now = time.monotonic_ns()
    try:
        packets = [list(p) for _ in range(3) for p in plugin.packets(plugin.played.read(plugin.block)) if p[0] == zmqwire.DATA]
        for packet in packets:  # beside ours it is nobody's business
            take(packet, now)
        with pytest.raises(LiveError, match=r"it sends stream other, not mock"):
            take(packets[0], now + 3_000_000_000)
    finally:
        plugin.close()
