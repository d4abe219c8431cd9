"""The C of the firmware as Cython sees it: the frame codec and the board in memory."""
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t


cdef extern from "wl_frame.h" nogil:
    enum:
        WL_MAX_PAYLOAD
        WL_MAX_RAW
        WL_MAX_WIRE
        WL_FRAME_LENGTH
        WL_FRAME_CRC

    ctypedef struct wl_frame:
        uint8_t type
        uint8_t seq
        uint8_t size
        uint16_t crc
        const uint8_t* payload

    uint16_t wl_crc16(uint16_t crc, const uint8_t* data, size_t n)
    size_t wl_cobs_encode(const uint8_t* data, size_t n, uint8_t* out)
    int wl_cobs_decode(const uint8_t* data, size_t n, uint8_t* out, size_t room)
    size_t wl_frame_encode(uint8_t type, uint8_t seq, const uint8_t* payload, size_t size, uint8_t* out)
    int wl_frame_decode(const uint8_t* wire, size_t n, uint8_t* raw, wl_frame* frame)
    uint16_t wl_get16(const uint8_t* p)
    uint32_t wl_get32(const uint8_t* p)
    void wl_put16(uint8_t* p, uint16_t v)
    void wl_put32(uint8_t* p, uint32_t v)


cdef extern from "wl_core.h" nogil:
    enum:
        WL_SITES
        WL_CAP_TTL_IN
        WL_LEAST_TICK_NS

    ctypedef struct wl_config:
        uint16_t tick_ns
        uint16_t n_sites
        uint8_t board
        bint graded
        uint8_t caps
        uint8_t max_sites
        uint8_t reset_cause
        uint32_t boot_id

    ctypedef struct wl_core:
        uint8_t state
        uint8_t cause
        uint8_t n_jobs

    void wl_fault(wl_core* core, uint8_t cause)
    void wl_ttl_in(wl_core* core, uint8_t line, uint8_t level, uint32_t tick)


cdef extern from "../host/wl_host.h" nogil:
    ctypedef struct wl_host_edge:
        int64_t host_ns
        int64_t device_ns
        int32_t site
        int32_t level

    ctypedef struct wl_host_sent:
        int64_t ns
        uint16_t n
        const uint8_t* bytes

    ctypedef struct wl_host:
        wl_core core
        wl_config config
        int64_t byte_ns
        int64_t host_ns
        int64_t tick
        int64_t frozen_ns
        bint chain_broken
        wl_host_edge* edges
        size_t n_edges
        uint8_t level[256]

    wl_host* wl_host_new(const wl_config* config, int64_t boot_ns, int64_t drift_ppb, int64_t byte_ns)
    void wl_host_free(wl_host* h)
    int wl_host_receive(wl_host* h, const uint8_t* data, int n, int64_t at_ns)
    void wl_host_advance(wl_host* h, int64_t until_ns)
    int64_t wl_host_next(const wl_host* h)
    const wl_host_sent* wl_host_sent_peek(const wl_host* h)
    void wl_host_take_sent(wl_host* h)
    void wl_host_unplug(wl_host* h)
    void wl_host_interlock(wl_host* h, bint closed)
    int wl_host_reset(wl_host* h, uint8_t cause, uint32_t boot_id)
    int64_t wl_host_device_ns(const wl_host* h, int64_t host_ns)
    int64_t wl_host_when(const wl_host* h, int64_t device_ns)
