/* The schedule: FIRE_AT, FIRE_NOW and CANCEL fill a queue of jobs; edges of all jobs are carried out in order of time.
 *
 * Jobs may overlap in time as long as each site keeps its limits. A dark job walks through the same edges and events without
 * light. Offs go before ons of the same tick, so that the supply never carries both. */
#include <string.h>

#include "wl_internal.h"

bool wl_slot_busy(const wl_core *c, uint8_t slot)
{
    for (uint8_t j = 0; j < c->n_jobs; j++)
        if (c->jobs[j].slot == slot) return true;
    return false;
}

static void remove_job(wl_core *c, uint8_t j)
{
    c->n_jobs--;
    memmove(&c->jobs[j], &c->jobs[j + 1], (size_t)(c->n_jobs - j) * sizeof c->jobs[0]);
}

static void dropped(wl_core *c, const wl_job *job, uint8_t code)
{
    uint8_t b[6] = {job->seq, code};
    wl_put32(b + 2, wl_now(c));
    wl_event(c, WL_E_DROPPED, b, sizeof b);
}

static uint32_t on_tick(const wl_core *c, const wl_job *job, uint8_t entry)
{
    return job->start + (uint32_t)c->patterns[job->slot].entries[entry].delay * wl_unit_ticks(c);
}

static inline uint16_t end_of(const wl_entry *e) { return (uint16_t)(e->delay + e->width); } /* a committed pattern is short */

static uint32_t off_tick(const wl_core *c, const wl_job *job, uint8_t nth)
{
    const wl_pattern *p = &c->patterns[job->slot];
    return job->start + (uint32_t)end_of(&p->entries[p->off[nth]]) * wl_unit_ticks(c);
}

/* CRC over (site, level) of what was lit until `end`, in order; 0xFFFF: nothing. */
static uint16_t mask_crc(const wl_core *c, const wl_job *job, uint32_t end)
{
    uint16_t crc = 0xFFFFu;
    if (job->flags & WL_F_DARK) return crc;
    for (uint8_t i = 0; i < job->on && wl_after(on_tick(c, job, i), end) <= 0; i++) {
        const wl_entry *e = &c->patterns[job->slot].entries[i];
        const uint8_t what[2] = {e->site, e->level};
        if (e->level) crc = wl_crc16(crc, what, sizeof what);
    }
    return crc;
}

static void fired(wl_core *c, const wl_job *job, uint32_t t_off, bool cut)
{
    uint8_t b[14] = {job->seq, job->slot, job->gen};
    wl_put32(b + 3, job->first_on);
    wl_put32(b + 7, t_off);
    b[11] = cut;
    wl_put16(b + 12, mask_crc(c, job, t_off));
    wl_event(c, WL_E_FIRED, b, sizeof b);
}

/* Ends every job: what runs is reported as cut, what waits as dropped. The light is off already. */
void wl_flush(wl_core *c, uint8_t code)
{
    const uint32_t now = wl_now(c);
    while (wl_end_job(c, now)) {}
    for (uint8_t j = 0; j < c->n_jobs; j++) {
        if (c->jobs[j].running) wl_charge(c, c->done, &c->patterns[c->jobs[j].slot], c->jobs[j].start);
        if (c->jobs[j].running && wl_after(now, c->jobs[j].first_on) >= 0) fired(c, &c->jobs[j], now, true);
        else dropped(c, &c->jobs[j], code);
    }
    c->n_jobs = 0;
    wl_rebook(c, false);
}

static void drop_queued(wl_core *c, int seq, uint8_t code, uint8_t *count)
{
    for (uint8_t j = 0; j < c->n_jobs;) {
        const wl_job job = c->jobs[j];
        if (job.running || (seq >= 0 && job.seq != seq)) {
            j++;
            continue;
        }
        remove_job(c, j);
        dropped(c, &job, code);
        (*count)++;
    }
}

