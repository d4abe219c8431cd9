"""`kill -9` of the host in the middle of its light, for real: the line hangs up and the board is dark. `scripts/soak_dark.py` does 200."""

from support.killing import kill_hosts

TIMEOUT_MS = 100.0


def test_a_host_killed_mid_pulse_leaves_darkness():
    killed = kill_hosts(12, seed=1)
    assert all(k.dark for k in killed)
    assert sum(k.pulses > 0 for k in killed) > 0  # the positive control
    # the board learns of it in its own thread: what that was kept waiting is not the firmware's
    assert all(k.last_edge_ms <= TIMEOUT_MS + k.stall_ms for k in killed)
