"""What Open Ephys sends is read as it was meant, and what is damaged is refused in one sentence, whatever the bytes are."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.refusing import refusal
from wavestim.hardware.sources import SourceError
from wavestim.hardware.sources.openephys import falcon, zmqwire
from wavestim.hardware.sources.openephys.falcon import FalconBlock
from wavestim.hardware.sources.openephys.zmqwire import ChannelData, Other, Ttl

# Made by the builder of the flatbuffers package 25.12.19 with the fields of channel.fbs; sample_num is 0 and so left out.
FOREIGN = bytes.fromhex(
    "1c000000000016002c00040008000c001000140000001c002400180016000000440000003400000020000000020000000300000030750000"
    "000000000000294011000000000000000b00000052687974686d20446174610003000000000001000300000006000000000080bf000000bf"
    "000000000000003f0000803f0000c03f"
)
floats = st.floats(width=32)


@st.composite
def falcon_blocks(draw: st.DrawFn) -> FalconBlock:
    channels, n = draw(st.integers(1, 6)), draw(st.integers(1, 9))
    values = draw(st.lists(floats, min_size=channels * n, max_size=channels * n))
    codes = draw(st.one_of(st.just([]), st.lists(st.integers(0, 65535), min_size=n, max_size=n)))
    return FalconBlock(
        stream=draw(st.text(max_size=12)),
        first_sample=draw(st.integers(0, falcon.LARGEST_COUNTER)),
        samples=np.array(values, np.float32).reshape(channels, n),
        event_codes=np.array(codes, np.uint16),
        fs_hz=draw(st.integers(1, 2**32 - 1)),
        message_id=draw(st.integers(0, 2**64 - 1)),
        sent_s=draw(st.floats(allow_nan=False)) + 0.0,  # a flat buffer has no -0.0
    )


def fields(block: object) -> list[object]:
    return [value.tolist() if isinstance(value, np.ndarray) else value for value in vars(block).values()]


def test_a_message_of_another_builder_is_read() -> None:
    block = falcon.decode(FOREIGN)
    assert block.samples.tolist() == [[-1.0, -0.5, 0.0], [0.5, 1.0, 1.5]]
    assert block.event_codes.tolist() == [0, 1, 3]
    assert (block.stream, block.first_sample, block.fs_hz, block.message_id, block.sent_s) == ("Rhythm Data", 0, 30000, 17, 12.5)


@given(falcon_blocks())
def test_falcon_round_trip(block: FalconBlock) -> None:
    again = falcon.decode(falcon.encode(block))
    assert str(fields(again)) == str(fields(block))  # as text, so that nan is nan


@given(falcon_blocks(), st.data())
def test_a_cut_falcon_message_is_refused(block: FalconBlock, data: st.DataObject) -> None:
    message = falcon.encode(block)
    tail = len(block.stream.encode()) + 1  # the string stands last: its end and padding are not needed
    end = data.draw(st.integers(0, len(message) - tail - 4))
    with pytest.raises(falcon.GarbledError):
        falcon.decode(message[:end])


def harmless(decode, message) -> None:
    assert "\n" not in refusal(SourceError, lambda: decode(message))


@settings(max_examples=300)
@given(
    st.one_of(st.just(FOREIGN), falcon_blocks().map(falcon.encode)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8)
)
def test_any_damage_to_a_falcon_message_is_refused_or_harmless(message: bytes, damage: list[tuple[float, int]]) -> None:
    changed = bytearray(message)
    for at, byte in damage:
        changed[int(at * (len(changed) - 1))] = byte
    harmless(falcon.decode, bytes(changed))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_harmless(data: bytes) -> None:
    harmless(falcon.decode, data)


@pytest.mark.parametrize(
    ("slot", "value", "words"),
    [(3, 0, "can't be"), (3, 6000, "can't be"), (4, 2, "holds 6 values"), (8, 0, "rate is 0"), (5, 2**63, "sample counter")],
)
def test_falcon_numbers_that_cannot_be(slot: int, value: int, words: str) -> None:
    message = bytearray(falcon.encode(replace(falcon.decode(FOREIGN), first_sample=5)))
    struct.pack_into("<Q" if slot == 5 else "<I", message, 32 + falcon._PLACES[slot], value)
    with pytest.raises(falcon.GarbledError, match=words):
        falcon.decode(bytes(message))


DATA = ChannelData("Rhythm Data", 3, "CH4", 640, np.arange(8, dtype=np.float32), 2500.0, 77)
TTL = Ttl("Rhythm Data", 641, 2, True, 0b100, 78)
labels = st.text(max_size=20)


@st.composite
def channel_data(draw: st.DrawFn) -> ChannelData:
    counter = st.integers(0, falcon.LARGEST_COUNTER)
    values = draw(st.lists(floats, min_size=1, max_size=20))
    rate = draw(st.floats(0.1, 1e6))
    return ChannelData(
        draw(labels), draw(st.integers(0, 4999)), draw(labels), draw(counter), np.array(values, np.float32), rate, draw(counter)
    )  # fmt: skip


@given(channel_data())
def test_zmq_data_round_trip(data: ChannelData) -> None:
    again = zmqwire.decode(zmqwire.encode_data(data))
    assert isinstance(again, ChannelData)
    assert str(fields(again)) == str(fields(data))


@given(labels, st.integers(0, 2**60), st.integers(0, 255), st.booleans(), st.integers(0, 2**64 - 1))
def test_zmq_ttl_round_trip(stream: str, sample: int, line: int, state: bool, word: int) -> None:
    event = Ttl(stream, sample, line, state, word, 5)
    assert zmqwire.decode(zmqwire.encode_ttl(event)) == event


def test_other_messages_are_whole_and_ignored() -> None:
    spike = {"message_num": 4, "type": "spike", "spike": {"stream": "a", "electrode": "SE 1", "sample_num": 9, "num_channels": 1}}
    assert zmqwire.decode([b"EVENT\0", json.dumps(spike).encode(), b"\0" * 160]) == Other(4)
    text = {"message_num": 5, "type": "event", "content": {"stream": "", "source_node": 0, "type": 5, "sample_num": 1}, "data_size": 2}
    assert zmqwire.decode([b"EVENT\0", json.dumps(text).encode(), b"hi"]) == Other(5)


@settings(max_examples=300)
@given(
    st.sampled_from([zmqwire.encode_data(DATA), zmqwire.encode_ttl(TTL)]),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1), st.one_of(st.none(), st.binary(max_size=6))), max_size=6),
)
def test_any_damage_to_a_zmq_message_is_refused_or_harmless(frames: list[bytes], damage: list[tuple[int, float, bytes | None]]) -> None:
    changed = [bytearray(frame) for frame in frames]
    for frame, at, what in damage:
        place = int(at * len(changed[frame]))
        if what is None:
            del changed[frame][place:]
        else:
            changed[frame][place : place + len(what)] = what
    harmless(zmqwire.decode, [bytes(frame) for frame in changed])


@given(st.lists(st.one_of(st.just(zmqwire.DATA), st.just(zmqwire.EVENT), st.binary(max_size=60)), max_size=4))
def test_any_frames_are_refused_or_harmless(frames: list[bytes]) -> None:
    harmless(zmqwire.decode, frames)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_samples": 0}, "num_samples"),
        ({"num_samples": 9}, "36 bytes; 32 came"),
        ({"sample_rate": "fast"}, "sample_rate"),
        ({"sample_rate": 0}, "sample_rate"),
        ({"sample_num": -1}, "sample_num"),
        ({"sample_num": 1.5}, "sample_num"),
        ({"channel_num": 99999}, "channel_num"),
        ({"stream": None}, "stream"),
    ],
)
def test_what_is_wrong_in_a_header_is_named(change: dict[str, object], words: str) -> None:
    envelope, head, payload = zmqwire.encode_data(DATA)
    header = json.loads(head)
    header["content"] |= change
    with pytest.raises(zmqwire.GarbledError, match=words):
        zmqwire.decode([envelope, json.dumps(header).encode(), payload])


def test_deep_json_is_refused() -> None:
    with pytest.raises(zmqwire.GarbledError):
        zmqwire.decode([zmqwire.DATA, b"[" * 100_000, b""])
