/* Commands that are not about patterns or the schedule, and the one way into SAFE. */
#include "wl_internal.h"

/* Dark first; then the books, the state and the news. The first cause stays until it is cleared. */
void wl_safe(wl_core *c, uint8_t cause)
{
    uint32_t since;
    const bool was_on = wl_all_dark(c, &since), fresh = c->state != WL_S_SAFE;
    c->state = WL_S_SAFE;
    wl_flush(c, (uint8_t)(WL_N_CAUSE | cause), since);
    if (!fresh) return;
    c->cause = cause;
    uint8_t b[6] = {cause};
    wl_put32(b + 1, since);
    b[5] = was_on;
    wl_event(c, WL_E_SAFE, b, sizeof b);
}

static void hello(wl_core *c, const wl_frame *f)
{
    if (f->size != 5) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    if (f->payload[0] != WL_PROTO) {
        wl_nack(c, WL_N_PROTO_VERSION, WL_PROTO);
        return;
    }
    c->nonce = wl_get32(f->payload + 1);
    c->greeted = true;
    for (uint8_t i = 0; i < WL_RETRIES; i++) c->kept[i].used = 0; /* a new host counts its seq anew */
    uint8_t b[WL_ANSWER];
    b[0] = WL_PROTO;
    wl_put16(b + 1, WL_FIRMWARE_VERSION);
    b[3] = c->config.board;
    wl_put16(b + 4, c->config.n_sites);
    b[6] = WL_SLOTS;
    b[7] = WL_QUEUE;
    wl_put16(b + 8, c->config.tick_ns);
    wl_put16(b + 10, (uint16_t)(c->limit[WL_L_MIN_LEAD_US] > 0xFFFFu ? 0xFFFFu : c->limit[WL_L_MIN_LEAD_US]));
    wl_put16(b + 12, (uint16_t)(c->limit[WL_L_MIN_PULSE_US] > 0xFFFFu ? 0xFFFFu : c->limit[WL_L_MIN_PULSE_US]));
    wl_put32(b + 14, c->limit[WL_L_MAX_PULSE_US]);
    wl_put16(b + 18, (uint16_t)c->limit[WL_L_DUTY_PERMILLE]);
    wl_put16(b + 20, (uint16_t)c->limit[WL_L_BUCKET_MS]);
    wl_put16(b + 22, WL_BUCKET_WINDOW_MS);
    wl_put16(b + 24, (uint16_t)c->limit[WL_L_HEARTBEAT_MS]);
    wl_put16(b + 26, (uint16_t)(WL_CAP_SWEEP | WL_CAP_TRAIN | c->config.caps | (c->config.graded ? WL_CAP_GRAY : 0)));
    wl_put32(b + 28, c->config.boot_id);
    wl_reply(c, WL_R_HELLO, b, sizeof b);
}

static void ping(wl_core *c, const wl_frame *f, uint32_t t_rx)
{
    if (f->size != 4) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    uint8_t b[12];
    wl_put32(b, wl_get32(f->payload));
    wl_put32(b + 4, t_rx);
    wl_put32(b + 8, wl_now(c));
    wl_reply(c, WL_R_PONG, b, sizeof b);
}

static void arm(wl_core *c, const wl_frame *f)
{
    if (f->size != 8) wl_nack(c, WL_N_LENGTH, f->size);
    else if (!c->greeted || wl_get32(f->payload) != (c->nonce ^ c->config.boot_id)) wl_nack(c, WL_N_BAD_KEY, 0);
    else if (c->state == WL_S_SAFE) wl_nack(c, WL_N_ORDER, c->cause); /* CLEAR comes first */
    else if (wl_is_armed(c)) wl_nack(c, WL_N_BUSY, c->session_count);
    else if (!c->hal.interlock(c->hal.ctx)) wl_nack(c, WL_N_INTERLOCK_OPEN, 0);
    else if (c->hal.selftest && !c->hal.selftest(c->hal.ctx)) wl_nack(c, WL_N_SELFTEST, 0);
    else {
        c->session_max = wl_get32(f->payload + 4);
        c->session_count = 0;
        c->beat_tick = wl_now(c);
        c->beaten = false;
        c->state = WL_S_ARMED;
        uint8_t b[2];
        wl_put16(b, c->event_no); /* so that the host notices when the very first event is lost */
        wl_ack(c, b, sizeof b);
    }
}

