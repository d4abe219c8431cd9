/* The schedule: FIRE_AT, FIRE_NOW and CANCEL fill a queue of jobs. They may overlap in time as long as each site keeps its limits. */
#include <string.h>

#include "wl_internal.h"

bool wl_slot_busy(const wl_core *c, uint8_t slot)
{
    for (uint8_t j = 0; j < c->n_jobs; j++)
        if (c->jobs[j].slot == slot) return true;
    return false;
}

void wl_remove_job(wl_core *c, uint8_t j)
{
    c->n_jobs--;
    memmove(&c->jobs[j], &c->jobs[j + 1], (size_t)(c->n_jobs - j) * sizeof c->jobs[0]);
}

void wl_dropped(wl_core *c, const wl_job *job, uint8_t code)
{
    uint8_t b[6] = {job->seq, code};
    wl_put32(b + 2, wl_now(c));
    wl_event(c, WL_E_DROPPED, b, sizeof b);
}

/* CRC over (site, level) of what was lit until `end`, in order; 0xFFFF: nothing. */
static uint16_t mask_crc(const wl_core *c, const wl_job *job, uint32_t end)
{
    uint16_t crc = 0xFFFFu;
    if (job->flags & WL_F_DARK) return crc;
    for (uint8_t i = 0; i < job->on && wl_after(wl_on_tick(c, job, i), end) <= 0; i++) {
        const wl_entry *e = &c->patterns[job->slot].entries[i];
        const uint8_t what[2] = {e->site, e->level};
        if (e->level) crc = wl_crc16(crc, what, sizeof what);
    }
    return crc;
}

void wl_fired(wl_core *c, const wl_job *job, uint32_t t_off, bool cut)
{
    uint8_t b[14] = {job->seq, job->slot, job->gen};
    wl_put32(b + 3, job->first_on);
    wl_put32(b + 7, t_off);
    b[11] = cut;
    wl_put16(b + 12, mask_crc(c, job, t_off));
    wl_event(c, WL_E_FIRED, b, sizeof b);
}

/* Ends every job: what ran when it became dark is reported as cut, what waited as dropped. */
void wl_flush(wl_core *c, uint8_t code, uint32_t since)
{
    while (wl_end_job(c, since)) {}
    for (uint8_t j = 0; j < c->n_jobs; j++) {
        if (c->jobs[j].running) wl_charge(c, c->done, &c->patterns[c->jobs[j].slot], c->jobs[j].start);
        if (c->jobs[j].running && wl_after(since, c->jobs[j].first_on) >= 0) wl_fired(c, &c->jobs[j], since, true);
        else wl_dropped(c, &c->jobs[j], code);
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
        wl_remove_job(c, j);
        wl_dropped(c, &job, code);
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

/* Later edges are with the timers already, which take them in order of time. */
static bool overtaken(const wl_core *c, uint32_t t_on, uint32_t *detail)
{
    *detail = c->handed_until - t_on;
    return WL_AHEAD_US && c->handed && wl_after(c->handed_until, t_on) >= 0;
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
    if (overtaken(c, t_on, detail)) return WL_N_LATE;
    *detail = (uint32_t)(lead - horizon);
    if (lead > horizon) return WL_N_TOO_FAR;
    const uint8_t shape = p->checked ? 0 : wl_check_pattern(c, p, detail); /* again: limits were tightened since COMMIT */
    if (shape) return shape;
    c->patterns[slot].checked = true;
    *detail = peak_with(c, p, t_on, replace);
    if (*detail > c->limit[WL_L_MAX_SITES]) return WL_N_SITES;
    c->replacing = replace;
    if (replace) wl_rebook(c, false);
    uint8_t code = wl_book(c, p, t_on, detail);
    if (!code && overtaken(c, t_on, detail)) code = WL_N_LATE; /* while the books were kept */
    if (code) wl_rebook(c, true);
    c->replacing = false;
    return code;
}

/* The same order once more, though its answer has left the memory of repeated frames: it waits or runs already. */
static bool ordered_already(const wl_core *c, uint8_t seq, uint8_t slot, uint8_t gen, uint8_t flags, uint32_t t_on)
{
    for (uint8_t j = 0; j < c->n_jobs; j++) {
        const wl_job *job = &c->jobs[j];
        if (job->seq == seq && job->slot == slot && job->gen == gen && job->flags == flags && job->start == t_on) return true;
    }
    return false;
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
    uint8_t b[5];
    wl_put32(b, t_on);
    if (!at_once && ordered_already(c, f->seq, slot, gen, flags, t_on)) {
        b[4] = (uint8_t)(WL_QUEUE - c->n_jobs);
        wl_ack(c, b + 4, 1);
        return;
    }
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
