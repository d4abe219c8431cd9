/* Limits: what a pattern may be, what a site may get, and LIMITS, which may only tighten them.
 *
 * Every site has an account: its last pulse (the rest after it is the duty limit) and a bucket of light that drains compartment by
 * compartment one window later, so that no window of 2 s holds more than the bucket. `done` knows what is over, `booked` adds
 * what runs and is queued; cancelling rebuilds `booked`. A dark pulse is booked exactly like light. What breaks a limit is refused. */
#include <string.h>

#include "wl_internal.h"

void wl_limits_init(wl_core *c)
{
    c->limit[WL_L_MAX_PULSE_US] = WL_MAX_PULSE_US;
    c->limit[WL_L_DUTY_PERMILLE] = WL_DUTY_PERMILLE;
    c->limit[WL_L_BUCKET_MS] = WL_BUCKET_MS;
    c->limit[WL_L_HEARTBEAT_MS] = WL_HEARTBEAT_MS;
    c->limit[WL_L_MAX_SITES] = c->config.max_sites;
    c->limit[WL_L_MAX_PATTERN_US] = WL_MAX_PATTERN_US;
    c->limit[WL_L_HORIZON_US] = WL_HORIZON_US;
    c->limit[WL_L_MIN_LEAD_US] = WL_MIN_LEAD_US;
    c->limit[WL_L_MIN_PULSE_US] = WL_MIN_PULSE_US;
}

void wl_limits_command(wl_core *c, const wl_frame *f)
{
    if (f->size != 5) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    const uint8_t id = f->payload[0];
    const uint32_t value = wl_get32(f->payload + 1);
    if (id == 0 || id >= WL_L_COUNT) {
        wl_nack(c, WL_N_UNKNOWN_CMD, id);
        return;
    }
    if (value != WL_LIMIT_READ) {
        const bool raise = id >= WL_L_MIN_LEAD_US;
        if (raise ? value < c->limit[id] : value > c->limit[id]) {
            wl_nack(c, WL_N_LOOSER, c->limit[id]);
            return;
        }
        if (raise && value > WL_HORIZON_US) {
            wl_nack(c, WL_N_TOO_FAR, WL_HORIZON_US);
            return;
        }
        c->limit[id] = value;
        for (uint8_t s = 0; s < WL_SLOTS; s++) c->patterns[s].checked = false;
    }
    uint8_t b[4];
    wl_put32(b, c->limit[id]);
    wl_ack(c, b, sizeof b);
}

static bool rested(const wl_core *c, uint32_t gap_ticks, uint16_t width)
{
    const uint32_t least = (uint32_t)width * wl_unit_ticks(c), permille = c->limit[WL_L_DUTY_PERMILLE];
    if (permille == WL_DUTY_PERMILLE) return gap_ticks >= least * (1000u / WL_DUTY_PERMILLE); /* spares a small board the long product */
    return (uint64_t)gap_ticks * permille >= (uint64_t)least * 1000u;
}

/* The pattern by itself; entries are in order of delay. Returns 0 or the refusal. */
uint8_t wl_check_pattern(wl_core *c, const wl_pattern *p, uint32_t *detail)
{
    *detail = 0;
    if (c->limit[WL_L_DUTY_PERMILLE] == 0) return WL_N_DUTY; /* no rest is long enough, not even before a first pulse */
    for (uint8_t i = 0; i < p->n; i++) {
        wl_keep_pace(c);
        const wl_entry *e = &p->entries[i];
        const uint32_t width_us = (uint32_t)e->width * (WL_UNIT_NS / 1000u);
        const uint32_t end_us = ((uint32_t)e->delay + e->width) * (WL_UNIT_NS / 1000u);
        *detail = i;
        if (e->site >= c->config.n_sites) return WL_N_SITES;
        if (width_us < c->limit[WL_L_MIN_PULSE_US] || width_us > c->limit[WL_L_MAX_PULSE_US]) return WL_N_WIDTH;
        if (end_us > c->limit[WL_L_MAX_PATTERN_US]) return WL_N_WIDTH;
        if (!c->config.graded && e->level != 0 && e->level != 255) return WL_N_WIDTH;
        for (uint8_t k = i; k-- > 0;) {
            if (p->entries[k].site != e->site) continue;
            if (!rested(c, (uint32_t)(e->delay - p->entries[k].delay) * wl_unit_ticks(c), p->entries[k].width)) return WL_N_DUTY;
            break; /* the pulse before this one decides; the ones before that were checked with it */
        }
    }
    *detail = p->peak;
    return p->peak > c->limit[WL_L_MAX_SITES] ? WL_N_SITES : 0;
}

