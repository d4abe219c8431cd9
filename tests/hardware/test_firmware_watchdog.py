"""Dark is the state at power-up, on any fault, on unplugging and when the host falls silent."""

import struct

import pytest
from support.firmware_bench import CAUSE, CODE, armed_with_slot_1, safe_causes
from wavestim.hardware.firmware import codec
from wavestim.hardware.lights.wavelight.words import Command, Reply


def beat_tick(bench):
    """Send a heartbeat now; the tick at which its last byte arrives."""
    bench.beat()
    return bench.core.device_ns(bench.now + 10 * 20_000) // 500


def test_dark_and_idle_at_power_up(bench):
    assert bench.state == "idle"
    assert bench.lights() == []
    assert bench.ask(Command.STATUS)[1][:2] == bytes([1, 0])


def test_heartbeat_loss_cuts_a_running_pulse_at_its_tick(armed):
    gen = armed.define(2, (4, 0, 20_000, 255))
    last = beat_tick(armed)
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, gen, 90_000))
    armed.run(200, beat=False)
    (on, _, _), (off, led, level) = armed.lights()
    assert (led, level) == (4, 0)
    assert -armed.guard_us <= off - (last + 200_000) * 0.5 <= 0.0
    assert 0 < off - on < 20_000
    (fired,) = armed.event(Reply.FIRED)
    assert struct.unpack("<HBBBIIBH", fired)[6] == 1  # cut
    assert safe_causes(armed) == [CAUSE["heartbeat"]]


def test_heartbeat_loss_empties_the_queue(armed):
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 400_000))
    armed.run(600, beat=False)
    assert armed.lights() == []
    (dropped,) = armed.event(Reply.DROPPED)
    assert dropped[3] == 0x80 | CAUSE["heartbeat"]


def test_only_an_advancing_heartbeat_counts(armed):
    same = codec.encode(Command.HEARTBEAT, 0, struct.pack("<I", armed.count))
    for _ in range(10):
        armed.send(same, 20_000)
    assert armed.state == "safe"
    armed.arm()
    for _ in range(10):  # other frames do not feed it
        armed.ask(Command.STATUS, us=20_000)
    assert armed.state == "safe"


def test_a_heartbeat_in_time_keeps_it_alive(armed):
    armed.run(1000)
    assert armed.state == "armed"


def test_from_safe_only_clear_and_arm(armed):
    armed.run(200, beat=False)
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(1, 1, 5000)) == CODE["not-armed"]
    assert armed.refused(Command.ARM, struct.pack("<II", armed.nonce ^ armed.boot_id, 0)) == CODE["order"]
    for kind in (Command.HELLO, Command.PING, Command.STATUS):
        payload = {Command.HELLO: struct.pack("<BI", 1, 5), Command.PING: bytes(4)}.get(kind, b"")
        assert armed.ask(kind, payload)[0] == {1: 0x81, 2: 0x82, 11: 0x8B}[kind]
    armed.arm()
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 5000))


def test_abort_cuts_light_when_its_last_byte_arrives(armed):
    gen = armed.define(2, (4, 0, 20_000, 255))
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, gen, 5000), 8000)
    frame = codec.encode(Command.ABORT, 77)
    arrival = armed.core.device_ns(armed.now + len(frame) * 20_000) // 500
    assert armed.send(frame)[0][:2] == (Reply.ACK, 77)
    off, led, level = armed.lights()[-1]
    assert (led, level) == (4, 0)
    assert 0 <= off - arrival * 0.5 <= armed.react_us
    assert safe_causes(armed) == [CAUSE["abort"]]
    assert armed.core.lit == []


def test_abort_is_obeyed_whatever_it_carries(armed):
    armed.ask(Command.ABORT, b"junk")
    assert armed.state == "safe"


def test_disarm_is_dark(armed):
    gen = armed.define(2, (4, 0, 20_000, 255))
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, gen, 5000), 8000)
    armed.accepted(Command.DISARM)
    assert armed.core.lit == []
    armed.run(50)
    assert len(armed.lights()) == 2


