#include "wl_host.h"

#include <stdlib.h>
#include <string.h>

#define BILLION 1000000000

static int64_t scaled(int64_t ns, int64_t ppb) { return ns / BILLION * ppb + ns % BILLION * ppb / BILLION; } /* no overflow over years */

int64_t wl_host_device_ns(const wl_host *h, int64_t host_ns)
{
    const int64_t d = host_ns - h->boot_ns;
    return d + scaled(d, h->drift_ppb);
}

int64_t wl_host_when(const wl_host *h, int64_t device_ns)
{
    int64_t t = h->boot_ns + device_ns - scaled(device_ns, h->drift_ppb);
    const int64_t miss = device_ns - wl_host_device_ns(h, t); /* second order in the drift */
    t += miss - scaled(miss, h->drift_ppb);
    while (wl_host_device_ns(h, t) >= device_ns) t--;
    while (wl_host_device_ns(h, t) < device_ns) t++;
    return t;
}

static void set_time(wl_host *h, int64_t ns)
{
    if (ns < h->host_ns) return;
    h->host_ns = ns;
    h->tick = wl_host_device_ns(h, ns) / h->config.tick_ns;
}

static uint32_t now(void *ctx) { return (uint32_t)((wl_host *)ctx)->tick; }

static void edge(wl_host *h, uint8_t site, uint8_t level)
{
    if (h->level[site] == level) return;
    h->level[site] = level;
    if (h->n_edges == h->edges_room) {
        const size_t room = h->edges_room ? 2 * h->edges_room : 1024;
        wl_host_edge *more = realloc(h->edges, room * sizeof *more);
        if (!more) return; /* the light itself is not at stake: only its log */
        h->edges = more;
        h->edges_room = room;
    }
    const wl_host_edge e = {h->host_ns, h->tick * h->config.tick_ns, site, level};
    h->edges[h->n_edges++] = e;
}

static bool light(void *ctx, uint8_t site, uint8_t level, uint32_t tick)
{
    (void)tick; /* it is due: this board advances from edge to edge */
    edge(ctx, site, level);
    return true;
}

static bool put_out(wl_host *h)
{
    bool was_on = false;
    for (unsigned s = 0; s < WL_SITES; s++) {
        was_on |= h->level[s] != 0;
        if (h->level[s]) edge(h, (uint8_t)s, 0);
    }
    return was_on;
}

static bool dark(void *ctx, uint32_t *since)
{
    *since = now(ctx);
    return put_out(ctx);
}

static bool send(void *ctx, const uint8_t *frame, size_t n)
{
    wl_host *h = ctx;
    if (h->tx_head - h->tx_tail >= WL_HOST_TX) return false;
    wl_host_sent *s = &h->tx[h->tx_head % WL_HOST_TX];
    const int64_t from = h->tx_free_ns > h->host_ns ? h->tx_free_ns : h->host_ns;
    s->ns = h->tx_free_ns = from + (int64_t)n * h->byte_ns;
    s->n = (uint16_t)n;
    memcpy(s->bytes, frame, n);
    h->tx_head++;
    return true;
}

static bool interlock(void *ctx) { return !((wl_host *)ctx)->interlock_open; }
static bool selftest(void *ctx) { return !((wl_host *)ctx)->chain_broken; }

static void plan(wl_host *h)
{
    uint32_t tick = 0;
    if (!wl_next_event(&h->core, &tick)) {
        h->next_ns = WL_HOST_NEVER;
        return;
    }
    const int64_t ahead = (int32_t)(tick - (uint32_t)h->tick);
    h->next_ns = ahead <= 0 ? h->host_ns : wl_host_when(h, (h->tick + ahead) * h->config.tick_ns);
}

static int start(wl_host *h)
{
    const wl_hal hal = {h, now, light, dark, send, NULL, interlock, selftest, NULL};
    h->tick = wl_host_device_ns(h, h->host_ns) / h->config.tick_ns;
    const int rc = wl_init(&h->core, &h->config, &hal);
    h->polled_ns = h->host_ns;
    plan(h);
    return rc;
}

