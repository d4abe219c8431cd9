"""The tick: one sample in, at most one decision out, and the order in which that happens.

Per sample, without the GIL, allocation or locks: condition, project on the smooth modes, advance the wave model, describe the wave, look for
the trigger. What a clock or a person decides enters only as an input event keyed by sample counter, and is written down.
"""

from wavestim.realtime.fmath cimport fabs, log
from wavestim.realtime.inputevents cimport (
    IN_ARM, IN_DISARM, IN_GATE, IN_HORIZON, IN_MASK, IN_PAUSE, IN_RESUME, IN_SHUT, IN_TEST, InputEvent, event_done, event_next, event_put,
)
from wavestim.realtime.lightmasks cimport mask_add, mask_meets, masks_back
from wavestim.realtime.ports cimport FLOAT32_UV
from wavestim.realtime.staleness cimport COVARIANCE, LEVEL
from wavestim.realtime.trigger cimport SCHEDULED, DecisionC
from wavestim.realtime.whitening cimport RMAX

cdef double LOUDER = 0.45          # log of power: noise that changed by so much is louder or softer, whatever else it is
cdef double GAP_RESET_S = 2.0      # after a longer gap the wave is forgotten


cdef class Tick:

    cdef int step(self, const void* x, SampleKind kind, int64_t n) noexcept nogil:
        """One sample of the source. Returns 1 when a decision was made (scheduled or vetoed)."""
        cdef int lost, live, why
        cdef bint masked
        cdef const InputEvent* e
        cdef double expected[RMAX]
        if not self.started:
            self.started = True
            self.next_sample = n
            if self.trigger is not None:
                self.trigger.begins(n)
        if n != self.next_sample:
            self.skip(n)
        self.next_sample = n + 1
        self.n_samples += 1
        e = event_next(&self.posted)
        while e != NULL and e.sample <= n:
            self.apply_event(e.kind, e.value, n)
            event_done(&self.posted)
            e = event_next(&self.posted)
        if not (self.conditioner.accept(<const float*>x) if kind == FLOAT32_UV else self.conditioner.accept_raw(<const int16_t*>x)):
            return 0
        self.n_ticks += 1
        if self.model is None:
            self.warm_up.keep(&self.conditioner.out[0])
            if self.trace is not None:
                self.trace.learning(n)
            return 0
        lost = self.projection.missing_now(&self.conditioner.missing[0])
        live = self.projection.n_used - lost
        if lost:
            self.model.next_modes(expected)
        self.projection.project(&self.conditioner.out[0], &self.conditioner.missing[0], expected, &self.y[0])
        masked = 2 * live < self.projection.n_used - 1 or live == 0 or mask_meets(&self.masks, n - (self.conditioner.taps - 1), n)
        self.model.own(&self.projection.filled[0], &self.conditioner.missing[0] if lost else NULL, &self.y[0], masked)
        self.model.tick(&self.y[0], masked)
        self.watch.tick(self.model, masked, lost)
        self.warm_up.follow(&self.conditioner.out[0], masked, self.model.whitener.novelty.n_changed, self.watch.why)
        why = self.watch.why
        if self.warm_up.renewing and why == 0:                    # the whitener saw it before the watch had enough to judge by
            why = self.stale_why
            if why == 0:
                self.noise_change = log(self.model.whitener.gain)
                why = 1 << LEVEL if fabs(self.noise_change) > LOUDER else 1 << COVARIANCE
        if why != self.stale_why:
            self.stale_why = why
            self.stale_sample = n
        return self.tick(n)

    cdef int tick(self, int64_t n) noexcept nogil:
        """What follows from the model's tick: description, trace, decision."""
        cdef DecisionC* d
        cdef int made = 0
        cdef bint held = not self.armed or self.paused, deciding
        self.since_description -= 1
        if self.since_description <= 0:
            self.since_description = self.describe_every
            self.describer.describe(self.model.rec)
            self.wave = self.describer.wave
        if self.settle_ticks > 0:
            self.settle_ticks -= 1
        if self.trace is not None:
            self.trace.add(n, self.model, &self.wave, self.settle_ticks == 0, self.stale_why != 0)
        if self.telemetry is not None:
            self.telemetry.tick(n, self.model, &self.wave, self.settle_ticks == 0, self.stale_why != 0)
        if self.trigger is None:
            return 0
        deciding = not held and self.settle_ticks == 0
        if not deciding:
            self.trigger.forget()
        d = self.decisions.next()
        if self.test_due:
            self.test_due = False
            made = self.trigger.by_hand(n, self.test_asked, held, &self.wave, d)
        elif deciding:
            made = self.trigger.tick_decide(n, self.model, &self.wave, self.conditioner.delay_samples / self.fs, d)
        if made:
            if d.verdict == SCHEDULED and self.masks_own_light:
                mask_add(&self.masks, d.start_sample - 1, d.start_sample + self.trigger.duration_s[d.slot] * self.fs + self.mask_tail)
            if self.decisions.keep():
                self.n_decisions += 1
            else:                                                 # nobody writes decisions down: what is not recorded is not fired
                self.n_lost_decisions += 1
                made = 0
        return made

    cdef void skip(self, int64_t n) noexcept nogil:
        """Samples are missing: the model coasts through the gap, and forgets the wave when it is long or the counter ran backwards."""
        cdef int64_t gap = n - self.next_sample, i
        self.n_gaps += 1
        if gap > 0:
            self.n_dropped += gap
        else:
            masks_back(&self.masks, -gap)
            if self.trigger is not None:
                self.trigger.jumped_back(-gap)
        if self.model is None:
            return
        self.watch.hold()
        self.warm_up.interrupted()
        if self.trigger is not None:
            self.trigger.forget()
        if gap < 0 or gap > GAP_RESET_S * self.fs:
            self.conditioner.restart()
            self.model.forget()
            self.settle_ticks = <long>self.settling
            return
        for i in range(gap):                          # ticks stay on their samples, and the filter knows what it did not see
            if self.conditioner.accept_nothing():
                self.model.own(NULL, NULL, NULL, True)
                self.model.tick(&self.y[0], True)

    cdef void post_live(self, int kind, double value) noexcept nogil:
        """An event that the loop itself decides (its thread only); applied at once and logged."""
        self.apply_event(kind, value, self.next_sample)

    cdef void apply_event(self, int kind, double value, int64_t n) noexcept nogil:
        """An input event takes effect before sample n."""
        if kind == IN_ARM:
            self.armed = True
        elif kind == IN_DISARM:
            self.armed = self.test_due = False
        elif kind == IN_TEST:
            self.test_due = self.model is not None        # before there is a model nobody asks, and nothing waits until there is
            self.test_asked = value
        elif kind == IN_PAUSE:
            self.paused = True
        elif kind == IN_RESUME:
            self.paused = False
        elif kind == IN_HORIZON and self.trigger is not None:
            self.trigger.horizon_s = value / 1000
        elif kind == IN_GATE and self.trigger is not None:
            self.trigger.course.opens(value)
        elif kind == IN_SHUT and self.trigger is not None:
            self.trigger.course.shuts(value)
        elif kind == IN_MASK:                         # light in a recorded session: value = width in samples
            mask_add(&self.masks, n, n + value)
        event_put(&self.applied, n, kind, value)      # with 64 waiting it is not told