static uint16_t peak_with(const wl_core *c, const wl_pattern *p, uint32_t start, bool replace)
{
    const uint32_t end = start + (uint32_t)p->end * wl_unit_ticks(c);
    uint16_t peak = p->peak;
    for (uint8_t j = 0; j < c->n_jobs; j++) {
        const wl_job *job = &c->jobs[j];
        const wl_pattern *q = &c->patterns[job->slot];
        if (replace && !job->running) continue;
        if (wl_after(job->start, end) < 0 && wl_after(start, job->start + (uint32_t)q->end * wl_unit_ticks(c)) < 0)
            peak = (uint16_t)(peak + q->peak); /* the sum of the two peaks: refuses too early rather than too late */
    }
    return peak;
}

static uint8_t refusal(wl_core *c, uint8_t slot, uint8_t gen, uint8_t flags, uint32_t now, uint32_t t_on, uint32_t *detail)
{
    *detail = 0;
    if (!wl_is_armed(c)) return WL_N_NOT_ARMED;
    if (!c->hal.interlock(c->hal.ctx)) return WL_N_INTERLOCK_OPEN;
    if (slot >= WL_SLOTS || c->patterns[slot].n == 0) return WL_N_BAD_SLOT;
    const wl_pattern *p = &c->patterns[slot];
    *detail = p->gen;
    if (gen != p->gen) return WL_N_BAD_GEN;
    const bool replace = (flags & WL_F_REPLACE) != 0;
    uint8_t taken = 0;
    for (uint8_t j = 0; j < c->n_jobs; j++) taken = (uint8_t)(taken + (c->jobs[j].running || !replace));
    *detail = WL_QUEUE;
    if (taken >= WL_QUEUE) return WL_N_QUEUE_FULL;
    *detail = c->session_count;
    if (c->session_max && c->session_count >= c->session_max) return WL_N_SESSION_LIMIT;
    const int32_t lead = wl_after(t_on, now), least = (int32_t)wl_us_ticks(c, c->limit[WL_L_MIN_LEAD_US]);
    const int32_t horizon = (int32_t)wl_us_ticks(c, c->limit[WL_L_HORIZON_US]);
    *detail = (uint32_t)least - (uint32_t)lead;
    if (lead < least) return WL_N_LATE;
    *detail = c->handed_until - t_on;
    if (WL_AHEAD_US && c->handed && wl_after(c->handed_until, t_on) >= 0) return WL_N_LATE;
    *detail = (uint32_t)(lead - horizon);
    if (lead > horizon) return WL_N_TOO_FAR;
    const uint8_t shape = p->checked ? 0 : wl_check_pattern(c, p, detail); /* again: limits were tightened since COMMIT */
    if (shape) return shape;
    c->patterns[slot].checked = true;
    *detail = peak_with(c, p, t_on, replace);
    if (*detail > c->limit[WL_L_MAX_SITES]) return WL_N_SITES;
    c->replacing = replace;
    if (replace) wl_rebook(c, false);
    const uint8_t code = wl_book(c, p, t_on, detail);
    if (code) wl_rebook(c, true);
    c->replacing = false;
    return code;
}

/* FIRE_AT: slot, gen, t_on, flags. FIRE_NOW: slot, gen, flags. */
void wl_fire(wl_core *c, const wl_frame *f, bool at_once)
{
    const uint8_t size = at_once ? 3 : 7;
    if (f->size != size) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    const uint8_t slot = f->payload[0], gen = f->payload[1], flags = f->payload[size - 1];
    const uint32_t now = wl_now(c);
    const uint32_t t_on = at_once ? now + wl_us_ticks(c, c->limit[WL_L_MIN_LEAD_US]) : wl_get32(f->payload + 2);
    uint32_t detail = flags;
    const uint8_t code = (flags & ~(WL_F_DARK | WL_F_REPLACE)) ? WL_N_UNKNOWN_CMD : refusal(c, slot, gen, flags, now, t_on, &detail);
    if (code) {
        wl_nack(c, code, detail);
        return;
    }
    uint8_t replaced = 0;
    if (flags & WL_F_REPLACE) drop_queued(c, -1, WL_N_REPLACED, &replaced);
    wl_job *job = &c->jobs[c->n_jobs++];
    memset(job, 0, sizeof *job);
    job->seq = f->seq;
    job->slot = slot;
    job->gen = gen;
    job->flags = flags;
    job->start = t_on;
    c->last_fire_seq = f->seq;
    c->session_count++;
    uint8_t b[5];
    wl_put32(b, t_on);
    b[4] = (uint8_t)(WL_QUEUE - c->n_jobs);
    if (at_once) wl_ack(c, b, 5);
    else wl_ack(c, b + 4, 1);
}

