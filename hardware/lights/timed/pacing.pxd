"""The turns of a pacer: what it holds, and what it does with its line until it is told to end. All without the GIL.

A turn hears the board, obeys an abort, takes in orders, reports what is over, and serves the next order: makes the board ready, waits for the
moment, triggers. `stop` is the one way into the dark.
"""

from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.string cimport memset
from posix.unistd cimport read, write

from wavestim.hardware.lights.timed.orders cimport (
    DROPPED, FIRED, LOST, ORDERS, REFUSED, SAFE, SITES, SLOTS, WORD, News, NewsQueue, Order, OrderQueue, Pattern, get, get64, news_push,
    order_pop, put, swap,
)
from wavestim.hardware.monotonic cimport monotonic_ns

cdef enum Reason:              # index into REASONS
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

cdef enum:
    TURN_NS = 20_000_000       # the longest sleep
    SPIN_NS = 100_000          # the last stretch before a moment is not slept through
    ANSWER_NS = 1_000_000_000  # a board that has said nothing for so long will not
    CLOSING_NS = 25_000_000    # the board may be so late with its pulse; what is later is cut
    AGAIN_NS = 2_000_000       # an abort is said twice: a trigger on its way inside the board may outrun the first

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


cdef inline void nudge(int fd) noexcept nogil:
    cdef uint8_t one = 1
    write(fd, &one, 1)  # a full pipe has already woken its reader


cdef inline void drain(int fd) noexcept nogil:
    cdef uint8_t rest[64]
    while read(fd, rest, sizeof(rest)) == sizeof(rest):
        pass


cdef inline void tell(State* s, News* news, int kind, int reason, int64_t now) noexcept nogil:
    news.kind, news.reason, news.host_ns = kind, reason, now
    news_push(&s.news, news)
    nudge(s.news_in)


cdef inline void turn_down(State* s, int i, int kind, int reason, int64_t now, int64_t detail) noexcept nogil:
    """The order at place i comes to nothing."""
    cdef News news
    cdef Order* order = &s.waiting[i]
    memset(&news, 0, sizeof(News))
    news.decision, news.on_ns, news.dark, news.detail = order.decision, order.at_ns, order.dark, detail
    s.n_waiting -= 1
    order[0] = s.waiting[s.n_waiting]
    tell(s, &news, kind, reason, now)


cdef inline bint say(State* s, const uint8_t* word, int n) noexcept nogil:
    return n == 0 or write(s.line, word, n) == n


cdef inline void stop(State* s, int reason, int64_t now) noexcept nogil:
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
        elif s.cuts and not get(&s.gone) and now < s.pulse.off_ns:
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


cdef inline int hear(State* s) noexcept nogil:
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


cdef inline int conclude(State* s, int64_t now) noexcept nogil:
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


cdef inline int shine(State* s, const Order* order, const Pattern* p, int64_t now) noexcept nogil:
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


cdef inline int64_t serve(State* s, int64_t now, int* reason) noexcept nogil:
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
            if p.rest_ns[site] and now + s.lead_ns + p.first_ns[site] < s.rest_ns[site]:
                turn_down(s, i, REFUSED, DUTY, now, site)
                return now
        if s.n_due == 0 and s.staged == order.slot:
            now = monotonic_ns()  # this thread may have been put aside since
            if now > moment + s.late_ns:
                return now
            s.n_waiting -= 1
            s.waiting[i] = s.waiting[s.n_waiting]
            reason[0] = shine(s, &order, p, now)
    return now


cdef inline void pace(State* s) noexcept nogil:
    cdef int64_t now, next
    cdef int reason
    cdef uint32_t asked
    while True:
        drain(s.wake_out)
        reason = hear(s)
        now = monotonic_ns()
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
                stop(s, LINE, monotonic_ns())
            else:
                put(&s.gone, 1)
