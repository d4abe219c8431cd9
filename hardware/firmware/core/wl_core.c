/* Start, receiver, watchdog and the poll that keeps time. */
#include "wl_core.h"

#include <string.h>

#include "wl_internal.h"

int wl_init(wl_core *c, const wl_config *config, const wl_hal *hal)
{
    memset(c, 0, sizeof *c);
    c->config = *config;
    c->hal = *hal;
    uint32_t since;
    c->hal.dark(c->hal.ctx, &since); /* before anything can fail */
    if (config->tick_ns < WL_LEAST_TICK_NS || WL_UNIT_NS % config->tick_ns != 0) return -1;
    if (config->n_sites == 0 || config->n_sites > WL_SITES) return -1;
    c->unit_ticks = WL_UNIT_NS / config->tick_ns;
    wl_limits_init(c);
    c->storm_tick = c->swept_tick = wl_now(c);
    c->state = WL_S_IDLE;
    if (config->reset_cause != WL_C_NONE) wl_safe(c, config->reset_cause);
    return 0;
}

static void damaged(wl_core *c, const wl_frame *f, uint8_t code, uint32_t now)
{
    if (c->crc_errors < 0xFFFFu) c->crc_errors++;
    if (now - c->storm_tick > wl_us_ticks(c, 1000000u)) {
        c->storm_tick = now;
        c->storm = 0;
    }
    if (c->excused) c->excused--;
    else if (c->storm < 0xFFu) c->storm++;
    c->current = f;
    wl_nack(c, code, 0);
    c->current = NULL;
    if (c->storm > WL_STORM_ERRORS && wl_is_armed(c)) wl_safe(c, WL_C_RX_STORM);
}

void wl_rx_byte(wl_core *c, uint8_t byte, uint32_t t_rx)
{
    if (byte != 0) {
        if (c->rx_n < sizeof c->rx) c->rx[c->rx_n++] = byte;
        else c->rx_over = true;
        return;
    }
    const uint16_t n = c->rx_n;
    const bool over = c->rx_over;
    c->rx_n = 0;
    c->rx_over = false;
    if (n == 0) return; /* a lone delimiter only resynchronises */
    wl_frame f;
    memset(&f, 0, sizeof f);
    if (over) {
        if (c->rx_drop < 0xFFu) c->rx_drop++;
        damaged(c, &f, WL_N_LENGTH, t_rx);
        return;
    }
    const int error = wl_frame_decode(c->rx, n, c->rx, &f);
    if (error) damaged(c, &f, error == WL_FRAME_CRC ? WL_N_CRC : WL_N_LENGTH, t_rx);
    else wl_dispatch(c, &f, t_rx);
}

static uint32_t deadline(const wl_core *c) { return c->beat_tick + wl_us_ticks(c, c->limit[WL_L_HEARTBEAT_MS] * 1000u); }

/* Independent of the schedule: no site may be lit a millisecond past the width it was given. */
static void check_overrun(wl_core *c, uint32_t now)
{
    if (c->n_lit == 0) return;
    for (uint16_t s = 0; s < c->config.n_sites; s++) {
        if (!c->lit[s] || wl_after(now, c->lit_until[s]) <= (int32_t)wl_us_ticks(c, WL_OVERRUN_US)) continue;
        wl_safe(c, WL_C_PULSE_OVERRUN);
        char said[] = "site 000 overran";
        said[5] = (char)('0' + s / 100u);
        said[6] = (char)('0' + s / 10u % 10u);
        said[7] = (char)('0' + s % 10u);
        wl_log(c, said);
        return;
    }
}

void wl_poll(wl_core *c)
{
    const uint32_t now = wl_now(c), ahead = wl_us_ticks(c, WL_AHEAD_US);
    if (wl_is_armed(c) && !c->hal.interlock(c->hal.ctx)) wl_safe(c, WL_C_INTERLOCK);
    check_overrun(c, now);
    for (;;) {
        uint32_t edge = 0;
        uint8_t job = 0;
        bool on = false;
        const bool planned = wl_next_edge(c, &edge, &job, &on) && wl_after(now + ahead, edge) >= 0;
        if (wl_is_armed(c) && wl_after(now, deadline(c)) >= 0 && (!planned || wl_after(edge, deadline(c)) >= 0)) {
            wl_safe(c, WL_C_HEARTBEAT);
            continue;
        }
        if (!planned) {
            c->told_tick = now;
            break;
        }
        if (!wl_run_edge(c, now)) break;
    }
    while (wl_end_job(c, now)) {}
    wl_replay_on(c);
    if (now - c->swept_tick > wl_us_ticks(c, 1000000u)) {
        c->swept_tick = now;
        wl_age_accounts(c, now);
    }
}

bool wl_next_event(const wl_core *c, uint32_t *tick)
{
    uint8_t job = 0;
    bool on = false, found = wl_next_edge(c, tick, &job, &on);
    if (wl_is_armed(c)) {
        const uint32_t d = deadline(c);
        if (!found || wl_after(d, *tick) < 0) *tick = d;
        found = true;
    }
    return found;
}

void wl_rx_lost(wl_core *c)
{
    if (c->rx_drop < 0xFFu) c->rx_drop++;
    c->excused = 2; /* the frame that was cut, and the one it may have run into */
}

void wl_fault(wl_core *c, uint8_t cause)
{
    uint32_t since;
    if (wl_is_armed(c)) wl_safe(c, cause);
    else (void)wl_all_dark(c, &since);
}

bool wl_heartbeat_deadline(const wl_core *c, uint32_t *tick)
{
    *tick = deadline(c);
    return wl_is_armed(c);
}

void wl_line_lost(wl_core *c)
{
    c->rx_n = 0;
    c->rx_over = false;
    wl_fault(c, WL_C_ABORT);
}

void wl_ttl_in(wl_core *c, uint8_t line, uint8_t level, uint32_t tick)
{
    uint8_t b[6] = {line, level};
    wl_put32(b + 2, tick);
    wl_event(c, WL_E_TTL_IN, b, sizeof b);
}
