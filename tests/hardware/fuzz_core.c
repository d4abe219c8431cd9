/* The firmware core under sanitizers: damaged frames while armed, and whatever a fuzzer guided by coverage comes upon.
 *
 *   gcc -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fsanitize-coverage=trace-pc …
 *   fuzz_core damaged COUNT SEED    random, mutated and truncated frames while armed
 *   fuzz_core guided COUNT SEED     inputs that reach something new are kept and mutated on
 * Prints what it counted; a broken promise ends in abort(). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../hardware/firmware/host/wl_host.h"

#define MS 1000000
#define SITES 8
#define KEEP(promise) do { if (!(promise)) { fprintf(stderr, "line %d: broken: %s\n", __LINE__, #promise); abort(); } } while (0)

static uint64_t seed = 1;
static uint32_t rnd(uint32_t below) { seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; return (uint32_t)((seed >> 16) % below); }

typedef struct { wl_host *h; int64_t now; uint8_t seq; uint32_t beats; unsigned frames; uint8_t last_type, last_code, last_seq; } bench;

static bench bench_new(void)
{
    const wl_config config = {.tick_ns = 500, .n_sites = SITES, .graded = true, .max_sites = SITES, .boot_id = 7};
    bench b = {.h = wl_host_new(&config, 0, 0, 20000)};
    KEEP(b.h);
    return b;
}

static void drain(bench *b)
{
    const wl_host_sent *s;
    while ((s = wl_host_sent_peek(b->h))) {
        uint8_t raw[WL_MAX_RAW];
        wl_frame f;
        KEEP(wl_frame_decode(s->bytes, s->n - 1u, raw, &f) == 0); /* what the board says is always well formed */
        if (f.type < 0xC0 || f.type > 0xC4) {
            b->frames++;
            b->last_type = f.type;
            b->last_seq = f.seq;
            b->last_code = f.type == WL_R_NACK && f.size > 1 ? f.payload[1] : 0;
        }
        wl_host_take_sent(b->h);
    }
}

static void pass(bench *b, int64_t ns)
{
    b->now += ns;
    wl_host_advance(b->h, b->now);
    drain(b);
}

static void send(bench *b, const uint8_t *bytes, size_t n) { wl_host_receive(b->h, bytes, (int)n, b->now); }

static uint8_t ask(bench *b, uint8_t type, const void *payload, size_t n)
{
    uint8_t wire[WL_MAX_WIRE];
    const uint8_t seq = b->seq = (uint8_t)(b->seq % 255 + 1);
    const size_t size = wl_frame_encode(type, seq, payload, n, wire);
    b->last_seq = 0;
    send(b, (const uint8_t *)"", 1); /* a delimiter resynchronises */
    send(b, wire, size);
    pass(b, 20 * MS);
    KEEP(b->last_seq == seq); /* the next good frame is answered */
    return b->last_type;
}

static void beat(bench *b)
{
    uint8_t p[4], wire[WL_MAX_WIRE];
    wl_put32(p, ++b->beats);
    send(b, (const uint8_t *)"", 1);
    send(b, wire, wl_frame_encode(WL_HEARTBEAT, 0, p, 4, wire));
}

static size_t fire(bench *b, uint8_t slot, uint8_t gen, int64_t ahead_ns, uint8_t flags, uint8_t *payload)
{
    payload[0] = slot;
    payload[1] = gen;
    wl_put32(payload + 2, (uint32_t)((b->now + ahead_ns) / 500));
    payload[6] = flags;
    return 7;
}

static void arm(bench *b)
{
    uint8_t hello[5] = {1, 9, 0, 0, 0}, key[8] = {0};
    wl_put32(key, 9 ^ b->h->config.boot_id);
    KEEP(ask(b, WL_HELLO, hello, 5) == WL_R_HELLO);
    KEEP(ask(b, WL_DISARM, NULL, 0) == WL_R_ACK);
    KEEP(ask(b, WL_ARM, key, 8) == WL_R_ACK);
    beat(b);
}

