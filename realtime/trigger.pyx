"""When light is planned: the forecast phase at the site passes the target, and nothing speaks against it.

A crossing is looked for one horizon (plus the lead of the pattern: the delay of the LED nearest the site) ahead of now, so each cycle gives
one decision, made as late as it can be made. Every veto is a decision too, with its reason.
"""

from libc.stdlib cimport calloc, free

import numpy as np

from wavestim.realtime.describe cimport NONE
from wavestim.realtime.fmath cimport PI, exp, fabs, log, wrap
from wavestim.realtime.forecast cimport OMEGA, OMEGA_FREE, PLANE, forecast, horizon_set

_HEADINGS = {"none": HEADING_NONE, "with": HEADING_WITH, "against": HEADING_AGAINST, "orthogonal": HEADING_ORTHOGONAL, "fixed": HEADING_FIXED}
_POLICIES = {"phase-locked": PHASE_LOCKED, "rate-matched-random": RATE_MATCHED_RANDOM, "open-loop": OPEN_LOOP}


cdef class Trigger:

    def __cinit__(self, config, plan, double fs_hz, double tick_s, uint64_t seed, Governor governor=None):
        cdef int i
        speeds = []
        self.n_conditions = len(plan.conditions)
        self.conditions = <ConditionC*>calloc(max(1, self.n_conditions), sizeof(ConditionC))
        for i, c in enumerate(plan.conditions):
            self.conditions[i] = ConditionC(c.dark, _HEADINGS[c.heading], c.heading_deg, c.slot0, c.n_headings, len(speeds), len(c.speeds_mm_s))
            speeds += c.speeds_mm_s
        self.speeds = np.array([*speeds, 1.0])
        self.lead_s = np.array([s.lead_ms / 1000 for s in plan.slots])
        self.duration_s = np.array([s.duration_ms / 1000 for s in plan.slots])
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

    cdef int tick_decide(self, int64_t n, WaveModel model, const Wave* wave, double delay_s, DecisionC* out) noexcept nogil:
        """Look for a crossing at source sample n; 1 when a decision was written. delay_s: age of the model's newest tick (group delay)."""
        cdef double phase, u, before, sd, omega, lead, fire, d, own_re, own_im
        cdef int verdict = SCHEDULED, condition = self.sequence[self.position % self.sequence.shape[0]]
        cdef ConditionC* c = &self.conditions[condition]
        cdef int slot = self.choose_slot(c, wave)
        cdef bint due
        lead = self.lead_s[slot]
        # one tick beyond the horizon, so that a crossing found now is never nearer than the horizon
        horizon_set(&self.horizon, self.horizon_s + lead + delay_s + self.tick, &model.outlook)
        model.residual.estimate(self.site, &own_re, &own_im)
        phase = forecast(
            model.rec, &self.horizon, &model.modes[self.site, 0], model.r, model.xy[self.site, 0], model.xy[self.site, 1], own_re, own_im, &sd
        )
        u = wrap(phase - self.target)
        before = self.previous
        due = self.has_previous and before < 0 and u >= 0 and u - before < PI
        self.previous = u
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
        if self.policy == RATE_MATCHED_RANDOM:
            fire += self.draw() * 2 * PI / omega * self.fs
        d = n + self.fs * (self.horizon_s + lead)
        if fire < d:
            fire = d
        if fire < self.next_fire:
            return 0
        if self.policy != OPEN_LOOP:
            if wave.kind == NONE:
                verdict = NO_WAVE
            elif sd * 180 / PI > self.max_sd_deg:
                verdict = UNSURE
            elif self.direction == self.direction and fabs(wrap((wave.direction_deg - self.direction) * PI / 180)) * 180 / PI > self.tolerance:
                verdict = DIRECTION
            elif self.min_pgd == self.min_pgd and wave.pgd < self.min_pgd:
                verdict = PGD
        if verdict == SCHEDULED and self.governor is not None:
            verdict = self.governor.judge(slot, fire / self.fs - lead)
        out.sample = n
        out.fire_sample = fire
        out.start_sample = fire - lead * self.fs
        out.predicted_sd_deg = sd * 180 / PI
        out.wave = wave[0]
        out.condition = condition
        out.slot = slot
        out.verdict = verdict
        if verdict == SCHEDULED:
            self.position += 1
            self.next_fire = fire + self.refractory
            if self.governor is not None:
                self.governor.book(slot, fire / self.fs - lead)
        return 1
