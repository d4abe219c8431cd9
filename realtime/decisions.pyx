"""Decisions on their way out: a lock-free ring that the engine's thread writes, and the rows that whoever records them reads from it."""

from libc.stdlib cimport calloc, free

import numpy as np

from wavestim.realtime.atomics cimport acquire, release
from wavestim.realtime.records import DECISION, KINDS, MANUAL, VERDICTS


cdef class DecisionRing:

    def __cinit__(self):
        self.slots = <DecisionC*>calloc(DECISIONS, sizeof(DecisionC))

    def __dealloc__(self):
        free(self.slots)

    cdef DecisionC* next(self) noexcept nogil:
        """Where the next decision is written; it counts once it is kept."""
        return &self.slots[self.head % DECISIONS]

    cdef bint keep(self) noexcept nogil:
        """The decision in :meth:`next` stands. False: the ring is full and it is lost."""
        if self.head - acquire(&self.tail) < DECISIONS - 1:
            release(&self.head, self.head + 1)
            return True
        return False

    cdef DecisionC* newest(self) noexcept nogil:
        """The last one that was kept."""
        return &self.slots[(self.head - 1) % DECISIONS]

    def take(self, plan, trigger, by_hand=()):
        """What was kept since the last call, as a structured array (:data:`wavestim.realtime.records.DECISION`).

        Parameters
        ----------
        plan, trigger, by_hand : of the EngineConfig that the decisions were made with.
        """
        cdef unsigned long head = acquire(&self.head), i
        cdef DecisionC* d
        out = np.zeros(head - self.tail, DECISION)
        slots = (*plan.slots, *by_hand) if head != self.tail else ()
        for i in range(head - self.tail):
            d = &self.slots[(self.tail + i) % DECISIONS]
            name, offset_deg = MANUAL, 0.0
            if d.condition >= 0:
                name, offset_deg = plan.conditions[d.condition].name, plan.conditions[d.condition].offset_deg
            out[i] = (
                d.sample, d.fire_sample, d.start_sample, trigger.site, _target_deg(trigger.phase_deg, offset_deg), d.predicted_sd_deg,
                d.wave.direction_deg, d.wave.speed_mm_s, d.wave.wavelength_mm, d.wave.pgd, d.wave.frequency_hz, d.wave.amplitude_uv,
                KINDS[d.wave.kind], name, slots[d.slot].name, d.slot, d.dark, VERDICTS[d.verdict],
            )
        release(&self.tail, head)
        for name in DECISION.names:
            if DECISION[name].kind == "f":
                out[name] += 0.0                                  # -0.0 and 0.0 are one value, in every file and on every machine
        return out


def _target_deg(phase_deg, offset_deg):
    """The wanted phase of a condition, in (-180, 180]."""
    return phase_deg if offset_deg == 0 else 180 - (180 - phase_deg - offset_deg) % 360
