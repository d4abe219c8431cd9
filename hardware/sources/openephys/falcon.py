"""Falcon Output of the Open Ephys GUI: a message is a FlatBuffer with a block of all selected channels. Pure: bytes to block, and back.

The schema (falcon-output, ``channel.fbs``): samples [float] channel after channel, event_codes [ushort], stream, n_channels, n_samples,
sample_num, timestamp, message_id, sample_rate. It has no file identifier and no checksum.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._flatbuffer import F64, U32, U64, RootTable
from .garbled import GarbledError

MOST_CHANNELS, MOST_SAMPLES = 5000, 65536
LARGEST_COUNTER = 2**62
SAMPLES, EVENT_CODES, STREAM, N_CHANNELS, N_SAMPLES, SAMPLE_NUM, TIMESTAMP, MESSAGE_ID, SAMPLE_RATE = range(9)
_TABLE = struct.Struct("<iIIIQdQIII")
_PLACES = {
    SAMPLES: 4,
    EVENT_CODES: 8,
    STREAM: 12,
    SAMPLE_NUM: 16,
    TIMESTAMP: 24,
    MESSAGE_ID: 32,
    N_CHANNELS: 40,
    N_SAMPLES: 44,
    SAMPLE_RATE: 48,
}
_TABLE_AT = 32


@dataclass(frozen=True, eq=False)
class FalconBlock:
    """One message of Falcon Output.

    Attributes
    ----------
    stream : name of the data stream.
    first_sample : the stream's counter of the first sample.
    samples : ndarray (n_channels, n_samples) of float32, uV; may be a view of the message.
    event_codes : ndarray (n_samples,) of uint16, the TTL lines 0 to 15 at each sample; empty when there are none.
    fs_hz : the rate without its fraction, as the plugin sends it.
    message_id : counts the messages from 1.
    sent_s : clock of the computer that sent it.
    """

    stream: str
    first_sample: int
    samples: NDArray[np.float32]
    event_codes: NDArray[np.uint16]
    fs_hz: int
    message_id: int
    sent_s: float = 0.0


def decode(message: bytes | memoryview) -> FalconBlock:
    """The block in a message.

    Raises
    ------
    GarbledError
        When the bytes are not a whole message of this schema.
    """
    table = RootTable(message)
    n_channels, n_samples = table.scalar(N_CHANNELS, U32), table.scalar(N_SAMPLES, U32)
    if not (0 < n_channels <= MOST_CHANNELS and 0 < n_samples <= MOST_SAMPLES):
        raise GarbledError(f"a block of {n_channels} channels by {n_samples} samples can't be")
    samples = table.vector(SAMPLES, "<f4")
    if len(samples) != n_channels * n_samples:
        raise GarbledError(f"a block of {n_channels} channels by {n_samples} samples holds {len(samples)} values")
    codes = table.vector(EVENT_CODES, "<u2")
    if len(codes) not in (0, n_samples):
        raise GarbledError(f"a block of {n_samples} samples has {len(codes)} event codes")
    first, rate = table.scalar(SAMPLE_NUM, U64), table.scalar(SAMPLE_RATE, U32)
    if first > LARGEST_COUNTER:
        raise GarbledError(f"the sample counter can't be {first}")
    if rate == 0:
        raise GarbledError("the sampling rate is 0")
    return FalconBlock(
        stream=table.text(STREAM),
        first_sample=first,
        samples=samples.reshape(n_channels, n_samples),
        event_codes=codes,
        fs_hz=rate,
        message_id=table.scalar(MESSAGE_ID, U64),
        sent_s=float(table.scalar(TIMESTAMP, F64)),
    )


def encode(block: FalconBlock) -> bytes:
    """The message of a block, numbers that are 0 left out of the table as the plugin leaves them out."""
    n_channels, n_samples = block.samples.shape
    behind: list[bytes] = []
    starts: list[int] = []
    at = _TABLE_AT + _TABLE.size
    for count, values in (
        (block.samples.size, block.samples.astype("<f4").tobytes()),
        (block.event_codes.size, block.event_codes.astype("<u2").tobytes()),
        (len(block.stream.encode()), block.stream.encode() + b"\0"),
    ):
        piece = U32.pack(count) + values
        starts.append(at)
        behind.append(piece + bytes(-len(piece) % 4))
        at += len(behind[-1])
    scalars = {
        N_CHANNELS: n_channels, N_SAMPLES: n_samples, SAMPLE_NUM: block.first_sample, TIMESTAMP: block.sent_s, MESSAGE_ID: block.message_id,
        SAMPLE_RATE: block.fs_hz,
    }  # fmt: skip
    fields = [0 if slot in scalars and not scalars[slot] else _PLACES[slot] for slot in range(9)]
    vtable = struct.pack("<11H", 4 + 2 * 9, _TABLE.size, *fields)
    distances = (start - _TABLE_AT - _PLACES[slot] for slot, start in enumerate(starts))
    table = _TABLE.pack(
        _TABLE_AT - U32.size, *distances, block.first_sample, block.sent_s, block.message_id, n_channels, n_samples, block.fs_hz
    )  # fmt: skip
    return (U32.pack(_TABLE_AT) + vtable).ljust(_TABLE_AT, b"\0") + table + b"".join(behind)
