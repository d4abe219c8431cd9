"""The pacer of a board without a clock: it writes the word that starts a pulse when the moment has come, on a thread without the GIL.

From arming to disarming the line is its own. It makes the board ready for a pattern ahead of time, holds every answer against what the board
must say, writes a trigger at most `late_ns` after its moment or not at all, and goes dark when the heartbeat stops, when an answer is not the
one that was due, or when it is told to. A pulse that was started ends on the board by itself.
"""
import os
import select

from cpython.pycapsule cimport PyCapsule_New, PyCapsule_SetContext, PyCapsule_GetContext
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from posix.unistd cimport read

from wavestim.hardware.lights.timed.orders cimport (
    FRAME, ORDERS, REFUSED, SITES, SLOTS, WORD, News, Order, Pattern, get, news_pop, order_pop, order_push, put, put64, swap,
)
from wavestim.hardware.lights.timed.pacing cimport (
    ABORT, ARMED, DISARMED, IDLE, NOT_ARMED, STOPPED, State, drain, nudge, pace, turn_down, wp_fifo, wp_sharp, wp_wait,
)
from wavestim.hardware.monotonic cimport monotonic_ns
from wavestim.realtime.ports cimport LightPort

KINDS = ("fired", "refused", "dropped", "lost", "safe")
REASONS = ("", "abort", "disarmed", "heartbeat", "garbage", "no-answer", "line", "late", "busy", "duty", "not-armed", "no-pattern")
N_SLOTS, QUEUE = SLOTS, ORDERS


cdef int _fire(void* ctx, int32_t decision, uint8_t slot, uint8_t flags, int64_t device_ns) noexcept nogil:
    cdef State* s = <State*>ctx
    cdef Order order
    if not get(&s.running):
        return -1
    order.at_ns, order.decision, order.slot, order.dark = device_ns, decision, slot, flags & 1
    if not order_push(&s.orders, &order):
        return -3
    nudge(s.wake_in)
    return 0


cdef int _heartbeat(void* ctx, uint32_t counter) noexcept nogil:
    cdef State* s = <State*>ctx
    if swap(&s.beat, counter) != counter:  # only a counter that moves is a heartbeat
        put64(&s.beat_ns, monotonic_ns())
    return 0


cdef int _abort(void* ctx) noexcept nogil:
    cdef State* s = <State*>ctx
    put(&s.asked, ABORT)
    nudge(s.wake_in)
    return 0


cdef void _release_owner(object capsule) noexcept:
    Py_DECREF(<object>PyCapsule_GetContext(capsule))


