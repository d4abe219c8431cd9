"""A mock peer and the loop that serves it: blocks fall due by the clock, become packets, meet their faults and go out."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, get_type_hints

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.sources._base import SourceError

from ._faults import Faults, Mischief
from ._played import Played

PEERS: dict[str, tuple[str, str]] = {
    "falcon": ("wavestim.hardware.sources.mock.openephys", "FalconPeer"),
    "lsl": ("wavestim.hardware.sources.mock.lsl", "LslPeer"),
    "openephys": ("wavestim.hardware.sources.mock.openephys", "ZmqInterfacePeer"),
    "rhx": ("wavestim.hardware.sources.mock.rhx", "RhxPeer"),
}
"""kind -> (module, class): the class is a :class:`Peer` and takes ``(played, **keys)``."""

Packet = Any
"""What one send takes: for most protocols a tuple of bytes, the parts of one message."""
IDLE_S = 0.005


class Peer(abc.ABC):
    """The other side of a live source.

    Attributes
    ----------
    played : Played
        What it plays, at the rate and with the channels it sends.
    block : int
        Samples in a block; may change between blocks.
    burst : int
        Blocks that the system itself sends together.
    starts : int
        How often it was told to start; what was still to be sent then is gone.
    """

    played: Played
    block: int
    burst: int = 1
    starts: int = 0

    @property
    @abc.abstractmethod
    def source(self) -> Mapping[str, Any]:
        """The ``source`` of an experiment that listens to it."""

    @abc.abstractmethod
    def running(self) -> bool:
        """It is to send now: somebody asked it to, or it never waits for that. Asked between blocks."""

    @abc.abstractmethod
    def packets(self, samples: NDArray[np.float32]) -> list[Packet]:
        """The next block (n, channels), uV, as it goes over the wire; counts samples itself."""

    @abc.abstractmethod
    def send(self, packet: Packet) -> None:
        """Send one packet; a listener that went away is no error."""

    @abc.abstractmethod
    def close(self) -> None: ...

    def split(self, packet: Packet, rng: np.random.Generator) -> list[Packet]:
        """A packet in two, where the protocol allows it; a message stays whole."""
        return [packet]

    def garbled(self, packet: Packet, rng: np.random.Generator) -> Packet:
        """A packet of bytes with some of them changed, or cut off."""
        parts = [bytearray(part) for part in packet]
        part = parts[int(rng.integers(len(parts)))]
        if len(part) and rng.random() < 0.5:
            for at in rng.integers(0, len(part), 1 + len(part) // 100):
                part[at] ^= int(rng.integers(1, 256))
        else:
            del part[int(rng.integers(0, len(part) + 1)) :]
        return tuple(bytes(p) for p in parts)


@dataclass
class Tally:
    """What was sent.

    Attributes
    ----------
    blocks, samples, packets : int
        Before the faults.
    faults : list of (number of the packet, what happened to it)
    """

    blocks: int = 0
    samples: int = 0
    packets: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)


NUMBERS = (int, float, int | None, float | None)


def open_peer(kind: str, played: Played, **keys: Any) -> Peer:
    """A mock peer by its kind, listening.

    Raises
    ------
    SourceError
        For an unknown kind or key, or when its port is taken.
    """
    if kind not in PEERS:
        raise SourceError(f"sources mock {kind}: there is no such peer; kinds: {', '.join(sorted(PEERS)) or 'none'}")
    module, name = PEERS[kind]
    made = getattr(import_module(module), name)
    wanted = get_type_hints(getattr(made, "__init__", made))
    for key, value in keys.items():
        if isinstance(value, str) and wanted.get(key) in NUMBERS:
            raise SourceError(f"sources mock {kind}: {key}: {value!r} is not a number")
    try:
        peer: Peer = made(played, **keys)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise SourceError(f"sources mock {kind}: {str(error).split('() ')[-1]}") from None
    except OSError as error:
        raise SourceError(f"sources mock {kind}: {error.strerror or error}; is its port taken? choose another") from None
    return peer


def serve(
    peer: Peer,
    faults: Faults | None = None,
    *,
    seconds: float | None = None,
    flat_out: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Tally:
    """Play until so many seconds of samples are sent or ``stop()``.

    Parameters
    ----------
    peer : Peer
    faults : Faults, optional
    seconds : float, optional
        Of samples; no end by default.
    flat_out : bool
        As fast as they are taken, instead of by the clock.
    stop : callable
        Asked between blocks.
    """
    faults = faults or Faults()
    mischief, tally = Mischief(faults, peer.garbled, peer.split), Tally()
    fs = peer.played.fs_hz
    limit = np.inf if seconds is None else round(seconds * fs)
    began, since = time.monotonic(), 0
    waiting: list[Packet] = []
    starts = peer.starts
    while tally.samples < limit and not stop():
        if not peer.running():
            time.sleep(IDLE_S)
            began, since = time.monotonic(), 0
            continue
        if peer.starts != starts:
            starts, waiting = peer.starts, []
            mischief.rest()
            began, since = time.monotonic(), 0
        block = peer.block
        for packet in peer.packets(peer.played.read(block)):
            tally.packets += 1
            waiting += mischief.passed_on(packet)
        tally.blocks += 1
        tally.samples += block
        since += block
        if not flat_out:
            time.sleep(max(0.0, began + since / fs - time.monotonic()))
        if tally.blocks % max(peer.burst, round(faults.burst_ms * fs / 1000 / block)) == 0:
            for packet in waiting if peer.starts == starts else ():
                peer.send(packet)
            waiting = []
    if peer.starts == starts:
        for packet in waiting + mischief.rest():
            peer.send(packet)
    tally.faults = mischief.log
    return tally
