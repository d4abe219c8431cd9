"""When light is planned: the forecast phase at the site passes the target, and nothing speaks against it.

A crossing is looked for one horizon (plus the lead of the pattern: the delay of the LED nearest the site) ahead of now, so each cycle gives
one decision, made as late as it can be made. Every veto is a decision too, with its reason. The controls leave the phase out: pulses at random
moments, as many as phase locking gives; at a fixed period; at the times of another session. Light by hand comes when a person asks for it.
"""

from libc.stdlib cimport calloc, free

import numpy as np

from wavestim.realtime.describe cimport NONE
from wavestim.realtime.fmath cimport PI, exp, fabs, log, wrap
from wavestim.realtime.forecast cimport OMEGA, OMEGA_FREE, PLANE, forecast, horizon_set
from wavestim.realtime.pulsetimes cimport PASSED

_HEADINGS = {"none": HEADING_NONE, "with": HEADING_WITH, "against": HEADING_AGAINST, "orthogonal": HEADING_ORTHOGONAL, "fixed": HEADING_FIXED}
_POLICIES = {"phase-locked": PHASE_LOCKED, "rate-matched-random": RATE_MATCHED_RANDOM, "open-loop": OPEN_LOOP, "replayed": REPLAYED}


cdef class Trigger:

    def __cinit__(self, config, plan, double fs_hz, double tick_s, uint64_t seed, course, Governor governor=None, by_hand=()):
        cdef int i
        speeds = []
        self.n_conditions = len(plan.conditions)
        self.conditions = <ConditionC*>calloc(max(1, self.n_conditions), sizeof(ConditionC))
        for i, c in enumerate(plan.conditions):
            self.conditions[i] = ConditionC(
                c.dark, _HEADINGS[c.heading], c.heading_deg, c.slot0, c.n_headings, len(speeds), len(c.speeds_mm_s), np.deg2rad(c.offset_deg)
            )
            speeds += c.speeds_mm_s
        self.speeds = np.array([*speeds, 1.0])
        self.n_planned = len(plan.slots)
        self.lead_s = np.array([s.lead_ms / 1000 for s in (*plan.slots, *by_hand)])
        self.duration_s = np.array([s.duration_ms / 1000 for s in (*plan.slots, *by_hand)])
        self.reaches = np.array([s.reaches for s in (*plan.slots, *by_hand)], np.uint8)
        self.sequence = np.ascontiguousarray(plan.sequence, dtype=np.int16)
        self.site = config.site
        self.target = np.deg2rad(config.phase_deg)
        self.horizon_s = config.horizon_ms / 1000
        self.refractory = config.refractory_ms / 1000 * fs_hz
        self.max_sd_deg = config.max_phase_sd_deg
        self.direction = np.nan if config.direction_deg is None else config.direction_deg
        self.tolerance = config.direction_tolerance_deg
        self.min_pgd = np.nan if config.min_pgd is None else config.min_pgd
        self.policy = _POLICIES[config.policy]
        self.period = config.period_ms / 1000 * fs_hz
        self.fs = fs_hz
        self.tick = tick_s
        self.seed = seed
        self.next_period = -1
        self.governor = governor
        self.course = Course(course, fs_hz)
        self.recorded = None if config.replayed is None else Recorded(config.replayed)

    def __dealloc__(self):
        free(self.conditions)

    def set_horizon(self, double horizon_ms):
        self.horizon_s = horizon_ms / 1000

    cdef void forget(self) noexcept nogil:
        """After a pause: the last phase is no longer the tick before."""
        self.has_previous = False

    cdef double draw(self) noexcept nogil:
        """Uniform in [0, 1), a function of the seed and the number of draws (splitmix64; Steele et al. 2014)."""
        cdef uint64_t z
        self.draws += 1
        z = self.seed + self.draws * <uint64_t>0x9E3779B97F4A7C15
        z = (z ^ (z >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
        z = (z ^ (z >> 27)) * <uint64_t>0x94D049BB133111EB
        z = z ^ (z >> 31)
        return (z >> 11) * (1.0 / 9007199254740992.0)

    def slot_for(self, int condition, double direction_deg, double speed_mm_s):
        """The pattern that a condition takes under a wave of that direction and speed."""
        cdef Wave wave
        if not (0 <= condition < self.n_conditions and speed_mm_s > 0):
            raise ValueError(f"condition {condition} of {self.n_conditions} at {speed_mm_s:g} mm/s: there is no such pattern")
        wave.direction_deg = direction_deg
        wave.speed_mm_s = speed_mm_s
        return self.choose_slot(&self.conditions[condition], &wave)

    cdef int choose_slot(self, const ConditionC* c, const Wave* wave) noexcept nogil:
        """The pattern of the bank nearest to the wave's heading and speed."""
        cdef double heading = wave.direction_deg, best = 1e300, d
        cdef int i, i_heading = 0, i_speed = 0
        if c.heading == HEADING_NONE or c.n_headings <= 0:
            return c.slot0
        if c.heading == HEADING_AGAINST:
            heading += 180
        elif c.heading == HEADING_ORTHOGONAL:
            heading += 90
        elif c.heading == HEADING_FIXED:
            heading = c.heading_deg
        d = heading * c.n_headings / 360.0 + 4 * c.n_headings + 0.5
        i_heading = <int>d % c.n_headings
        for i in range(c.n_speeds):
            d = fabs(log(wave.speed_mm_s / self.speeds[c.speed0 + i]))
            if d < best:
                best = d
                i_speed = i
        return c.slot0 + i_speed * c.n_headings + i_heading

    cdef void begins(self, int64_t n) noexcept nogil:
        """The first sample of the session."""
        if self.recorded is not None:
            self.recorded.begin = n

    cdef void jumped_back(self, double by) noexcept nogil:
        """The sample counter began anew, so much lower: what is booked stays as long ago as it was."""
        self.course.jumped_back(by)
        self.next_fire -= by
        self.next_locked -= by
        if self.next_period >= 0:
            self.next_period -= <int64_t>by
        if self.recorded is not None:
            self.recorded.begin -= by
        if self.governor is not None:
            self.governor.jumped_back(by / self.fs)

    cdef double phase_ahead(self, double ahead_s, WaveModel model, double* sd) noexcept nogil:
        """The phase at the site so much ahead of the model's newest tick, and its SD, rad."""
        cdef double own_re, own_im
        horizon_set(&self.horizon, ahead_s, &model.outlook)
        model.residual.estimate(self.site, &own_re, &own_im)
        return forecast(model.rec, &self.horizon, &model.modes[self.site, 0], model.r, model.xy[self.site, 0], model.xy[self.site, 1], own_re, own_im, sd)

    cdef int of_wave(self, const Wave* wave, double sd) noexcept nogil:
        """The verdict on the wave and its forecast."""
        if wave.kind == NONE:
            return NO_WAVE
        if sd * 180 / PI > self.max_sd_deg:
            return UNSURE
        if self.direction == self.direction and fabs(wrap((wave.direction_deg - self.direction) * PI / 180)) * 180 / PI > self.tolerance:
            return DIRECTION
        if self.min_pgd == self.min_pgd and wave.pgd < self.min_pgd:
            return PGD
        return SCHEDULED

    cdef int settle(self, int verdict, double fire, DecisionC* out) noexcept nogil:
        """The decision to have light on at that sample, unless the governor withholds it; books it."""
        cdef double lead = self.lead_s[out.slot]
        if verdict == SCHEDULED and self.governor is not None:
            verdict = self.governor.judge(out.slot, fire / self.fs - lead)
        out.fire_sample = fire
        out.start_sample = fire - lead * self.fs
        out.verdict = verdict
        if verdict == SCHEDULED:
            self.course.booked(out.start_sample + self.duration_s[out.slot] * self.fs)
            self.next_fire = fire + self.refractory
            if self.governor is not None:
                self.governor.book(out.slot, fire / self.fs - lead)
        return 1

    cdef int tick_decide(self, int64_t n, WaveModel model, const Wave* wave, double delay_s, DecisionC* out) noexcept nogil:
        """Look for a crossing at source sample n; 1 when a decision was written. delay_s: age of the model's newest tick (group delay)."""
        cdef double phase, u, before, sd, omega, lead, fire, d, cycle, length
        cdef int verdict, condition
        cdef ConditionC* c
        cdef bint due, earned = True
        self.course.turn(n)
        if self.course.over():
            return 0
        if self.policy == REPLAYED:
            return self.decide_replayed(n, model, wave, delay_s, out)
        condition = self.sequence[self.course.position % self.sequence.shape[0]]
        c = &self.conditions[condition]
        out.slot = self.choose_slot(c, wave)
        lead = self.lead_s[out.slot]
        # one tick beyond the horizon, so that a crossing found now is never nearer than the horizon
        phase = self.phase_ahead(self.horizon_s + lead + delay_s + self.tick, model, &sd)
        u = wrap(phase - self.target)
        before = self.previous
        self.previous = u
        if c.offset != 0:
            u = wrap(u - c.offset)
            before = wrap(before - c.offset)
        due = self.has_previous and before < 0 and u >= 0 and u - before < PI
        self.has_previous = True
        omega = model.rec[PLANE] * model.rec[OMEGA] + (1 - model.rec[PLANE]) * model.rec[OMEGA_FREE]
        fire = n + self.fs * (self.horizon_s + lead + self.tick - u / omega)
        if self.policy == OPEN_LOOP:
            if self.next_period < 0:
                self.next_period = n
            due = n >= self.next_period
            if due:
                self.next_period += <int64_t>self.period
            fire = n + self.fs * (self.horizon_s + lead)
        if not due:
            return 0
        d = n + self.fs * (self.horizon_s + lead)
        if fire < d:
            fire = d
        cycle = 2 * PI / omega * self.fs
        if self.policy == RATE_MATCHED_RANDOM:
            earned = fire >= self.next_locked and not self.course.full(self.owed)
            if not earned and (self.owed == 0 or self.next_fire >= fire + cycle):
                return 0
        elif fire < self.next_fire:
            return 0
        length = self.duration_s[out.slot] * self.fs
        verdict = self.course.may(fire - lead * self.fs, fire - lead * self.fs + length)
        if verdict == SCHEDULED and self.policy != OPEN_LOOP:
            verdict = self.of_wave(wave, sd)
        if verdict == SCHEDULED and not self.reaches[out.slot]:
            verdict = NO_SITE
        if verdict == SCHEDULED and self.policy == RATE_MATCHED_RANDOM:
            if earned:
                self.owed += 1
                self.next_locked = fire + self.refractory
            if self.next_fire >= fire + cycle:
                return 0
            # a whole cycle at random, counted from when light may come: every phase is as likely
            fire = (fire if fire > self.next_fire else self.next_fire) + self.draw() * cycle
            verdict = self.course.may(fire - lead * self.fs, fire - lead * self.fs + length)
        out.sample = n
        out.predicted_sd_deg = sd * 180 / PI
        out.wave = wave[0]
        out.condition = condition
        out.dark = c.dark or self.course.is_catch()
        self.settle(verdict, fire, out)
        if out.verdict == SCHEDULED and self.policy == RATE_MATCHED_RANDOM:
            self.owed -= 1
        return 1

    cdef int by_hand(self, int64_t n, double asked, bint held, const Wave* wave, DecisionC* out) noexcept nogil:
        """Light that a person asked for: the pattern so many slots beyond the plan, or below 0 that of condition ``-1 - asked`` as the wave goes
        now. It comes as soon as light can be planned, is no trial, and passes the governor like any other; 0: there is no such pattern."""
        cdef int condition
        if not -1.0 - self.n_conditions < asked < self.lead_s.shape[0] - self.n_planned:
            return 0
        if asked < 0:
            condition = <int>(-1 - asked)
            if self.conditions[condition].dark:
                return 0
            out.slot = self.choose_slot(&self.conditions[condition], wave)
        else:
            out.slot = self.n_planned + <int>asked
        out.sample = n
        out.start_sample = n + self.fs * (self.horizon_s + self.tick)
        out.fire_sample = out.start_sample + self.lead_s[out.slot] * self.fs
        out.predicted_sd_deg = 180                                # nothing was foreseen
        out.wave = wave[0]
        out.condition = -1
        out.dark = 0
        out.verdict = SCHEDULED if held else NOT_HELD
        if held and not self.reaches[out.slot]:
            out.verdict = NO_SITE
        elif held and self.governor is not None:
            out.verdict = self.governor.judge(out.slot, out.start_sample / self.fs)
            if out.verdict == SCHEDULED:
                self.governor.book(out.slot, out.start_sample / self.fs)
        return 1

    cdef int decide_replayed(self, int64_t n, WaveModel model, const Wave* wave, double delay_s, DecisionC* out) noexcept nogil:
        """The next pulse of the other session, once it is as near as the horizon; one that was due before is past."""
        cdef double fire, lead, sd
        cdef int verdict
        if self.recorded.over():
            return 0
        fire = self.recorded.fire()
        out.slot = self.recorded.slot[self.recorded.next]
        lead = self.lead_s[out.slot]
        if fire > n + self.fs * (self.horizon_s + lead + self.tick):
            return 0
        self.phase_ahead(self.horizon_s + lead + delay_s + self.tick, model, &sd)
        verdict = PASSED
        if fire >= n + self.fs * (self.horizon_s + lead):
            verdict = self.course.may(fire - lead * self.fs, fire + (self.duration_s[out.slot] - lead) * self.fs)
        out.sample = n
        out.predicted_sd_deg = sd * 180 / PI
        out.wave = wave[0]
        out.condition = self.recorded.condition[self.recorded.next]
        out.dark = self.recorded.dark[self.recorded.next]
        self.recorded.next += 1
        return self.settle(verdict, fire, out)