static uint8_t define(bench *b, uint8_t slot, uint8_t site, uint16_t width_us)
{
    uint8_t d[8] = {slot, 0, site}, c[3] = {slot};
    wl_put16(d + 5, (uint16_t)(width_us / 4));
    d[7] = 255;
    KEEP(ask(b, WL_DEFINE, d, 8) == WL_R_ACK);
    const uint16_t crc = wl_crc16(0xFFFF, d + 2, 6);
    c[1] = (uint8_t)(crc >> 8);
    c[2] = (uint8_t)crc;
    KEEP(ask(b, WL_COMMIT, c, 3) == WL_R_ACK);
    return b->h->core.patterns[slot].gen;
}

/* An undamaged order to fire? Judged without the code under test. */
static int is_fire(const uint8_t *bytes, size_t n)
{
    uint8_t raw[300];
    size_t m = 0;
    for (size_t k = 0; k < n && n < sizeof raw;) {
        const size_t code = bytes[k];
        if (code == 0 || k + code > n) return 0;
        for (size_t i = 1; i < code; i++) raw[m++] = bytes[k + i];
        k += code;
        if (k < n) raw[m++] = 0;
    }
    uint16_t crc = 0xFFFF;
    for (size_t k = 0; k < m; k++)
        for (int bit = 7; bit >= 0; bit--) crc = (uint16_t)(crc << 1 ^ (((crc >> 15) ^ (raw[k] >> bit & 1)) ? 0x1021 : 0));
    return m >= 4 && crc == 0 && (raw[0] == WL_FIRE_AT || raw[0] == WL_FIRE_NOW); /* a frame with its CRC leaves nothing */
}

/* What the receiver has of a frame that has not ended, with junk behind it: is any frame in it a whole order to fire? Then nothing is
 * damaged, and light would be right. */
static int orders_light(uint8_t *part, size_t *part_n, const uint8_t *junk, size_t n)
{
    static uint8_t all[8192];
    size_t from = 0, m = *part_n;
    memcpy(all, part, m);
    for (size_t k = 0; k < n; k++) {
        if (junk[k] && m < sizeof all) all[m++] = junk[k];
        if (junk[k]) continue;
        if (is_fire(all + from, m - from)) return 1;
        from = m;
    }
    *part_n = m - from;
    memcpy(part, all + from, *part_n);
    return 0;
}

static void damaged(unsigned count)
{
    bench b = bench_new();
    uint8_t payload[16], part[8192];
    size_t part_n = 0;
    arm(&b);
    const uint8_t gen = define(&b, 1, 3, 5000);
    beat(&b);
    KEEP(ask(&b, WL_FIRE_AT, payload, fire(&b, 1, gen, 30 * MS, 0, payload)) == WL_R_ACK); /* the positive control: one order, one pulse */
    pass(&b, 60 * MS);
    KEEP(b.h->n_edges == 2 && b.h->edges[0].level == 255 && b.h->edges[0].site == 3 && b.h->edges[1].level == 0);
    b.h->n_edges = 0;
    unsigned kinds[4] = {0}, armed = 0, asked = 0, storms = 0;
    for (unsigned k = 0; k < count; k++) {
        if (b.h->core.state != WL_S_ARMED) {
            storms++;
            arm(&b);
            part_n = 0;
        }
        armed += b.h->core.state == WL_S_ARMED;
        uint8_t junk[600], wire[WL_MAX_WIRE];
        size_t n;
        const unsigned kind = rnd(4);
        const uint8_t type = rnd(2) ? WL_FIRE_AT : (uint8_t)(1 + rnd(14));
        const size_t size = type == WL_FIRE_AT ? fire(&b, 1, gen, 8 * MS, 0, payload) : rnd(16);
        n = wl_frame_encode(type, (uint8_t)rnd(256), payload, size, wire);
        if (kind == 0) {
            n = 1 + rnd(rnd(8) ? 60 : 590);
            for (size_t i = 0; i < n; i++) junk[i] = (uint8_t)rnd(256);
        } else if (kind == 1) { /* mutated */
            memcpy(junk, wire, n);
            for (unsigned m = 1 + rnd(3); m; m--) junk[rnd((uint32_t)n)] ^= (uint8_t)(1 + rnd(255));
        } else if (kind == 2) { /* truncated, at either end */
            const size_t cut = 1 + rnd((uint32_t)n - 2), at = rnd(2) ? 0 : cut;
            n -= cut;
            memcpy(junk, wire + at, n);
        } else { /* a byte too much, or one twice */
            const size_t at = rnd((uint32_t)n - 1);
            memcpy(junk, wire, at);
            junk[at] = rnd(2) ? (uint8_t)rnd(256) : wire[at];
            memcpy(junk + at + 1, wire + at, n - at);
            n++;
        }
        if (rnd(2)) junk[n++] = 0;
        if (orders_light(part, &part_n, junk, n)) continue;
        kinds[kind]++;
        send(&b, junk, n);
        pass(&b, 15 * MS);
        if (k % 3 == 0) {
            beat(&b);
            part_n = 0;
        }
        if (k % 16 == 0 && b.h->core.state == WL_S_ARMED) {
            KEEP(ask(&b, WL_STATUS, NULL, 0) == WL_R_STATUS);
            part_n = 0;
            asked++;
        }
        KEEP(b.h->n_edges == 0);
    }
    wl_host_free(b.h);
    printf("{\"frames\": %u, \"armed\": %u, \"random\": %u, \"mutated\": %u, \"truncated\": %u, \"longer\": %u, \"answered\": %u, \"storms\": %u, \"light\": 0}\n",
           kinds[0] + kinds[1] + kinds[2] + kinds[3], armed, kinds[0], kinds[1], kinds[2], kinds[3], asked, storms);
}

