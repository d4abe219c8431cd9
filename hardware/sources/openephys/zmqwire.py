"""ZMQ Interface of the Open Ephys GUI: a message is two or three frames and holds one channel. Pure: frames in, meaning out, and back.

Frames: an envelope (``DATA`` or ``EVENT`` with a NUL), a JSON header, then float32 samples or the bytes of an event. Layout: zmq-interface,
version 0.6 and newer.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .falcon import LARGEST_COUNTER, MOST_CHANNELS, MOST_SAMPLES
from .garbled import GarbledError

DATA, EVENT = b"DATA\0", b"EVENT\0"
TTL_TYPE = 3
_TTL = struct.Struct("<BBQ")

Counter = Annotated[int, Field(ge=0, le=LARGEST_COUNTER)]
Label = Annotated[str, Field(max_length=256)]


class _Header(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)
    message_num: Counter
    data_size: Counter = 0


class _DataContent(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)
    stream: Label
    channel_num: Annotated[int, Field(ge=0, lt=MOST_CHANNELS)]
    channel_name: Label
    num_samples: Annotated[int, Field(gt=0, le=MOST_SAMPLES)]
    sample_num: Counter
    sample_rate: Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


class _DataHeader(_Header):
    type: Literal["data"]
    content: _DataContent


class _EventContent(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)
    stream: Label
    type: int
    sample_num: Counter


class _EventHeader(_Header):
    type: Literal["event"]
    content: _EventContent


class _SpikeHeader(_Header):
    type: Literal["spike"]


@dataclass(frozen=True, eq=False)
class ChannelData:
    """One channel of one block.

    Attributes
    ----------
    stream, channel, name : which channel of which stream; ``channel`` is its index in the stream.
    first_sample : the stream's counter of the first sample.
    samples : ndarray (n_samples,) of float32, uV; may be a view of the frame.
    fs_hz : samples a second.
    message_num : counts all messages since acquisition began.
    """

    stream: str
    channel: int
    name: str
    first_sample: int
    samples: NDArray[np.float32]
    fs_hz: float
    message_num: int


@dataclass(frozen=True)
class Ttl:
    """A line of a stream changed.

    Attributes
    ----------
    stream : str
    sample : the stream's counter.
    line : from 0 on.
    state : on or off.
    word : all lines after it, bit 0 is line 0.
    message_num : counts all messages since acquisition began.
    """

    stream: str
    sample: int
    line: int
    state: bool
    word: int
    message_num: int


@dataclass(frozen=True)
class Other:
    """A message that is whole and of no use here: a spike, a text, an event of another type."""

    message_num: int


def decode(frames: Sequence[bytes | memoryview]) -> ChannelData | Ttl | Other:
    """What a message says.

    Raises
    ------
    GarbledError
        When the frames are not a whole message of this protocol.
    """
    if not 2 <= len(frames) <= 3:
        raise GarbledError(f"a message of {len(frames)} frames; ZMQ Interface sends 2 or 3")
    envelope, head = bytes(frames[0]).rstrip(b"\0"), bytes(frames[1])
    payload = frames[2] if len(frames) == 3 else b""
    if envelope == b"DATA":
        return _data(_validated(_DataHeader, head), payload)
    if envelope != b"EVENT":
        raise GarbledError("a message that is neither DATA nor EVENT")
    if b'"spike"' in head:
        return Other(_validated(_SpikeHeader, head).message_num)
    return _event(_validated(_EventHeader, head), payload)


def _data(header: _DataHeader, payload: bytes | memoryview) -> ChannelData:
    content = header.content
    size = 4 * content.num_samples
    if not len(payload) == header.data_size == size:
        raise GarbledError(f"{content.num_samples} samples are {size} bytes; {len(payload)} came and {header.data_size} were announced")
    return ChannelData(
        content.stream, content.channel_num, content.channel_name, content.sample_num, np.frombuffer(payload, "<f4"), content.sample_rate,
        header.message_num,
    )  # fmt: skip


def _event(header: _EventHeader, payload: bytes | memoryview) -> Ttl | Other:
    if len(payload) != header.data_size:
        raise GarbledError(f"an event of {header.data_size} bytes came with {len(payload)}")
    if header.content.type != TTL_TYPE:
        return Other(header.message_num)
    if len(payload) != _TTL.size:
        raise GarbledError(f"a TTL event of {len(payload)} bytes; it has {_TTL.size}")
    line, state, word = _TTL.unpack(payload)
    return Ttl(header.content.stream, header.content.sample_num, line, bool(state), word, header.message_num)


_H = TypeVar("_H", bound=BaseModel)


def _validated(kind: type[_H], head: bytes) -> _H:
    try:
        return kind.model_validate_json(head)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(key) for key in first["loc"]) or "header"
        raise GarbledError(f"{place}: {first['msg']}") from None


def encode_data(data: ChannelData) -> list[bytes]:
    """The frames of one channel of a block."""
    payload = data.samples.astype("<f4").tobytes()
    content = {
        "stream": data.stream, "channel_num": data.channel, "channel_name": data.name, "num_samples": len(data.samples),
        "sample_num": data.first_sample, "sample_rate": data.fs_hz,
    }  # fmt: skip
    return [DATA, _header(data.message_num, "data", content, len(payload)), payload]


def encode_ttl(ttl: Ttl) -> list[bytes]:
    """The frames of a TTL event."""
    content = {"stream": ttl.stream, "source_node": 100, "type": TTL_TYPE, "sample_num": ttl.sample}
    payload = _TTL.pack(ttl.line, ttl.state, ttl.word)
    return [EVENT, _header(ttl.message_num, "event", content, len(payload)), payload]


def _header(message_num: int, kind: str, content: dict[str, Any], size: int) -> bytes:
    return json.dumps({"message_num": message_num, "type": kind, "content": content, "data_size": size, "timestamp": 0}).encode()
