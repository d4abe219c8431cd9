"""The pacer of a board without a clock: it writes the word that starts a pulse when the moment has come, on a thread without the GIL.

From arming to disarming the line is its own. It makes the board ready for a pattern ahead of time, holds every answer against what the board
must say, writes a trigger at most `late_ns` after its moment or not at all, and goes dark when the heartbeat stops, when an answer is not the
one that was due, or when it is told to. A pulse that was started ends on the board by itself.
"""
import os
import select

from cpython.pycapsule cimport PyCapsule_New, PyCapsule_SetContext, PyCapsule_GetContext
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec
from posix.unistd cimport read, write

from wavestim.hardware.lights.timed.orders cimport (
    DROPPED, FIRED, FRAME, LOST, ORDERS, REFUSED, SAFE, SITES, SLOTS, WORD, News, NewsQueue, Order, OrderQueue, Pattern, get, get64, news_pop,
    news_push, order_pop, order_push, put, put64, swap,
)
from wavestim.realtime.ports cimport LightPort

KINDS = ("fired", "refused", "dropped", "lost", "safe")
REASONS = ("", "abort", "disarmed", "heartbeat", "garbage", "no-answer", "line", "late", "busy", "duty", "not-armed", "no-pattern")
N_SLOTS, N_SITES, QUEUE = SLOTS, SITES, ORDERS

cdef enum Reason:          # index into REASONS
    FINE = 0
    ABORT = 1
    DISARMED = 2
    HEARTBEAT = 3
    GARBAGE = 4
    NO_ANSWER = 5
    LINE = 6
    LATE = 7
    BUSY = 8
    DUTY = 9
    NOT_ARMED = 10
    NO_PATTERN = 11

cdef enum:
    IDLE = 0
    ARMED = 1
    STOPPED = 2

cdef int64_t TURN_NS = 20_000_000       # the longest sleep
cdef int64_t SPIN_NS = 100_000          # the last stretch before a moment is not slept through
cdef int64_t ANSWER_NS = 250_000_000    # a board that has said nothing for so long will not
cdef int64_t CLOSING_NS = 25_000_000    # the board may be so late with its pulse; what is later is cut
cdef int64_t AGAIN_NS = 2_000_000       # an abort is said twice: a trigger on its way inside the board may outrun the first

cdef extern from * nogil:
    """
    #ifndef _GNU_SOURCE
    #define _GNU_SOURCE
    #endif
    #include <poll.h>
    #include <pthread.h>
    #include <sched.h>
    #include <stdint.h>
    #include <time.h>
    #ifdef __linux__
    #include <sys/prctl.h>
    static void wp_sharp(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }
    #else
    static void wp_sharp(void) {}
    #endif
    /* 1: the line has hung up */
    static int wp_wait(int line, int wake, int64_t ns) {
        struct pollfd p[2] = {{line, POLLIN, 0}, {wake, POLLIN, 0}};
        struct timespec t = {ns / 1000000000, ns % 1000000000};
        return ppoll(p, 2, &t, 0) > 0 && (p[0].revents & (POLLHUP | POLLERR | POLLNVAL));
    }
    static int wp_fifo(int priority) {
        struct sched_param p; p.sched_priority = priority; return pthread_setschedparam(pthread_self(), SCHED_FIFO, &p);
    }
    """
    void wp_sharp()
    int wp_wait(int line, int wake, int64_t ns)
    int wp_fifo(int priority)


cdef struct State:
    int line, wake_in, wake_out, news_in, news_out
    int n_abort
    uint8_t abort_word[WORD]
    int n_closing
    uint8_t closing_word[WORD]       # said some time after the last pulse
    uint8_t cuts                     # the abort word ends a running pulse
    int64_t lead_ns, late_ns, silence_ns
    Pattern* patterns
    OrderQueue orders
    NewsQueue news
    uint32_t running, quit, asked, state, cause, gone
    int64_t beat_ns
    uint32_t beat
    # the thread's own from here
    Order waiting[ORDERS]
    int n_waiting
    int staged                       # the pattern that the board is ready for; -1: none
    const uint8_t* due               # what the board has to say next
    int n_due
    int64_t due_ns
    int64_t busy_ns, again_ns, closing_ns
    int64_t rest_ns[SITES]
    uint8_t lit                      # a pulse has been started and is not yet reported
    News pulse


cdef inline int64_t now_ns() noexcept nogil:
    cdef timespec t
    clock_gettime(CLOCK_MONOTONIC, &t)
    return <int64_t>t.tv_sec * 1_000_000_000 + t.tv_nsec


cdef inline void nudge(int fd) noexcept nogil:
    cdef uint8_t one = 1
    write(fd, &one, 1)  # a full pipe has already woken its reader


cdef inline void drain(int fd) noexcept nogil:
    cdef uint8_t rest[64]
    while read(fd, rest, sizeof(rest)) == sizeof(rest):
        pass


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
        put64(&s.beat_ns, now_ns())
    return 0