void wl_cancel(wl_core *c, const wl_frame *f)
{
    uint8_t count = 0;
    if (f->size != 1) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    drop_queued(c, f->payload[0] == WL_CANCEL_ALL ? -1 : f->payload[0], WL_N_CANCELLED, &count);
    wl_rebook(c, true);
    wl_ack(c, &count, 1);
}

/* The next edge of one job; false: all its edges are done. An off goes before an on of the same tick. */
static bool job_edge(const wl_core *c, const wl_job *job, uint32_t *tick, bool *on)
{
    const wl_pattern *p = &c->patterns[job->slot];
    if (job->off == p->n) return false; /* it only has to end */
    const uint16_t end = end_of(&p->entries[p->off[job->off]]);
    *on = job->on < p->n && (job->off >= job->on || p->entries[job->on].delay < end);
    *tick = job->start + (uint32_t)(*on ? p->entries[job->on].delay : end) * wl_unit_ticks(c);
    return true;
}

bool wl_next_edge(const wl_core *c, uint32_t *tick, uint8_t *which, bool *on)
{
    bool found = false;
    for (uint8_t j = 0; j < c->n_jobs; j++) {
        uint32_t t = 0;
        bool rising = false;
        if (!job_edge(c, &c->jobs[j], &t, &rising)) continue;
        const int32_t d = found ? wl_after(t, *tick) : -1;
        if (d < 0 || (d == 0 && *on && !rising)) {
            *tick = t;
            *which = j;
            *on = rising;
            found = true;
        }
    }
    return found;
}

bool wl_all_dark(wl_core *c)
{
    const bool was_on = c->hal.dark(c->hal.ctx);
    c->handed = false;
    memset(c->lit, 0, sizeof c->lit);
    c->n_lit = 0;
    return was_on;
}

static bool light(wl_core *c, const wl_entry *e, bool on, uint32_t tick)
{
    const bool lit = on && e->level != 0;
    if (!c->hal.light(c->hal.ctx, e->site, lit ? e->level : 0, tick)) return false;
    if (lit && !c->lit[e->site]) c->n_lit++;
    if (!lit && c->lit[e->site]) c->n_lit--;
    c->lit[e->site] = lit;
    c->lit_until[e->site] = tick + (uint32_t)e->width * wl_unit_ticks(c);
    return true;
}

/* Reports the first job that is over; false: none is. */
bool wl_end_job(wl_core *c, uint32_t now)
{
    for (uint8_t j = 0; j < c->n_jobs; j++) {
        const wl_job over = c->jobs[j];
        const uint8_t n = c->patterns[over.slot].n;
        if (over.off != n || wl_after(now, off_tick(c, &over, (uint8_t)(n - 1u))) < 0) continue;
        remove_job(c, j);
        c->handed = c->n_jobs > 0 && c->handed;
        wl_charge(c, c->done, &c->patterns[over.slot], over.start);
        fired(c, &over, WL_AHEAD_US ? off_tick(c, &over, (uint8_t)(n - 1u)) : now, false);
        return true;
    }
    return false;
}

static bool too_late(const wl_core *c, const wl_job *job, int32_t lateness)
{
    if (job->running) return lateness > (int32_t)wl_us_ticks(c, WL_OVERRUN_US);
    if (WL_AHEAD_US) return lateness > -(int32_t)wl_us_ticks(c, WL_READY_US);
    return lateness > (int32_t)wl_us_ticks(c, WL_LATE_US);
}

