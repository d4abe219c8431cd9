/* See board.h for the licence (GPL-3 or later). */
#include "board.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_ioport.h>
#include <simavr/avr_spi.h>
#include <simavr/avr_uart.h>
#include <simavr/avr_watchdog.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_elf.h>
#include <simavr/sim_io.h>
#include <simavr/sim_time.h>

#define LINE 65536u
#define CHAIN_BYTES 4
#define ONE_SHOT 400000u /* 25 ms */
enum { PORTB_ = 0x25, TIFR1_ = 0x36, SPCR_ = 0x4C, SPSR_ = 0x4D, SPDR_ = 0x4E, MCUSR_ = 0x54, TCCR1A_ = 0x80, TCCR1B_ = 0x81, TCCR1C_ = 0x82, UCSR0B_ = 0xC1 };
enum { COMPA = 17, COMPB = 18, COMPC = 19, OVERFLOW = 20 }; /* vectors of Timer 1 */
#define BREAK_MARK 0x100u

struct board {
    avr_t *avr;
    void (*chip_reset)(avr_t *);
    avr_irq_t *rx, *miso;
    uint64_t clock_start;
    uint64_t line_free;
    uint16_t in[LINE];
    uint64_t in_at[LINE];
    unsigned in_w, in_r;
    int stalled;
    board_byte *out;
    size_t out_n, out_room;
    uint64_t out_free;
    board_edge *edges;
    size_t edges_n, edges_room;
    /* compare outputs: the register behind each pin, and the pin */
    uint8_t oc[2], pin[2];
    /* what is wired to them */
    uint8_t spi_byte, shift[CHAIN_BYTES], latched[CHAIN_BYTES], shown[CHAIN_BYTES];
    int chain_whole, interlock_closed, host_present, one_shot;
    uint8_t outside_e, outside_l;
    uint32_t hung_at;
    uint16_t hung_word;
    int hung;
    /* what simavr does when the flags of Timer 1 are written */
    avr_io_write_t timer_flags;
    void *timer;
    int restoring;
};

static void grow(void **p, size_t n, size_t *room, size_t size)
{
    if (n < *room) return;
    *room = *room ? 2 * *room : 4096;
    *p = realloc(*p, *room * size);
    if (!*p) abort();
}

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

/* 74HC123: starts when the gate rises, and again when the latch falls while the gate is open. */
static void set_pin(board *b, int which, uint8_t level)
{
    if (b->pin[which] == level) return;
    b->pin[which] = level;
    if (which == 0) {
        log_edge(b, -1, level);
        if (level && !b->pin[1]) one_shot_starts(b);
    } else if (level) {
        memcpy(b->latched, b->shift, CHAIN_BYTES);
    } else if (b->pin[0]) {
        one_shot_starts(b);
    }
    show(b);
}

/* The compare output unit. simavr 1.6 applies the rules of PWM to it in normal mode, which real silicon does not. */
static int mode_of(const board *b, int which) { return b->avr->data[TCCR1A_] >> (which ? 4 : 6) & 3; }

static void drive(board *b, int which)
{
    set_pin(b, which, mode_of(b, which) ? b->oc[which] : b->avr->data[PORTB_] >> (5 + which) & 1);
}

static void match(board *b, int which)
{
    const int mode = mode_of(b, which);
    if (mode == 3) b->oc[which] = 1;
    else if (mode == 2) b->oc[which] = 0;
    else if (mode == 1) b->oc[which] ^= 1;
    drive(b, which);
}

static void on_match_a(avr_irq_t *irq, uint32_t value, void *param) { (void)irq; if (value && !((board *)param)->restoring) match(param, 0); }
static void on_match_b(avr_irq_t *irq, uint32_t value, void *param) { (void)irq; if (value && !((board *)param)->restoring) match(param, 1); }

/* simavr 1.6 clears every flag of Timer 1 that is up when any of them is written, an overflow among them; silicon clears those written.
 * So the others are put up again. */
static void on_flags(avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param)
{
    static const uint8_t vectors[4] = {OVERFLOW, COMPA, COMPB, COMPC}; /* by their bit */
    board *b = param;
    const uint8_t before = avr->data[addr];
    b->timer_flags(avr, addr, value, b->timer);
    b->restoring = 1;
    for (int bit = 0; bit < 4; bit++)
        for (unsigned k = 0; k < avr->interrupts.vector_count; k++)
            if ((before & ~value & ~avr->data[addr]) >> bit & 1 && avr->interrupts.vector[k]->vector == vectors[bit])
                avr_raise_interrupt(avr, avr->interrupts.vector[k]);
    b->restoring = 0;
}

static void on_pins(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    (void)value;
    drive(param, 0);
    drive(param, 1);
}

