/* What docs/board.md wires to the pins: shift chain, latches, gate, one-shot, interlock, and the levels of inputs. See board.h for the
 * licence (GPL-3 or later). */
#include "parts.h"

#include <string.h>

#include <simavr/avr_ioport.h>
#include <simavr/sim_time.h>

#define ONE_SHOT 400000u /* 25 ms */

static void log_edge(board *b, int led, int level)
{
    grow((void **)&b->edges, b->edges_n, &b->edges_room, sizeof *b->edges);
    b->edges[b->edges_n++] = (board_edge){b->avr->cycle, led, level};
}

/* Light is what is latched, while the gate is open, the interlock closed and the one-shot runs. */
static void show(board *b)
{
    const int open = b->pin[0] && b->interlock_closed && b->one_shot;
    for (int k = 0; k < CHAIN_BYTES; k++) {
        const uint8_t now = open ? b->latched[k] : 0, changed = (uint8_t)(now ^ b->shown[k]);
        for (int bit = 0; bit < 8; bit++)
            if (changed >> bit & 1) log_edge(b, 8 * k + bit, (now >> bit & 1) ? 255 : 0);
        b->shown[k] = now;
    }
}

static avr_cycle_count_t one_shot_ends(avr_t *avr, avr_cycle_count_t when, void *param)
{
    (void)avr;
    (void)when;
    board *b = param;
    b->one_shot = 0;
    show(b);
    return 0;
}

static void one_shot_starts(board *b)
{
    b->one_shot = 1;
    avr_cycle_timer_register(b->avr, ONE_SHOT, one_shot_ends, b);
}

/* The latch takes what is in the chain, whole or not. The one-shot (74HC123) starts when the gate rises, and again when the latch falls
 * while the gate is open. */
void wiring_pin(board *b, int which, uint8_t level)
{
    if (b->pin[which] == level) return;
    b->pin[which] = level;
    if (which == 0) {
        log_edge(b, -1, level);
        if (level && !b->pin[1]) one_shot_starts(b);
    } else if (level) {
        const uint64_t settled = b->avr->cycle - b->spi_since;
        if (settled < b->least_settled) b->least_settled = settled;
        memcpy(b->latched, b->shift, CHAIN_BYTES);
    } else if (b->pin[0]) {
        one_shot_starts(b);
    }
    show(b);
}

uint8_t wiring_shift(board *b, uint8_t byte)
{
    const uint8_t last = b->chain_whole ? b->shift[CHAIN_BYTES - 1] : 0;
    memmove(b->shift + 1, b->shift, CHAIN_BYTES - 1);
    b->shift[0] = byte;
    return last;
}

/* A level from outside, stronger than the pull-up of the pin. An edge is only told to a program that runs: before it has chosen edges,
 * simavr would look at a low level in every cycle from then on. */
static void wire(board *b, char port, int bit, int level)
{
    const int before = (port == 'E' ? b->outside_e : b->outside_l) >> bit & 1;
    avr_ioport_external_t outside = {.name = (unsigned char)port};
    uint8_t *mask = port == 'E' ? &b->outside_e : &b->outside_l;
    *mask = (uint8_t)((*mask & ~(1 << bit)) | (level ? 1 << bit : 0));
    outside.mask = port == 'E' ? 0x30 : 0x03;
    outside.value = *mask;
    avr_ioctl(b->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(port), &outside);
    if (level != before) avr_raise_irq(avr_io_getirq(b->avr, AVR_IOCTL_IOPORT_GETIRQ(port), bit), (uint32_t)level);
}

void wiring_inputs(board *b)
{
    wire(b, 'E', 4, !b->interlock_closed);
    wire(b, 'E', 5, !b->host_present);
    wire(b, 'L', 0, 0);
    wire(b, 'L', 1, 0);
}

size_t board_edges(board *b, board_edge *out, size_t room)
{
    const size_t n = b->edges_n < room ? b->edges_n : room;
    memcpy(out, b->edges, n * sizeof *out);
    memmove(b->edges, b->edges + n, (b->edges_n - n) * sizeof *out);
    b->edges_n -= n;
    return n;
}

void board_interlock(board *b, int closed)
{
    b->interlock_closed = closed;
    wire(b, 'E', 4, !closed);
    show(b);
}

void board_host(board *b, int present)
{
    b->host_present = present;
    wire(b, 'E', 5, !present);
}

void board_ttl(board *b, int line, int level) { wire(b, 'L', line, level); }

void board_chain(board *b, int whole) { b->chain_whole = whole; }

unsigned board_least_settled(const board *b) { return (unsigned)b->least_settled; }
