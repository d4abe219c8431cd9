"""The thread that hears a session outlives whatever the other end does, and hands on no light that had to wait."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from support.waiting import until
from wavestim.controller.live.client import NoAnswerError
from wavestim.controller.live.rendezvous import AttachError
from wavestim.controller.live.wire import WireError
from wavestim.gui import link as links


class There:
    """A session that takes every order but those that it cannot read."""

    hello, alive = {"status": {"state": "armed"}}, True

    def __init__(self):
        self.orders = []
        self.says, self.fails = [], None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def hear(self, timeout_ms):
        said, self.says = self.says, []
        return said

    def order(self, order, **more):
        self.orders.append(order)
        if order == "keep" and self.fails is not None:
            raise self.fails
        if order == "mark":
            raise WireError("not JSON")


@pytest.fixture
def linked(monkeypatch):
    monkeypatch.setattr(links, "AGAIN_S", 0.001)
    made = []

    def begin(attach):
        made.append(links.Link(SimpleNamespace(about=SimpleNamespace(pid=os.getpid())), attach))
        return made[-1]

    yield begin
    for link in made:
        link.close()


def test_a_rig_that_does_not_answer_at_first_is_attached_to_later(linked):
    answers = [AttachError("it learns"), WireError("not JSON"), There()]

    def attach(meeting):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    link, heard = linked(attach), []
    until(lambda: heard, lambda: heard.extend(link.heard()))
    assert heard[0][1] == {"state": "armed"}
    assert link.refused() == ["it learns", "not JSON"]


def test_an_answer_that_is_none_does_not_end_the_thread(linked):
    there = There()
    link = linked(lambda _: there)
    link.order("mark", text="x")
    link.order("pause")
    until(lambda: "pause" in there.orders)
    assert link.refused() == ["not JSON"]


@pytest.mark.parametrize("order", links.LIGHT)
def test_light_that_had_to_wait_is_not_handed_on(linked, monkeypatch, order):
    """Whoever asked for it may have gone, or given back what was in the hand."""
    monkeypatch.setattr(links, "LATE_S", -1.0)
    there = There()
    link = linked(lambda _: there)
    link.order(order)
    link.order("pause")
    until(lambda: "pause" in there.orders)
    assert order not in there.orders
    assert order in link.refused()[0]


def kept(link, there, monkeypatch, n=3):
    monkeypatch.setattr(links, "KEEP_S", 0.0)
    link.order("take")
    until(lambda: there.orders.count("keep") >= n)


def test_a_rig_that_is_too_busy_to_answer_takes_no_control_away(linked, monkeypatch):
    there = There()
    there.fails = NoAnswerError("it learns")
    link = linked(lambda _: there)
    kept(link, there, monkeypatch)
    assert link.in_control
    assert link.refused() == []
    there.fails = AttachError("keep: somebody else has control")
    until(lambda: not link.in_control)
    assert "somebody else has control" in link.refused()[0]


def test_after_the_end_nobody_is_asked(linked, monkeypatch):
    """What is written then takes its time, and nobody has lost anything."""
    there = There()
    link = linked(lambda _: there)
    kept(link, there, monkeypatch)
    there.says = [("end", {"reason": "STOP"}, {})]
    until(lambda: any(topic == "end" for topic, _, _ in link.heard()))
    link.order("mark", text="x")
    until(lambda: there.orders[-1] == "mark")
    n = there.orders.count("keep")
    link.order("mark", text="y")
    until(lambda: there.orders.count("mark") == 2)
    assert there.orders.count("keep") == n
