"""The frame codec: what goes wrong here makes every command a gamble."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wavestim.hardware.firmware import codec


def reference_cobs(data: bytes) -> bytes:
    out = bytearray()
    for piece in (data + b"\0").split(b"\0")[:-1]:
        out.append(len(piece) + 1)
        out += piece
    return bytes(out)


def test_crc_check_value():
    assert codec.crc16(b"123456789") == 0x29B1


@given(st.binary(max_size=300))
def test_crc_is_ccitt_false(data):
    assert codec.crc16(data) == binascii.crc_hqx(data, 0xFFFF)


@given(st.binary(max_size=253))
def test_cobs_round_trip_against_a_reference(data):
    block = codec.cobs_encode(data)
    assert block == reference_cobs(data)
    assert 0 not in block
    assert codec.cobs_decode(block) == data


@given(st.binary(max_size=256))
def test_cobs_decoder_never_reads_past_the_end(block):
    try:
        data = codec.cobs_decode(block)
    except codec.FrameError:
        return
    assert len(data) < max(len(block), 1)


@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=244))
def test_frame_round_trip(kind, seq, payload):
    wire = codec.encode(kind, seq, payload)
    assert wire.index(0) == len(wire) - 1
    assert codec.decode(wire[:-1]) == (kind, seq, payload)


@given(st.binary(max_size=244), st.data())
def test_one_changed_byte_is_always_noticed(payload, data):
    wire = bytearray(codec.encode(6, 9, payload)[:-1])
    k = data.draw(st.integers(0, len(wire) - 1))
    wire[k] = data.draw(st.integers(1, 255).filter(lambda v: v != wire[k]))
    try:
        got = codec.decode(wire)
    except codec.FrameError:
        return
    # a changed COBS code can move a zero: that is more than one byte of the message, which the CRC catches but for 1 in 65536
    assert got != (6, 9, payload)


@pytest.mark.parametrize(("n", "fine"), [(244, True), (245, False)])
def test_the_longest_payload(n, fine):
    if fine:
        assert len(codec.encode(1, 2, b"\1" * n)) == codec.MAX_WIRE
    else:
        with pytest.raises(codec.FrameError, match="at most 244 bytes, not 245"):
            codec.encode(1, 2, b"\1" * n)


def test_sizes_on_the_wire_are_those_of_the_protocol():
    assert len(codec.encode(6, 1, bytes(7))) == 13  # FIRE_AT
    assert len(codec.encode(2, 1, bytes(4))) == 10  # PING
    assert len(codec.encode(0x82, 1, bytes(12))) == 18  # PONG
    assert len(codec.encode(0x83, 1, bytes(5))) == 11  # ACK with its type
