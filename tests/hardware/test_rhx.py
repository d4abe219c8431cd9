"""The RHX source against a peer that speaks RHX's protocol over real sockets: setup, loss, stop, restart, and what is not there."""

import socket
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.waiting import until
from wavestim.hardware.sources import LiveError, SourceError, open_live
from wavestim.hardware.sources.mock import Faults, Played, rhx_door, serve
from wavestim.hardware.sources.mock.rhx import RhxPeer
from wavestim.hardware.sources.rhx import source as rhx_source
from wavestim.hardware.sources.rhx import wire
from wavestim.realtime.ring import Ring

M = 4
MAGIC = wire.MAGIC.to_bytes(4, "little")


def ramp(fs_hz=20000.0, m=M):
    """Samples that tell their own number: the code of sample n is n (mod 60000) + 1000, the same in every channel."""
    at = [0]

    def read(n):
        codes = (np.arange(at[0], at[0] + n) % 60000 + 1000 - wire.MID).astype(np.float32)
        at[0] += n
        return np.repeat(codes[:, None] * np.float32(wire.GAIN_UV), m, axis=1)

    return Played("ramp", fs_hz, tuple(f"ch{i}" for i in range(m)), None, read)


class Rig:
    """A peer and who listens to it."""

    def __init__(self, **keys):
        self.peer = RhxPeer(ramp(), port=0, data_port=0, bursts="none", **keys)
        self.ring = Ring(M, 4_000_000, np.int16)
        self.source = None

    def open(self, **keys):
        about = dict(self.peer.source) | keys
        self.source = open_live(about.pop("kind"), **about)
        return self.source

    def start(self):
        self.source.start(self.ring.sink())
        until(lambda: self.peer.running() and self.peer.source_listens)

    def serve(self, seconds, **faults):
        return serve(self.peer, Faults(**faults), seconds=seconds, flat_out=True)

    def taken(self):
        return [(first, rows[:, 0].astype(np.int64) + wire.MID - 1000) for first, _, rows in self.ring.take(10**7)]

    def close(self):
        if self.source is not None:
            self.source.close()
        self.peer.close()


@pytest.fixture
def rig():
    r = Rig()
    yield r
    r.close()


def test_it_says_what_it_sends_and_has_told_rhx_so(rig):
    info = rig.open(band="low").info
    assert (info.fs_hz, info.channel_names) == (20000.0, ("A-000", "A-001", "A-002", "A-003"))
    assert info.gain_uv.tolist() == pytest.approx([0.195] * M)
    assert info.burst_ms == pytest.approx(32.0)
    heard = [c.lower() for c in rig.peer.heard]
    assert "execute clearalldataoutputs" in heard
    assert "set tcpnumberdatablocksperwrite 1" in heard
    assert "set a-003.tcpdataoutputenabledlow true" in heard
    assert not any(c.startswith("set runmode run") for c in heard)


def test_every_sample_arrives_once_at_its_place(rig):
    rig.open()
    rig.start()
    sent = rig.serve(1.0).samples
    until(lambda: rig.source.counts.samples == sent)
    ((first, numbers),) = rig.taken()
    assert first == 0
    np.testing.assert_array_equal(numbers, np.arange(sent) % 60000)


def accounts(order):
    """What a listener that only goes forward makes of blocks in this order: (received, lost, late, twice), in blocks."""
    expected, had = order[0], set()
    late = twice = 0
    for number in order:
        if number in had:
            twice += 1
        elif number < expected:
            late += 1
            had.add(number)
        else:
            had.add(number)
            expected = number + 1
    span = expected - order[0]
    return len(had) - late, span - (len(had) - late), late, twice


