"""Every driver against the stand-in for its board, over a real pseudo-terminal: one pulse for one order, never late, dark on any fault.

Nothing here is timed: a loaded machine may be late, and then the order is refused and given again with more room.
"""

from __future__ import annotations

import time

import pytest
from support.light_boards import DRIVERS, MS, PACED, Host, Served
from wavestim.hardware.lights import LightError, PatternEntry, known_info, open_light
from wavestim.hardware.lights.wavelight.link import press


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


def test_one_order_is_one_pulse_as_asked_and_not_before_its_time(host):
    host.ready()
    at, answer = host.shine()
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
    host.ready()
    host.fire(1, time.monotonic_ns() - 10 * MS)
    answer = host.hear("refused", decision=1)
    assert answer.reason == "late"
    assert answer.detail > 0
    assert host.shine(2)[1].kind == "fired"
    host.assert_one_shone()


def test_a_sham_takes_the_same_way_and_stays_dark(host):
    host.ready()
    _, answer = host.shine(dark=True)
    assert (answer.kind, answer.dark) == ("fired", True)
    assert host.served.edges == []


def test_nothing_fires_before_arming_and_after_disarming(host):
    d = host.served.driver
    host.light.upload(0, [PatternEntry(0, 0, d.width_us, 255)])
    press(host.port, "fire", 1, 0, 0, host.served.board.device_ns(time.monotonic_ns() + 30 * MS))
    host.ready()
    host.fire(2, time.monotonic_ns() + 20_000 * MS if d.its_own_words else time.monotonic_ns() + 1000 * MS)
    host.light.disarm()
    assert host.light.status().state == "idle"
    press(host.port, "fire", 3, 0, 0, host.served.board.device_ns(time.monotonic_ns() + 30 * MS))
    host.ready()
    assert host.shine(4)[1].kind == "fired"
    host.assert_one_shone()


def test_without_a_heartbeat_it_is_safe_and_what_was_queued_never_shines(host):
    host.ready()
    host.fire(1, time.monotonic_ns() + 1500 * MS)
    assert host.hear("safe", beat=False).reason == "heartbeat"
    assert host.hear("dropped", "refused", decision=1, beat=False)
    status = host.light.status()
    assert (status.state, status.cause) == ("safe", "heartbeat")
    host.ready()  # only arming leaves this state
    assert host.shine(2)[1].kind == "fired"
    host.assert_one_shone()


def test_abort_from_the_engine_thread_drops_what_is_queued(host):
    host.ready()
    host.fire(1, time.monotonic_ns() + 1500 * MS)
    press(host.port, "abort")
    assert host.hear("safe").reason in ("abort", "heartbeat")
    assert host.hear("dropped", "refused", decision=1)
    host.light.abort()
    assert host.light.status().state == "safe"
    assert host.served.edges == []


@pytest.mark.parametrize("served", PACED, indirect=True)
def test_an_unplugged_board_is_noticed(host):
    host.ready()
    host.served.close()
    assert host.hear("lost").reason == "line"
    assert host.light.gone
    with pytest.raises(LightError, match="is gone"):
        host.light.arm()


def test_a_port_that_is_not_there_is_a_sentence():
    for kind in ("pulsepal", "cyclops", "mm-arduino"):
        with pytest.raises(LightError, match=f"light {kind}: there is no port /dev/tty-not-here"):
            open_light(kind, port="/dev/tty-not-here")
    with pytest.raises(LightError, match="unexpected keyword argument 'colour'"):
        open_light("pulsepal", port="x", colour="blue")
