"""The second wall: withholds light that would break a limit at any site, before it is scheduled, with its reason.

Its books hold what was *scheduled*, never what was acknowledged, and a sham like the light it stands for; so its word is a pure function of
the decisions before. Nothing happens between decisions: what fades is worked out when the next pattern is judged.
"""

from libc.stdint cimport int64_t

import numpy as np

from wavestim.realtime.fmath cimport exp
from wavestim.realtime.records import VERDICTS

cdef double MINUTE_S = 60.0
cdef double ROUNDING_S = 1e-6          # times are sums of floats; a limit that is met to the microsecond is kept
cdef double ROUNDING = 1.0 + 1e-9
cdef double INFINITE = float("inf")
cdef double LEAST_EXPONENT = -50.0     # of what fades, looked at from an earlier moment


def decay(x):
    """exp(-x) of an array or a number, with the same bits on every machine."""
    flat = np.ascontiguousarray(np.atleast_1d(np.asarray(x, dtype=np.float64))).ravel()
    out = np.empty_like(flat)
    cdef const double[::1] a = flat
    cdef double[::1] b = out
    cdef Py_ssize_t i
    for i in range(a.shape[0]):
        b[i] = exp(-a[i])
    return out.reshape(np.shape(x))


cdef inline int column(int64_t minute) noexcept nogil:
    return <int>((minute % MINUTES + MINUTES) % MINUTES)


