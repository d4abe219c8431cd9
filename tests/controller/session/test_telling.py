"""Who is told of pulses beside the journal, and does not hear them, is complained of once; what was waiting at the end is in the counts."""

from __future__ import annotations

import contextlib

from wavestim.controller.session.telling import Everyone, GuiTeller
from wavestim.hardware.sources.mock.openephys_gui import MockNetworkEvents
from wavestim.hardware.sources.openephys.network import NetworkEvents


def test_a_plugin_that_refuses_is_said_once() -> None:
    with contextlib.closing(MockNetworkEvents()) as plugin:
        events = NetworkEvents("127.0.0.1", plugin.port)
        told = Everyone([GuiTeller(events, 300)])
        events._put(("TTL Line=300 State=1",))
        events._put(("TTL Line=301 State=1",))
        told.end()
    complaints = [told.complaints() for _ in range(3)]
    where = f"Open Ephys Network Events at 127.0.0.1:{plugin.port}"
    assert complaints == [[f"{where} answered 'InvalidChannel' to 'TTL Line=300 State=1'"], [], []]
    assert told.counts == {"network_events": {"sent": 0, "failed": 2, "left_out": 0}}
