"""From sample time to device time: hands a decision to the light port, or records that it would have been late.

The device fires on its own clock, so the operating system's jitter costs nothing while the frame arrives before the moment. The clock map is
fitted elsewhere and published here through a sequence lock: the engine's thread never waits for it.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdlib cimport calloc, free

import numpy as np

from wavestim.realtime.atomics cimport acquire, fence, release

OUTCOMES = ("sent", "missed", "no-clock", "not-sent", "stalled")
DISPATCH = np.dtype(
    [("decision", "i8"), ("device_ns", "i8"), ("block_ns", "i8"), ("taken_ns", "i8"), ("decided_ns", "i8"), ("written_ns", "i8"),
     ("margin_us", "f8"), ("outcome", "U8")]
)


cdef class Scheduler:

    def __cinit__(self, port, double min_lead_us, double max_uncertainty_us=250.0, int hand_slot=255):
        """
        Parameters
        ----------
        port : capsule ``wavestim.LightPort``; its owner must outlive this object.
        min_lead_us : what the device and the wire need between the write and the start of the light.
        max_uncertainty_us : with a clock less certain than this nothing is scheduled.
        hand_slot : of the board, for all patterns beyond the plan: whoever asks for one uploads it first.
        """
        self.port_owner = port
        self.port = <LightPort*>PyCapsule_GetPointer(port, "wavestim.LightPort")
        self.min_lead_us = min_lead_us
        self.max_uncertainty_us = max_uncertainty_us
        self.hand_slot = hand_slot
        self.ring = <Dispatch*>calloc(DISPATCHES, sizeof(Dispatch))

    def __dealloc__(self):
        free(self.ring)

    def publish_clock(self, double sample0, double device_ns_at_sample0, double ns_per_sample, double host_ns0, double device_ns_at_host0,
                      double device_per_host, double uncertainty_ns, bint valid=True):
        """Publish new maps (one publishing thread)."""
        release(&self.version, self.version + 1)
        fence()
        self.clock = ClockMap(sample0, device_ns_at_sample0, ns_per_sample, host_ns0, device_ns_at_host0, device_per_host, uncertainty_ns, valid)
        fence()
        release(&self.version, self.version + 1)

    cdef bint read_clock(self, ClockMap* out) noexcept nogil:
        cdef unsigned long before
        cdef int attempt
        for attempt in range(1000):
            before = acquire(&self.version)
            if before % 2 == 0:
                fence()
                out[0] = self.clock
                fence()
                if acquire(&self.version) == before:
                    return out.valid and out.uncertainty_ns <= 1000 * self.max_uncertainty_us
        return False

    cdef void dispatch(self, int64_t index, const DecisionC* d, bint dark, bint stalled, int64_t block_ns, int64_t taken_ns, int64_t now_ns) noexcept nogil:
        cdef ClockMap clock
        cdef double start, now
        cdef Dispatch* o
        if self.head - acquire(&self.tail) >= DISPATCHES:
            self.n_lost += 1
            return
        o = &self.ring[self.head % DISPATCHES]
        o.decision = index
        o.block_ns = block_ns
        o.taken_ns = taken_ns
        o.decided_ns = now_ns
        o.written_ns = now_ns
        o.device_ns = 0
        o.margin_us = 0
        if stalled:
            o.outcome = STALLED
        elif not self.read_clock(&clock):
            o.outcome = NO_CLOCK
        else:
            start = clock.device_ns_at_sample0 + (d.start_sample - clock.sample0) * clock.ns_per_sample
            now = clock.device_ns_at_host0 + (now_ns - clock.host_ns0) * clock.device_per_host
            o.device_ns = <int64_t>(start + 0.5)
            o.margin_us = (start - now) / 1000 - self.min_lead_us
            if o.margin_us < 0:
                o.outcome = MISSED
            elif self.port.fire(self.port.ctx, <int>index, <unsigned char>min(d.slot, self.hand_slot), 1 if dark else 0, o.device_ns) != 0:
                o.outcome = NOT_SENT
            else:
                o.outcome = SENT

    cdef void written(self, int64_t now_ns) noexcept nogil:
        """The frame of the last :meth:`dispatch` has been handed over: the record is complete and can be taken."""
        if self.head - acquire(&self.tail) < DISPATCHES:
            self.ring[self.head % DISPATCHES].written_ns = now_ns
            release(&self.head, self.head + 1)

    def take(self):
        """Dispatches since the last call, as a structured array (:data:`DISPATCH`)."""
        cdef unsigned long head = acquire(&self.head), i
        cdef Dispatch* d
        out = np.zeros(head - self.tail, DISPATCH)
        for i in range(head - self.tail):
            d = &self.ring[(self.tail + i) % DISPATCHES]
            out[i] = (d.decision, d.device_ns, d.block_ns, d.taken_ns, d.decided_ns, d.written_ns, d.margin_us, OUTCOMES[d.outcome])
        release(&self.tail, head)
        return out
