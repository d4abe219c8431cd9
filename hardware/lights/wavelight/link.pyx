# distutils: sources = hardware/firmware/core/wl_frame.c
"""The line to a wavelight board: frames out from any thread, frames in to one reader.

``fire``, ``heartbeat`` and ``abort`` run on the engine thread without the GIL or a lock: they take a sequence number from a table that
is claimed atomically, encode with the codec of the firmware and hand the whole frame over in one ``write``. The line is a descriptor in
real time or a `FirmwareCore` under a simulated clock; only `write`, `read` and `wait` know which.
"""
import os
import select

from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_GetPointer, PyCapsule_New, PyCapsule_SetContext
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.errno cimport EAGAIN, errno
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy, memset
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec
from posix.unistd cimport read, write

from wavestim.hardware.firmware.c_core cimport (
    WL_MAX_RAW,
    WL_MAX_WIRE,
    wl_frame,
    wl_frame_decode,
    wl_frame_encode,
    wl_host,
    wl_put32,
)
from wavestim.hardware.firmware.emulator cimport FirmwareCore, VirtualClock, deliver
from wavestim.realtime.ports cimport LightPort

from wavestim.hardware.lights._base import LightError


cdef extern from *:
    """
    static uint8_t ws_load(uint8_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    static void ws_store(uint8_t *p, uint8_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
    static int ws_claim(uint8_t *p, uint8_t v) {
        uint8_t free_ = 0;
        return __atomic_compare_exchange_n(p, &free_, v, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    static uint32_t ws_next(uint32_t *p) { return __atomic_fetch_add(p, 1, __ATOMIC_RELAXED); }
    static int32_t ws_add(int32_t *p, int32_t v) { return __atomic_add_fetch(p, v, __ATOMIC_ACQ_REL); }
    """
    uint8_t ws_load(uint8_t* p) noexcept nogil
    void ws_store(uint8_t* p, uint8_t v) noexcept nogil
    int ws_claim(uint8_t* p, uint8_t v) noexcept nogil
    uint32_t ws_next(uint32_t* p) noexcept nogil
    int32_t ws_add(int32_t* p, int32_t v) noexcept nogil


# what a sequence number is in use for
cdef enum:
    FREE = 0
    CONTROL = 1
    CLAIMED = 2
    SENT = 3  # a FIRE_AT that waits for its acknowledgement
    ACKED = 4  # ... for its event

cdef enum:
    T_FIRE_AT = 0x06
    T_ABORT = 0x09
    T_HEARTBEAT = 0x0A

# what fire, heartbeat and abort return when the frame could not be sent
cdef enum:
    NO_LINE_C = -1
    NO_PATTERN_C = -2
    TOO_MANY_C = -3
    NO_SEQ_C = -4
    TORN_C = -5

NO_LINE, NO_PATTERN, TOO_MANY, NO_SEQ, TORN = NO_LINE_C, NO_PATTERN_C, TOO_MANY_C, NO_SEQ_C, TORN_C


ctypedef struct Fire:
    int32_t decision
    uint8_t slot
    uint8_t flags
    uint8_t retried
    uint8_t size
    int64_t device_ns
    int64_t host_ns
    uint8_t frame[24]


ctypedef struct State:
    int fd  # -1: none
    int (*deliver)(void* host, const uint8_t* data, int n, int64_t at_ns) noexcept nogil  # in place of the descriptor
    void* host
    int64_t* clock_ns
    int32_t lose_out  # fault injection: frames to the board that never arrive
    uint8_t torn  # the last frame went out in part: the next one starts with a delimiter
    uint32_t next_seq
    int32_t outstanding
    int32_t queue_len
    int64_t tick_ns
    uint8_t known[256]
    uint8_t gen[256]
    uint8_t use[256]
    Fire fires[256]


