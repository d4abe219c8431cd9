"""Mock plugins of the Open Ephys GUI: Falcon Output and ZMQ Interface, as publishers on this computer."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import zmq
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .._base import SourceError
from ..openephys.falcon import FalconBlock
from ..openephys.falcon import encode as falcon_message
from ..openephys.place import PLUGINS
from ..openephys.zmqwire import ChannelData, Ttl, encode_data, encode_ttl
from ._peer import Packet, Peer
from ._played import Played
from .openephys_gui import MockGui

BLOCK_MS = 23.0
"""The GUI's own default: a block of its audio device, 1024 samples at 44.1 kHz."""
LISTENER_MS = 1000


class Keys(BaseModel):
    """What may be asked of a mock plugin."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """TCP port; null: that of the plugin; 0: any free one."""
    block_ms: Annotated[float, Field(gt=0, le=1000)] = BLOCK_MS
    """Length of a block."""
    stream: Annotated[str, Field(min_length=1, max_length=256)] = "mock"
    """Name of the data stream."""
    ttl_s: Annotated[float, Field(ge=0, le=3600)] = 1.0
    """Line 1 changes so often; 0: never."""
    http_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """Where the GUI itself answers; null: nowhere; 0: any free port."""
    waits: bool = False
    """Sends only while somebody listens, and never faster than that; the plugins themselves don't wait."""


class _Plugin(Peer):
    """A publisher.

    Parameters
    ----------
    played : Played
    **keys
        See :class:`Keys`.
    """

    via: str

    def __init__(self, played: Played, **keys: Any) -> None:
        try:
            asked = Keys(**keys)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise SourceError(
                f"sources mock: {first['loc'][0]}={first['input']}: {first['msg']}; keys: {', '.join(Keys.model_fields)}"
            ) from None
        self.played, self.stream = played, asked.stream
        self.block = max(1, round(asked.block_ms * played.fs_hz / 1000))
        self.counter = self.message_number = 0
        self._ttl_samples = round(asked.ttl_s * played.fs_hz)
        self._waits, self._listeners = asked.waits, 0
        self.gui = None if asked.http_port is None else MockGui(asked.http_port, asked.stream, played.fs_hz, played.n_channels)
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.XPUB)  # the same on the wire as PUB, and it knows who listens
        self._socket.setsockopt(zmq.LINGER, 0)
        if asked.waits:
            self._socket.setsockopt(zmq.XPUB_NODROP, 1)
            self._socket.setsockopt(zmq.SNDTIMEO, LISTENER_MS)
        try:
            self._socket.bind(f"tcp://127.0.0.1:{(PLUGINS[self.via][1] if asked.port is None else asked.port) or '*'}")
        except zmq.ZMQError as error:
            self.close()
            raise OSError(error.errno, error.strerror) from None
        self.port = int(self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2])

    @property
    def source(self) -> Mapping[str, Any]:
        there = {"kind": "openephys", "host": "127.0.0.1", "via": self.via, "port": self.port, "stream": self.stream}
        return there if self.gui is None else there | {"http_port": self.gui.port}

    def running(self) -> bool:
        while self._socket.poll(0):
            self._listeners += 1 if self._socket.recv()[:1] == b"\1" else -1
        acquires = self.gui is None or self.gui.mode != "IDLE"
        return acquires and (self._listeners > 0 or not self._waits)

    def send(self, packet: Packet) -> None:
        with contextlib.suppress(zmq.Again):  # the listener hangs
            self._socket.send_multipart(packet)

    def restart(self) -> None:
        """Acquisition is stopped and begins anew."""
        self.counter = 0

    def close(self) -> None:
        if self.gui is not None:
            self.gui.close()
        self._context.destroy(linger=0)

    def word(self, sample: int | NDArray[np.int64]) -> Any:
        """The TTL lines at a sample."""
        return (np.asarray(sample) // self._ttl_samples % 2 if self._ttl_samples else np.zeros_like(sample)).astype(np.uint16)


class FalconPeer(_Plugin):
    """Falcon Output: a message holds all channels of a block. See :class:`_Plugin`."""

    via = "falcon"

    def packets(self, samples: NDArray[np.float32]) -> list[Packet]:
        first, self.counter = self.counter, self.counter + len(samples)
        self.message_number += 1
        codes = self.word(np.arange(first, self.counter))
        return [(falcon_message(FalconBlock(self.stream, first, samples.T, codes, int(self.played.fs_hz), self.message_number)),)]


class ZmqInterfacePeer(_Plugin):
    """ZMQ Interface: a message holds one channel of a block. See :class:`_Plugin`."""

    via = "zmq"

    def packets(self, samples: NDArray[np.float32]) -> list[Packet]:
        first, self.counter = self.counter, self.counter + len(samples)
        found: list[Packet] = []
        codes = self.word(np.arange(first - 1, self.counter)) if first else self.word(np.arange(self.counter))
        for i in np.flatnonzero(np.diff(codes)).tolist():
            at = first + i + (0 if first else 1)
            found.append(tuple(encode_ttl(Ttl(self.stream, at, 0, bool(self.word(at)), int(self.word(at)), self._number()))))
        for i, name in enumerate(self.played.channel_names):
            data = ChannelData(self.stream, i, name, first, samples[:, i], self.played.fs_hz, self._number())
            found.append(tuple(encode_data(data)))
        return found

    def restart(self) -> None:
        super().restart()
        self.message_number = 0

    def _number(self) -> int:
        self.message_number += 1
        return self.message_number