static void on_mode(avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param)
{
    (void)addr;
    avr->data[TCCR1A_] = value;
    drive(param, 0);
    drive(param, 1);
}

static void on_force(avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param)
{
    (void)avr;
    (void)addr;
    if (value & 0x80) match(param, 0);
    if (value & 0x40) match(param, 1);
}

static void on_clock(avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param)
{
    (void)addr;
    board *b = param;
    if (value & 7) b->clock_start = avr->cycle;
}

/* One byte through the shift chain. simavr 1.6 takes 100 us for it whatever the clock; here it is 8 bits of F/2, or as SPCR says. */
static avr_cycle_count_t spi_done(avr_t *avr, avr_cycle_count_t when, void *param)
{
    (void)when;
    board *b = param;
    const uint8_t last = b->chain_whole ? b->shift[CHAIN_BYTES - 1] : 0;
    memmove(b->shift + 1, b->shift, CHAIN_BYTES - 1);
    b->shift[0] = b->spi_byte;
    avr_raise_irq(b->miso, last);
    avr->data[SPSR_] |= 0x80;
    return 0;
}

static void on_spi(avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param)
{
    static const unsigned divisor[4] = {4, 16, 64, 128};
    (void)addr;
    board *b = param;
    b->spi_byte = value;
    avr_cycle_timer_register(avr, 8 * divisor[avr->data[SPCR_] & 3] / (avr->data[SPSR_] & 1 ? 2 : 1), spi_done, b);
}

static void on_tx(avr_irq_t *irq, uint32_t value, void *param)
{
    (void)irq;
    board *b = param;
    const uint64_t from = b->out_free > b->avr->cycle ? b->out_free : b->avr->cycle;
    b->out_free = from + BYTE_CYCLES;
    grow((void **)&b->out, b->out_n, &b->out_room, sizeof *b->out);
    b->out[b->out_n++] = (board_byte){b->out_free, value & 0xFF};
}

static void on_stall(avr_irq_t *irq, uint32_t value, void *param) { (void)irq; if (value) ((board *)param)->stalled = 1; }
static void on_flow(avr_irq_t *irq, uint32_t value, void *param) { (void)irq; if (value) ((board *)param)->stalled = 0; }

/* At most one byte in the time of one; a timer that never rests, so that sleep does not skip over input. */
static avr_cycle_count_t deliver(avr_t *avr, avr_cycle_count_t when, void *param)
{
    (void)avr;
    board *b = param;
    if (b->in_r != b->in_w && !b->stalled && b->in_at[b->in_r % LINE] <= when) {
        const uint16_t word = b->in[b->in_r++ % LINE];
        avr_raise_irq(b->rx, word == BREAK_MARK ? UART_INPUT_FE : word);
    }
    return when + BYTE_CYCLES;
}

/* simavr 1.6 counts a parity bit that is not there, which would make the line a tenth too slow. */
static void on_uart(avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param)
{
    (void)addr;
    (void)value;
    (void)param;
    for (avr_io_t *io = avr->io_port; io; io = io->next)
        if (!strcmp(io->kind, "uart") && ((avr_uart_t *)io)->name == '0') ((avr_uart_t *)io)->cycles_per_byte = BYTE_CYCLES;
}

static void no_sleep(avr_t *avr, avr_cycle_count_t n) { (void)avr; (void)n; }

static void quiet(avr_t *avr, const int level, const char *format, va_list ap)
{
    (void)avr;
    if (level <= LOG_ERROR) vfprintf(stderr, format, ap);
}

static board *the_reset_one; /* avr_t has no room for a pointer of ours; set around whatever may reset */

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

static void wire_inputs(board *b)
{
    wire(b, 'E', 4, !b->interlock_closed);
    wire(b, 'E', 5, !b->host_present);
    wire(b, 'L', 0, 0);
    wire(b, 'L', 1, 0);
}

static void after_reset(avr_t *avr)
{
    board *b = the_reset_one;
    if (b->chip_reset) b->chip_reset(avr);
    b->oc[0] = b->oc[1] = 0;
    set_pin(b, 0, 0); /* pull-downs */
    set_pin(b, 1, 0);
    if (b->hung) memcpy(avr->flash + b->hung_at, &b->hung_word, 2);
    b->hung = b->stalled = 0;
    b->in_r = b->in_w;
    avr_cycle_timer_cancel(avr, deliver, b);
    avr_cycle_timer_register(avr, BYTE_CYCLES, deliver, b);
}

