"""Every packet that Open Ephys' plugins lose, repeat, delay or garble is counted, and every value that came is given."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
from support.openephys_peers import CHANNELS, FS_HZ, counting, expected, opened, received, some
from wavestim.hardware.sources import SourceError
from wavestim.hardware.sources.mock import Faults, Peer
from wavestim.hardware.sources.mock.openephys import FalconPeer, ZmqInterfacePeer
from wavestim.hardware.sources.openephys import falcon, zmqwire

MIXED = Faults(drop=0.01, duplicate=0.01, delay=0.01, garble=0.01, seed=3)


class Cut(Peer):
    """GarbledError packets are cut off, so that each can be found out; what was sent is kept."""

    def garbled(self, packet: Any, rng: np.random.Generator) -> Any:
        *before, last = packet
        return (*before, last[: int(rng.integers(0, len(last) - 24))])  # a cut in the padding at the end would take nothing away

    def send(self, packet: Any) -> None:
        self.__dict__.setdefault("sent", []).append(packet)
        super().send(packet)


class CutFalcon(Cut, FalconPeer):
    pass


class CutZmq(Cut, ZmqInterfacePeer):
    pass


def whole(decode: Callable[[Any], Any], packets: list[Any]) -> list[Any]:
    """What was sent, None where it was cut."""
    found = []
    for packet in packets:
        try:
            found.append(decode(packet))
        except SourceError:
            found.append(None)
    return found


def test_falcon_counts_every_loss_and_gives_every_value() -> None:
    with contextlib.closing(CutFalcon(counting(), port=0, block_ms=10, waits=True)) as peer:
        rows, intake, ended = received(peer, opened(peer), some(peer, 1), some(peer, 40, MIXED), some(peer, 0.1))
    assert "its rate changed from 1000 to 2000 Hz" in ended
    first = round(rows[0, 0] / 8)
    there = ~np.isnan(rows[:, 0])
    np.testing.assert_array_equal(rows[there], expected(first, len(rows))[there])
    sent = whole(lambda packet: falcon.decode(packet[0]), peer.sent)
    begin = max(i for i, block in enumerate(sent) if block is not None and block.first_sample == first)
    counters = [None if block is None else block.first_sample for block in sent[begin:] if block is None or block.fs_hz == FS_HZ]
    new, late, twice = 0, 0, 0
    seen: set[int] = set()
    for counter in counters:
        if counter is None:
            continue
        new += not seen or counter > max(seen)
        twice += counter in seen
        late += counter not in seen and bool(seen) and counter < max(seen)
        seen.add(counter)
    assert min(late, twice, counters.count(None)) > 10
    assert (intake.blocks, intake.late, intake.duplicated, intake.garbled) == (new, 10 * late, 10 * twice, counters.count(None) + 1)
    assert intake.lost == len(rows) - 10 * new == np.isnan(rows[:, 0]).sum()
    assert (intake.samples, intake.restarts, intake.overflowed) == (10 * new, 0, 0)


def test_zmq_counts_every_loss_and_gives_every_value() -> None:
    with contextlib.closing(CutZmq(counting(), port=0, block_ms=10, waits=True, ttl_s=0)) as peer:
        live = opened(peer)
        assert live.info.channel_names == ("CH1", "CH2", "CH3", "CH4", "CH5")
        rows, intake, ended = received(peer, live, some(peer, 1), some(peer, 20, MIXED), some(peer, 0.1))
    assert "its rate changed from 1000 to 2000 Hz" in ended
    first = round(np.nanmin(rows[:10]) / 8)
    there = ~np.isnan(rows)
    np.testing.assert_array_equal(rows[there], expected(first, len(rows))[there])
    sent = whole(zmqwire.decode, peer.sent)
    begin = max(i for i, data in enumerate(sent) if data is not None and data.first_sample == first)
    came, newest = np.zeros_like(there), 0
    for data in sent[begin - CHANNELS :]:  # a channel is there if it came before the next block began
        if data is None or data.fs_hz != FS_HZ or data.first_sample < max(first, newest):
            continue
        newest = data.first_sample
        came[newest - first : newest - first + 10, data.channel] = True
    assert (~came).sum() > 1000
    np.testing.assert_array_equal(there[10:], came[10:])
    cut = sum(data is None for data in sent[begin - CHANNELS :])
    assert intake.garbled == cut + CHANNELS  # the first block of the other rate
    notes = [event.text for event in live.take_events() if event.kind == "note"]
    assert notes[-1].endswith("in all")
