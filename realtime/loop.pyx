"""The loop around the engine: takes samples from the ring, hands decisions to the scheduler, keeps the heartbeat, obeys STOP.

Virtual pace calls :meth:`Loop.turn_at` under a simulated clock; real pace runs :meth:`Loop.run` on a thread of its own, without the GIL. This is
the only module of the room that touches a clock.
"""

import numpy as np

from wavestim.realtime.inputevents cimport IN_PAUSE
from wavestim.realtime.ring cimport ENGINE, Stamp, ring_advance, ring_peek
from wavestim.realtime.trigger cimport SCHEDULED, DecisionC

cdef int64_t HEARTBEAT_NS = 20_000_000
cdef int64_t STALL_NS = 100_000_000
cdef int WAKE_MS = 10
cdef enum:
    BACKLOG = 64  # samples of a backlog after which STOP is looked at again


cdef extern from * nogil:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <errno.h>
    #include <poll.h>
    #include <stdint.h>
    #include <sys/mman.h>
    #include <time.h>
    #include <unistd.h>
    static inline int64_t wl_now_ns(void) {
        struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (int64_t)t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    static inline void wl_wait(int fd, int ms) {
        struct pollfd p = {fd, POLLIN, 0}; uint64_t v;
        if (poll(&p, 1, ms) > 0 && read(fd, &v, 8)) {}
    }
    static inline int wl_lock_memory(void) { return mlockall(MCL_CURRENT | MCL_FUTURE) ? errno : 0; }
    static inline void wl_unlock_memory(void) { munlockall(); }
    static inline int wl_pressed(int fd) { unsigned char b; return pread(fd, &b, 1, 0) == 1 && b != 0; }
    """
    int64_t clock_ns "wl_now_ns"()
    void wait_for "wl_wait"(int fd, int ms)
    int mlock_all "wl_lock_memory"()
    void munlock_all "wl_unlock_memory"()
    bint pressed "wl_pressed"(int fd)


def now_ns() -> int:
    """The monotonic clock that the loop uses, ns."""
    return clock_ns()


def lock_memory() -> int:
    """Keep the memory of this process from being paged out; returns the errno of a refusal. Takes a while: call it before samples flow."""
    return mlock_all()


def unlock_memory() -> None:
    """Undo :func:`lock_memory`."""
    munlock_all()


cdef class Loop:

    def __init__(self, Ring ring, Engine engine, Scheduler scheduler=None, int stop_fd=-1, bint hold_for_calibration=False):
        """
        Parameters
        ----------
        ring, engine, scheduler : what to connect; without a scheduler decisions are only recorded.
        stop_fd : descriptor of the file that whoever may press STOP writes into; a first byte that is not 0 aborts. It is read, not
            mapped: whatever another program does to the file (empty it, cut it) is no fault of memory here.
        hold_for_calibration : stop taking samples at the end of the warm-up until the engine has its calibration (virtual pace, where
            the calibration must apply at the same sample in every run).
        """
        self.ring = ring
        self.engine = engine
        self.scheduler = scheduler
        self.stop_fd = stop_fd
        self.holds_for_calibration = hold_for_calibration
        self.last_heartbeat_ns = -1
        self.last_sample_ns = -1

    def turn_at(self, int64_t now_ns):
        """One turn under a given clock; returns the samples taken."""
        cdef int n
        with nogil:
            n = self.turn(now_ns, False)
        return n

    def run(self):
        """Turn until :meth:`quit`. Call on a thread of its own, which has the priority that it is to have."""
        while not self.finish:
            with nogil:
                while not self.finish and not self.calibration_waits:
                    wait_for(self.ring.c.wake_fd, WAKE_MS)
                    self.turn(clock_ns(), True)
            if self.calibration_waits:                            # the only time that this thread takes the GIL
                self.engine.apply_calibration(self.calibration)
                self.calibration_waits = False
                self.turn(clock_ns(), True)                       # what came meanwhile
                self.n_waits = 0

    def swap_calibration(self, calibration):
        """Let the running loop use a calibration from its next sample on."""
        self.calibration = calibration
        self.calibration_waits = True

    def wait_percentile_us(self, double percent):
        """How long the newest samples (8192 at most) waited between their arrival and the engine, us."""
        n = min(self.n_waits, WAITS)
        return float(np.percentile(np.asarray(<float[:WAITS]>self.waits_us)[:n], percent)) if n else 0.0

    def quit(self):
        self.finish = True

    def resume_after_stall(self):
        """Samples are back and the light is armed again: let the heartbeat go on."""
        self.stalled = False

    cdef int turn(self, int64_t now_ns, bint real) noexcept nogil:
        cdef Stamp stamp
        cdef DecisionC* d
        cdef const void* x
        cdef int n = 0
        cdef int64_t taken
        self.turns += 1
        self.heed_stop()
        while True:
            if n % BACKLOG == BACKLOG - 1:
                self.heed_stop()
            if self.holds_for_calibration and self.engine.model is None and self.engine.warm_up.complete():
                break
            x = ring_peek(&self.ring.c, ENGINE, &stamp)
            if x == NULL:
                break
            taken = clock_ns() if real else stamp.host_ns  # simulated: every sample has its own moment
            if stamp.host_ns != self.last_block_ns:
                if self.last_block_ns > 0 and stamp.host_ns > self.last_block_ns:
                    self.block_interval_ns += (min(stamp.host_ns - self.last_block_ns, 2 * self.patience()) - self.block_interval_ns) // 16
                self.last_block_ns = stamp.host_ns
            self.last_sample_ns = stamp.host_ns
            self.waits_us[self.n_waits % WAITS] = <float>((taken - stamp.host_ns) * 1e-3)
            self.n_waits += 1
            n += 1
            if self.engine.step(x, self.ring.c.kind, stamp.sample) and self.scheduler is not None:
                d = self.engine.decisions.newest()
                if d.verdict == SCHEDULED and not self.stopped:
                    self.scheduler.dispatch(
                        self.engine.n_decisions - 1, d, d.dark, self.stalled, stamp.host_ns, taken, clock_ns() if real else taken
                    )
                    self.scheduler.written(clock_ns() if real else taken)
            ring_advance(&self.ring.c, ENGINE)
        if self.scheduler is not None:
            self.beat(clock_ns() if real else now_ns)
        return n

    cdef void heed_stop(self) noexcept nogil:
        """The first byte of STOP's file makes dark, once."""
        if self.stopped or self.stop_fd < 0 or not pressed(self.stop_fd):
            return
        self.stopped = True
        self.engine.post_live(IN_PAUSE, 0)
        if self.scheduler is not None:
            self.scheduler.port.abort(self.scheduler.port.ctx)

    cdef int64_t patience(self) noexcept nogil:
        """How long samples may stay away. A silence counts for twice that, so that what comes after it is not waited for as long."""
        return max(3 * self.block_interval_ns, STALL_NS)

    cdef void beat(self, int64_t now_ns) noexcept nogil:
        """The heartbeat goes on only while the loop runs and samples arrive; otherwise what is queued is cancelled and the session pauses dark."""
        if self.stopped or self.stalled or self.last_sample_ns < 0:
            return
        if now_ns - self.last_sample_ns > self.patience():
            self.stalled = True
            self.n_stalls += 1
            self.engine.post_live(IN_PAUSE, 1)
            self.scheduler.port.abort(self.scheduler.port.ctx)
            return
        if now_ns - self.last_heartbeat_ns >= HEARTBEAT_NS:
            self.last_heartbeat_ns = now_ns
            self.heartbeats += 1
            self.scheduler.port.heartbeat(self.scheduler.port.ctx, self.heartbeats)