wl_host *wl_host_new(const wl_config *config, int64_t boot_ns, int64_t drift_ppb, int64_t byte_ns)
{
    wl_host *h = calloc(1, sizeof *h);
    if (!h) return NULL;
    h->config = *config;
    h->boot_ns = boot_ns;
    h->drift_ppb = drift_ppb;
    h->byte_ns = byte_ns;
    h->host_ns = boot_ns > 0 ? boot_ns : 0;
    h->rx_free_ns = h->tx_free_ns = h->frozen_ns = INT64_MIN;
    if (start(h)) {
        wl_host_free(h);
        return NULL;
    }
    return h;
}

void wl_host_free(wl_host *h)
{
    if (h) free(h->edges);
    free(h);
}

int wl_host_reset(wl_host *h, uint8_t cause, uint32_t boot_id)
{
    h->config.reset_cause = cause;
    h->config.boot_id = boot_id;
    h->boot_ns = h->host_ns;
    h->rx_tail = h->rx_head;
    h->tx_tail = h->tx_head;
    (void)put_out(h); /* pins fall at reset, before the core runs */
    return start(h);
}

int wl_host_receive(wl_host *h, const uint8_t *data, int n, int64_t at_ns)
{
    int k = 0;
    int64_t t = h->rx_free_ns > at_ns ? h->rx_free_ns : at_ns;
    for (; k < n; k++) {
        t += h->byte_ns;
        if (h->rx_head - h->rx_tail >= WL_HOST_RX) {
            h->rx_lost += (uint32_t)(n - k);
            break;
        }
        h->rx[h->rx_head % WL_HOST_RX] = data[k];
        h->rx_ns[h->rx_head % WL_HOST_RX] = t;
        h->rx_head++;
    }
    h->rx_free_ns = t;
    return k;
}

void wl_host_advance(wl_host *h, int64_t until_ns)
{
    if (until_ns >= h->frozen_ns) {
        for (;;) {
            const int64_t rx = h->rx_tail != h->rx_head ? h->rx_ns[h->rx_tail % WL_HOST_RX] : WL_HOST_NEVER;
            const bool byte = rx < h->next_ns; /* at the same instant the watchdog and the light come first */
            int64_t t = byte ? rx : h->next_ns;
            if (t == WL_HOST_NEVER || t > until_ns) break;
            set_time(h, t > h->frozen_ns ? t : h->frozen_ns);
            if (byte) {
                const uint8_t b = h->rx[h->rx_tail++ % WL_HOST_RX];
                wl_rx_byte(&h->core, b, (uint32_t)h->tick);
                if (b) continue; /* nothing has changed before the frame is whole */
            } else {
                wl_poll(&h->core);
            }
            plan(h);
        }
        /* what no event announces: the interlock, and the ageing of the books */
        if (h->interlock_open || until_ns - h->polled_ns > BILLION / 2) {
            set_time(h, until_ns);
            wl_poll(&h->core);
            h->polled_ns = until_ns;
            plan(h);
        }
    }
    set_time(h, until_ns);
}

int64_t wl_host_next(const wl_host *h)
{
    int64_t t = h->next_ns;
    uint32_t k = h->rx_tail;
    while (k != h->rx_head && h->rx[k % WL_HOST_RX]) k++; /* nothing comes of a frame before its delimiter */
    if (k != h->rx_head && h->rx_ns[k % WL_HOST_RX] < t) t = h->rx_ns[k % WL_HOST_RX];
    if (t < h->frozen_ns) t = h->frozen_ns;
    if (h->tx_tail != h->tx_head && h->tx[h->tx_tail % WL_HOST_TX].ns < t) t = h->tx[h->tx_tail % WL_HOST_TX].ns;
    return t;
}

const wl_host_sent *wl_host_sent_peek(const wl_host *h)
{
    const wl_host_sent *s = &h->tx[h->tx_tail % WL_HOST_TX];
    return h->tx_tail != h->tx_head && s->ns <= h->host_ns ? s : NULL;
}

void wl_host_take_sent(wl_host *h) { h->tx_tail++; }

void wl_host_interlock(wl_host *h, bool closed)
{
    h->interlock_open = !closed;
    if (h->host_ns >= h->frozen_ns) wl_poll(&h->core);
    if (!closed) (void)put_out(h); /* the contact is in the gate itself, whatever the program does */
    plan(h);
}

void wl_host_unplug(wl_host *h)
{
    h->rx_tail = h->rx_head;
    wl_line_lost(&h->core);
    h->tx_tail = h->tx_head;
    plan(h);
}
