"""`kill -9` of the host in the middle of its light, for real: the line hangs up and the board is dark, in its own time."""

from support.killing import kill_hosts

DARK_MS = 200.0
"""Twice the board's timeout: what the host wrote last may be heard late, once."""


def test_a_host_killed_mid_pulse_leaves_darkness():
    killed = kill_hosts(12, seed=1)
    assert all(k.dark for k in killed)
    assert max(k.last_edge_ms for k in killed) <= DARK_MS
    assert sum(k.pulses > 0 for k in killed) > 0  # the positive control
