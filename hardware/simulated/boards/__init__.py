"""Stand-ins for the light drivers that labs own: what a mock session and a desk have in place of the board."""

from __future__ import annotations

from pathlib import Path

from wavestim.hardware.firmware.device import HostBoard, Served, serve
from wavestim.hardware.simulated.boards._base import Peer, PtyPeer, rows
from wavestim.hardware.simulated.boards.cyclops import CyclopsPeer
from wavestim.hardware.simulated.boards.gated import GatedBoard
from wavestim.hardware.simulated.boards.mm_arduino import MmArduinoPeer
from wavestim.hardware.simulated.boards.pulsepal import PulsePalPeer
from wavestim.hardware.simulated.boards.thorlabs import Dc4100Peer

__all__ = ["PEERS", "GatedBoard", "Peer", "PtyPeer", "rows", "serve_stand_in", "stand_in"]

PEERS: dict[str, type[Peer]] = {
    "pulsepal": PulsePalPeer,
    "cyclops": CyclopsPeer,
    "mm-arduino": MmArduinoPeer,
    "thorlabs-dc4100": Dc4100Peer,
}
"""kind of light -> its stand-in."""


def stand_in(kind: str, n_sites: int = 25) -> Served:
    """The stand-in for a kind of light.

    Parameters
    ----------
    kind : str
        One of `PEERS`, or ``wavelight``: our firmware.
    n_sites : int
        LEDs of a wavelight board; the others have as many as they have.
    """
    return PtyPeer(PEERS[kind]()) if kind in PEERS else HostBoard(n_sites)


def serve_stand_in(kind: str, edges_path: str | Path | None = None) -> None:
    """Serve one of `PEERS` until stopped; says where in one JSON line, and writes every edge of light to a file."""
    serve(stand_in(kind), kind, edges_path)
