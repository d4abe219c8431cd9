"""Bytes and counters that the engine's thread and the driver's share without a lock."""

from libc.stdint cimport int32_t, uint8_t, uint32_t

cdef extern from *:
    """
    #ifndef WAVELIGHT_SHARED
    #define WAVELIGHT_SHARED
    #include <stdint.h>
    static inline uint8_t ws_load(uint8_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
    static inline void ws_store(uint8_t *p, uint8_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
    static inline uint8_t ws_swap(uint8_t *p, uint8_t v) { return __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL); }
    static inline int ws_claim(uint8_t *p, uint8_t v) {
        uint8_t free_ = 0;
        return __atomic_compare_exchange_n(p, &free_, v, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
    }
    static inline uint32_t ws_next(uint32_t *p) { return __atomic_fetch_add(p, 1, __ATOMIC_RELAXED); }
    static inline int32_t ws_add(int32_t *p, int32_t v) { return __atomic_add_fetch(p, v, __ATOMIC_ACQ_REL); }
    #endif
    """
    uint8_t load "ws_load"(uint8_t* p) noexcept nogil
    void store "ws_store"(uint8_t* p, uint8_t v) noexcept nogil
    uint8_t swap "ws_swap"(uint8_t* p, uint8_t v) noexcept nogil      # returns what it was
    int claim "ws_claim"(uint8_t* p, uint8_t v) noexcept nogil        # makes a 0 the value; 0 when it was none
    uint32_t next_of "ws_next"(uint32_t* p) noexcept nogil            # counts on, returns what it was
    int32_t add "ws_add"(int32_t* p, int32_t v) noexcept nogil        # returns what it became
