"""A light that only keeps a level: refused alone, put out before anything else, and told apart from what it is not."""

from __future__ import annotations

import time

import pytest
from wavestim.hardware.lights import LightError, PatternEntry, open_light, thorlabs
from wavestim.hardware.lights.wavelight.link import press


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


@pytest.mark.parametrize("name", ["thorlabs", "thorlabs-pulsepal"])
def test_a_current_source_that_is_not_armed_leaves_its_gate_disarmed(host_of, monkeypatch, name):
    host = host_of(name)
    level = host.served.board.level
    obey = level._obey

    def one_output_fails(word, numbers, at_ns):
        if (word, numbers) == ("o", [1, 1]):
            raise ValueError(word)
        obey(word, numbers, at_ns)

    monkeypatch.setattr(level, "_obey", one_output_fails)
    with pytest.raises(LightError, match="refused 'o 1 1'"):
        host.ready()
    assert host.light.gate.status().state == "idle"
    assert host.served.until(lambda: not any(level.on))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda board: setattr(board.level, "status", 0x8), "fault"),
        (lambda board: setattr(board.level, "garbage", b"\xff\xfe\r\n"), "garbage"),
        (lambda board: setattr(board.level, "garbage", b"x" * 100), "garbage"),
        (lambda board: setattr(board.level, "mute", True), "no-answer"),
        (lambda board: board._line.close(), "line"),
    ],
    ids=["fault", "garbage", "babble", "silence", "unplugged"],
)
def test_a_current_source_that_fails_while_it_is_on_ends_the_light(served_by_name, monkeypatch, spoil, why):
    """Or its gate would go on telling of light that nobody gives."""
    monkeypatch.setattr(thorlabs, "LOOK_NS", 0)
    served = served_by_name("thorlabs")
    light = served.open(answer_s=0.5)
    light.arm()
    assert served.until(lambda: served.board.level.on[:2] == [True, True])
    spoil(served.board)
    found = []
    for beat in range(1, 3000):
        press(light.port(), "heartbeat", value=beat)
        light.wait(0.01)
        found += [e.reason for e in light.poll()[0] if e.kind == "safe"]
        if found:
            break
    assert found[0] == why
    assert light.gate.status().state == "safe"
    if why in ("garbage", "fault"):
        assert served.until(lambda: not any(served.board.level.on))
    light.close()


def test_a_current_source_that_is_well_is_left_alone(served_by_name, monkeypatch):
    monkeypatch.setattr(thorlabs, "LOOK_NS", 0)
    served = served_by_name("thorlabs")
    light = served.open(answer_s=10)
    light.arm()
    asked = served.board.level
    heard = []
    monkeypatch.setattr(asked, "say", lambda words, say=asked.say: (heard.append(words), say(words)))
    beats = iter(range(1, 10_000))
    while heard.count(b"0\r\n") < 5:
        press(light.port(), "heartbeat", value=next(beats))
        light.wait(0.005)
        assert [e for e in light.poll()[0] if e.kind == "safe" and e.reason != "heartbeat"] == []
    light.arm()  # whatever answer is on its way
    light.close()


@pytest.mark.parametrize("unplugged", [False, True], ids=["silent host", "gate unplugged"])
def test_a_gate_that_is_dark_or_gone_ends_the_outputs(host_of, unplugged):
    """What a board without power does to the modulation inputs nobody knows: the current source shall not depend on it."""
    host = host_of("thorlabs-pulsepal")
    host.ready()
    level = host.served.board.level
    assert host.served.until(lambda: level.on[:2] == [True, True])
    if unplugged:
        host.served.board.gate.close()
    host.hear("safe", beat=unplugged)
    assert host.served.until(lambda: not any(level.on))
    if not unplugged:
        host.light.arm()  # and arming brings them back
        assert host.served.until(lambda: level.on[:2] == [True, True])
