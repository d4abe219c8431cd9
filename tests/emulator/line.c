/* The serial line between the processor and its host, both ways at the pace of its bytes. See board.h for the licence (GPL-3 or later). */
#include "parts.h"

#include <string.h>

#include <simavr/avr_uart.h>
#include <simavr/sim_time.h>

#define BREAK_MARK 0x100u

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

void line_attach(board *b)
{
    avr_t *avr = b->avr;
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    b->rx = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), on_tx, b);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), on_stall, b);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), on_flow, b);
    avr_cycle_timer_register(avr, BYTE_CYCLES, deliver, b);
}

void line_reset(board *b)
{
    b->stalled = 0;
    b->in_r = b->in_w;
    avr_cycle_timer_cancel(b->avr, deliver, b);
    avr_cycle_timer_register(b->avr, BYTE_CYCLES, deliver, b);
}

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
