/* Patterns: DEFINE collects the fragments of one body, COMMIT checks it and puts it into its slot under a new generation. */
#include <string.h>

#include "wl_internal.h"

/* payload: slot, index << 4 | count - 1, entries. Fragments come in order; fragment 0 starts a new body. */
void wl_define(wl_core *c, const wl_frame *f)
{
    const uint8_t slot = f->payload[0];
    if (f->size < 2 || (f->size - 2u) % WL_ENTRY_BYTES != 0) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    const uint8_t index = f->payload[1] >> 4, count = (uint8_t)((f->payload[1] & 15u) + 1u), bytes = (uint8_t)(f->size - 2u);
    if (slot >= WL_SLOTS) {
        wl_nack(c, WL_N_BAD_SLOT, WL_SLOTS);
        return;
    }
    if (index == 0) {
        c->staged_slot = slot;
        c->staged_next = 0;
        c->staged_count = count;
        c->staged_n = 0;
    }
    if (index >= count || slot != c->staged_slot || index != c->staged_next || count != c->staged_count) {
        wl_nack(c, WL_N_ORDER, c->staged_next);
        return;
    }
    if ((size_t)c->staged_n + bytes > sizeof c->staged) {
        c->staged_count = 0;
        wl_nack(c, WL_N_LENGTH, WL_ENTRIES);
        return;
    }
    memcpy(c->staged + c->staged_n, f->payload + 2, bytes);
    c->staged_n = (uint16_t)(c->staged_n + bytes);
    c->staged_next++;
    wl_ack(c, NULL, 0);
}

static uint32_t end_of(const wl_entry *e) { return (uint32_t)e->delay + e->width; }

/* Insertion sorts: bodies are short, and stable order keeps the sender's order at equal times. */
static void sort_entries(wl_core *c, wl_pattern *p)
{
    for (uint8_t i = 1; i < p->n; i++) {
        wl_keep_pace(c);
        const wl_entry e = p->entries[i];
        uint8_t k = i;
        for (; k > 0 && p->entries[k - 1].delay > e.delay; k--) p->entries[k] = p->entries[k - 1];
        p->entries[k] = e;
    }
    for (uint8_t i = 0; i < p->n; i++) {
        wl_keep_pace(c);
        uint8_t k = i;
        for (; k > 0 && end_of(&p->entries[p->off[k - 1]]) > end_of(&p->entries[i]); k--) p->off[k] = p->off[k - 1];
        p->off[k] = i;
    }
}

static uint8_t peak_of(const wl_pattern *p)
{
    uint8_t on = 0, off = 0, lit = 0, peak = 0;
    while (on < p->n) {
        if (off < on && end_of(&p->entries[p->off[off]]) <= p->entries[on].delay) {
            off++;
            lit--;
            continue;
        }
        on++;
        lit++;
        if (lit > peak) peak = lit;
    }
    return peak;
}

/* payload: slot, CRC of the whole body (big-endian, like the CRC of a frame). */
void wl_commit(wl_core *c, const wl_frame *f)
{
    if (f->size != 3) {
        wl_nack(c, WL_N_LENGTH, f->size);
        return;
    }
    const uint8_t slot = f->payload[0];
    const uint16_t crc = (uint16_t)((uint16_t)(f->payload[1] << 8) | f->payload[2]);
    if (slot >= WL_SLOTS) {
        wl_nack(c, WL_N_BAD_SLOT, WL_SLOTS);
        return;
    }
    if (slot != c->staged_slot || c->staged_count == 0 || c->staged_next != c->staged_count) {
        wl_nack(c, WL_N_ORDER, c->staged_next);
        return;
    }
    if (c->staged_n == 0) {
        wl_nack(c, WL_N_LENGTH, 0);
        return;
    }
    if (wl_crc16(0xFFFFu, c->staged, c->staged_n) != crc) {
        wl_nack(c, WL_N_CRC, slot);
        return;
    }
    if (wl_slot_busy(c, slot)) {
        wl_nack(c, WL_N_BUSY, slot); /* queued light must not change under the one who ordered it */
        return;
    }
    wl_pattern fresh;
    memset(&fresh, 0, sizeof fresh);
    fresh.n = (uint8_t)(c->staged_n / WL_ENTRY_BYTES);
    uint32_t end = 0;
    for (uint8_t i = 0; i < fresh.n; i++) {
        const uint8_t *b = c->staged + i * WL_ENTRY_BYTES;
        wl_entry *e = &fresh.entries[i];
        e->site = b[0];
        e->delay = wl_get16(b + 1);
        e->width = wl_get16(b + 3);
        e->level = b[5];
        if (end_of(e) > end) end = end_of(e);
    }
    sort_entries(c, &fresh);
    fresh.peak = peak_of(&fresh);
    uint32_t detail = 0;
    const uint8_t refusal = wl_check_pattern(c, &fresh, &detail);
    if (refusal) {
        wl_nack(c, refusal, detail);
        return;
    }
    fresh.checked = true;
    fresh.end = (uint16_t)end; /* at most 200 ms, checked above */
    fresh.gen = (uint8_t)(c->patterns[slot].gen + 1u);
    c->patterns[slot] = fresh;
    c->staged_count = 0;
    wl_ack(c, &fresh.gen, 1);
}