def test_an_unplugged_cable_is_dark(armed):
    gen = armed.define(2, (4, 0, 20_000, 255))
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, gen, 5000), 8000)
    armed.core.unplug()
    assert armed.core.lit == []
    armed.now = armed.core.now_ns
    assert armed.state == "safe"  # it answers whoever plugs it in again


def test_a_hung_board_does_not_leave_the_light_on(new_bench):
    armed = armed_with_slot_1(new_bench())
    gen = armed.define(2, (4, 0, 5000, 255))
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, gen, 3000), 5000)
    assert armed.core.lit == [4]
    armed.core.freeze(armed.now + 12_000_000)
    armed.run(40)
    assert armed.core.lit == []
    assert safe_causes(armed) == [CAUSE["pulse-overrun"]]
    assert [e[2:] for e in armed.event(Reply.LOG)] == [b"site 004 overran"]


def test_a_step_missed_within_a_pattern_is_dark_at_once(new_bench):
    """What is lit has not lasted too long yet, but the pattern is not what was asked for any more."""
    armed = armed_with_slot_1(new_bench())
    gen = armed.define(2, (4, 0, 20_000, 255), (5, 8000, 5000, 255))
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, gen, 3000), 5000)
    assert armed.core.lit == [4]
    armed.core.freeze(armed.now + 10_000_000)
    armed.pass_us(10_100)
    assert armed.core.lit == []
    armed.run(5)
    assert safe_causes(armed) == [CAUSE["pulse-overrun"]]
    assert {led for _, led, _ in armed.lights()} == {4}


def test_a_start_missed_by_a_hung_board_is_dropped_not_fired_late(new_bench):
    armed = armed_with_slot_1(new_bench())
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 8000))
    armed.core.freeze(armed.now + 12_000_000)
    armed.run(60)
    assert armed.lights() == []
    assert armed.event(Reply.DROPPED)[0][3] == CODE["late"]


def test_a_start_that_was_missed_is_given_back(new_bench):
    armed = armed_with_slot_1(new_bench())
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 8000))
    armed.core.freeze(armed.now + 12_000_000)
    armed.pass_us(12_100)
    armed.beat()
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 2000))
    armed.run(20)
    assert sum(level > 0 for _, _, level in armed.lights()) == 1


def test_events_that_the_line_never_took_are_counted(new_bench):
    bench, line, ring = new_bench(), 1024, 32
    for _ in range(line + ring + 44):
        bench.core.ttl(0, True)
    for _ in range(2):  # what the line holds, then what waited behind it
        bench.run(1000, beat=False)
    assert len(bench.event(Reply.TTL_IN)) == line + ring
    assert bench.ask(Command.STATUS)[1][15] == 44


def test_what_an_unplugged_host_left_behind_is_forgotten(new_bench):
    bench = new_bench()
    bench.send(codec.encode(Command.PING, 5, bytes(4))[:5])
    bench.core.unplug()
    bench.now = bench.core.now_ns
    assert bench.ask(Command.PING, b"abcd")[0] == Reply.PONG


@pytest.mark.parametrize("cause", ["overtemp", "supply"])
def test_what_the_board_finds_by_itself_is_dark(new_bench, cause):
    """No board of ours measures these yet; one that does tells the core, and that is enough."""
    armed = armed_with_slot_1(new_bench())
    armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 4000), 6000)
    assert armed.core.lit == [3]
    armed.core.fault(CAUSE[cause])
    assert armed.core.lit == []
    armed.run(2)
    assert safe_causes(armed) == [CAUSE[cause]]
    assert armed.state == "safe"


@pytest.mark.parametrize("cause", ["watchdog-reset", "brownout"])
def test_after_a_reset_it_is_safe_and_says_why(armed, cause):
    gen = armed.define(2, (4, 0, 20_000, 255))
    armed.accepted(Command.FIRE_AT, armed.fire_payload(2, gen, 5000), 8000)
    armed.core.reset(CAUSE[cause], boot_id=5)
    armed.now = armed.core.now_ns
    assert armed.core.lit == []
    armed.run(5)
    assert armed.state == "safe"
    assert CAUSE[cause] in safe_causes(armed)
    assert armed.refused(Command.FIRE_AT, armed.fire_payload(2, gen, 5000)) == CODE["not-armed"]


