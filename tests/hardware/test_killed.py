"""`kill -9` of the host in the middle of its light, for real: the line hangs up and the board is dark. How soon: `scripts/soak_dark.py`."""

from support.killing import kill_hosts


def test_a_host_killed_mid_pulse_leaves_darkness():
    killed = kill_hosts(12, seed=1)
    assert all(k.dark for k in killed)
    assert sum(k.pulses > 0 for k in killed) > 0  # the positive control
