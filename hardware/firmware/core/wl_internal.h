/* What the files of the core share among themselves. */
#ifndef WL_INTERNAL_H
#define WL_INTERNAL_H

#include "wl_core.h"

static inline uint32_t wl_now(const wl_core *c) { return c->hal.now(c->hal.ctx); }
/* us: at most 4 s. A board may fix its tick, which spares it the division. */
#ifdef WL_TICKS_PER_US
static inline uint32_t wl_us_ticks(const wl_core *c, uint32_t us) { (void)c; return us * WL_TICKS_PER_US; }
static inline uint32_t wl_unit_ticks(const wl_core *c) { (void)c; return WL_UNIT_NS / 1000u * WL_TICKS_PER_US; }
#else
static inline uint32_t wl_us_ticks(const wl_core *c, uint32_t us) { return us * 1000u / c->config.tick_ns; }
static inline uint32_t wl_unit_ticks(const wl_core *c) { return c->unit_ticks; }
#endif
static inline int32_t wl_after(uint32_t a, uint32_t b) { return (int32_t)(a - b); } /* a - b, across the wrap */
static inline bool wl_is_armed(const wl_core *c) { return c->state == WL_S_ARMED; }

/* When an entry of a committed pattern ends, in units; and the ticks of a job's edges. */
static inline uint16_t wl_end_of(const wl_entry *e) { return (uint16_t)(e->delay + e->width); }
static inline uint32_t wl_on_tick(const wl_core *c, const wl_job *job, uint8_t entry)
{
    return job->start + (uint32_t)c->patterns[job->slot].entries[entry].delay * wl_unit_ticks(c);
}
static inline uint32_t wl_off_tick(const wl_core *c, const wl_job *job, uint8_t nth)
{
    const wl_pattern *p = &c->patterns[job->slot];
    return job->start + (uint32_t)wl_end_of(&p->entries[p->off[nth]]) * wl_unit_ticks(c);
}

/* wl_reply.c */
void wl_reply(wl_core *c, uint8_t type, const uint8_t *payload, uint8_t size);
void wl_ack(wl_core *c, const uint8_t *extra, uint8_t size);
void wl_nack(wl_core *c, uint8_t code, uint32_t detail);
bool wl_repeat(wl_core *c, const wl_frame *f);
void wl_event(wl_core *c, uint8_t type, const uint8_t *body, uint8_t size);
void wl_replay(wl_core *c, uint16_t from);
void wl_replay_on(wl_core *c);

/* wl_command.c */
void wl_dispatch(wl_core *c, const wl_frame *f, uint32_t t_rx);
void wl_safe(wl_core *c, uint8_t cause);

/* wl_pattern.c */
void wl_define(wl_core *c, const wl_frame *f);
void wl_commit(wl_core *c, const wl_frame *f);

/* wl_limits.c */
void wl_limits_init(wl_core *c);
void wl_limits_command(wl_core *c, const wl_frame *f);
uint8_t wl_check_pattern(wl_core *c, const wl_pattern *p, uint32_t *detail);
uint8_t wl_book(wl_core *c, const wl_pattern *p, uint32_t start, uint32_t *detail);
void wl_charge(wl_core *c, wl_account *accounts, const wl_pattern *p, uint32_t start);
void wl_rebook(wl_core *c, bool with_queued);
void wl_age_accounts(wl_core *c, uint32_t now);
uint32_t wl_booked_us(const wl_core *c);

/* wl_queue.c */
void wl_fire(wl_core *c, const wl_frame *f, bool now);
void wl_cancel(wl_core *c, const wl_frame *f);
void wl_flush(wl_core *c, uint8_t code, uint32_t since);
bool wl_slot_busy(const wl_core *c, uint8_t slot);
void wl_remove_job(wl_core *c, uint8_t j);
void wl_dropped(wl_core *c, const wl_job *job, uint8_t code);
void wl_fired(wl_core *c, const wl_job *job, uint32_t t_off, bool cut);

/* wl_edge.c */
bool wl_next_edge(const wl_core *c, uint32_t *tick, uint8_t *job, bool *on);
bool wl_run_edge(wl_core *c, uint32_t now);
bool wl_end_job(wl_core *c, uint32_t now);
void wl_keep_pace(wl_core *c);
bool wl_all_dark(wl_core *c, uint32_t *since);

#endif