/* ---- guided: the input is a script of what a host, a cable and a door may do ---- */

static uint8_t seen[65536], fresh_edges;
static uintptr_t last_pc;

__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    const uintptr_t pc = (uintptr_t)__builtin_return_address(0);
    uint8_t *at = &seen[(pc ^ last_pc * 31) & 0xFFFF];
    if (!*at) fresh_edges = *at = 1;
    last_pc = pc;
}

static unsigned pulses;

static void keeps_its_limits(const wl_host *h, int faults)
{
    int64_t on[SITES][64] = {{0}}, off[SITES][64] = {{0}};
    unsigned n[SITES] = {0};
    for (size_t k = 0; k < h->n_edges; k++) {
        const wl_host_edge *e = &h->edges[k];
        KEEP(e->site < SITES);
        unsigned *m = &n[e->site];
        if (e->level) on[e->site][*m % 64] = e->device_ns;
        else off[e->site][(*m)++ % 64] = e->device_ns;
    }
    for (unsigned s = 0; s < SITES; s++) {
        for (unsigned k = 0; k < n[s] && k < 64; k++) {
            pulses++;
            KEEP(off[s][k] - on[s][k] <= 20 * MS || faults);
            if (k && !faults) KEEP(on[s][k] - on[s][k - 1] >= 5 * (off[s][k - 1] - on[s][k - 1]));
        }
    }
}

