/* The edges of all jobs, in order of time: carried out when they are due, or handed over to a board whose timers do it.
 *
 * A dark job walks through the same edges and events without light. Offs go before ons of the same tick, so that the supply never
 * carries both. */
#include <string.h>

#include "wl_internal.h"

/* The next edge of one job; false: all its edges are done. An off goes before an on of the same tick. */
static bool job_edge(const wl_core *c, const wl_job *job, uint32_t *tick, bool *on)
{
    const wl_pattern *p = &c->patterns[job->slot];
    if (job->off == p->n) return false; /* it only has to end */
    const uint16_t end = wl_end_of(&p->entries[p->off[job->off]]);
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

bool wl_all_dark(wl_core *c, uint32_t *since)
{
    const bool was_on = c->hal.dark(c->hal.ctx, since);
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
        if (over.off != n || wl_after(now, wl_off_tick(c, &over, (uint8_t)(n - 1u))) < 0) continue;
        wl_remove_job(c, j);
        c->handed = c->n_jobs > 0 && c->handed;
        wl_charge(c, c->done, &c->patterns[over.slot], over.start);
        wl_fired(c, &over, WL_AHEAD_US ? wl_off_tick(c, &over, (uint8_t)(n - 1u)) : now, false);
        return true;
    }
    return false;
}

static bool too_late(const wl_core *c, const wl_job *job, int32_t lateness)
{
    if (job->running) return lateness > (int32_t)wl_us_ticks(c, WL_OVERRUN_US);
    if (WL_AHEAD_US) return lateness > -(int32_t)wl_us_ticks(c, WL_READY_US + WL_READY_EACH_US * c->patterns[job->slot].n);
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
    uint16_t fall = wl_end_of(&p->entries[p->off[k]]);
    const uint16_t first = rise < fall ? rise : fall;
    const bool first_on = rise < fall, shared = until < first; /* its turn has come, and another job has an edge at the same tick */
    if (shared) until = first;
    if (!job->running) {
        const uint32_t t = job->start + (uint32_t)rise * wl_unit_ticks(c);
        job->first_on = wl_after(now, t) > 0 ? now : t;
        job->running = true;
    }
    bool room = true;
    for (;;) {
        const bool on = rise < fall && i < n; /* an off goes before an on of the same tick */
        const uint16_t at = on ? rise : fall;
        if (at > until || (shared && on != first_on)) break; /* all offs of a tick go first, whosever they are */
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
            fall = wl_end_of(&p->entries[p->off[k]]);
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
    wl_remove_job(c, j);
    wl_rebook(c, true);
    wl_dropped(c, &late, WL_N_LATE);
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
    while (wl_is_armed(c) && !c->replacing) {
        if (!wl_next_edge(c, &t, &j, &on) || wl_after(now + wl_us_ticks(c, WL_AHEAD_US), t) < 0) {
            c->told_tick = now;
            break;
        }
        if (too_late(c, &c->jobs[j], wl_after(now, t)) || !hand_over(c, &c->jobs[j], now)) break;
    }
    c->hal.pace(c->hal.ctx);
}