static uint32_t bin_ticks(const wl_core *c) { return wl_us_ticks(c, (uint32_t)WL_BUCKET_WINDOW_MS * 1000u / (WL_BINS - 1u)); }

static void turn(const wl_core *c, wl_account *a, uint32_t t)
{
    const uint32_t size = bin_ticks(c);
    const int32_t ahead = wl_after(t, a->bin_start);
    if (!a->used || ahead >= (int32_t)(size * WL_BINS)) {
        memset(a, 0, sizeof *a);
        a->bin_start = t;
        return;
    }
    while (wl_after(t, a->bin_start) >= (int32_t)size) {
        a->head = (uint8_t)((a->head + 1u) % WL_BINS);
        a->bins[a->head] = 0;
        a->bin_start += size;
    }
}

static uint32_t content(const wl_account *a)
{
    uint32_t sum = 0;
    for (uint8_t k = 0; k < WL_BINS; k++) sum += a->bins[k];
    return sum;
}

static void charge(const wl_core *c, wl_account *a, uint32_t t, uint16_t width)
{
    turn(c, a, t);
    if (!a->used || wl_after(t, a->start) >= 0) { /* jobs that overlap may start in another order than they were booked */
        a->start = t;
        a->width = width;
    }
    a->used = true;
    a->bins[a->head] = (uint16_t)(a->bins[a->head] + width);
}

void wl_charge(wl_core *c, wl_account *accounts, const wl_pattern *p, uint32_t start)
{
    for (uint8_t i = 0; i < p->n; i++) {
        wl_keep_pace(c);
        charge(c, &accounts[p->entries[i].site], start + (uint32_t)p->entries[i].delay * wl_unit_ticks(c), p->entries[i].width);
    }
}

/* Books the pattern at `start` on top of what is booked; on refusal `booked` is left half done and must be rebuilt. */
uint8_t wl_book(wl_core *c, const wl_pattern *p, uint32_t start, uint32_t *detail)
{
    for (uint8_t i = 0; i < p->n; i++) {
        const wl_entry *e = &p->entries[i];
        const uint32_t t = start + (uint32_t)e->delay * wl_unit_ticks(c);
        wl_account *a = &c->booked[e->site];
        *detail = i;
        wl_keep_pace(c);
        if (a->used) {
            const int32_t gap = wl_after(t, a->start);
            if (gap < 0) return WL_N_ORDER; /* a later pulse of this site is booked already */
            if (!rested(c, (uint32_t)gap, a->width)) return WL_N_DUTY;
        }
        turn(c, a, t);
        if (content(a) + e->width > c->limit[WL_L_BUCKET_MS] * (1000000u / WL_UNIT_NS)) return WL_N_BUDGET;
        charge(c, a, t, e->width);
    }
    return 0;
}

void wl_rebook(wl_core *c, bool with_queued)
{
    memcpy(c->booked, c->done, c->config.n_sites * sizeof c->booked[0]);
    for (uint8_t j = 0; j < c->n_jobs; j++)
        if (with_queued || c->jobs[j].running) wl_charge(c, c->booked, &c->patterns[c->jobs[j].slot], c->jobs[j].start);
}

static void age(const wl_core *c, wl_account *a, uint32_t now)
{
    const int32_t rest = wl_after(now, a->start);
    if (a->used && rest > (int32_t)(bin_ticks(c) * (WL_BINS + 1u)) && rested(c, (uint32_t)rest, a->width)) a->used = false;
}

/* Accounts are compared with wrapping ticks: one that has rested is cleared before the counter comes round to it. */
void wl_age_accounts(wl_core *c, uint32_t now)
{
    for (uint16_t s = 0; s < c->config.n_sites; s++) {
        age(c, &c->done[s], now);
        age(c, &c->booked[s], now);
    }
}

/* Light booked at the busiest site within the window, us. */
uint32_t wl_booked_us(const wl_core *c)
{
    uint32_t most = 0;
    const uint32_t now = wl_now(c);
    for (uint16_t s = 0; s < c->config.n_sites; s++) {
        wl_account a = c->booked[s];
        if (!a.used) continue;
        turn(c, &a, now);
        const uint32_t sum = content(&a);
        if (sum > most) most = sum;
    }
    return most * (WL_UNIT_NS / 1000u);
}
