"""A counter that two threads share without a lock: what its writer wrote before :func:`release` is there for whoever reads it by :func:`acquire`."""

cdef extern from * nogil:
    """
    #ifndef WAVESTIM_ATOMICS
    #define WAVESTIM_ATOMICS
    static inline unsigned long ws_acquire(unsigned long *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    static inline void ws_release(unsigned long *p, unsigned long v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
    static inline void ws_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
    #endif
    """
    unsigned long acquire "ws_acquire"(unsigned long* p) noexcept
    void release "ws_release"(unsigned long* p, unsigned long v) noexcept
    void fence "ws_fence"() noexcept
