"""Every driver against the stand-in for its board, over a real pseudo-terminal: one pulse for one order, never late, dark on any fault.

Nothing here is timed: a loaded machine may be late, and then the order is refused and given again with more room.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.light_boards import DRIVERS, Host, Served
from wavestim.hardware.lights import LightError, PatternEntry, known_info, open_light
from wavestim.hardware.lights.pulsepal import volts_to_bits
from wavestim.hardware.lights.timed import Line
from wavestim.hardware.lights.wavelight.link import press
from wavestim.hardware.simulated.boards import PEERS

MS = 1_000_000
PACED = [name for name, d in DRIVERS.items() if d.its_own_words]
OURS = [name for name in PACED if not DRIVERS[name].gates]
ROOMS_MS = (30, 100, 400, 1600)


@pytest.fixture(params=DRIVERS)
def served(request):
    s = Served(DRIVERS[request.param])
    yield s
    s.close()


@pytest.fixture
def host(served):
    with_light = Host(served, served.open())
    yield with_light
    with_light.light.close()


def ready(host, *entries):
    d = host.served.driver
    host.light.upload(0, entries or [PatternEntry(site, 0, d.width_us, 255) for site in range(d.n_sites)])
    host.light.arm()
    host.beat()


def shine(host, decision=7, **keys):
    """Order light until the machine is quick enough; returns the moment that was ordered and the answer."""
    for room_ms in ROOMS_MS:
        at = time.monotonic_ns() + room_ms * MS
        host.fire(decision, at, **keys)
        answer = host.hear("fired", "refused", "dropped", "lost", decision=decision)
        if answer.reason == "heartbeat":  # this test was not waken for 100 ms
            host.unsure += answer.kind == "lost"
            host.light.arm()
            host.beat()
        elif answer.reason != "late":
            return at, answer
    raise AssertionError("the machine is too slow for any light")


def assert_one_shone(host):
    """Every LED once, by the last order alone."""
    n = host.served.driver.n_sites
    assert n <= len(host.served.lit()) <= n * (1 + host.unsure)


def test_one_order_is_one_pulse_as_asked_and_not_before_its_time(host):
    ready(host)
    at, answer = shine(host)
    d = host.served.driver
    assert (answer.kind, answer.decision, answer.dark, answer.cut) == ("fired", 7, False, False)
    if host.unsure:
        return
    assert host.served.until(lambda: len(host.served.edges) == 2 * d.n_sites)
    assert sorted(led for _, led, _ in host.served.lit()) == list(range(d.n_sites))
    on, off = host.served.edges[0][0], host.served.edges[-1][0]
    assert on >= at - 1 * MS
    if on < at + 20 * MS:  # a stand-in that is starved for longer is cut
        assert off - on == pytest.approx(d.width_us * 1000, abs=2000)  # our firmware's clock runs at its own rate
    assert host.served.dark()


def test_it_says_what_it_is_and_what_it_promises(host):
    d, info = host.served.driver, host.light.info
    assert (info.kind, info.guarantee) == (d.kind, d.guarantee)
    assert len(info.timing) > 50
    if d.kind in ("pulsepal", "mm-arduino"):
        assert known_info(d.kind).timing == info.timing
    if d.its_own_words:
        assert "ends by itself" in info.timing


def test_what_is_late_is_refused_and_stays_dark(host):
    ready(host)
    host.fire(1, time.monotonic_ns() - 10 * MS)
    answer = host.hear("refused", decision=1)
    assert answer.reason == "late"
    assert answer.detail > 0
    assert shine(host, 2)[1].kind == "fired"
    assert_one_shone(host)


def test_a_sham_takes_the_same_way_and_stays_dark(host):
    ready(host)
    _, answer = shine(host, dark=True)
    assert (answer.kind, answer.dark) == ("fired", True)
    assert host.served.edges == []


def test_nothing_fires_before_arming_and_after_disarming(host):
    d = host.served.driver
    host.light.upload(0, [PatternEntry(0, 0, d.width_us, 255)])
    press(host.port, "fire", 1, 0, 0, host.served.board.device_ns(time.monotonic_ns() + 30 * MS))
    ready(host)
    host.fire(2, time.monotonic_ns() + 20_000 * MS if d.its_own_words else time.monotonic_ns() + 1000 * MS)
    host.light.disarm()
    assert host.light.status().state == "idle"
    press(host.port, "fire", 3, 0, 0, host.served.board.device_ns(time.monotonic_ns() + 30 * MS))
    ready(host)
    assert shine(host, 4)[1].kind == "fired"
    assert_one_shone(host)


def test_without_a_heartbeat_it_is_safe_and_what_was_queued_never_shines(host):
    ready(host)
    host.fire(1, time.monotonic_ns() + 1500 * MS)
    assert host.hear("safe", beat=False).reason == "heartbeat"
    assert host.hear("dropped", "refused", decision=1, beat=False)
    status = host.light.status()
    assert (status.state, status.cause) == ("safe", "heartbeat")
    ready(host)  # only arming leaves this state
    assert shine(host, 2)[1].kind == "fired"
    assert_one_shone(host)


def test_abort_from_the_engine_thread_drops_what_is_queued(host):
    ready(host)
    host.fire(1, time.monotonic_ns() + 1500 * MS)
    press(host.port, "abort")
    assert host.hear("safe").reason in ("abort", "heartbeat")
    assert host.hear("dropped", "refused", decision=1)
    host.light.abort()
    assert host.light.status().state == "safe"
    assert host.served.edges == []


@pytest.mark.parametrize("served", PACED, indirect=True)
def test_an_unplugged_board_is_noticed(host):
    ready(host)
    host.served.close()
    assert host.hear("lost").reason == "line"
    assert host.light.gone
    with pytest.raises(LightError, match="is gone"):
        host.light.arm()


# what the pacer does for boards without a clock


@pytest.fixture
def served_by_name():
    made = []

    def make(name):
        made.append(Served(DRIVERS[name]))
        return made[-1]

    yield make
    for s in made:
        s.close()


@pytest.fixture
def host_of(served_by_name):
    """A host with its board in hand, armed."""
    made = []

    def make(name, *entries):
        served = served_by_name(name)
        made.append(Host(served, served.open()))
        ready(made[-1], *entries)
        return made[-1]

    yield make
    for host in made:
        host.light.close()


def talks_nonsense(peer):
    peer.garbage = b"\xa5\x00hello\xff"


def falls_silent(peer):
    peer.mute = True


@pytest.mark.parametrize(("fault", "reason"), [(talks_nonsense, "garbage"), (falls_silent, "no-answer")])
@pytest.mark.parametrize("name", PACED)
def test_a_board_that_no_longer_speaks_its_language_is_dark_and_not_trusted(host_of, name, fault, reason):
    host = host_of(name)
    served, light = host.served, host.light
    fault(served.peer)
    if name == "cyclops":  # the sketch says its first word when it has the order
        assert shine(host, 1)[1].reason == reason
    else:
        host.fire(1, time.monotonic_ns() + 2500 * MS)
        assert host.hear("dropped", "lost", decision=1).reason == reason
    assert host.hear("safe").reason == reason
    shone = len(served.lit())
    assert shone == (1 if name == "cyclops" else 0)
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
    host = host_of("pulsepal", *(PatternEntry(site, 3000 * site, 2000, 128) for site in range(4)))
    served = host.served
    assert shine(host)[1].kind == "fired"
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


def test_pulsepal_in_loop_mode_is_ended_by_the_host(host_of):
    """Somebody left a channel in loop mode: its train would last for hours."""
    host = host_of("pulsepal")
    served = host.served
    served.peer.loops = [True] * 4
    assert shine(host)[1].kind == "fired"
    assert served.until(lambda: host.beat() or (served.peer.next_ns is None and served.dark()))
    status = host.light.status()
    assert status.state == "armed" or status.cause == "heartbeat"  # of a machine that stalls


def test_an_order_while_the_sketch_is_busy_is_refused(host_of):
    """The sketch would carry it out afterwards, at a moment that nobody asked for."""
    host = host_of("cyclops")
    served = host.served
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
    press(port, "fire", k, 0, 0, time.monotonic_ns() + 60_000_000)
    light.wait(0.02)
    light.poll()
"""
    path = os.pathsep.join(p for p in sys.path if p)
    process = subprocess.Popen([sys.executable, "-c", code, served.board.pty_name], env=os.environ | {"PYTHONPATH": path})
    assert served.until(lambda: len(served.lit()) >= 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert served.until(lambda: not served.board.connected and served.peer.next_ns is None and served.dark())


@given(st.binary(max_size=400), st.sampled_from(sorted(PEERS)))
def test_stand_ins_live_through_anything(data, kind):
    peer = PEERS[kind]()
    for k in range(0, len(data), 7):
        peer.receive(data[k : k + 7], k * MS)
        peer.edges(k * MS)


@settings(max_examples=25, deadline=None)
@given(words=st.binary(min_size=1, max_size=300), name=st.sampled_from(OURS))
def test_no_answer_whatever_makes_a_driver_trust_a_board(words, name):
    """Random bytes in place of every answer: a sentence or a safe driver, and no light beyond the one that was ordered."""
    served = Served(DRIVERS[name])
    try:
        light = served.open()
        host = Host(served, light)
        ready(host)
        served.peer.garbage = words
        host.fire(1, time.monotonic_ns() + 20 * MS)
        said = host.hear("safe", "refused", "fired")
        right = DRIVERS[name].echo.startswith(words) and DRIVERS[name].echo.endswith(words)  # chance may say the right word
        assert said.reason in ("garbage", "no-answer", "late") or (right and said.kind == "fired")
        light.close()
        assert len(served.lit()) <= (1 if name == "cyclops" else 0)
    finally:
        served.close()


def test_a_port_that_is_not_there_is_a_sentence():
    for kind in ("pulsepal", "cyclops", "mm-arduino"):
        with pytest.raises(LightError, match=f"light {kind}: there is no port /dev/tty-not-here"):
            open_light(kind, port="/dev/tty-not-here")
    with pytest.raises(LightError, match="unexpected keyword argument 'colour'"):
        open_light("pulsepal", port="x", colour="blue")


# level only


def test_a_level_only_light_is_refused_alone():
    with pytest.raises(LightError, match="stays lit when the host dies; open it with the board that gates it"):
        open_light("thorlabs-dc4100", port="/dev/ttyUSB0", currents_ma=[100])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda peer: setattr(peer, "name", b"DC2200"), "is not a Thorlabs DC4100, DC4104 or LEDD4: it said b'DC2200'"),
        (lambda peer: setattr(peer, "status", 0x8), "reports a fault: it is too hot"),
        (lambda peer: setattr(peer, "status", 0x80), "channel 1 has no LED"),
        (lambda peer: setattr(peer, "max_ma", [1000, 200, 0, 0]), r"currents_ma\[1\] is 300 mA, its LED takes at most 200 mA"),
        (lambda peer: setattr(peer, "garbage", b"\xff\xfe\r\n"), "is not a Thorlabs"),
        (lambda peer: setattr(peer, "mute", True), "no answer from"),
    ],
)
def test_a_current_source_that_is_not_as_it_should_be_is_told_and_off(served_by_name, spoil, words):
    served = served_by_name("thorlabs")
    spoil(served.board.level)
    with pytest.raises(LightError, match=words):
        served.open(answer_s=0.5)
    assert served.until(lambda: not any(served.board.level.on))
    assert served.edges == []


def test_a_current_source_left_lit_is_put_out_before_anything_else(served_by_name):
    """Somebody left it in constant current with an output on."""
    served = served_by_name("thorlabs")
    served.board.level.receive(b"cc 0 100\r\no 0 1\r\n", time.monotonic_ns())
    assert served.until(served.lit)
    light = served.open()
    assert served.until(served.dark)
    assert (served.board.level.mode, served.board.level.limit_ma[:2]) == (2, [300, 300])
    light.close()


def test_a_level_only_light_has_no_levels_of_its_own(served_by_name):
    light = served_by_name("thorlabs").open()
    with pytest.raises(LightError, match="its level is currents_ma"):
        light.upload(0, [PatternEntry(0, 0, 5000, 100)])
    light.close()


def test_a_line_that_hangs_up_within_an_answer_is_gone(served_by_name):
    served = served_by_name("pulsepal")
    line = Line("pulsepal", "a Pulse Pal 2", served.board.pty_name, 9600, answer_s=5.0)
    served.close()
    with pytest.raises(LightError, match="is gone"):
        line.ask(b"x", n=1)
    line.close()