/* How far a job may go, in units after its start: not past `until`, and not up to an edge of another job. */
static uint16_t reach(const wl_core *c, const wl_job *job, uint32_t until)
{
    for (uint8_t j = 0; j < c->n_jobs; j++) {
        uint32_t other = 0;
        bool on = false;
        if (&c->jobs[j] != job && job_edge(c, &c->jobs[j], &other, &on) && wl_after(until, other) >= 0) until = other - 1u;
    }
    const int32_t ahead = wl_after(until, job->start);
    const uint32_t units = ahead < 0 ? 0 : (uint32_t)ahead / wl_unit_ticks(c);
    return units < WL_MAX_PATTERN_US * 1000u / WL_UNIT_NS ? (uint16_t)units : (uint16_t)(WL_MAX_PATTERN_US * 1000u / WL_UNIT_NS);
}

/* Carries out, or hands over, the edges of one job: those at its next tick, and on until another job's or the end of what is due.
 * On a small board this loop is what light waits for. false: there is no room. */
static bool hand_over(wl_core *c, wl_job *job, uint32_t now)
{
    const wl_pattern *p = &c->patterns[job->slot];
    const bool dark = (job->flags & WL_F_DARK) != 0;
    const uint8_t n = p->n;
    uint8_t i = job->on, k = job->off;
    uint16_t until = reach(c, job, now + wl_us_ticks(c, WL_AHEAD_US)), rise = i < n ? p->entries[i].delay : 0xFFFFu;
    uint16_t fall = end_of(&p->entries[p->off[k]]);
    const uint16_t first = rise < fall ? rise : fall;
    if (until < first) until = first; /* its turn has come, whatever others have at the same tick */
    if (!job->running) {
        const uint32_t t = job->start + (uint32_t)rise * wl_unit_ticks(c);
        job->first_on = wl_after(now, t) > 0 ? now : t;
        job->running = true;
    }
    bool room = true;
    for (;;) {
        const bool on = rise < fall && i < n; /* an off goes before an on of the same tick */
        const uint16_t at = on ? rise : fall;
        if (at > until) break;
        const wl_entry *e = &p->entries[on ? i : p->off[k]];
        const uint32_t t = job->start + (uint32_t)at * wl_unit_ticks(c);
        if (!dark && !(room = light(c, e, on, t))) break;
        c->handed = true;
        c->handed_until = t;
        if (on) {
            i++;
            rise = i < n ? p->entries[i].delay : 0xFFFFu;
        } else {
            k++;
            if (k == n) break;
            fall = end_of(&p->entries[p->off[k]]);
        }
    }
    job->on = i;
    job->off = k;
    return room;
}

/* The edges that come first; false: none is due, or there is no room. */
bool wl_run_edge(wl_core *c, uint32_t now)
{
    uint32_t t = 0;
    uint8_t j = 0;
    bool on = false;
    if (!wl_next_edge(c, &t, &j, &on) || wl_after(now + wl_us_ticks(c, WL_AHEAD_US), t) < 0) return false;
    if (!too_late(c, &c->jobs[j], wl_after(now, t))) return hand_over(c, &c->jobs[j], now);
    if (c->jobs[j].running) {
        wl_safe(c, WL_C_PULSE_OVERRUN);
        return true;
    }
    const wl_job late = c->jobs[j];
    remove_job(c, j);
    wl_rebook(c, true);
    dropped(c, &late, WL_N_LATE);
    return true;
}

/* Called within what takes long: edges are handed over in time, whatever the host asks for. Ends and drops no job. */
void wl_keep_pace(wl_core *c)
{
    if (!WL_AHEAD_US || !c->hal.pace) return;
    const uint32_t now = wl_now(c);
    if (now - c->paced_tick < wl_us_ticks(c, WL_PACE_US)) return;
    c->paced_tick = now;
    uint32_t t = 0;
    uint8_t j = 0;
    bool on = false;
    while (wl_is_armed(c) && !c->replacing && wl_next_edge(c, &t, &j, &on) && wl_after(now + wl_us_ticks(c, WL_AHEAD_US), t) >= 0
           && !too_late(c, &c->jobs[j], wl_after(now, t)) && hand_over(c, &c->jobs[j], now)) {}
    c->hal.pace(c->hal.ctx);
}
