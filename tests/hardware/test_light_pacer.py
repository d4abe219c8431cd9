"""What the pacer does for boards without a clock: answers held byte for byte, a rest after every pulse, and dark when anything is odd."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.light_boards import DRIVERS, MS, OURS, PACED, ROOMS_MS, Host, Served
from wavestim.hardware.lights import LightError, PatternEntry, known_info
from wavestim.hardware.lights.pulsepal import volts_to_bits
from wavestim.hardware.lights.timed import Line
from wavestim.hardware.lights.wavelight.link import press
from wavestim.hardware.simulated.boards import PEERS


def talks_nonsense(peer):
    peer.garbage = b"\xa5\x00hello\xff"


def falls_silent(peer):
    peer.mute = True


@pytest.mark.parametrize(("fault", "reason"), [(talks_nonsense, "garbage"), (falls_silent, "no-answer")])
@pytest.mark.parametrize("name", PACED)
def test_a_board_that_no_longer_speaks_its_language_is_dark_and_not_trusted(host_of, name, fault, reason):
    host = host_of(name)
    served, light = host.served, host.light
    host.ready()
    fault(served.peer)
    if name == "cyclops":  # the sketch says its first word when it has the order
        assert host.shine(1)[1].reason == reason
    else:
        host.fire(1, time.monotonic_ns() + 2500 * MS)
        assert host.hear("dropped", "lost", decision=1).reason == reason
    assert host.hear("safe").reason in (reason, "heartbeat")  # of a machine that stalls
    shone = len(served.lit())
    assert 0 < shone <= 1 + host.unsure if name == "cyclops" else shone == 0
    host.fire(2, time.monotonic_ns() + 50 * MS)
    assert host.hear("refused", decision=2).reason == "not-armed"
    assert len(served.lit()) == shone
    assert served.until(served.dark)
    if fault is talks_nonsense:
        with pytest.raises(LightError, match=r"what answers at .* is not a"):
            light.arm()


@pytest.mark.parametrize("name", [n for n in OURS if DRIVERS[n].says_its_name])
def test_a_port_with_something_else_is_refused_with_a_sentence(served_by_name, name):
    served = served_by_name(name)
    served.peer.garbage = b"ok\r\n" * 20
    with pytest.raises(LightError, match=r"what answers at /dev/.* is not an? .*: it said"):
        served.open()
    served.peer.garbage, served.peer.mute = b"", True
    with pytest.raises(LightError, match="no answer from /dev/"):
        served.open(answer_s=0.02)
    assert served.edges == []


def test_a_talking_board_is_no_cyclops_sketch(served_by_name):
    served = served_by_name("cyclops")
    served.peer.garbage = b"Hello\r\n"
    with pytest.raises(LightError, match="is not a Cyclops with the serial-trigger sketch: it said b'Hello"):
        served.open()
    assert served.edges == []


@pytest.mark.parametrize("name", PACED)
def test_a_pulse_right_after_another_is_refused(host_of, name):
    host = host_of(name)
    served = host.served
    host.ready()
    for room_ms in ROOMS_MS:
        at = time.monotonic_ns() + room_ms * MS
        host.fire(1, at)
        host.fire(2, at + 3 * MS)  # while the board is at the first, or before its site has rested
        answers = [host.hear("fired", "refused", decision=k) for k in (1, 2)]
        assert answers[1].kind == "refused"
        if answers[0].kind == "fired" and answers[1].reason != "late":
            break
    assert answers[1].reason in ("busy", "duty")
    assert len(served.lit()) % served.driver.n_sites == 0


def entries_that_it_cannot(name):
    """Patterns, and what the refusal says."""
    d = DRIVERS[name]
    info = known_info(d.kind)
    w = d.width_us
    yield [PatternEntry(info.n_sites, 0, w, 255)], f"has sites 0 to {info.n_sites - 1}"
    yield [PatternEntry(0, 0, info.max_pulse_us + info.width_step_us, 255)], "ms wide"
    yield [PatternEntry(0, 0, w + 4, 255)], "ms wide"
    yield [PatternEntry(0, 0, w, 255), PatternEntry(0, w, w, 255)], "twice"
    yield [], "is empty"
    if not info.graded:
        yield [PatternEntry(0, 0, w, 128)], "full light"
    if info.delay_step_us:
        yield [PatternEntry(0, 0, w, 255), PatternEntry(1, 196_000, w, 255)], "at most 200 ms"
    elif info.n_sites > 1:
        yield [PatternEntry(0, 0, w, 255), PatternEntry(1, 2000, w, 255)], "all sites of a pattern at once"
        yield [PatternEntry(0, 0, w, 255), PatternEntry(1, 0, w + 1000, 255)], "one width"


@pytest.mark.parametrize("name", OURS)
def test_what_a_board_cannot_do_is_refused_at_upload(served_by_name, name):
    served = served_by_name(name)
    light = served.open()
    for entries, words in entries_that_it_cannot(name):
        with pytest.raises(LightError, match=words):
            light.upload(0, entries)
    with pytest.raises(LightError, match="slots 0 to"):
        light.upload(200, [PatternEntry(0, 0, DRIVERS[name].width_us, 255)])
    with pytest.raises(LightError, match="counts no pulses"):
        light.arm(5)
    light.close()
    with pytest.raises(LightError, match="is closed"):
        light.arm()


def test_pulsepal_delays_and_levels_are_its_own(host_of):
    """A pattern that travels over four sites at half light: the board keeps the delays."""
    host = host_of("pulsepal")
    served = host.served
    host.ready(*(PatternEntry(site, 3000 * site, 2000, 128) for site in range(4)))
    assert host.shine()[1].kind == "fired"
    assert served.until(lambda: served.peer.next_ns is None and len(served.lit()) == 4 and served.dark())
    lit = served.lit()
    assert [led for _, led, _ in lit] == [0, 1, 2, 3]
    assert [(at - lit[0][0]) // 1000 for at, _, _ in lit] == [0, 3000, 6000, 9000]
    assert all(abs(level - 128) <= 1 for *_, level in lit)


@given(st.floats(0, 10))
def test_pulsepal_outputs_are_never_above_what_was_asked(volts):
    bits = volts_to_bits(volts)
    assert 32768 <= bits <= 65535
    assert bits == 32768 or bits / 65535 * 20 - 10 <= volts + 1e-9


def test_a_site_rests_from_its_own_light_not_from_that_of_the_pattern(host_of):
    """A pattern that lights a site 100 ms late finds it rested, although it begins while the site still rests."""
    host = host_of("pulsepal")
    host.light.upload(1, [PatternEntry(0, 0, 1000, 255), PatternEntry(1, 100_000, 10_000, 255)])
    host.ready(PatternEntry(0, 100_000, 10_000, 255))  # rests until 180 ms after its start
    for room_ms in ROOMS_MS:
        at = time.monotonic_ns() + room_ms * MS
        host.fire(1, at)
        host.fire(2, at + 140 * MS)  # its site is lit at 240 ms
        host.fire(3, at + 300 * MS, slot=1)  # and rests until 320 ms, but is asked for at 300 ms
        answers = [host.hear("fired", "refused", "dropped", decision=k) for k in (1, 2, 3)]
        if {"late", "heartbeat", "not-armed"}.isdisjoint(a.reason for a in answers):
            break
        host.light.arm()
        host.beat()
    assert [(a.kind, a.reason) for a in answers] == [("fired", ""), ("fired", ""), ("refused", "duty")]


def test_a_pulse_pal_left_bursting_is_told_to_pulse(served_by_name):
    """Somebody left its trains to be of bursts, which have no length: nothing would shine."""
    served = served_by_name("pulsepal")
    for parameters in served.peer.parameters:
        parameters[15] = 1
    host = Host(served, served.open())
    host.ready()
    assert host.shine()[1].kind == "fired"
    assert served.until(lambda: len(served.lit()) == 4)
    host.light.close()


def test_an_arduino_left_waiting_for_edges_listens_to_nobody_else(served_by_name):
    """In its triggered mode an edge on a TTL input switches the pins."""
    served = served_by_name("mm-arduino")
    served.peer.receive(bytes((6, 1, 8)), time.monotonic_ns())
    assert served.peer.triggered
    served.open().close()
    assert not served.peer.triggered


def test_half_a_message_left_behind_keeps_no_stand_in_waiting():
    """The host died within a message while the board was busy: it is over all the same."""
    peer = PEERS["mm-arduino"]()
    peer.receive(bytes((6, 1, 5, 0, 1, 10, 0, 0, 5, 11, 1, 12)), 0)
    peer.receive(b"\x05", 1 * MS)
    assert peer.next_ns == 0  # light comes on
    peer.edges(0)
    assert peer.next_ns == 5 * MS
    peer.receive(b"", 5 * MS)
    peer.edges(5 * MS)
    assert peer.next_ns is None


def test_pulsepal_in_loop_mode_is_ended_by_the_host(host_of):
    """Somebody left a channel in loop mode: its train would last for hours."""
    host = host_of("pulsepal")
    served, light = host.served, host.light
    host.ready()
    served.peer.loops = [True] * 4
    assert host.shine()[1].kind == "fired"
    assert served.until(lambda: host.beat() or (served.peer.next_ns is None and served.dark()))
    status = light.status()
    assert status.state == "armed" or status.cause == "heartbeat"  # of a machine that stalls


def test_an_order_while_the_sketch_is_busy_is_refused(host_of):
    """The sketch would carry it out afterwards, at a moment that nobody asked for."""
    host = host_of("cyclops")
    served = host.served
    host.ready()
    for room_ms in ROOMS_MS:
        at, before = time.monotonic_ns() + room_ms * MS, len(served.lit())
        host.fire(1, at)
        host.fire(2, at + 20 * MS)  # its site has rested by then
        answers = [host.hear("fired", "refused", decision=k) for k in (1, 2)]
        if answers[0].kind == "fired" and answers[1].reason != "late":
            break
    assert (answers[1].kind, answers[1].reason) == ("refused", "busy")
    assert served.until(lambda: served.peer.next_ns is None)
    assert len(served.lit()) == before + 1


def test_an_abort_is_said_twice(host_of):
    """A Pulse Pal starts a trigger one cycle after it has read it, whatever comes in between: the first abort may come too early."""
    host = host_of("pulsepal")
    served = host.served
    host.ready()
    heard, read = [], served.peer.read
    served.peer.read = lambda buffer, at_ns: heard.append(bytes(buffer[:2])) or read(buffer, at_ns)
    press(host.port, "abort")
    assert host.hear("safe").reason == "abort"
    assert served.until(lambda: heard.count(b"\xd5\x50") >= 2)


@pytest.mark.parametrize("name", OURS)
def test_a_killed_host_fires_nothing_more_and_running_light_ends_by_itself(served_by_name, name):
    served = served_by_name(name)
    d = served.driver
    code = f"""