cdef class Pacer:
    """Times the words to one board.

    Parameters
    ----------
    fd : int
        Descriptor of the open line.
    abort : bytes
        What makes the board dark; empty when it knows no such word.
    closing : bytes
        Said 25 ms after a pulse unless another has begun; a word without an answer, or empty.
    cuts : bool
        The abort word ends a running pulse.
    lead_us : float
        From the write of a trigger to light-on, as far as it is known.
    late_us : float
        A trigger that could only be written later than this is not written.
    heartbeat_timeout_ms : float
        Dark when `heartbeat` of the port has been silent for so long.
    """

    cdef State s
    cdef LightPort _port
    cdef object _poll

    def __cinit__(self, int fd, bytes abort, bytes closing, bint cuts, double lead_us, double late_us=1000.0,
                  double heartbeat_timeout_ms=100.0):
        memset(&self.s, 0, sizeof(State))
        self.s.wake_in = self.s.wake_out = self.s.news_in = self.s.news_out = -1
        if max(len(abort), len(closing)) > WORD:
            raise ValueError("a word has at most 64 bytes")
        self.s.patterns = <Pattern*>calloc(SLOTS, sizeof(Pattern))
        self.s.wake_out, self.s.wake_in = os.pipe()
        self.s.news_out, self.s.news_in = os.pipe()
        for end in (self.s.wake_out, self.s.wake_in, self.s.news_out, self.s.news_in, fd):
            os.set_blocking(end, False)
        self._poll = select.poll()
        self._poll.register(self.s.news_out, select.POLLIN)
        self.s.line = fd
        self.s.n_abort = len(abort)
        memcpy(self.s.abort_word, <const char*>abort, len(abort))
        self.s.n_closing = len(closing)
        memcpy(self.s.closing_word, <const char*>closing, len(closing))
        self.s.cuts = cuts
        self.s.lead_ns, self.s.late_ns = <int64_t>(lead_us * 1e3), <int64_t>(late_us * 1e3)
        self.s.silence_ns = <int64_t>(heartbeat_timeout_ms * 1e6)
        self._port = LightPort(&self.s, _fire, _heartbeat, _abort)

    def __dealloc__(self):
        for end in (self.s.wake_out, self.s.wake_in, self.s.news_out, self.s.news_in):
            if end >= 0:
                os.close(end)
        free(self.s.patterns)

    def port(self):
        """The capsule ``wavestim.LightPort``; it keeps this pacer alive. Device time is host time."""
        capsule = PyCapsule_New(&self._port, b"wavestim.LightPort", _release_owner)
        Py_INCREF(self)
        PyCapsule_SetContext(capsule, <PyObject*>self)
        return capsule

    def set_pattern(self, int slot, bytes program, bytes answer, bytes trigger, bytes echo, double lasts_us, double busy_us, sites_us):
        """What is said to the board, and heard from it, for the pattern in ``slot``.

        ``sites_us``: site -> (its light, the moment from which it may be lit again), both from light-on.
        """
        if not 0 <= slot < SLOTS or len(program) > FRAME or max(len(answer), len(trigger), len(echo)) > WORD:
            raise ValueError(f"slot {slot}: out of range, or its words are too long")
        cdef Pattern* p = &self.s.patterns[slot]
        memset(p, 0, sizeof(Pattern))
        p.n_program, p.n_answer, p.n_trigger, p.n_echo = len(program), len(answer), len(trigger), len(echo)
        memcpy(p.program, <const char*>program, p.n_program)
        memcpy(p.answer, <const char*>answer, p.n_answer)
        memcpy(p.trigger, <const char*>trigger, p.n_trigger)
        memcpy(p.echo, <const char*>echo, p.n_echo)
        p.lasts_ns, p.busy_ns = <int64_t>(lasts_us * 1e3), <int64_t>(busy_us * 1e3)
        for site, (first, rest) in sites_us.items():
            if not 0 <= site < SITES:
                raise ValueError(f"slot {slot}: site {site} is out of range")
            p.first_ns[<int>site], p.rest_ns[<int>site] = <int64_t>(first * 1e3), <int64_t>(rest * 1e3)
        p.known = 1

    def begin(self):
        """Armed from now on; `run` has to be called at once, on a thread of its own."""
        cdef uint8_t slack[256]
        drain(self.s.wake_out)
        while self.s.n_waiting or order_pop(&self.s.orders, &self.s.waiting[0]):  # came when nobody paced any more
            self.s.n_waiting = max(self.s.n_waiting, 1)
            turn_down(&self.s, 0, REFUSED, NOT_ARMED, monotonic_ns(), 0)
        while read(self.s.line, slack, sizeof(slack)) > 0:
            pass
        self.s.n_due = self.s.lit = 0
        self.s.staged, self.s.again_ns, self.s.closing_ns = -1, 0, 0
        put(&self.s.asked, 0)
        put(&self.s.quit, 0)
        put(&self.s.cause, 0)
        put64(&self.s.beat_ns, monotonic_ns())
        put(&self.s.state, ARMED)
        put(&self.s.running, 1)

    def run(self, int priority=0):
        """Pace until `end`. Returns the errno with which the system refused SCHED_FIFO, 0 when granted."""
        cdef int no_fifo = 0
        with nogil:
            if priority > 0:
                no_fifo = wp_fifo(priority)
            wp_sharp()
            pace(&self.s)
        return no_fifo

    def end(self, bint abort):
        """Dark, then `run` returns; ``abort``: only arming leaves that state."""
        put(&self.s.running, 0)
        put(&self.s.quit, 1)
        put(&self.s.asked, ABORT if abort else DISARMED)
        nudge(self.s.wake_in)

    def look(self):
        """Notice that the line has hung up, while nobody paces."""
        if not get(&self.s.running) and wp_wait(self.s.line, -1, 0):
            put(&self.s.gone, 1)

    @property
    def state(self):
        """``idle``, ``armed``, ``pulse`` or ``safe``."""
        cdef uint32_t state = get(&self.s.state)
        return "safe" if state == STOPPED else "idle" if state == IDLE else "pulse" if self.s.lit else "armed"

    @property
    def cause(self):
        """Why it is safe; "" otherwise."""
        return REASONS[get(&self.s.cause)] if get(&self.s.state) == STOPPED else ""

    @property
    def gone(self):
        """The line has hung up."""
        return bool(get(&self.s.gone))

    @property
    def lost(self):
        """News that nobody fetched in time."""
        return int(self.s.news.n_lost)

    @property
    def queued(self):
        """Orders that wait for their moment."""
        return int(self.s.n_waiting)

    def take(self):
        """News since the last call: list of (kind, decision, host_ns, on_ns, off_ns, reason, detail, dark, cut)."""
        cdef News n
        out = []
        drain(self.s.news_out)
        while news_pop(&self.s.news, &n):
            out.append((KINDS[n.kind], n.decision, n.host_ns, n.on_ns, n.off_ns, REASONS[n.reason], n.detail, bool(n.dark), bool(n.cut)))
        return out

    def wait(self, double timeout_s):
        """Block until there may be news, at most ``timeout_s``."""
        self._poll.poll(max(timeout_s, 0.0) * 1e3)
