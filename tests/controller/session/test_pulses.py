"""The pulse ledger: every scheduled decision ends in exactly one row, whatever the board says or does not say."""

from itertools import permutations

import numpy as np
import pytest
from wavestim.controller.session.pulses import PulseLedger
from wavestim.hardware.lights import LightEvent
from wavestim.realtime.records import DECISION
from wavestim.realtime.scheduler import DISPATCH

PULSE = pytest.importorskip("wavestim.controller.record.records").PULSE


def decisions(n, dark=False):
    d = np.zeros(n, DECISION)
    d["verdict"], d["fire_sample"], d["dark"] = "scheduled", 1000 + 100 * np.arange(n), dark
    return d


def dispatch(decision, outcome="sent"):
    d = np.zeros(1, DISPATCH)
    d["decision"], d["device_ns"], d["outcome"] = decision, 5_000_000 + decision, outcome
    return d


def event(kind, decision, reason="", on=0, dark=False, cut=False):
    return LightEvent(kind, decision, 0, on, on + 5_000_000, reason, 0, dark, cut)


def ledger(n=1, **keys):
    out = PulseLedger()
    out.decided(0, decisions(n, **keys))
    return out


def test_fired_light_has_its_acknowledged_moment():
    x = ledger()
    x.dispatched(dispatch(0), simulated=False)
    x.heard([event("acked", 0), event("fired", 0, on=5_000_000 + 500_000)])
    row = x.take(PULSE)[0]
    assert (row["verdict"], row["fire_sample"], row["onset_device_us"]) == ("fired", 1000.5, 5500.0)


@pytest.mark.parametrize(
    ("events", "verdict", "reason"),
    [
        ([("refused", "duty")], "refused", "duty"),
        ([("refused", "late")], "missed", "late"),
        ([("acked", ""), ("dropped", "heartbeat")], "missed", "heartbeat"),
        ([("acked", ""), ("lost", "no-answer")], "lost", "no-answer"),
    ],
)
def test_what_the_board_refuses_is_named(events, verdict, reason):
    x = ledger()
    x.dispatched(dispatch(0), simulated=True)
    x.heard([event(kind, 0, why) for kind, why in events])
    row = x.take(PULSE)[0]
    assert (row["verdict"], row["reason"]) == (verdict, reason)
    assert np.isnan(row["queue_us"])


def test_late_and_blind_are_never_sent():
    x = ledger(3)
    for i, outcome in enumerate(("missed", "no-clock", "not-sent")):
        x.dispatched(dispatch(i, outcome), simulated=False)
    assert list(x.take(PULSE)["verdict"]) == ["missed", "refused", "missed"]


def test_one_row_for_each_decision_in_any_order_of_events():
    for order in permutations(range(3)):
        x = ledger(3, dark=True)
        for i in range(3):
            x.dispatched(dispatch(i), simulated=True)
        x.heard([event("fired", i, on=5_000_000 + i, dark=True) for i in order])
        x.heard([event("fired", i, on=5_000_000 + i, dark=True) for i in order])
        rows = x.take(PULSE)
        assert sorted(rows["decision"]) == [0, 1, 2]
        assert set(rows["verdict"]) == {"dark"}


@pytest.mark.parametrize("known", ["nothing", "decision", "both"])
def test_what_is_heard_before_its_order_was_fetched_waits_for_it(known):
    """The host stalled for longer than it plans ahead: the light is over before its decision is read."""
    x = PulseLedger()
    if known != "nothing":
        x.decided(0, decisions(1))
    if known == "both":
        x.dispatched(dispatch(0), simulated=True)
    x.heard([event("acked", 0), event("fired", 0, on=5_500_000)])
    assert len(x.take(PULSE)) == (known == "both")
    if known == "nothing":
        x.decided(0, decisions(1))
    if known != "both":
        x.dispatched(dispatch(0), simulated=True)
        row = x.take(PULSE)[0]
        assert (row["verdict"], row["fire_sample"], row["onset_device_us"]) == ("fired", 1000.5, 5500.0)
    x.heard([event("fired", 0, on=5_500_000)])
    assert len(x.take(PULSE)) == 0
    assert x.open == 0


def test_silence_at_the_end_is_lost():
    x = ledger(2)
    x.dispatched(dispatch(0), simulated=True)
    x.give_up("session-ended")
    assert list(x.take(PULSE)["verdict"]) == ["lost", "lost"]
    assert x.open == 0
