"""Open Ephys as a live source, against its plugins as peers on loopback: what is lost is counted, what is wrong is said."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from wavestim.hardware.sources import LiveError, LiveInfo, LiveSource, SourceError, find_live, open_live
from wavestim.hardware.sources.intake import Intake
from wavestim.hardware.sources.mock import Faults, Played, open_peer, serve
from wavestim.hardware.sources.mock.openephys import FalconPeer, ZmqInterfacePeer
from wavestim.hardware.sources.mock.openephys_gui import MockNetworkEvents
from wavestim.hardware.sources.openephys import falcon, gui, zmqwire
from wavestim.hardware.sources.openephys.assembly import Layout
from wavestim.hardware.sources.openephys.network import NetworkEvents
from wavestim.hardware.sources.openephys.source import ZmqSource
from wavestim.hardware.sources.openephys.wire import Message
from wavestim.realtime.ring import Ring

FS_HZ, CHANNELS = 1000.0, 5
MIXED = Faults(drop=0.01, duplicate=0.01, delay=0.01, garble=0.01, seed=3)


def counting(fs_hz: float = FS_HZ, n_channels: int = CHANNELS) -> Played:
    """Every value says which sample of which channel it is."""
    at = 0

    def read(n: int) -> np.ndarray:
        nonlocal at
        at += n
        return (np.arange(at - n, at)[:, None] * 8 + np.arange(n_channels)).astype(np.float32)

    return Played("counting", fs_hz, tuple(f"CH{i + 1}" for i in range(n_channels)), None, read)


class Cut:
    """GarbledError packets are cut off, so that each can be found out; what was sent is kept."""

    def garbled(self, packet: Any, rng: np.random.Generator) -> Any:
        *before, last = packet
        return (*before, last[: int(rng.integers(0, len(last) - 24))])  # a cut in the padding at the end would take nothing away

    def send(self, packet: Any) -> None:
        self.__dict__.setdefault("sent", []).append(packet)
        super().send(packet)  # type: ignore[misc]


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


@pytest.mark.parametrize("kind", [FalconPeer, ZmqInterfacePeer])
def test_acquisition_begins_anew(kind: Any) -> None:
    with contextlib.closing(kind(counting(), port=0, block_ms=10, waits=True)) as peer:
        rows, intake, _ = received(peer, opened(peer), some(peer, 3), lambda over: peer.restart(), some(peer, 3))
    assert intake.restarts == 1
    assert intake.skipped > 0
    assert len(rows) >= 4500  # a publisher drops what a busy machine does not fetch in time
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def test_events_go_out_for_the_record() -> None:
    with contextlib.closing(MockNetworkEvents()) as plugin:
        events = NetworkEvents("127.0.0.1", plugin.port)
        events.pulse(3)
        events.note("decision 1 fired")
        events.close()
        assert plugin.heard == ["IsAcquiring", "TTL Line=3 State=1", "TTL Line=3 State=0", "wavestim decision 1 fired"]
        assert (events.sent, events.failed, events.left_out) == (3, 0, 0)
    with pytest.raises(ValueError, match="lines go from 1 to 256"):
        events.pulse(0)


def test_a_plugin_that_hangs_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wavestim.hardware.sources.openephys.network.ANSWER_MS", 100)
    monkeypatch.setattr("wavestim.hardware.sources.openephys.network.MOST_WAITING", 2)
    plugin = MockNetworkEvents()
    events = NetworkEvents("127.0.0.1", plugin.port)
    plugin.close()
    for _ in range(10):
        events.note("lost")
    events.close()
    assert (events.sent, events.failed + events.left_out) == (0, 10)
    assert events.left_out >= 7


def test_network_events_that_are_not_there_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wavestim.hardware.sources.openephys.network.ANSWER_MS", 100)
    with pytest.raises(SourceError, match="put Network Events into the signal chain"):
        NetworkEvents("127.0.0.1", free_port())


class Place0:
    """Where messages of a test come from."""

    def __str__(self) -> str:
        return "here"


def zmq_taking() -> tuple[Intake, Callable[[list[bytes], int], None], FalconPeer | ZmqInterfacePeer]:
    """A source of ZMQ Interface that is handed its messages, and the plugin that makes them."""
    plugin = ZmqInterfacePeer(counting(), port=0, block_ms=10)
    layout = Layout("mock", FS_HZ, tuple(range(CHANNELS)), plugin.played.channel_names)
    source = ZmqSource(LiveInfo("openephys", "here", FS_HZ, layout.names), Place0(), layout)  # type: ignore[arg-type]
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
