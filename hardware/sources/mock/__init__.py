"""Peers that speak the real protocols on this computer: a rig can be rehearsed at a desk, and sources be tested."""

from ._faults import Faults, Mischief
from ._peer import PEERS, Packet, Peer, Tally, open_peer, serve
from ._played import Played, played_cortex, played_recording, upsampled

__all__ = [
    "PEERS",
    "Faults",
    "Mischief",
    "Packet",
    "Peer",
    "Played",
    "Tally",
    "open_peer",
    "played_cortex",
    "played_recording",
    "serve",
    "upsampled",
]