cdef class Governor:

    def __init__(self, limits):
        """
        Parameters
        ----------
        limits : LightLimits
        """
        self.limits = limits
        self.max_irradiance, self.max_pulse, self.max_duty = limits.max_irradiance_mw_mm2, limits.max_pulse_s, limits.max_duty
        self.max_dose, self.max_rise = limits.max_dose_mj_mm2, limits.max_rise_c
        self.reference, self.brightest, self.longest = limits.reference_s, limits.brightest_mw_mm2, limits.longest_s
        self.met, self.lit_until = limits.met_mw_mm2, -np.inf
        self.begins = np.where(limits.lit_s > 0, limits.lit_from_s, np.inf).min(axis=1, initial=np.inf)
        self.ends = np.where(limits.lit_s > 0, limits.lit_to_s, -np.inf).max(axis=1, initial=-np.inf)
        self.lit_from, self.lit_to, self.lit, self.slack = limits.lit_from_s, limits.lit_to_s, limits.lit_s, limits.slack_s
        self.ready = limits.ready_s
        self.dose, self.tau, self.heat, self.keep, self.peak = limits.dose_mj_mm2, limits.tau_s, limits.heat_c, limits.keep, limits.peak_c
        self.n_slots, self.n_sites, self.n_states = limits.heat_c.shape
        self.state = np.zeros((self.n_sites, self.n_states))
        self.dark_from = np.full(self.n_sites, -np.inf)
        self.ready_at = np.full(self.n_sites, -np.inf)
        self.rest_to = np.full(self.n_sites, -np.inf)
        self.minutes = np.zeros((self.n_sites, MINUTES))
        self.fading = np.ones(self.n_states)

    def ask(self, int slot, double start_s):
        """What a decision about this pattern at this time would come to; a pattern that is ``scheduled`` is booked.

        Parameters
        ----------
        slot : int
        start_s : float
            Of the pattern, on the sample clock.

        Returns
        -------
        str
            One of :data:`wavestim.realtime.records.VERDICTS`.
        """
        if not 0 <= slot < self.n_slots:
            raise ValueError(f"slot {slot} is none of the {self.n_slots} that the governor knows")
        cdef int verdict = self.judge(slot, start_s)
        if verdict == ALLOWED:
            self.book(slot, start_s)
        return VERDICTS[verdict]

    def follow(self, int slot, double start_s):
        """Book what another governor has scheduled: a second set of books, for whoever looks on."""
        if not 0 <= slot < self.n_slots:
            raise ValueError(f"slot {slot} is none of the {self.n_slots} that the governor knows")
        self.judge(slot, start_s)
        self.book(slot, start_s)

    def stands_at(self, double t_s):
        """How warm each site is then and what dose it had within the hour before (and up to a minute more), by what is booked.

        Parameters
        ----------
        t_s : float
            Not before the last call.

        Returns
        -------
        rise_c, dose_mj_mm2 : (m,)
        """
        self.turn(t_s)
        fading = decay(np.maximum(t_s - self.last, 0.0) / np.asarray(self.tau)) if self.started else np.ones(self.n_states)
        return (np.asarray(self.state) * fading).sum(axis=1), np.asarray(self.minutes).sum(axis=1)

    def restart(self, double by_s):
        """The sample clock has been set back by so many seconds."""
        self.jumped_back(by_s)

    @property
    def rise_c(self):
        """(m,) warming of each site at the reference of the newest pattern, K; its light is counted so that the rise is right once it ended."""
        return np.asarray(self.state).sum(axis=1)

    @property
    def dose_mj_mm2(self):
        """(m,) dose of each site within the hour before the newest pattern (and up to a minute more)."""
        return np.asarray(self.minutes).sum(axis=1)

    cdef int judge(self, int slot, double start_s) noexcept nogil:
        """The verdict on a pattern that would start then. Changes nothing that counts."""
        cdef double t = start_s + self.reference[slot], since = t - self.last, rise, on, booked
        cdef Py_ssize_t i, k
        if self.brightest[slot] > self.max_irradiance * ROUNDING:
            return IRRADIANCE
        if self.met[slot] > self.max_irradiance * ROUNDING and t + self.begins[slot] < self.lit_until - ROUNDING_S:
            return IRRADIANCE  # other light is still on, and might meet this one
        if self.longest[slot] > self.max_pulse * ROUNDING:
            return WIDTH
        if not self.started:
            since = 0
        for k in range(self.n_states):  # a pattern before the newest one finds the site as much warmer as it has cooled since
            self.fading[k] = exp(-max(since / self.tau[k], LEAST_EXPONENT))
        self.turn(t)
        for i in range(self.n_sites):
            if self.lit[slot, i] > 0:
                on = t + self.lit_from[slot, i]
                if on < self.dark_from[i] + ROUNDING_S:
                    return OVERLAP
                if on < self.ready_at[i] - ROUNDING_S or on < self.rest_to[i] - self.slack[i] - ROUNDING_S:
                    return DUTY
            if self.dose[slot, i] > 0 and self.max_dose < INFINITE:
                booked = self.dose[slot, i]
                for k in range(MINUTES):
                    booked += self.minutes[i, k]
                if booked > self.max_dose * ROUNDING:
                    return DOSE
        for i in range(self.n_sites):
            rise = self.peak[slot, i]
            for k in range(self.n_states):
                rise += self.state[i, k] * self.fading[k] * self.keep[slot, k]
            if rise > self.max_rise * ROUNDING:
                return TEMPERATURE
        return ALLOWED

    cdef void book(self, int slot, double start_s) noexcept nogil:
        """The pattern is scheduled. Follows :meth:`judge` of the same pattern."""
        cdef double t = start_s + self.reference[slot], on
        cdef Py_ssize_t i, k
        for i in range(self.n_sites):
            for k in range(self.n_states):
                self.state[i, k] = self.state[i, k] * self.fading[k] + self.heat[slot, i, k]
            self.minutes[i, column(self.minute)] += self.dose[slot, i]
            if self.lit[slot, i] > 0:
                on = t + self.lit_from[slot, i]
                self.dark_from[i] = t + self.lit_to[slot, i]
                self.ready_at[i] = t + self.ready[slot, i]
                self.rest_to[i] = (self.rest_to[i] if self.rest_to[i] > on else on) + self.lit[slot, i] / self.max_duty
        self.lit_until = max(self.lit_until, t + self.ends[slot])
        self.last = t
        self.started = True

    cdef void turn(self, double t) noexcept nogil:
        """Minutes that lie more than an hour back are forgotten. The counter of minutes never goes back."""
        cdef int64_t now = <int64_t>(t / MINUTE_S) - (1 if t < 0 else 0), n
        cdef Py_ssize_t i
        n = now - self.minute
        if n > MINUTES:
            n = MINUTES
        while n > 0:
            n -= 1
            for i in range(self.n_sites):
                self.minutes[i, column(now - n)] = 0
        if now > self.minute:
            self.minute = now

    cdef void jumped_back(self, double by_s) noexcept nogil:
        """The sample counter began anew, so much lower: what is booked stays as long ago as it was."""
        cdef Py_ssize_t i, k
        cdef double held[MINUTES]
        cdef int64_t back = <int64_t>(by_s / MINUTE_S)          # whole minutes: what is left over keeps them so much longer
        self.last -= by_s
        self.lit_until -= by_s
        for i in range(self.n_sites):
            self.dark_from[i] -= by_s
            self.ready_at[i] -= by_s
            self.rest_to[i] -= by_s
            for k in range(MINUTES):
                held[k] = self.minutes[i, k]
            for k in range(MINUTES):
                self.minutes[i, k] = held[column(k + back)]
        self.minute -= back
