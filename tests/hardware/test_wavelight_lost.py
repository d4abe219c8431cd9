"""The driver on a line that loses: what was lost is asked for once more, nothing shines twice, and what is lost for good is told."""

import pytest
from wavestim.hardware.lights.wavelight import words as w
from wavestim.hardware.lights.wavelight.link import press


def kinds(desk):
    return [e.kind for e in desk.events]


def test_a_lost_acknowledgement_is_asked_for_again_and_fires_once(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.fire(5, 40_000)
    desk.light.link.lose_back = 1
    desk.run(80)
    assert kinds(desk) == ["acked", "fired"]
    assert len(desk.core.edges()) == 2


def test_a_lost_order_is_repeated_in_time(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose(1)
    at = desk.fire(5, 40_000)
    desk.run(80)
    assert kinds(desk) == ["acked", "fired"]
    assert desk.core.edges()["device_us"][0] == at / 1000


def test_light_that_shone_is_never_told_as_refused(desk):
    """Its answers and its event are lost, and a copy that was held up on the way comes when the board has forgotten the first."""
    desk.flash()
    desk.light.arm()
    desk.run(1)
    link = desk.light.link
    desk.fire(5, 20_000)
    (seq,) = link.open_fires()
    link.lose_back = 100
    desk.run(40)
    link.lose_back = 0
    assert len(desk.core.edges()) == 2
    for _ in range(9):
        desk.light.limit(w.Limit.MAX_SITES)
    link.fire_again(seq)
    desk.run(30)
    assert [(e.kind, e.decision) for e in desk.events] == [("fired", 5)]
    assert len(desk.core.edges()) == 0


@pytest.mark.parametrize("hears", [True, False])
def test_a_board_that_answers_nothing_any_more_is_told_to_be_dark(desk, hears):
    """Heartbeats reach it: it would shine on, and nobody would know."""
    desk.flash()
    desk.light.arm()
    desk.run(100)
    desk.light.cancel()
    desk.run(1)
    desk.light.link.lose_back = 1_000_000
    if not hears:
        desk.light.link.lose(1_000_000)
    dark_after_ms = None
    for ms in range(0, 2000, 100):
        desk.light.ping()
        if ms < 1500:
            desk.fire(ms, 50_000)
        desk.run(100)
        if dark_after_ms is None and [(e.kind, e.reason) for e in desk.events if e.kind == "safe"] == [("safe", "no-answer")]:
            dark_after_ms = ms + 100
    assert dark_after_ms == 1100
    assert desk.core.state == "safe"
    assert (desk.core.edges()["level"] > 0).sum() == (10 if hears else 0)


def test_a_board_that_is_not_pinged_or_not_armed_may_be_silent(desk):
    desk.flash()
    desk.light.arm()
    desk.run(3000)
    desk.light.disarm()
    desk.light.link.lose_back = 1_000_000
    for _ in range(30):
        desk.light.ping()
        desk.run(100)
    assert [e for e in desk.events if e.kind == "safe"] == []


def test_an_order_lost_for_good_is_told_as_lost(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose(1)
    desk.fire(5, 2000)  # too near for a second try
    desk.run(700)
    assert [(e.kind, e.decision, e.reason) for e in desk.events] == [("lost", 5, "no-answer")]
    assert desk.light.link.open_fires() == []


@pytest.mark.parametrize("withdraw", [["cancel"], ["disarm", "arm"], ["abort", "arm"]], ids=" then ".join)
def test_a_withdrawn_order_is_not_repeated(desk, withdraw):
    """It was lost on its way; what was asked for after it holds."""
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose(1)
    desk.fire(5, 60_000)
    for call in withdraw:
        getattr(desk.light, call)()
    desk.run(700)
    assert len(desk.core.edges()) == 0
    assert [(e.kind, e.reason) for e in desk.events if e.decision == 5] == [("lost", "no-answer")]


def test_an_order_given_while_another_thread_withdraws_is_not_repeated(desk, monkeypatch):
    """It slips in between, is lost, and must not come behind the CANCEL."""
    desk.flash()
    desk.light.arm()
    desk.run(1)
    write = desk.light.link.__class__.write
    ordered = []

    class Slips:
        """The link, with an engine that orders just before CANCEL goes out."""

        def __getattr__(self, name):
            return getattr(desk.light.link, name)

        def write(self, frame):
            if not ordered and frame[1] == w.Command.CANCEL:
                desk.light.link.lose(1)
                ordered.append(desk.fire(5, 60_000))
            return write(desk.light.link, frame)

    monkeypatch.setattr(desk.light._questions, "link", Slips())
    desk.light.cancel()
    desk.run(700)
    assert len(ordered) == 1
    assert len(desk.core.edges()) == 0


def test_a_burst_whose_answers_are_late_fires_once_each_and_is_told_so(desk):
    """More orders than the board remembers answers to, all of them repeated."""
    for k in range(16):
        desk.flash(slot=k, site=k)
    desk.light.arm()
    desk.run(1)
    at = desk.core.device_ns(desk.clock.now_ns) + 80_000_000
    assert [press(desk.port, "fire", k, k, 0, at) for k in range(16)] == [0] * 16
    desk.light.link.lose_back = 16
    desk.run(150)
    assert [e.decision for e in desk.events if e.kind == "acked"] == list(range(16))
    assert sorted(e.decision for e in desk.events if e.kind == "fired") == list(range(16))
    assert len(desk.events) == 32
    assert len(desk.core.edges()) == 32


def test_the_last_event_lost_is_asked_for_again(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.fire(1, 5000)
    desk.run(8)
    desk.light.link.lose_back = 2  # FIRED, and nothing comes after it; nor does the first question arrive back
    desk.run(450)
    assert [(e.kind, e.decision) for e in desk.events] == [("acked", 1), ("fired", 1)]


def test_why_the_board_is_dark_is_asked_for_when_an_order_is_refused(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose_back = 1  # SAFE
    desk.run(200, beat=False)
    assert kinds(desk) == []
    desk.fire(1, 20_000)
    desk.run(10)
    assert [(e.kind, e.reason) for e in desk.events] == [("refused", "not-armed"), ("safe", "heartbeat")]


def test_how_many_events_are_lost_is_told_and_the_others_are_kept(desk):
    desk.light.arm()
    desk.run(1)
    desk.light.link.lose_back = 50
    for _ in range(50):
        desk.core.ttl(0, True)
        desk.run(1)
    desk.core.ttl(0, True)
    desk.run(60)
    kept = [e.kind for e in desk.events]
    assert kept == ["lost"] + ["ttl"] * 32
    assert (desk.events[0].reason, desk.events[0].detail) == ("events", 19)


def test_a_lost_event_is_asked_for_again(desk):
    desk.flash()
    desk.light.arm()
    desk.run(1)
    desk.fire(1, 5000)
    desk.run(8)
    desk.light.link.lose_back = 1  # FIRED of decision 1
    desk.run(40)
    desk.fire(2, 5000)
    desk.run(60)
    assert [e.decision for e in desk.events if e.kind == "fired"] in ([1, 2], [2, 1])
    assert "lost" not in kinds(desk)