def test_loss_is_counted_to_the_sample(rig):
    rig.open()
    rig.start()
    order, send = [], rig.peer.send

    def noting(packet):
        if packet[0].startswith(MAGIC):  # the second piece of a split one does not
            order.append(int.from_bytes(packet[0][4:8], "little") // 128)
        send(packet)

    rig.peer.send = noting
    tally = rig.serve(8.0, drop=0.05, duplicate=0.05, delay=0.05, split=0.05)
    assert {what for _, what in tally.faults} == {"drop", "duplicate", "delay", "split"}
    received, lost, late, twice = accounts(order)
    until(lambda: rig.source.counts.samples == 128 * received and rig.source.counts.duplicated == 128 * twice)
    counts = rig.source.counts
    assert (counts.lost, counts.restarts, counts.garbled) == (128 * lost, 0, 0)
    assert counts.late <= 128 * late
    assert lost > 0
    for first, numbers in rig.taken():
        np.testing.assert_array_equal(numbers, (np.arange(first, first + len(numbers)) + order[0] * 128) % 60000)


def test_spoiled_blocks_cost_themselves_and_no_more(rig):
    """A bit that flips in a sample can't be seen; where bytes are missing the block is left out, and the next one found."""
    rig.peer.garbled = lambda packet, rng: (packet[0][: int(rng.integers(1, len(packet[0])))],)
    rig.open()
    rig.start()
    tally = rig.serve(8.0, garble=0.05, seed=3)
    spoiled = {k for k, _ in tally.faults}
    assert spoiled
    assert 0 not in spoiled
    last = max(set(range(tally.packets)) - spoiled)
    lost = 128 * sum(1 for k in spoiled if k < last)
    until(lambda: rig.source.counts.samples == 128 * (last + 1) - lost)
    assert rig.source.counts.lost == lost
    assert rig.source.counts.garbled > 0
    for first, numbers in rig.taken():
        np.testing.assert_array_equal(numbers, np.arange(first, first + len(numbers)) % 60000)


def test_digital_lines_are_told(rig):
    rig.open()
    rig.start()
    rig.serve(1.6)
    found = []

    def edges():
        found.extend(rig.source.take_events())
        return len(found) >= 3

    until(edges)
    assert [(e.sample, e.kind, e.value) for e in found] == [(10000, "ttl", 1), (20000, "ttl", 0), (30000, "ttl", 1)]


def test_stop_and_run_in_its_window_is_one_restart(rig):
    rig.open()
    rig.start()
    sent = rig.serve(1.5).samples
    until(lambda: rig.source.counts.samples == sent)
    rig.peer.press("Stop")
    rig.peer.press("Run")
    again = rig.serve(1.5).samples
    until(lambda: rig.source.counts.restarts == 1)
    until(lambda: rig.source.counts.samples >= sent + again - 128)
    (_, before), *after = rig.taken()
    assert len(before) == sent
    assert sum(len(numbers) for _, numbers in after) >= again - 128
    assert not rig.source.ended


def test_a_program_started_again_is_set_up_again(rig):
    rig.open()
    rig.start()
    first = rig.serve(0.1).samples
    until(lambda: rig.source.counts.samples == first)
    before = len(rig.peer.heard)
    rig.peer.restart()
    until(rig.peer.running)
    assert "set A-000.TCPDataOutputEnabled true" in rig.peer.heard[before:]
    sent = rig.serve(1.0).samples
    until(lambda: rig.source.counts.samples == first + sent)
    assert rig.source.counts.restarts == 1
    assert [e.text for e in rig.source.take_events() if e.kind == "note"] == ["RHX: the stream ended"]


def test_a_broken_connection_is_no_restart(rig):
    """RHX ran on: its counter says what was lost meanwhile."""
    rig.open()
    rig.start()
    first = rig.serve(0.5).samples
    until(lambda: rig.source.counts.samples == first)
    rig.peer.hang_up()
    missed = rig.serve(0.1).samples  # to nobody, or to whoever is quick enough
    until(lambda: rig.peer.source_listens)
    last = rig.serve(0.5).samples
    until(lambda: rig.source.counts.samples + rig.source.counts.lost == first + missed + last)
    assert rig.source.counts.restarts == 0
    for start, numbers in rig.taken():
        np.testing.assert_array_equal(numbers, np.arange(start, start + len(numbers)) % 60000)


def test_another_rate_ends_it_with_a_sentence(rig):
    rig.open()
    rig.start()
    rig.peer.close()
    where = rig.peer.source
    rig.peer = RhxPeer(ramp(), port=where["command_port"], data_port=where["data_port"], bursts="none")
    rig.peer.played = ramp(10000.0)
    until(lambda: rig.source.ended)
    assert "10000 Hz instead of 20000 Hz" in rig.source.ended
    assert "new session" in rig.source.ended


def test_a_running_rhx_is_stopped_and_a_recording_one_left_alone(rig):
    rig.peer.press("Run")
    rig.open().close()
    rig.peer.press("Record")
    with pytest.raises(LiveError, match="RHX is recording"):
        rig.open(band="low")
    assert rig.peer.running()


def test_a_recording_that_sends_what_is_needed_is_listened_to_and_goes_on(rig):
    rig.open().close()  # what was switched on stays so
    rig.peer.press("Record")
    rig.open()
    rig.start()
    sent = rig.serve(0.2).samples
    until(lambda: rig.source.counts.samples == sent)
    rig.source.close()
    assert rig.peer.running()


def test_other_channels_than_asked_for_are_never_taken_for_them(rig):
    """A recording that sends as many words to a frame looks right in every block."""
    rig.peer.obey("execute clearalldataoutputs")
    for switch in ("A-000", "A-002", "A-003", "DIGITAL-IN-01"):
        rig.peer.obey(f"set {switch}.TCPDataOutputEnabled true")
    rig.peer.press("Record")
    with pytest.raises(LiveError, match="RHX is recording"):
        rig.open(channels="A-000:A-002")


def test_what_makes_no_sense_is_set_up_anew(rig):
    """It runs, and sends another band beside what is needed: frames are longer than we think."""
    rig.open().close()
    rig.peer.obey("set A-001.TCPDataOutputEnabledHigh true")
    rig.peer.press("Run")
    rig.open()
    rig.start()
    until(lambda: rig.serve(0.5) and rig.source.counts.samples > 0)
    assert not rig.source.ended


def test_rhx_that_sees_late_that_its_visitor_left_is_asked_again(rig, monkeypatch):
    """The port stays shut until it has seen it, and then until somebody asks for it."""
    first = rig.open()
    until(lambda: rig.peer.source_listens)
    first.close()
    until(lambda: not rig.peer.source_listens)
    opened, asked = rig.peer._door.open, []
    monkeypatch.setattr(rig.peer._door, "open", lambda: asked.append(1) if len(asked) < 3 else opened())
    rig.open()
    assert len(asked) == 3


def test_a_visitor_who_left_before_he_was_let_in_takes_nobodys_place():
    door = rhx_door.Door("127.0.0.1", 0)
    door.close()
    server = rhx_door.listen("127.0.0.1", 0)
    where = server.getsockname()
    socket.create_connection(where).close()
    with socket.create_connection(where) as waiting:
        door._let_in(server)
        assert not door.visited
        door._let_in(server)
        door.send(b"for you")
        assert waiting.recv(7) == b"for you"
        door.hang_up()
        door._let_go()


def test_visitors_may_leave_while_something_is_sent():
    """Whoever closes a socket under who reads or writes it breaks him, or gives him another one of that number."""
    door = rhx_door.Door("127.0.0.1", 0)
    over = threading.Event()

    def send():
        while not over.is_set():
            door.send(bytes(1000))

    thread = threading.Thread(target=send)
    thread.start()
    try:
        for _ in range(30):
            with socket.create_connection(("127.0.0.1", door.port)) as visitor:
                visitor.recv(1)
                door.hang_up()
            door.open()
    finally:
        over.set()
        thread.join()
        door.close()
    assert not door.visited


def test_whoever_pressed_run_after_a_stop_presses_stop(rig, monkeypatch):
    monkeypatch.setattr(rhx_source, "SILENCE_MS", 50)
    rig.open()
    rig.start()
    rig.peer.press("Stop")
    before = len(rig.peer.heard)
    until(lambda: len(rig.peer.heard) > before + 1)
    rig.peer.press("Run")
    rig.source.close()
    assert rig.peer.running()


def test_it_is_stopped_at_the_end_when_it_ran_for_us(rig):
    rig.open()
    rig.start()
    rig.source.close()
    assert not rig.peer.running()


def test_channels_that_it_lacks_are_named(rig):
    with pytest.raises(LiveError, match="RHX has no channel A-004; name those that it shows"):
        rig.open(channels="A-000:A-063")


def test_a_stimulation_controller_is_the_same_to_us():
    stim = Rig(controller=wire.STIM)
    try:
        assert stim.open().info.about["controller"] == wire.STIM
        stim.start()
        sent = stim.serve(0.2).samples
        until(lambda: stim.source.counts.samples == sent)
    finally:
        stim.close()


def test_nobody_there_is_told():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(LiveError, match=r"nobody answers .* press Connect"):
        open_live("rhx", command_port=port)


def test_a_stranger_on_the_port_is_told():
    """Somebody else listens there and says something that RHX would not."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def talk():
            visitor, _ = server.accept()
            with visitor:
                visitor.recv(100)
                visitor.sendall(b"HTTP/1.1 400 Bad Request\r\n")

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(LiveError, match=r"400 Bad Request|closed the connection"):
            open_live("rhx", command_port=server.getsockname()[1])
        thread.join()


def test_a_rate_that_rhx_lacks_is_refused():
    with pytest.raises(SourceError, match="fs_hz"):
        RhxPeer(ramp(), port=0, data_port=0, fs_hz=21000)


@pytest.fixture(scope="module")
def obeying():
    peer = RhxPeer(ramp(), port=0, data_port=0)
    yield peer
    peer.close()


@given(
    st.lists(
        st.sampled_from(["set", "get", "execute", "RunMode", "Stop", "Run", "Type", "a-000.tcpdataoutputenabled"]) | st.text(max_size=8),
        max_size=6,
    )
)
@settings(max_examples=100)
def test_the_mock_answers_any_words(obeying, words):
    said = obeying.obey(" ".join(words) or "x")
    assert isinstance(said, str)
