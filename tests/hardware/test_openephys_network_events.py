"""What is noted with Network Events reaches Open Ephys, or is counted as lost; it holds nothing up."""

from __future__ import annotations

import contextlib

import pytest
from support.openephys_peers import free_port
from support.waiting import until
from wavestim.hardware.sources import SourceError
from wavestim.hardware.sources.mock import openephys_gui
from wavestim.hardware.sources.mock.openephys_gui import MockNetworkEvents
from wavestim.hardware.sources.openephys.network import NetworkEvents


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
    assert events.trouble == f"Open Ephys Network Events at 127.0.0.1:{plugin.port} does not answer any more"


def test_a_plugin_that_is_slow_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was waiting then is counted, not sent."""
    monkeypatch.setattr("wavestim.hardware.sources.openephys.network.CLOSING_S", 0.0)
    with contextlib.closing(MockNetworkEvents()) as plugin:
        events = NetworkEvents("127.0.0.1", plugin.port)
        monkeypatch.setattr(openephys_gui, "_answer", lambda command: "noted" * events._closing.wait(60))
        for _ in range(10):
            events.note("slow")
        until(lambda: plugin.heard[1:])
        events.close()
    assert (events.sent, events.failed, events.left_out, events.trouble) == (1, 0, 9, "")


def test_network_events_that_are_not_there_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wavestim.hardware.sources.openephys.network.ANSWER_MS", 100)
    with pytest.raises(SourceError, match="put Network Events into the signal chain"):
        NetworkEvents("127.0.0.1", free_port())
