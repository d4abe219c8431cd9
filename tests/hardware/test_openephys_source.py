"""Open Ephys as a live source, against its plugins as peers on loopback: it is found, comes back, and says what is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.openephys_peers import CHANNELS, FS_HZ, counting, free_port, opened, received, serving, some
from wavestim.hardware.sources import SourceError, find_live, open_live
from wavestim.hardware.sources.intake import Intake
from wavestim.hardware.sources.mock import open_peer, serve
from wavestim.hardware.sources.mock.openephys import FalconPeer, ZmqInterfacePeer
from wavestim.hardware.sources.openephys import gui
from wavestim.realtime.ring import Ring


@pytest.mark.parametrize("kind", [FalconPeer, ZmqInterfacePeer])
def test_acquisition_begins_anew(kind: Any) -> None:
    with contextlib.closing(kind(counting(), port=0, block_ms=10, waits=True)) as peer:
        rows, intake, _ = received(peer, opened(peer), some(peer, 3), lambda over: peer.restart(), some(peer, 3))
    assert intake.restarts == 1
    assert intake.skipped > 0
    assert 3000 < len(rows) - intake.skipped <= 6100, "samples of both runs stand one after the other"
    there = ~np.isnan(rows[:, 0])
    assert (np.diff(rows[there, 0]) > 0).all()


@pytest.mark.parametrize("kind", [FalconPeer, ZmqInterfacePeer])
def test_the_gui_is_closed_and_opened_again(kind: Any) -> None:
    """Or the cable is out and in: the source finds it by itself."""
    with contextlib.ExitStack() as stack:
        before = stack.enter_context(contextlib.closing(kind(counting(), port=0, block_ms=10, waits=True)))
        live = opened(before)
        ring = Ring(CHANNELS, 300_000)
        intake = Intake(FS_HZ, CHANNELS, ring.sink())

        def again(over: Callable[[], bool]) -> None:
            before.close()
            after = stack.enter_context(contextlib.closing(kind(counting(), port=before.port, block_ms=10, waits=True)))
            some(after, 2)(over)
            after.played = replace(after.played, fs_hz=2000.0)
            some(after)(over)

        def first(over: Callable[[], bool]) -> None:
            serve(before, flat_out=True, stop=lambda: over() or intake.samples > 2000)

        with serving(first, again), pytest.raises(SourceError, match=r"Open Ephys .* its rate changed"):
            live.receive(intake)
    assert intake.restarts == 1
    assert intake.samples >= 2000 + 1900


@pytest.mark.parametrize("kind", [FalconPeer, ZmqInterfacePeer])
def test_ttl_lines_come_as_events(kind: Any) -> None:
    with contextlib.closing(kind(counting(), port=0, block_ms=10, waits=True, ttl_s=0.25)) as peer:
        rows, intake, _ = received(peer, opened(peer), some(peer, 2))
    first = round(rows[0, 0] / 8)
    found = [(sample + first, value) for sample, what, value in intake.take_events() if what == "ttl"]
    assert len(found) >= 6
    assert all((sample % 250 == 0 or sample == first) and value == sample // 250 % 2 for sample, value in found)


@pytest.mark.parametrize(
    ("via", "change", "words"),
    [
        (FalconPeer, {"n_channels": 4}, "it sends 4 channels, not 5"),
        (FalconPeer, {"stream": "AP"}, "it sends stream AP, not mock"),
        (ZmqInterfacePeer, {"n_channels": 4}, "channel CH5 is not sent any more"),
        (ZmqInterfacePeer, {"n_channels": 6}, r"channel 5 \(CH6\) came in addition to the 5"),
    ],
)
def test_a_source_that_comes_back_as_something_else_has_ended(via: Any, change: dict[str, Any], words: str) -> None:
    with contextlib.closing(via(counting(), port=0, block_ms=10, waits=True)) as peer:
        live = opened(peer)
        ring = Ring(CHANNELS, 100_000)

        def other(over: object) -> None:
            peer.stream = change.get("stream", peer.stream)
            peer.played = counting(n_channels=change.get("n_channels", CHANNELS))

        with serving(some(peer, 1), other, some(peer)), pytest.raises(SourceError, match=words):
            live.receive(Intake(FS_HZ, CHANNELS, ring.sink()))


@pytest.mark.parametrize(("via", "plugin"), [("falcon", "Falcon Output"), ("zmq", "ZMQ Interface")])
def test_nobody_listens(via: str, plugin: str) -> None:
    with pytest.raises(SourceError, match=f"nobody listens.*{plugin} into its signal chain"):
        open_live("openephys", host="127.0.0.1", via=via, port=free_port())


@pytest.mark.parametrize(("mode", "words"), [("IDLE", "press play"), (None, "is acquisition running")])
def test_somebody_listens_and_nothing_comes(mode: str | None, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wavestim.hardware.sources.openephys.opening.ANSWER_S", 0.2)
    with contextlib.closing(FalconPeer(counting(), port=0, http_port=0)) as peer:
        peer.gui.mode = mode
        with pytest.raises(SourceError, match=words):
            open_live("openephys", via="falcon", port=peer.port, http_port=peer.gui.port)


@pytest.mark.parametrize(
    ("peer_kind", "via", "words"), [(FalconPeer, "zmq", "write via: falcon"), (ZmqInterfacePeer, "falcon", "write via: zmq")]
)
def test_the_other_plugin_is_named(peer_kind: Any, via: str, words: str) -> None:
    with contextlib.closing(peer_kind(counting(), port=0, waits=True)) as peer, pytest.raises(SourceError, match=words):
        opened(peer, via=via)


@pytest.mark.parametrize("kind", [FalconPeer, ZmqInterfacePeer])
def test_another_stream_is_named(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wavestim.hardware.sources.openephys.opening.ANSWER_S", 0.5)
    with (
        contextlib.closing(kind(counting(), port=0, waits=True)) as peer,
        pytest.raises(SourceError, match=r"sends (stream )?mock, not LFP"),
    ):
        opened(peer, stream="LFP")


def test_volts_and_inputs_that_are_no_electrodes_are_refused() -> None:
    played = counting()
    volts = replace(played, read=lambda n: played.read(n) % 2 * np.float32(1e-6))
    with contextlib.closing(FalconPeer(volts, port=0, waits=True)) as peer, pytest.raises(SourceError, match="looks like volts"):
        opened(peer)
    adc = replace(played, channel_names=("CH1", "CH2", "CH3", "CH4", "ADC1"))
    with contextlib.closing(ZmqInterfacePeer(adc, port=0, waits=True)) as peer, pytest.raises(SourceError, match="ADC1 is no electrode"):
        opened(peer)


def test_the_gui_knows_the_rate_exactly() -> None:
    """Falcon sends 3333.33 Hz as 3333: a second off after three hours."""
    with contextlib.closing(FalconPeer(counting(fs_hz=10_000 / 3), port=0, http_port=0, waits=True)) as peer:
        assert opened(peer).info.fs_hz == 10_000 / 3
        assert opened(peer, http_port=free_port()).info.fs_hz == 3333


@pytest.mark.parametrize("keys", [{"block_ms": "long"}, {"block_ms": 0}, {"port": 70000}, {"tone": "high"}])
def test_what_a_mock_plugin_cannot_do_is_named(keys: dict[str, Any]) -> None:
    (name,) = keys
    with pytest.raises(SourceError, match=f"sources mock: {name}=.*keys: port, block_ms"):
        open_peer("falcon", counting(), **keys)


def test_a_port_that_is_taken_is_said() -> None:
    with contextlib.closing(FalconPeer(counting(), port=0)) as peer, pytest.raises(SourceError, match="is its port taken"):
        open_peer("falcon", counting(), port=peer.port)


def test_what_answers_on_the_usual_ports_is_found() -> None:
    assert {one.kind for one in find_live("openephys")} <= {"openephys"}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"mode": "SLEEP"}', b'{"processors": [{"name": 1}]}', b"\xff", b"[" * 1000])
def test_answers_of_something_else_are_refused(body: bytes) -> None:
    for parse in (gui.parse_mode, gui.parse_streams):
        with pytest.raises(SourceError, match="not that of an Open Ephys GUI"):
            parse(body)