cdef int _abort(void* ctx) noexcept nogil:
    cdef State* s = <State*>ctx
    put(&s.asked, ABORT)
    nudge(s.wake_in)
    return 0


cdef void tell(State* s, News* news, int kind, int reason, int64_t now) noexcept nogil:
    news.kind, news.reason, news.host_ns = kind, reason, now
    news_push(&s.news, news)
    nudge(s.news_in)


cdef void turn_down(State* s, int i, int kind, int reason, int64_t now, int64_t detail) noexcept nogil:
    """The order at place i comes to nothing."""
    cdef News news
    cdef Order* order = &s.waiting[i]
    memset(&news, 0, sizeof(News))
    news.decision, news.on_ns, news.dark, news.detail = order.decision, order.at_ns, order.dark, detail
    s.n_waiting -= 1
    order[0] = s.waiting[s.n_waiting]
    tell(s, &news, kind, reason, now)


cdef bint say(State* s, const uint8_t* word, int n) noexcept nogil:
    return n == 0 or write(s.line, word, n) == n


cdef void stop(State* s, int reason, int64_t now) noexcept nogil:
    """Dark: the abort word, nothing queued, and only arming leaves this state."""
    cdef News news
    if reason == LINE:
        put(&s.gone, 1)
    elif not say(s, s.abort_word, s.n_abort):
        put(&s.gone, 1)
    s.again_ns = now + AGAIN_NS
    memset(&news, 0, sizeof(News))
    news.on_ns, news.decision, news.detail = now, -1, s.lit and not s.pulse.dark
    if s.lit:
        if s.n_due and not s.pulse.dark:
            s.lit = 0
            tell(s, &s.pulse, LOST, reason, now)
        elif s.cuts and now < s.pulse.off_ns:
            s.lit = 0
            s.pulse.cut, s.pulse.off_ns = not s.pulse.dark, now
            tell(s, &s.pulse, FIRED, FINE, now)
    while s.n_waiting:
        turn_down(s, 0, DROPPED, reason, now, 0)
    s.n_due, s.staged, s.closing_ns = 0, -1, 0
    if get(&s.state) == ARMED:
        put(&s.cause, reason)
        if reason != DISARMED:
            tell(s, &news, SAFE, reason, now)
    put(&s.state, IDLE if reason == DISARMED else STOPPED)
    if reason == LINE:
        news.on_ns, news.detail = 0, 0
        tell(s, &news, LOST, LINE, now)


cdef int hear(State* s) noexcept nogil:
    """Hold what the board says against what it must say; the reason to stop, or 0."""
    cdef uint8_t buffer[256]
    cdef ssize_t n, k
    while True:
        n = read(s.line, buffer, sizeof(buffer))
        if n <= 0:
            return LINE if n < 0 and errno != EAGAIN and errno != EINTR else FINE
        if get(&s.state) != ARMED:
            continue  # what a stopped board says changes nothing
        for k in range(n):
            if s.n_due == 0 or buffer[k] != s.due[0]:
                return GARBAGE
            s.due += 1
            s.n_due -= 1


cdef inline void expect(State* s, const uint8_t* word, int n, int64_t until) noexcept nogil:
    s.due, s.n_due, s.due_ns = word, n, until


cdef int conclude(State* s, int64_t now) noexcept nogil:
    """A pulse is over, or an answer is overdue; the reason to stop, or 0."""
    if s.n_due and now > s.due_ns:
        return NO_ANSWER
    if s.lit and now >= s.pulse.off_ns and (s.n_due == 0 or s.pulse.dark):
        s.lit = 0
        tell(s, &s.pulse, FIRED, FINE, now)
    if s.closing_ns and now >= s.closing_ns:
        s.closing_ns = 0
        if not say(s, s.closing_word, s.n_closing):
            return LINE
    return FINE


cdef int shine(State* s, const Order* order, const Pattern* p, int64_t now) noexcept nogil:
    """The moment has come; the reason to stop, or 0."""
    cdef int site
    memset(&s.pulse, 0, sizeof(News))
    s.pulse.decision, s.pulse.dark = order.decision, order.dark
    s.pulse.on_ns = now + s.lead_ns
    s.pulse.off_ns = s.pulse.on_ns + p.lasts_ns
    s.lit = 1
    s.busy_ns = s.pulse.on_ns + p.busy_ns
    for site in range(SITES):
        if p.rest_ns[site]:
            s.rest_ns[site] = s.pulse.on_ns + p.rest_ns[site]
    if order.dark:
        return FINE  # a sham takes the same way and the same time; its trigger is not written
    if s.n_closing:
        s.closing_ns = s.pulse.off_ns + CLOSING_NS
    expect(s, p.echo, p.n_echo, s.pulse.off_ns + ANSWER_NS)
    return FINE if say(s, p.trigger, p.n_trigger) else LINE


