"""What the engine's thread does with a board, without the GIL or a lock: whole frames of fire, heartbeat and abort."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from wavestim.hardware.firmware.c_core cimport wl_frame_encode, wl_put32
from wavestim.hardware.lights.wavelight.line cimport NO_PATTERN_C, NO_SEQ_C, TOO_MANY_C, Line, line_emit, line_now
from wavestim.hardware.lights.wavelight.openfires cimport (
    CLAIMED, SENT, Fire, OpenFires, fires_enter, fires_leave, seq_release, seq_take,
)
from wavestim.hardware.lights.wavelight.shared cimport load, store

cdef enum:
    T_FIRE_AT = 0x06
    T_ABORT = 0x09
    T_HEARTBEAT = 0x0A


cdef struct State:
    Line line
    OpenFires open
    int64_t tick_ns
    uint8_t known[256]   # slots that hold a committed pattern,
    uint8_t gen[256]     # and its generation


cdef inline int fire_out(void* ctx, int32_t decision, uint8_t slot, uint8_t flags, int64_t device_ns) noexcept nogil:
    """``LightPort.fire``: 0, or why no frame went out."""
    cdef State* s = <State*>ctx
    cdef uint8_t payload[7]
    cdef Fire* f
    cdef int seq, rc
    if not load(&s.known[slot]) or s.tick_ns <= 0:
        return NO_PATTERN_C
    if not fires_enter(&s.open):
        return TOO_MANY_C
    seq = seq_take(&s.open, CLAIMED)
    if seq < 0:
        fires_leave(&s.open)
        return NO_SEQ_C
    payload[0] = slot
    payload[1] = s.gen[slot]
    wl_put32(payload + 2, <uint32_t>((device_ns + s.tick_ns // 2) // s.tick_ns))
    payload[6] = flags
    f = &s.open.fires[seq]
    f.decision = decision
    f.slot = slot
    f.flags = flags
    f.retried = 0
    f.device_ns = device_ns
    f.size = <uint8_t>wl_frame_encode(T_FIRE_AT, <uint8_t>seq, payload, 7, f.frame)
    f.host_ns = line_now(&s.line)
    store(&s.open.use[seq], SENT)
    rc = line_emit(&s.line, f.frame, f.size)
    if rc < 0:
        seq_release(&s.open, seq)
    return rc


cdef inline int heartbeat_out(void* ctx, uint32_t counter) noexcept nogil:
    """``LightPort.heartbeat``."""
    cdef uint8_t payload[4]
    cdef uint8_t frame[16]
    wl_put32(payload, counter)
    return line_emit(&(<State*>ctx).line, frame, wl_frame_encode(T_HEARTBEAT, 0, payload, 4, frame))


cdef inline int abort_out(void* ctx) noexcept nogil:
    """``LightPort.abort``."""
    cdef uint8_t frame[16]
    frame[0] = 0  # whatever half frame stands before it, this one is read
    return line_emit(&(<State*>ctx).line, frame, 1 + wl_frame_encode(T_ABORT, 0, NULL, 0, frame + 1))
