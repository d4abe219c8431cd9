/* The rooms of the emulated board share one struct: processor, silicon, wiring and line. See board.h for the licence (GPL-3 or later). */
#ifndef EMULATED_PARTS_H
#define EMULATED_PARTS_H

#include "board.h"

#include <simavr/sim_avr.h>

#define LINE 65536u
#define CHAIN_BYTES 4
enum { PORTB_ = 0x25, TIFR1_ = 0x36, SPCR_ = 0x4C, SPSR_ = 0x4D, SPDR_ = 0x4E, MCUSR_ = 0x54, TCCR1A_ = 0x80, TCCR1B_ = 0x81, TCCR1C_ = 0x82, UCSR0B_ = 0xC1 };

struct board {
    avr_t *avr;
    void (*chip_reset)(avr_t *);
    uint64_t clock_start;
    uint32_t hung_at;
    uint16_t hung_word;
    int hung;
    /* line.c */
    avr_irq_t *rx;
    uint64_t line_free;
    uint16_t in[LINE];
    uint64_t in_at[LINE];
    unsigned in_w, in_r;
    int stalled;
    board_byte *out;
    size_t out_n, out_room;
    uint64_t out_free;
    /* silicon.c: the register behind each compare output; what simavr does when the flags of Timer 1 are written; a byte of SPI */
    uint8_t oc[2];
    avr_io_write_t timer_flags;
    void *timer;
    int restoring;
    avr_irq_t *miso;
    uint8_t spi_byte;
    uint64_t spi_since;
    /* wiring.c: pins 0 gate, 1 latch; the chain, its outputs, the light */
    uint8_t pin[2], shift[CHAIN_BYTES], latched[CHAIN_BYTES], shown[CHAIN_BYTES];
    int chain_whole, interlock_closed, host_present, one_shot;
    uint64_t least_settled;
    uint8_t outside_e, outside_l;
    board_edge *edges;
    size_t edges_n, edges_room;
};

/* board.c */
void grow(void **p, size_t n, size_t *room, size_t size);
/* silicon.c */
void silicon_attach(board *b);
void silicon_reset(board *b);
/* wiring.c: a compare output has a level; a byte is through the chain, and what falls out at its end; what is wired to the inputs */
void wiring_pin(board *b, int which, uint8_t level);
uint8_t wiring_shift(board *b, uint8_t byte);
void wiring_inputs(board *b);
/* line.c */
void line_attach(board *b);
void line_reset(board *b);

#endif
