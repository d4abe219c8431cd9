# distutils: sources = hardware/firmware/core/wl_frame.c
"""The link to a wavelight board: frames out from any thread, frames in to one reader.

``fire``, ``heartbeat`` and ``abort`` (`enginecalls.pxd`) run on the engine thread without the GIL or a lock: they take a sequence number
(`openfires.pxd`), encode with the codec of the firmware and hand the whole frame to the line (`line.pxd`). Whether that is a descriptor in real time or a `FirmwareCore`
under a simulated clock only `read` and `wait` know besides it.
"""
import os
import select
import time

from cpython.pycapsule cimport PyCapsule_GetContext, PyCapsule_GetPointer, PyCapsule_New, PyCapsule_SetContext
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.errno cimport EAGAIN, errno
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memset
from posix.unistd cimport read

from wavestim.hardware.firmware.c_core cimport (
    WL_MAX_RAW,
    WL_MAX_WIRE,
    wl_frame,
    wl_frame_decode,
    wl_frame_encode,
)
from wavestim.hardware.firmware.emulator cimport FirmwareCore, VirtualClock, deliver
from wavestim.hardware.lights.wavelight.enginecalls cimport State, abort_out, fire_out, heartbeat_out
from wavestim.hardware.lights.wavelight.line cimport NO_LINE_C, NO_PATTERN_C, NO_SEQ_C, TOO_MANY_C, TORN_C, line_emit, line_now
from wavestim.hardware.lights.wavelight.openfires cimport ACKED, CONTROL, SENT, Fire, seq_acked, seq_release, seq_take
from wavestim.hardware.lights.wavelight.shared cimport add, load, store
from wavestim.hardware.lights.wavelight.simline cimport SimulatedLine, deliver_late
from wavestim.realtime.ports cimport LightPort

from wavestim.hardware.lights._base import LightError


