/* Answers and events: one answer to each command, kept for a repeat of the same frame; the last events, kept for REPLAY. */
#include <string.h>

#include "wl_internal.h"

static bool send(wl_core *c, uint8_t type, uint8_t seq, const uint8_t *payload, uint8_t size)
{
    uint8_t wire[WL_ANSWER + 6];
    if (c->hal.room && !c->hal.room(c->hal.ctx, size + 6u)) return false;
    const size_t n = wl_frame_encode(type, seq, payload, size, wire);
    return c->hal.send(c->hal.ctx, wire, n);
}

void wl_reply(wl_core *c, uint8_t type, const uint8_t *payload, uint8_t size)
{
    const uint8_t seq = c->current ? c->current->seq : 0;
    if (c->keep_reply && c->current && size <= WL_SMALL) {
        wl_kept *k = &c->kept[c->kept_next];
        c->kept_next = (uint8_t)((c->kept_next + 1u) % WL_RETRIES);
        k->used = 1;
        k->seq = seq;
        k->crc = c->current->crc;
        k->type = type;
        k->size = size;
        memcpy(k->payload, payload, size);
    }
    (void)send(c, type, seq, payload, size); /* a lost answer is asked for again by the host */
}

void wl_ack(wl_core *c, const uint8_t *extra, uint8_t size)
{
    uint8_t b[WL_SMALL];
    b[0] = c->current ? c->current->type : 0;
    wl_put32(b + 1, wl_now(c));
    if (size) memcpy(b + 5, extra, size);
    wl_reply(c, WL_R_ACK, b, (uint8_t)(5u + size));
}

void wl_nack(wl_core *c, uint8_t code, uint32_t detail)
{
    uint8_t b[10];
    b[0] = c->current ? c->current->type : 0;
    b[1] = code;
    wl_put32(b + 2, wl_now(c));
    wl_put32(b + 6, detail);
    wl_reply(c, WL_R_NACK, b, sizeof b);
}

/* A frame seen before (same seq, same CRC) gets the stored answer and is not carried out again: no pulse fires twice. */
bool wl_repeat(wl_core *c, const wl_frame *f)
{
    for (uint8_t i = 0; i < WL_RETRIES; i++) {
        const wl_kept *k = &c->kept[i];
        if (k->used && k->seq == f->seq && k->crc == f->crc) {
            (void)send(c, k->type, k->seq, k->payload, k->size);
            return true;
        }
    }
    return false;
}

static bool send_event(wl_core *c, uint16_t number)
{
    const wl_kept *e = &c->events[number % WL_EVENTS];
    return send(c, e->type, (uint8_t)number, e->payload, e->size);
}

void wl_event(wl_core *c, uint8_t type, const uint8_t *body, uint8_t size)
{
    const uint16_t number = c->event_no++;
    wl_kept *e = &c->events[number % WL_EVENTS];
    if (size > WL_SMALL - 2u) size = WL_SMALL - 2u;
    e->used = 1;
    e->type = type;
    e->size = (uint8_t)(size + 2u);
    wl_put16(e->payload, number);
    memcpy(e->payload + 2, body, size);
    if ((uint16_t)(c->event_no - c->replay_next) > WL_EVENTS) { /* the oldest is overwritten before the line took it */
        c->replay_next++;
        if (c->events_lost < 0xFFu) c->events_lost++;
    }
    wl_replay_on(c); /* in order, behind those that still wait */
}

/* The answer tells the first event that comes: older ones are gone. */
void wl_replay(wl_core *c, uint16_t from)
{
    uint8_t b[2];
    uint16_t behind = (uint16_t)(c->event_no - from);
    if (behind > 0x8000u) behind = 0; /* asked for what has not happened yet */
    if (behind > WL_EVENTS) behind = WL_EVENTS;
    c->replay_next = (uint16_t)(c->event_no - behind);
    wl_put16(b, c->replay_next);
    wl_ack(c, b, sizeof b);
    wl_replay_on(c);
}

void wl_log(wl_core *c, const char *text)
{
    size_t n = 0;
    while (text[n] && n < WL_SMALL - 2u) n++;
    wl_event(c, WL_E_LOG, (const uint8_t *)text, (uint8_t)n);
}

/* As many as the line takes now; wl_poll() goes on. */
void wl_replay_on(wl_core *c)
{
    while (c->replay_next != c->event_no && (!c->events[c->replay_next % WL_EVENTS].used || send_event(c, c->replay_next))) c->replay_next++;
}