import sys, time
from wavestim.hardware.lights import PatternEntry, open_light
from wavestim.hardware.lights.wavelight.link import press
light = open_light({d.kind!r}, port=sys.argv[1], answer_s=5.0)
light.upload(0, [PatternEntry(0, 0, {d.width_us}, 255)])
light.arm()
port = light.port()
k = 0
while True:
    k += 1
    press(port, "heartbeat", value=k)
    press(port, "fire", k, 0, 0, time.monotonic_ns() + (60 << k % 5) * 1_000_000)
    light.wait(0.02)
    if any(event.kind == "safe" for event in light.poll()[0]):  # the machine held it up
        light.arm()
"""
    path = os.pathsep.join(p for p in sys.path if p)
    process = subprocess.Popen([sys.executable, "-c", code, served.board.pty_name], env=os.environ | {"PYTHONPATH": path})
    try:
        assert served.until(lambda: len(served.lit()) >= 2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert served.until(lambda: not served.board.connected and served.peer.next_ns is None and served.dark())


@given(st.binary(max_size=400), st.sampled_from(sorted(PEERS)))
def test_stand_ins_live_through_anything(data, kind):
    peer = PEERS[kind]()
    for k in range(0, len(data), 7):
        peer.receive(data[k : k + 7], k * MS)
        peer.edges(k * MS)


@settings(max_examples=25)
@given(words=st.binary(min_size=1, max_size=300), name=st.sampled_from(OURS))
def test_no_answer_whatever_makes_a_driver_trust_a_board(words, name):
    """Random bytes in place of every answer: a sentence or a safe driver, and no light beyond the one that was ordered."""
    served = Served(DRIVERS[name])
    try:
        light = served.open()
        host = Host(served, light)
        host.ready()
        served.peer.garbage = words
        host.fire(1, time.monotonic_ns() + 20 * MS)
        said = host.hear("safe", "refused", "fired")
        right = DRIVERS[name].echo.startswith(words) and DRIVERS[name].echo.endswith(words)  # chance may say the right word
        assert said.reason in ("garbage", "no-answer", "late", "heartbeat") or (right and said.kind == "fired")
        light.close()
        assert len(served.lit()) <= (1 if name == "cyclops" else 0)
    finally:
        served.close()


def test_a_line_that_hangs_up_within_an_answer_is_gone(served_by_name):
    served = served_by_name("pulsepal")
    line = Line("pulsepal", "a Pulse Pal 2", served.board.pty_name, 9600, answer_s=5.0)
    served.close()
    with pytest.raises(LightError, match="is gone"):
        line.ask(b"x", n=1)
    line.close()


@pytest.mark.parametrize("name", ["pulsepal", "mm-arduino"])
def test_a_pulse_that_runs_when_the_cable_is_pulled_is_told_as_the_board_gives_it(host_of, name):
    """Nobody can cut it then."""
    host = host_of(name)
    served, light = host.served, host.light
    host.ready(PatternEntry(0, 0, 20_000, 255))

    def lit_or_refused():
        host.beat()
        host.events += light.poll()[0]
        return served.lit() or [e for e in host.events if e.kind in ("refused", "safe")]

    for room_ms in ROOMS_MS:
        host.fire(1, time.monotonic_ns() + room_ms * MS)
        assert served.until(lit_or_refused)
        if served.lit():
            break
        host.events.clear()
        light.arm()
    served.close()
    fired = host.hear("fired", decision=1)
    assert (fired.cut, fired.device_off_ns - fired.device_on_ns) == (False, 20 * MS)