NO_LINE, NO_PATTERN, TOO_MANY, NO_SEQ, TORN = NO_LINE_C, NO_PATTERN_C, TOO_MANY_C, NO_SEQ_C, TORN_C


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
    line : SimulatedLine, optional
        What lies between driver and core; without one there is only the wire time of the core.
    """

    cdef State s
    cdef LightPort _port
    cdef FirmwareCore _core
    cdef VirtualClock _clock
    cdef SimulatedLine _line
    cdef object _poll
    cdef uint8_t _rx[WL_MAX_WIRE]
    cdef int _rx_n
    cdef public int lose_back
    cdef readonly bint gone
    cdef readonly int64_t bad_frames

    def __cinit__(self, int fd=-1, FirmwareCore core=None, VirtualClock clock=None, SimulatedLine line=None):
        memset(&self.s, 0, sizeof(State))
        self.s.line.fd = fd
        self.s.open.room = 1
        if core is not None:
            if clock is None:
                raise ValueError("a core in memory needs the clock it runs under")
            self._core = core
            self._clock = clock
            self.s.line.clock_ns = &clock.now_ns
            self._line = line
            self._attach_core()
        elif fd >= 0:
            os.set_blocking(fd, False)
            self._poll = select.poll()
            self._poll.register(fd, select.POLLIN)
        self._port.ctx = &self.s
        self._port.fire = fire_out
        self._port.heartbeat = heartbeat_out
        self._port.abort = abort_out

    cdef void _attach_core(self):
        if self._line is None:
            self.s.line.host = self._core.host
            self.s.line.deliver = deliver
        else:
            self.s.line.host = &self._line.out
            self.s.line.deliver = deliver_late

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
        return line_now(&self.s.line)

    def configure(self, int64_t tick_ns, int queue_len):
        """What HELLO said: the board's tick (ns) and how many fires it holds."""
        self.s.tick_ns = tick_ns
        self.s.open.room = queue_len

    def set_generation(self, uint8_t slot, uint8_t gen):
        """The pattern in ``slot`` is committed under this generation."""
        self.s.gen[slot] = gen
        store(&self.s.known[slot], 1)

    def forget_slot(self, uint8_t slot):
        """Nothing usable is in the slot."""
        store(&self.s.known[slot], 0)

    def knows(self, uint8_t slot):
        """A pattern is committed in the slot."""
        return bool(self.s.known[slot])

    def encode(self, uint8_t type, payload=b""):
        """(seq, frame) of a command that will be answered; the seq is taken until `release`."""
        cdef uint8_t frame[WL_MAX_WIRE]
        cdef bytes body = bytes(payload)
        cdef int seq = seq_take(&self.s.open, CONTROL)
        if seq < 0:
            raise LightError("light driver: 255 questions to the board are open at once; it does not answer")
        n = wl_frame_encode(type, <uint8_t>seq, <const uint8_t*>(<const char*>body), len(body), frame)
        return seq, frame[:n]

    def write(self, const uint8_t[::1] frame not None):
        """Hand over bytes in one call; False when the line did not take them."""
        return line_emit(&self.s.line, &frame[0], frame.shape[0]) == 0

    def release(self, int seq):
        """The sequence number is free again."""
        seq_release(&self.s.open, seq)

    def fire_of(self, int seq):
        """(decision, slot, flags, device_ns, host_ns, acked, retried) of an open fire, or None."""
        cdef uint8_t use = load(&self.s.open.use[seq])
        cdef Fire* f = &self.s.open.fires[seq]
        if use < SENT:
            return None
        return f.decision, f.slot, f.flags, f.device_ns, f.host_ns, use == ACKED, bool(f.retried)

    def acked(self, int seq):
        """The board has accepted this fire."""
        seq_acked(&self.s.open, seq)

    def open_fires(self):
        """Sequence numbers of fires without an end."""
        if add(&self.s.open.outstanding, 0) == 0:
            return []
        return [k for k in range(1, 256) if load(&self.s.open.use[k]) >= SENT]

    def fire_again(self, int seq):
        """Repeat the very same frame once: the board carries it out at most once."""
        cdef Fire* f = &self.s.open.fires[seq]
        f.retried = 1
        return line_emit(&self.s.line, f.frame, f.size) == 0

    def repeat_none(self):
        """No fire that was sent so far is repeated: its order is withdrawn, and must not come after that."""
        for seq in self.open_fires():
            self.s.open.fires[seq].retried = 1

    def lose(self, int n_out):
        """Fault injection in virtual time: the next ``n_out`` frames never arrive."""
        self.s.line.lose_out = n_out

    def read(self):
        """Frames that have come: list of (host_ns, type, seq, payload). Never waits."""
        cdef uint8_t buffer[4096]
        cdef ssize_t n
        cdef int64_t now
        cdef list out = []
        if self._core is not None:
            self._core.advance(self._clock.now_ns)
            if self._line is not None and self._line.cut:
                self.gone = True
                return out
            for at, frame in self._core.transmitted() if self._line is None else self._line.arrived(self._clock.now_ns):
                if self.lose_back > 0:
                    self.lose_back -= 1
                    continue
                self._take(frame, len(frame), at, out)
            return out
        while self.s.line.fd >= 0 and not self.gone:
            n = read(self.s.line.fd, buffer, sizeof(buffer))
            if n > 0:
                now = line_now(&self.s.line)
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
            upcoming = self._core.next_ns if self._line is None else self._line.next_ns
            if upcoming is not None and upcoming < until:
                until = max(<int64_t>upcoming, self._clock.now_ns + 1000)  # time passes, whatever the board does
            self._clock.now_ns = until
            self._core.advance(until)
        elif self.s.line.fd >= 0:
            if self.gone:
                time.sleep(max(timeout_ns, 0) / 1e9)  # a line that hung up always has news
            else:
                self._poll.poll(max(timeout_ns, 0) / 1e6)

    def hang_up(self):
        """The line is not to be used any more, until `attach`."""
        self.gone = True

    def attach(self):
        """There is a line again, under the same descriptor: nothing of what was open is, and the first frame ends whatever was torn."""
        cdef int seq
        for seq in range(1, 256):
            seq_release(&self.s.open, seq)
        store(&self.s.line.torn, 1)
        self._rx_n = 0
        self.gone = False

    def detach(self):
        """The line is closed: from now on every frame is refused."""
        self.s.line.fd = -1
        self.s.line.host = NULL
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
