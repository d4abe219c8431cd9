/* The firmware core of a wavelight board: protocol, patterns, schedule, limits and watchdog of WL1, in portable C99.
 *
 * No allocation, no globals, no hardware header: a board gives a `wl_hal` and calls wl_rx_byte() for every byte received,
 * wl_poll() at or after every wl_next_event() and at least every millisecond. Time is the board's 32-bit tick counter, which
 * may wrap; everything planned lies less than half a wrap ahead. All calls must come from one context (or be serialised). */
#ifndef WL_CORE_H
#define WL_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wl_frame.h"
#include "wl_protocol.h"

/* Sizes: what a desktop host affords. A small board defines its own (avr/config.h). */
#ifndef WL_SLOTS
#define WL_SLOTS 160
#endif
#ifndef WL_ENTRIES
#define WL_ENTRIES 64
#endif
#ifndef WL_QUEUE
#define WL_QUEUE 16
#endif
#ifndef WL_SITES
#define WL_SITES 256
#endif
#ifndef WL_EVENTS
#define WL_EVENTS 32
#endif
#define WL_RETRIES 8
#define WL_SMALL 20  /* the longest reply or event that is kept for a repeat */
#define WL_ANSWER 32 /* the longest of all */

#define WL_LEAST_TICK_NS 20u /* half a wrap of the counter has to be longer than the longest rest of a site, 20 s */

/* Hard limits of the firmware; LIMITS may only tighten them until the next reset. */
#define WL_MAX_PULSE_US 20000u
#define WL_MIN_PULSE_US 48u
#define WL_MAX_PATTERN_US 200000u
#define WL_DUTY_PERMILLE 200u
#define WL_BUCKET_MS 250u
#define WL_BUCKET_WINDOW_MS 2000u
#define WL_BINS 9u /* compartments of the bucket: the running one and as many as fill the window */
#define WL_HEARTBEAT_MS 100u
#ifndef WL_MIN_LEAD_US
#define WL_MIN_LEAD_US 150u
#endif
#define WL_HORIZON_US 2000000u
/* A board whose timers carry out the edges gets them up to this long ahead, in order of time: what would begin before an edge that was
 * handed over is refused as late. A start is dropped when handing over cannot begin WL_READY_US and, for every pulse of its pattern,
 * WL_READY_EACH_US before: a pattern that has begun is not to run out of edges. 0: edges are carried out when they are due. */
#ifndef WL_AHEAD_US
#define WL_AHEAD_US 0u
#endif
#ifndef WL_READY_US
#define WL_READY_US 0u
#endif
#ifndef WL_READY_EACH_US
#define WL_READY_EACH_US 0u
#endif
#define WL_PACE_US 200u /* how often edges are handed over within a long command */
#define WL_LATE_US 100u /* without timers: a start missed by more than this is dropped, not fired late */
#define WL_OVERRUN_US 1000u
#define WL_STORM_ERRORS 100u /* damaged frames in a second that make the line untrustworthy */

typedef struct {
    void *ctx;
    uint32_t (*now)(void *ctx);                                    /* tick counter */
    /* One site at a tick (now, or at most WL_AHEAD_US ahead); 0 is dark. false: no room, it is asked again. */
    bool (*light)(void *ctx, uint8_t site, uint8_t level, uint32_t tick);
    /* Everything off at once, whatever was set; true: light was on. since: since when, at most now: an interrupt may have been before. */
    bool (*dark)(void *ctx, uint32_t *since);
    bool (*send)(void *ctx, const uint8_t *frame, size_t n);       /* queue a whole frame; false when there is no room */
    bool (*room)(void *ctx, size_t n);                             /* NULL, or whether send() would take n bytes: spares the encoding */
    bool (*interlock)(void *ctx);                                  /* true: closed, light is allowed */
    bool (*selftest)(void *ctx);                                   /* asked while dark, before arming; NULL: nothing to test */
    void (*pace)(void *ctx);                                       /* with WL_AHEAD_US: what light() was told may go on its way */
} wl_hal;

typedef struct {
    uint16_t tick_ns; /* WL_LEAST_TICK_NS or more; divides WL_UNIT_NS */
    uint16_t n_sites; /* 1..WL_SITES */
    uint8_t board;
    bool graded;
    uint8_t caps;        /* WL_CAP_TTL_IN, WL_CAP_HW_GATE */
    uint8_t max_sites;   /* lit at once: what the supply carries */
    uint8_t reset_cause; /* WL_C_WDT_RESET or WL_C_BROWNOUT after such a reset, else WL_C_NONE */
    uint32_t boot_id;    /* differs at every reset */
} wl_config;

