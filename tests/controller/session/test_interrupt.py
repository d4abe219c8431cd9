"""Ctrl-C is heard between two turns of a session: what is being written is written whole."""

from __future__ import annotations

import os
import signal

import pytest
from wavestim.controller.session.interrupt import HEARD, deferred


@pytest.mark.parametrize("number", HEARD)
def test_a_signal_waits_for_the_next_check(number: signal.Signals) -> None:
    with deferred() as check:
        check()
        os.kill(os.getpid(), number)
        written = "whole"
        with pytest.raises(KeyboardInterrupt, match=number.name):
            check()
    assert written == "whole"


def test_a_second_signal_does_not_wait() -> None:
    with deferred():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_afterwards_signals_do_what_they_did() -> None:
    before = [signal.getsignal(n) for n in HEARD]
    with deferred():
        pass
    assert [signal.getsignal(n) for n in HEARD] == before