board *board_new(const char *elf)
{
    elf_firmware_t f;
    memset(&f, 0, sizeof f);
    avr_global_logger_set(quiet);
    if (elf_read_firmware(elf, &f)) return NULL;
    board *b = calloc(1, sizeof *b);
    avr_t *avr = avr_make_mcu_by_name("atmega2560");
    if (!b || !avr) return NULL;
    b->avr = avr;
    b->chain_whole = b->interlock_closed = b->host_present = 1;
    avr_init(avr);
    avr->log = LOG_ERROR;
    f.frequency = 16000000;
    avr_load_firmware(avr, &f);
    avr->frequency = 16000000;
    avr->sleep = no_sleep;
    memset(avr->data + 0x200, 0xC5, 0x2000); /* to see how deep the stack went */
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    b->rx = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    b->miso = avr_io_getirq(avr, AVR_IOCTL_SPI_GETIRQ(0), SPI_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_tx, b);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), on_stall, b);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), on_flow, b);
    avr_irq_register_notify(avr_get_interrupt_irq(avr, COMPA) + AVR_INT_IRQ_PENDING, on_match_a, b);
    avr_irq_register_notify(avr_get_interrupt_irq(avr, COMPB) + AVR_INT_IRQ_PENDING, on_match_b, b);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ('B'), IOPORT_IRQ_REG_PORT), on_pins, b);
    b->timer_flags = avr->io[AVR_DATA_TO_IO(TIFR1_)].w.c;
    b->timer = avr->io[AVR_DATA_TO_IO(TIFR1_)].w.param;
    avr->io[AVR_DATA_TO_IO(TIFR1_)].w.c = on_flags;
    avr->io[AVR_DATA_TO_IO(TIFR1_)].w.param = b;
    avr_register_io_write(avr, SPDR_, on_spi, b);
    avr_register_io_write(avr, UCSR0B_, on_uart, b);
    avr_register_io_write(avr, TCCR1A_, on_mode, b);
    avr_register_io_write(avr, TCCR1B_, on_clock, b);
    avr_register_io_write(avr, TCCR1C_, on_force, b);
    b->chip_reset = avr->reset;
    avr->reset = after_reset;
    avr_cycle_timer_register(avr, BYTE_CYCLES, deliver, b);
    wire_inputs(b);
    return b;
}

void board_free(board *b)
{
    if (!b) return;
    avr_terminate(b->avr);
    free(b->avr);
    free(b->out);
    free(b->edges);
    free(b);
}

int board_run(board *b, uint64_t cycle)
{
    the_reset_one = b;
    while (b->avr->cycle < cycle) {
        const int state = avr_run(b->avr);
        if (state == cpu_Done || state == cpu_Crashed) return -1;
    }
    return 0;
}

uint64_t board_cycle(const board *b) { return b->avr->cycle; }
uint64_t board_clock_start(const board *b) { return b->clock_start; }

static void send(board *b, uint16_t word, uint64_t at)
{
    b->line_free = (b->line_free > at ? b->line_free : at) + BYTE_CYCLES;
    if (b->in_w - b->in_r >= LINE) return;
    b->in[b->in_w % LINE] = word;
    b->in_at[b->in_w++ % LINE] = b->line_free - BYTE_CYCLES; /* simavr lets it take its time */
}

void board_send(board *b, const uint8_t *bytes, size_t n, uint64_t at)
{
    for (size_t k = 0; k < n; k++) send(b, bytes[k], at);
}

void board_break(board *b, uint64_t at)
{
    send(b, BREAK_MARK, at);
    b->line_free += BYTE_CYCLES; /* the line has to rise again before the next start bit */
}

size_t board_received(board *b, board_byte *out, size_t room)
{
    size_t n = 0;
    while (n < b->out_n && n < room && b->out[n].cycle <= b->avr->cycle) n++;
    memcpy(out, b->out, n * sizeof *out);
    memmove(b->out, b->out + n, (b->out_n - n) * sizeof *out);
    b->out_n -= n;
    return n;
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

void board_reset(board *b, uint8_t mcusr)
{
    the_reset_one = b;
    avr_reset(b->avr);
    b->avr->data[MCUSR_] = mcusr;
    wire_inputs(b);
}

void board_hang(board *b)
{
    const uint16_t here = 0xCFFF; /* rjmp .-2 */
    the_reset_one = b;
    while (b->avr->interrupts.running_ptr || b->avr->state != cpu_Running || !b->avr->sreg[S_I]) avr_run(b->avr);
    b->hung_at = b->avr->pc;
    memcpy(&b->hung_word, b->avr->flash + b->hung_at, 2);
    memcpy(b->avr->flash + b->hung_at, &here, 2);
    b->hung = 1;
}

size_t board_stack_free(const board *b)
{
    size_t most = 0;
    for (uint32_t a = 0x200, run = 0; a < 0x2200; a++) {
        run = b->avr->data[a] == 0xC5 ? run + 1 : 0;
        if (run > most) most = run;
    }
    return most;
}