static void play(const uint8_t *data, size_t size)
{
    static const uint8_t ops[32] = {0, 1, 1, 1, 5, 6, 7, 8, 8, 8, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4};
    bench b = bench_new();
    int hung = 0; /* or reset: its books are gone */
    uint8_t fragment = 0;
    for (uint8_t s = 0; s < 3; s++) (void)define(&b, s, s, (uint16_t)(1000 + 2000 * s));
    arm(&b);
    for (size_t k = 0; k + 4 <= size;) {
        const uint8_t op = data[k], x = data[k + 1], y = data[k + 2], z = data[k + 3];
        k += 4;
        uint8_t payload[WL_MAX_PAYLOAD], wire[WL_MAX_WIRE];
        size_t n = z % 64u < size - k ? z % 64u : size - k;
        switch (ops[op % 32]) {
        case 0: send(&b, data + k, n); k += n; break;
        case 1:
            memcpy(payload, data + k, n);
            send(&b, wire, wl_frame_encode((uint8_t)(x % 16), y, payload, n, wire)); k += n; break;
        case 8: /* fragments in their order, until there are too many */
            memset(payload, x, sizeof payload);
            payload[0] = 4;
            payload[1] = (uint8_t)(fragment++ << 4 | 15);
            send(&b, wire, wl_frame_encode(WL_DEFINE, y, payload, 2 + 6 * (size_t)(z % 40), wire));
            break;
        case 2: send(&b, wire, wl_frame_encode(WL_FIRE_AT, y, payload, fire(&b, x % 4, 1 + x / 240, (int64_t)z * MS / 4, y < 64 ? y & 3 : 0, payload), wire)); break;
        case 3: beat(&b); break;
        case 4: pass(&b, (int64_t)x * MS / 8); break;
        case 5: wl_host_interlock(b.h, !(x & 1)); break;
        case 6: if (x % 4 == 0) wl_host_unplug(b.h); else if (x % 4 == 1) { hung = 1; KEEP(!wl_host_reset(b.h, y % 10, z)); b.now = b.h->host_ns; } break;
        case 7: if (!b.h->interlock_open && x & 1) { pass(&b, 200 * MS); arm(&b); break; } /* fall through */
        default: b.h->frozen_ns = b.now + (int64_t)x * MS / 8; hung |= x != 0; break;
        }
        pass(&b, MS / 8);
        if (b.h->core.state != WL_S_ARMED || b.h->interlock_open) for (unsigned s = 0; s < SITES; s++) KEEP(b.h->level[s] == 0);
    }
    b.h->frozen_ns = 0;
    pass(&b, 600 * MS); /* the host is silent */
    for (unsigned s = 0; s < SITES; s++) KEEP(b.h->level[s] == 0);
    KEEP(b.h->core.state != WL_S_ARMED && b.h->core.n_jobs == 0);
    pass(&b, 2000 * MS);
    KEEP(ask(&b, WL_STATUS, NULL, 0) == WL_R_STATUS);
    keeps_its_limits(b.h, hung);
    wl_host_free(b.h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { play(data, size); return 0; }

#define CORPUS 4096
static void guided(unsigned count)
{
    static uint8_t *corpus[CORPUS];
    static size_t sizes[CORPUS];
    unsigned kept = 0;
    for (unsigned k = 0; k < count; k++) {
        uint8_t input[512];
        size_t n = kept && rnd(8) ? sizes[rnd(kept)] : 0;
        if (n) {
            const unsigned from = rnd(kept);
            n = sizes[from];
            memcpy(input, corpus[from], n);
            for (unsigned m = 1 + rnd(6); m; m--) {
                if (rnd(3) == 0 && n + 4 <= sizeof input) for (unsigned i = 0; i < 4; i++) input[n++] = (uint8_t)rnd(256);
                else input[rnd((uint32_t)n)] = (uint8_t)rnd(256);
            }
        } else {
            n = 4 + rnd(sizeof input - 4);
            for (size_t i = 0; i < n; i++) input[i] = (uint8_t)rnd(256);
        }
        fresh_edges = 0;
        LLVMFuzzerTestOneInput(input, n);
        if (fresh_edges && kept < CORPUS && (corpus[kept] = malloc(n))) {
            memcpy(corpus[kept], input, n);
            sizes[kept++] = n;
        }
    }
    unsigned edges = 0;
    for (unsigned k = 0; k < sizeof seen; k++) edges += seen[k];
    for (unsigned k = 0; k < kept; k++) free(corpus[k]);
    printf("{\"inputs\": %u, \"kept\": %u, \"edges\": %u, \"pulses\": %u}\n", count, kept, edges, pulses);
}

int main(int argc, char **argv)
{
    if (argc != 4) return 2;
    seed = strtoull(argv[3], NULL, 10) * 2654435761u + 1;
    if (!strcmp(argv[1], "damaged")) damaged((unsigned)atoi(argv[2]));
    else guided((unsigned)atoi(argv[2]));
    return 0;
}