def test_a_storm_of_damaged_frames_disarms(armed):
    for _ in range(110):
        armed.send(b"\x05\x01\x02\x03\x04\x00", 300)
    armed.run(50)  # until all refusals are told
    assert armed.state == "safe"
    assert safe_causes(armed) == [CAUSE["rx-storm"]]


def test_a_repeated_frame_is_answered_again_and_fires_once(armed):
    frame = codec.encode(Command.FIRE_AT, 99, armed.fire_payload(1, 1, 30_000))
    first = armed.send(frame)
    second = armed.send(frame)
    assert first == second
    armed.run(60)
    assert armed.send(frame) == first  # even after the light
    armed.run(60)
    assert sum(level > 0 for _, _, level in armed.lights()) == 1


def test_an_order_that_waits_is_known_again_whatever_was_asked_meanwhile(armed):
    """Nine other answers, or a greeting, push it out of the memory of repeated frames; it is still the same order."""
    frame = codec.encode(Command.FIRE_AT, 99, armed.fire_payload(1, 1, 500_000))
    ((kind, _, first),) = armed.send(frame)
    assert kind == Reply.ACK
    for slot in range(9):
        armed.refused(Command.FIRE_AT, armed.fire_payload(slot, 77, 600_000))
    armed.beat()
    armed.hello()
    ((kind, _, again),) = armed.send(frame)
    assert (kind, again[5:]) == (Reply.ACK, first[5:])  # the same room in the queue
    armed.run(600)
    assert sum(level > 0 for _, _, level in armed.lights()) == 1


def test_a_new_greeting_forgets_the_answers_of_the_last_host(armed):
    """Two hosts count from the same seq: the second one's DISARM must be carried out."""
    armed.ask(Command.DISARM, seq=50)
    armed.accepted(Command.ARM, struct.pack("<II", armed.nonce ^ armed.boot_id, 0))
    armed.hello(nonce=7)
    armed.ask(Command.DISARM, seq=50)
    assert armed.state == "idle"


def test_events_are_replayed(armed):
    for _ in range(3):
        armed.accepted(Command.FIRE_AT, armed.fire_payload(1, 1, 5000))
        armed.run(40)
    seen = armed.event(Reply.FIRED)
    assert armed.accepted(Command.REPLAY, seen[1][:2], 5000) == seen[1][:2]  # the first that comes
    assert armed.event(Reply.FIRED) == seen[1:]


def test_what_the_board_has_no_more_is_said_when_it_replays(armed):
    for _ in range(40):
        armed.core.ttl(0, True)
        armed.run(1)
        armed.core.ttl(0, False)
        armed.run(1)
    told = [int.from_bytes(e[:2], "little") for e in armed.event(Reply.TTL_IN)]
    assert told == list(range(told[0], told[0] + 80))
    kept = 32 if armed.n_slots > 100 else 8
    (first,) = struct.unpack("<H", armed.accepted(Command.REPLAY, struct.pack("<H", told[0]), 12_000))
    assert first == told[-1] + 1 - kept
    assert [int.from_bytes(e[:2], "little") for e in armed.event(Reply.TTL_IN)] == told[-kept:]


def test_ttl_edges_are_stamped(bench):
    for line, level in ((1, True), (0, True), (1, False)):
        at = bench.core.device_ns(bench.now) // 500
        bench.core.ttl(line, level)
        bench.run(2)
        ((_, told_line, told_level, t),) = [struct.unpack("<HBBI", e) for e in bench.event(Reply.TTL_IN)]
        assert (told_line, told_level) == (line, level)
        assert abs(t - at) <= 2


def test_two_boards_know_nothing_of_each_other(new_bench):
    a, b = new_bench(), new_bench(boot_id=1)
    a.arm()
    a.define(1, (3, 0, 5000, 255))
    a.accepted(Command.FIRE_AT, a.fire_payload(1, 1, 5000))
    a.run(20)
    b.run(20)
    assert len(a.lights()) == 2
    assert b.lights() == []
    assert b.state == "idle"
