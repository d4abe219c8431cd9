# distutils: sources = hardware/firmware/core/wl_frame.c
"""The frame codec of WL1 for Python: a thin door to the C that firmware and driver share, for tools and tests."""
from libc.stdint cimport uint8_t

from wavestim.hardware.firmware.c_core cimport (
    WL_FRAME_CRC,
    WL_MAX_PAYLOAD,
    WL_MAX_RAW,
    WL_MAX_WIRE,
    wl_cobs_decode,
    wl_cobs_encode,
    wl_crc16,
    wl_frame,
    wl_frame_decode,
    wl_frame_encode,
)

MAX_PAYLOAD = WL_MAX_PAYLOAD
MAX_WIRE = WL_MAX_WIRE


class FrameError(ValueError):
    """Bytes that are not a frame."""


def crc16(const uint8_t[::1] data not None):
    """CRC-16/CCITT-FALSE (init 0xFFFF) of the bytes."""
    return wl_crc16(0xFFFF, &data[0] if data.shape[0] else NULL, data.shape[0])


def cobs_encode(const uint8_t[::1] data not None):
    """One COBS block without its delimiter; at most 253 bytes go in."""
    cdef uint8_t out[256]
    if data.shape[0] > 253:
        raise FrameError(f"a COBS block takes at most 253 bytes, not {data.shape[0]}")
    cdef size_t n = wl_cobs_encode(&data[0] if data.shape[0] else NULL, data.shape[0], out)
    return out[:n]


def cobs_decode(const uint8_t[::1] block not None):
    """The bytes of one COBS block (no delimiter)."""
    cdef uint8_t out[256]
    cdef int n = wl_cobs_decode(&block[0] if block.shape[0] else NULL, block.shape[0], out, 256)
    if n < 0:
        raise FrameError("malformed COBS block")
    return out[:n]


def encode(int type, int seq, payload=b""):
    """A whole frame with its delimiter."""
    cdef uint8_t out[WL_MAX_WIRE]
    cdef bytes body = bytes(payload)
    cdef size_t n = wl_frame_encode(<uint8_t>type, <uint8_t>seq, <const uint8_t*>(<const char*>body), len(body), out)
    if n == 0:
        raise FrameError(f"a frame carries at most {MAX_PAYLOAD} bytes, not {len(body)}")
    return out[:n]


def decode(const uint8_t[::1] wire not None):
    """(type, seq, payload) of a frame without its delimiter; FrameError when it is damaged."""
    cdef uint8_t raw[WL_MAX_RAW]
    cdef wl_frame f
    cdef int error = wl_frame_decode(&wire[0] if wire.shape[0] else NULL, wire.shape[0], raw, &f)
    if error:
        raise FrameError("frame with a wrong CRC" if error == WL_FRAME_CRC else "frame of a wrong length")
    return f.type, f.seq, f.payload[:f.size]
