"""What the pacer works with: a board's words for every pattern, orders on their way in, news on their way out.

Both queues have one writer and one reader and need no lock. Counters only grow; a place is the counter modulo the length.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

cdef extern from *:
    """
    #ifndef WAVESTIM_ORDERS
    #define WAVESTIM_ORDERS
    #include <stdint.h>
    static inline uint32_t wo_get(uint32_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    static inline void wo_put(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
    static inline uint32_t wo_swap(uint32_t *p, uint32_t v) { return __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL); }
    static inline int64_t wo_get64(int64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    static inline void wo_put64(int64_t *p, int64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
    #endif
    """
    uint32_t get "wo_get"(uint32_t* p) noexcept nogil
    void put "wo_put"(uint32_t* p, uint32_t v) noexcept nogil
    uint32_t swap "wo_swap"(uint32_t* p, uint32_t v) noexcept nogil
    int64_t get64 "wo_get64"(int64_t* p) noexcept nogil
    void put64 "wo_put64"(int64_t* p, int64_t v) noexcept nogil

cdef enum:
    SLOTS = 160
    SITES = 16
    ORDERS = 32
    NEWS = 512
    FRAME = 256
    WORD = 64


cdef struct Pattern:
    uint8_t known
    int n_program, n_answer, n_trigger, n_echo
    uint8_t program[FRAME]   # makes the board ready for this pattern,
    uint8_t answer[WORD]     # and what it says to that, byte for byte
    uint8_t trigger[WORD]    # starts it,
    uint8_t echo[WORD]       # and what it says to that
    int64_t lasts_ns         # from light-on to the last light-off
    int64_t busy_ns          # from light-on until the board takes the next order
    int64_t first_ns[SITES]  # from light-on to this site's own light,
    int64_t rest_ns[SITES]   # and until it may be lit again; 0: not lit


cdef struct Order:
    int64_t at_ns            # light-on, host time
    int32_t decision
    uint8_t slot
    uint8_t dark


cdef struct OrderQueue:
    Order at[ORDERS]
    uint32_t head, tail


cdef inline bint order_push(OrderQueue* q, const Order* order) noexcept nogil:
    if q.head - get(&q.tail) >= ORDERS:
        return False
    q.at[q.head % ORDERS] = order[0]
    put(&q.head, q.head + 1)
    return True


cdef inline bint order_pop(OrderQueue* q, Order* order) noexcept nogil:
    if get(&q.head) == q.tail:
        return False
    order[0] = q.at[q.tail % ORDERS]
    put(&q.tail, q.tail + 1)
    return True


cdef enum NewsKind:
    FIRED = 0
    REFUSED = 1
    DROPPED = 2
    LOST = 3
    SAFE = 4


cdef struct News:
    int kind
    int reason
    int32_t decision
    int64_t host_ns
    int64_t on_ns
    int64_t off_ns
    int64_t detail
    uint8_t dark
    uint8_t cut


cdef struct NewsQueue:
    News at[NEWS]
    uint32_t head, tail
    uint32_t n_lost


cdef inline void news_push(NewsQueue* q, const News* news) noexcept nogil:
    if q.head - get(&q.tail) >= NEWS:
        q.n_lost += 1
        return
    q.at[q.head % NEWS] = news[0]
    put(&q.head, q.head + 1)


cdef inline bint news_pop(NewsQueue* q, News* news) noexcept nogil:
    if get(&q.head) == q.tail:
        return False
    news[0] = q.at[q.tail % NEWS]
    put(&q.tail, q.tail + 1)
    return True