static void disarm(wl_core *c, const wl_frame *f)
{
    if (f->size != 0) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    if (wl_is_armed(c)) c->state = WL_S_IDLE;
    uint32_t since;
    (void)wl_all_dark(c, &since);
    wl_flush(c, WL_N_NOT_ARMED, since);
    if (c->state == WL_S_SAFE && c->cause == WL_C_INTERLOCK && !c->hal.interlock(c->hal.ctx)) {
        wl_nack(c, WL_N_INTERLOCK_OPEN, c->cause);
        return;
    }
    c->state = WL_S_IDLE;
    c->cause = WL_C_NONE;
    wl_ack(c, NULL, 0);
}

/* Only a count that advances feeds the watchdog: a stuck host that repeats itself does not. */
static void heartbeat(wl_core *c, const wl_frame *f, uint32_t t_rx)
{
    if (f->size != 4) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    const uint32_t count = wl_get32(f->payload);
    if (c->beaten && wl_after(count, c->beat_count) <= 0) return;
    c->beaten = true;
    c->beat_count = count;
    c->beat_tick = t_rx;
}

static void status(wl_core *c, const wl_frame *f)
{
    if (f->size != 0) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    uint8_t state = c->state;
    const uint32_t now = wl_now(c);
    for (uint8_t j = 0; j < c->n_jobs; j++)
        if (c->jobs[j].running && wl_after(now, c->jobs[j].first_on) >= 0) state = WL_S_PULSE;
    uint8_t b[17] = {state, c->cause, c->n_jobs, c->last_fire_seq};
    wl_put32(b + 4, now);
    wl_put32(b + 8, wl_booked_us(c));
    b[12] = c->rx_drop;
    wl_put16(b + 13, c->crc_errors);
    b[15] = c->events_lost;
    b[16] = c->hal.interlock(c->hal.ctx);
    wl_reply(c, WL_R_STATUS, b, sizeof b);
}

void wl_dispatch(wl_core *c, const wl_frame *f, uint32_t t_rx)
{
    const uint8_t type = f->type;
    c->current = f;
    /* what only asks, feeds the watchdog or makes dark is carried out every time; anything else once */
    const bool always = type == WL_HELLO || type == WL_PING || type == WL_STATUS || type == WL_HEARTBEAT || type == WL_ABORT;
    c->keep_reply = !always;
    if (always || !wl_repeat(c, f)) {
        switch (type) {
        case WL_HELLO: hello(c, f); break;
        case WL_PING: ping(c, f, t_rx); break;
        case WL_DEFINE: wl_define(c, f); break;
        case WL_COMMIT: wl_commit(c, f); break;
        case WL_ARM: arm(c, f); break;
        case WL_FIRE_AT: wl_fire(c, f, false); break;
        case WL_FIRE_NOW: wl_fire(c, f, true); break;
        case WL_CANCEL: wl_cancel(c, f); break;
        case WL_ABORT: wl_safe(c, WL_C_ABORT); wl_ack(c, NULL, 0); break; /* whatever its length: dark is never refused */
        case WL_HEARTBEAT: heartbeat(c, f, t_rx); break;
        case WL_STATUS: status(c, f); break;
        case WL_LIMITS: wl_limits_command(c, f); break;
        case WL_REPLAY:
            if (f->size != 2) wl_nack(c, WL_N_LENGTH, f->size);
            else wl_replay(c, wl_get16(f->payload));
            break;
        case WL_DISARM: disarm(c, f); break;
        default: wl_nack(c, WL_N_UNKNOWN_CMD, type); break;
        }
    }
    c->current = NULL;
    c->keep_reply = false;
}
