"""The mock rig's samples come as an amplifier's do, also when nobody has read them for a while."""

from types import SimpleNamespace

import numpy as np
import pytest
from wavestim.hardware.simulated.faults import Faults
from wavestim.hardware.simulated.streaming import LONGEST_MS, Streamer
from wavestim.hardware.sources.stream import HEADER

FS_HZ, MAKING_NS = 1000.0, 200_000
"""A sample takes a fifth of real time to be made: a second of them at once would be a fifth of a second of silence."""


@pytest.mark.parametrize("held_up_s", [0.0, 1.5])
def test_what_was_held_up_comes_without_another_silence(held_up_s):
    now, sent = [0], []

    def read(n):
        n = min(n, 4000 - sum(m for _, m in sent))
        now[0] += n * MAKING_NS
        return np.zeros((n, 2), np.float32)

    def sendall(message):
        _, n, first = HEADER.unpack_from(message)
        if first == 200:  # the socket is full, and the other side busy
            now[0] += int(held_up_s * 1e9)
        sent.append((now[0], n))

    def sleep(seconds):
        now[0] += int(seconds * 1e9) + 1

    def recv(*_):
        raise BlockingIOError  # nobody orders anything

    line = SimpleNamespace(sendall=sendall, recv=recv)
    Streamer(SimpleNamespace(read=read, faults=Faults()), None, line, FS_HZ, 0, now_ns=lambda: now[0], sleep=sleep).run()
    at_ns, n = np.array(sent).T
    assert n.sum() == 4000
    assert n.max() <= LONGEST_MS
    silences_ms = np.sort(np.diff(at_ns)) / 1e6
    assert silences_ms[-1] >= 1000 * held_up_s
    assert silences_ms[:-1].max() < 10