cdef int64_t _now(State* s) noexcept nogil:
    cdef timespec t
    if s.clock_ns is not NULL:
        return s.clock_ns[0]
    clock_gettime(CLOCK_MONOTONIC, &t)
    return <int64_t>t.tv_sec * 1_000_000_000 + t.tv_nsec


cdef int _emit(State* s, const uint8_t* frame, size_t n) noexcept nogil:
    cdef uint8_t buffer[WL_MAX_WIRE + 1]
    cdef ssize_t done
    if s.host is not NULL:
        if s.lose_out > 0:
            s.lose_out -= 1
            return 0
        return 0 if s.deliver(s.host, frame, <int>n, s.clock_ns[0]) == <int>n else TORN_C
    if s.fd < 0:
        return NO_LINE_C
    if ws_load(&s.torn):
        buffer[0] = 0
        memcpy(buffer + 1, frame, n)
        done = write(s.fd, buffer, n + 1)
        if done == <ssize_t>(n + 1):
            ws_store(&s.torn, 0)
            return 0
    else:
        done = write(s.fd, frame, n)
        if done == <ssize_t>n:
            return 0
    if done > 0:
        ws_store(&s.torn, 1)
        return TORN_C
    return NO_LINE_C


cdef int _claim(State* s, uint8_t use) noexcept nogil:
    """A free sequence number, or -1. 0 is left to frames without an answer."""
    cdef int k
    cdef uint8_t seq
    for k in range(256):
        seq = <uint8_t>ws_next(&s.next_seq)
        if seq != 0 and ws_claim(&s.use[seq], use):
            return seq
    return -1