typedef struct { uint16_t delay, width; uint8_t site, level; } wl_entry; /* units of 4 us */

typedef struct {
    uint8_t gen;  /* counts commits */
    uint8_t n;    /* 0: empty */
    uint8_t peak; /* sites lit at once */
    uint16_t end; /* last light-off, units of 4 us */
    bool checked; /* against the limits as they are */
    wl_entry entries[WL_ENTRIES]; /* by delay */
    uint8_t off[WL_ENTRIES];      /* entries by their end */
} wl_pattern;

typedef struct {
    bool running; /* its first edge was carried out or handed over */
    uint8_t seq, slot, gen, flags;
    uint8_t on, off; /* edges carried out or handed over */
    uint32_t start;
    uint32_t first_on;
} wl_job;

/* Light booked at one site: the last pulse (for the duty) and the bucket by compartments of window / (WL_BINS - 1). */
typedef struct {
    bool used;
    uint8_t head;
    uint16_t width;
    uint32_t start;
    uint32_t bin_start;
    uint16_t bins[WL_BINS];
} wl_account;

typedef struct { uint8_t seq, type, size, used; uint16_t crc; uint8_t payload[WL_SMALL]; } wl_kept;

typedef struct {
    wl_hal hal;
    wl_config config;
    uint32_t unit_ticks, limit[WL_L_COUNT];
    uint8_t state, cause;
    uint32_t nonce;
    bool greeted;
    /* heartbeat */
    bool beaten;
    uint32_t beat_count, beat_tick;
    /* session */
    uint32_t session_max, session_count;
    uint8_t last_fire_seq;
    /* receiver */
    uint8_t rx[WL_MAX_WIRE]; /* decoded in place */
    uint16_t rx_n;
    bool rx_over;
    uint8_t rx_drop, storm, excused;
    uint16_t crc_errors;
    uint32_t storm_tick, swept_tick;
    /* replies and events */
    const wl_frame *current; /* the command being answered */
    bool keep_reply;
    wl_kept kept[WL_RETRIES], events[WL_EVENTS];
    uint8_t kept_next, events_lost;
    uint16_t event_no; /* of the next event */
    uint16_t replay_next; /* of the next one to send; event_no when the line has taken all */
    /* patterns */
    wl_pattern patterns[WL_SLOTS];
    uint8_t staged[WL_ENTRIES * WL_ENTRY_BYTES];
    uint8_t staged_slot, staged_next, staged_count;
    uint16_t staged_n;
    /* schedule, in order of acceptance */
    wl_job jobs[WL_QUEUE];
    uint8_t n_jobs;
    bool handed; /* some edges lie ahead, up to: */
    uint32_t handed_until;
    uint32_t told_tick; /* all edges up to WL_AHEAD_US after this are handed over */
    bool replacing; /* what waits is about to be dropped */
    uint32_t paced_tick;
    /* light */
    uint16_t n_lit;
    uint8_t lit[WL_SITES];
    uint32_t lit_until[WL_SITES];
    wl_account done[WL_SITES];   /* light of jobs that are over */
    wl_account booked[WL_SITES]; /* the same, and the jobs that run or wait */
} wl_core;

/* Starts dark. Returns 0, or -1 when the configuration cannot be. */
int wl_init(wl_core *core, const wl_config *config, const wl_hal *hal);
/* One byte from the wire; t_rx is the tick at which it arrived. */
void wl_rx_byte(wl_core *core, uint8_t byte, uint32_t t_rx);
/* Does everything that is due at hal.now(). */
void wl_poll(wl_core *core);
/* The tick of the next thing to do; false: nothing is planned. */
bool wl_next_event(const wl_core *core, uint32_t *tick);
/* BREAK, DTR low, cable gone: a fault whose cause is ABORT. */
void wl_line_lost(wl_core *core);
/* The board had no room for bytes: the frame they leave damaged is no sign of a bad line. */
void wl_rx_lost(wl_core *core);
/* The board found a fault by itself: dark, and SAFE when armed. */
void wl_fault(wl_core *core, uint8_t cause);
/* The tick at which silence of the host ends in darkness; false: not armed. */
bool wl_heartbeat_deadline(const wl_core *core, uint32_t *tick);
/* A few words to the host; at most WL_SMALL - 2 characters. */
void wl_log(wl_core *core, const char *text);
/* An edge on a TTL input, stamped by the board. */
void wl_ttl_in(wl_core *core, uint8_t line, uint8_t level, uint32_t tick);

#endif
