/* Where simavr 1.6 is not the silicon of an ATmega2560, put right: compare outputs, flags of Timer 1, the time of bytes. See board.h for the
 * licence (GPL-3 or later). */
#include "parts.h"

#include <string.h>

#include <simavr/avr_ioport.h>
#include <simavr/avr_spi.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_io.h>

enum { COMPA = 17, COMPB = 18, COMPC = 19, OVERFLOW = 20 }; /* vectors of Timer 1 */

/* The compare output unit. simavr 1.6 applies the rules of PWM to it in normal mode, which real silicon does not. */
static int mode_of(const board *b, int which) { return b->avr->data[TCCR1A_] >> (which ? 4 : 6) & 3; }

static void drive(board *b, int which)
{
    wiring_pin(b, which, mode_of(b, which) ? b->oc[which] : b->avr->data[PORTB_] >> (5 + which) & 1);
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
    avr_raise_irq(b->miso, wiring_shift(b, b->spi_byte));
    avr->data[SPSR_] |= 0x80;
    return 0;
}

static void on_spi(avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param)
{
    static const unsigned divisor[4] = {4, 16, 64, 128};
    (void)addr;
    board *b = param;
    b->spi_byte = value;
    b->spi_since = avr->cycle;
    avr_cycle_timer_register(avr, 8 * divisor[avr->data[SPCR_] & 3] / (avr->data[SPSR_] & 1 ? 2 : 1), spi_done, b);
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

void silicon_attach(board *b)
{
    avr_t *avr = b->avr;
    b->miso = avr_io_getirq(avr, AVR_IOCTL_SPI_GETIRQ(0), SPI_IRQ_INPUT);
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
}

void silicon_reset(board *b)
{
    b->oc[0] = b->oc[1] = 0;
    wiring_pin(b, 0, 0); /* pull-downs */
    wiring_pin(b, 1, 0);
}