cdef int64_t serve(State* s, int64_t now, int* reason) noexcept nogil:
    """The next order: make the board ready, wait, trigger. Returns when to look again."""
    cdef int i = 0, k, site
    cdef Order order
    cdef const Pattern* p
    cdef int64_t moment
    if s.n_waiting == 0:
        return now + TURN_NS
    for k in range(1, s.n_waiting):
        if s.waiting[k].at_ns < s.waiting[i].at_ns:
            i = k
    order = s.waiting[i]
    p = &s.patterns[order.slot]
    moment = order.at_ns - s.lead_ns
    if get(&s.state) != ARMED:
        turn_down(s, i, REFUSED, NOT_ARMED, now, 0)
    elif order.slot >= SLOTS or not p.known:
        turn_down(s, i, REFUSED, NO_PATTERN, now, 0)
    elif now > moment + s.late_ns:
        turn_down(s, i, REFUSED, LATE, now, (now - moment) // 1000)
    elif s.staged != order.slot and s.n_due == 0 and not s.lit and now >= s.busy_ns:
        s.staged = order.slot
        expect(s, p.answer, p.n_answer, now + ANSWER_NS)
        if not say(s, p.program, p.n_program):
            reason[0] = LINE
    elif now < moment - SPIN_NS:
        return moment - SPIN_NS if s.staged == order.slot or s.busy_ns <= now else min(moment - SPIN_NS, s.busy_ns)
    elif now >= moment:
        if now < s.busy_ns or s.lit:
            turn_down(s, i, REFUSED, BUSY, now, 0)
            return now
        for site in range(SITES):
            if p.rest_ns[site] and now + s.lead_ns < s.rest_ns[site]:
                turn_down(s, i, REFUSED, DUTY, now, site)
                return now
        if s.n_due == 0 and s.staged == order.slot:
            s.n_waiting -= 1
            s.waiting[i] = s.waiting[s.n_waiting]
            reason[0] = shine(s, &order, p, now)
    return now


cdef void pace(State* s) noexcept nogil:
    cdef int64_t now, next
    cdef int reason
    cdef uint32_t asked
    while True:
        drain(s.wake_out)
        reason = hear(s)
        now = now_ns()
        asked = swap(&s.asked, 0)
        if asked:
            reason = <int>asked
        while s.n_waiting < ORDERS and order_pop(&s.orders, &s.waiting[s.n_waiting]):
            s.n_waiting += 1
        if reason == FINE:
            reason = conclude(s, now)
        if reason == FINE and get(&s.state) == ARMED and now - get64(&s.beat_ns) > s.silence_ns:
            reason = HEARTBEAT
        next = now
        if reason == FINE:
            next = serve(s, now, &reason)
        if reason and (get(&s.state) == ARMED or asked):
            stop(s, reason, now)
        elif reason == LINE:
            put(&s.gone, 1)
        if s.again_ns and now >= s.again_ns:
            s.again_ns = 0
            if not get(&s.gone):
                say(s, s.abort_word, s.n_abort)
        if get(&s.quit) and not s.again_ns and not s.lit:
            return
        if get(&s.gone) and get(&s.state) != ARMED:
            if get(&s.quit):
                return
            wp_wait(-1, s.wake_out, TURN_NS)
            continue
        if s.lit:
            next = min(next, max(s.pulse.off_ns, now))
        if s.closing_ns:
            next = min(next, s.closing_ns)
        if s.again_ns:
            next = min(next, s.again_ns)
        if next > now and wp_wait(s.line, s.wake_out, min(next - now, TURN_NS)):
            if get(&s.state) == ARMED:
                stop(s, LINE, now_ns())
            else:
                put(&s.gone, 1)


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

    def __cinit__(self, int fd, bytes abort, bytes closing, bint cuts, double lead_us, double late_us=1000.0, double heartbeat_timeout_ms=100.0):
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

    def set_pattern(self, int slot, bytes program, bytes answer, bytes trigger, bytes echo, double lasts_us, double busy_us, rest_us):
        """What is said to the board, and heard from it, for the pattern in ``slot``.

        ``rest_us``: site -> time from light-on until it may be lit again.
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
        for site, rest in rest_us.items():
            if not 0 <= site < SITES:
                raise ValueError(f"slot {slot}: site {site} is out of range")
            p.rest_ns[<int>site] = <int64_t>(rest * 1e3)
        p.known = 1

    def begin(self):
        """Armed from now on; `run` has to be called at once, on a thread of its own."""
        cdef Order order
        cdef uint8_t slack[256]
        drain(self.s.wake_out)
        while order_pop(&self.s.orders, &order):
            pass
        while read(self.s.line, slack, sizeof(slack)) > 0:
            pass
        self.s.n_waiting = self.s.n_due = self.s.lit = 0
        self.s.staged, self.s.again_ns, self.s.closing_ns = -1, 0, 0
        put(&self.s.asked, 0)
        put(&self.s.quit, 0)
        put(&self.s.cause, 0)
        put64(&self.s.beat_ns, now_ns())
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


def monotonic_ns():
    """The clock of the pacer, which is the device clock of its boards, ns."""
    return now_ns()