cdef int _fire(void* ctx, int32_t decision, uint8_t slot, uint8_t flags, int64_t device_ns) noexcept nogil:
    cdef State* s = <State*>ctx
    cdef uint8_t payload[7]
    cdef Fire* f
    cdef int seq, rc
    if not ws_load(&s.known[slot]) or s.tick_ns <= 0:
        return NO_PATTERN_C
    if ws_add(&s.outstanding, 1) > s.queue_len:
        ws_add(&s.outstanding, -1)
        return TOO_MANY_C
    seq = _claim(s, CLAIMED)
    if seq < 0:
        ws_add(&s.outstanding, -1)
        return NO_SEQ_C
    payload[0] = slot
    payload[1] = s.gen[slot]
    wl_put32(payload + 2, <uint32_t>((device_ns + s.tick_ns // 2) // s.tick_ns))
    payload[6] = flags
    f = &s.fires[seq]
    f.decision = decision
    f.slot = slot
    f.flags = flags
    f.retried = 0
    f.device_ns = device_ns
    f.size = <uint8_t>wl_frame_encode(T_FIRE_AT, <uint8_t>seq, payload, 7, f.frame)
    f.host_ns = _now(s)
    ws_store(&s.use[seq], SENT)
    rc = _emit(s, f.frame, f.size)
    if rc < 0:
        ws_store(&s.use[seq], FREE)
        ws_add(&s.outstanding, -1)
    return rc


cdef int _heartbeat(void* ctx, uint32_t counter) noexcept nogil:
    cdef uint8_t payload[4]
    cdef uint8_t frame[16]
    wl_put32(payload, counter)
    return _emit(<State*>ctx, frame, wl_frame_encode(T_HEARTBEAT, 0, payload, 4, frame))


cdef int _abort(void* ctx) noexcept nogil:
    cdef uint8_t frame[16]
    frame[0] = 0  # whatever half frame stands before it, this one is read
    return _emit(<State*>ctx, frame, 1 + wl_frame_encode(T_ABORT, 0, NULL, 0, frame + 1))


cdef void _release_owner(object capsule) noexcept:
    Py_DECREF(<object>PyCapsule_GetContext(capsule))


cdef class Link:
    """A line to one board; give it either a descriptor or a core with its clock.

    Parameters
    ----------
    fd : int
        Descriptor of an open line, non-blocking; -1 for none.
    core, clock : FirmwareCore, VirtualClock
        The board in memory and the simulated host time; `wait` moves both.
    """

    cdef State s
    cdef LightPort _port
    cdef FirmwareCore _core
    cdef VirtualClock _clock
    cdef object _poll
    cdef uint8_t _rx[WL_MAX_WIRE]
    cdef int _rx_n
    cdef public int lose_back
    cdef readonly bint gone
    cdef readonly int64_t bad_frames

    def __cinit__(self, int fd=-1, FirmwareCore core=None, VirtualClock clock=None):
        memset(&self.s, 0, sizeof(State))
        self.s.fd = fd
        self.s.queue_len = 1
        if core is not None:
            if clock is None:
                raise ValueError("a core in memory needs the clock it runs under")
            self._core = core
            self._clock = clock
            self.s.host = core.host
            self.s.clock_ns = &clock.now_ns
            self.s.deliver = deliver
        elif fd >= 0:
            os.set_blocking(fd, False)
            self._poll = select.poll()
            self._poll.register(fd, select.POLLIN)
        self._port.ctx = &self.s
        self._port.fire = _fire
        self._port.heartbeat = _heartbeat
        self._port.abort = _abort

    def port(self):
        """The capsule ``wavestim.LightPort``; it keeps this link alive."""
        capsule = PyCapsule_New(&self._port, b"wavestim.LightPort", _release_owner)
        Py_INCREF(self)
        PyCapsule_SetContext(capsule, <PyObject*>self)
        return capsule

    @property
    def virtual(self):
        """Time is simulated and moves with the waits of this link."""
        return self._core is not None

    def now_ns(self):
        """Host time, ns."""
        return _now(&self.s)

    def configure(self, int64_t tick_ns, int queue_len):
        """What HELLO said: the board's tick (ns) and how many fires it holds."""
        self.s.tick_ns = tick_ns
        self.s.queue_len = queue_len

    def set_generation(self, uint8_t slot, uint8_t gen):
        """The pattern in ``slot`` is committed under this generation."""
        self.s.gen[slot] = gen
        ws_store(&self.s.known[slot], 1)

    def forget_slot(self, uint8_t slot):
        """Nothing usable is in the slot."""
        ws_store(&self.s.known[slot], 0)

    def knows(self, uint8_t slot):
        """A pattern is committed in the slot."""
        return bool(self.s.known[slot])

    def encode(self, uint8_t type, payload=b""):
        """(seq, frame) of a command that will be answered; the seq is taken until `release`."""
        cdef uint8_t frame[WL_MAX_WIRE]
        cdef bytes body = bytes(payload)
        cdef int seq = _claim(&self.s, CONTROL)
        if seq < 0:
            raise LightError("light driver: 255 questions to the board are open at once; it does not answer")
        n = wl_frame_encode(type, <uint8_t>seq, <const uint8_t*>(<const char*>body), len(body), frame)
        return seq, frame[:n]

    def write(self, const uint8_t[::1] frame not None):
        """Hand over bytes in one call; False when the line did not take them."""
        return _emit(&self.s, &frame[0], frame.shape[0]) == 0

    def release(self, int seq):
        """The sequence number is free again."""
        if ws_load(&self.s.use[seq]) >= SENT:
            ws_add(&self.s.outstanding, -1)
        ws_store(&self.s.use[seq], FREE)

    def fire_of(self, int seq):
        """(decision, slot, flags, device_ns, host_ns, acked, retried) of an open fire, or None."""
        cdef uint8_t use = ws_load(&self.s.use[seq])
        cdef Fire* f = &self.s.fires[seq]
        if use < SENT:
            return None
        return f.decision, f.slot, f.flags, f.device_ns, f.host_ns, use == ACKED, bool(f.retried)

    def acked(self, int seq):
        """The board has accepted this fire."""
        if ws_load(&self.s.use[seq]) == SENT:
            ws_store(&self.s.use[seq], ACKED)

    def open_fires(self):
        """Sequence numbers of fires without an end."""
        if ws_add(&self.s.outstanding, 0) == 0:
            return []
        return [k for k in range(1, 256) if ws_load(&self.s.use[k]) >= SENT]

    def fire_again(self, int seq):
        """Repeat the very same frame once: the board carries it out at most once."""
        cdef Fire* f = &self.s.fires[seq]
        f.retried = 1
        return _emit(&self.s, f.frame, f.size) == 0

    def lose(self, int n_out):
        """Fault injection in virtual time: the next ``n_out`` frames never arrive."""
        self.s.lose_out = n_out

    def read(self):
        """Frames that have come: list of (host_ns, type, seq, payload). Never waits."""
        cdef uint8_t buffer[4096]
        cdef ssize_t n
        cdef int64_t now
        cdef list out = []
        if self._core is not None:
            self._core.advance(self._clock.now_ns)
            for at, frame in self._core.transmitted():
                if self.lose_back > 0:
                    self.lose_back -= 1
                    continue
                self._take(frame, len(frame), at, out)
            return out
        while self.s.fd >= 0 and not self.gone:
            n = read(self.s.fd, buffer, sizeof(buffer))
            if n > 0:
                now = _now(&self.s)
                self._take(buffer, n, now, out)
                continue
            # with VMIN = 0 "nothing there" reads as 0; only poll tells it from a hang-up
            if n < 0 and errno != EAGAIN:
                self.gone = True
            elif any(what & ~select.POLLIN for _, what in self._poll.poll(0)):
                self.gone = True
            break
        return out

    cdef void _take(self, const uint8_t* data, ssize_t n, int64_t at, list out) except *:
        cdef ssize_t k
        cdef uint8_t raw[WL_MAX_RAW]
        cdef wl_frame f
        for k in range(n):
            if data[k] != 0:
                if self._rx_n < <int>WL_MAX_WIRE:
                    self._rx[self._rx_n] = data[k]
                self._rx_n = min(self._rx_n + 1, <int>WL_MAX_WIRE + 1)
                continue
            if self._rx_n > 0:
                if self._rx_n <= <int>WL_MAX_WIRE and wl_frame_decode(self._rx, self._rx_n, raw, &f) == 0:
                    out.append((at, f.type, f.seq, f.payload[:f.size]))
                else:
                    self.bad_frames += 1
            self._rx_n = 0

    def wait(self, int64_t timeout_ns):
        """Let time pass until something may have come, at most ``timeout_ns``."""
        cdef int64_t until
        if self._core is not None:
            until = self._clock.now_ns + timeout_ns
            upcoming = self._core.next_ns
            if upcoming is not None and upcoming < until:
                until = max(<int64_t>upcoming, self._clock.now_ns + 1000)  # time passes, whatever the board does
            self._clock.now_ns = until
            self._core.advance(until)
        elif self.s.fd >= 0:
            self._poll.poll(max(timeout_ns, 0) / 1e6)

    def detach(self):
        """The line is closed: from now on every frame is refused."""
        self.s.fd = -1
        self.s.host = NULL
        self.gone = True


def press(capsule, str what, int decision=0, int slot=0, int flags=0, int64_t value=0):
    """Call one function of a light port from Python (tools and tests): ``fire`` (value: device ns), ``heartbeat`` (value: count), ``abort``."""
    cdef LightPort* port = <LightPort*>PyCapsule_GetPointer(capsule, b"wavestim.LightPort")
    if what == "fire":
        return port.fire(port.ctx, decision, <uint8_t>slot, <uint8_t>flags, value)
    if what == "heartbeat":
        return port.heartbeat(port.ctx, <uint32_t>value)
    if what == "abort":
        return port.abort(port.ctx)
    raise ValueError(f"a light port has fire, heartbeat and abort, not {what!r}")
