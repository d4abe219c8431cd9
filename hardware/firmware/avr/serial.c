#include "serial.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "clock.h"

/* Rings of 256: their indices wrap by themselves. Every delimiter that is stored has its stamp. */
#define STAMPS 16u
#define MANY 128u
static volatile uint8_t rx[256], tx[256];
static volatile uint8_t rx_w, rx_r, tx_w, tx_r;
static volatile uint32_t stamps[STAMPS];
static volatile uint8_t stamp_w, stamp_r;
static volatile bool lost;
volatile bool serial_broken;

ISR(USART0_RX_vect)
{
    const uint8_t status = UCSR0A, byte = UDR0, w = rx_w, room = (uint8_t)(rx_r - w - 1u);
    if (status & _BV(FE0)) {
        if (byte == 0) serial_broken = true; /* no call from here: it would cost every byte its registers */
        lost = true;
        return;
    }
    if (status & _BV(DOR0)) lost = true;
    if (byte == 0) {
        const uint8_t s = stamp_w;
        if (rx[(uint8_t)(w - 1u)] == 0) return; /* a lone delimiter says nothing */
        if (room == 0 || (uint8_t)(s - stamp_r) >= STAMPS) {
            lost = true;
            return;
        }
        stamps[s % STAMPS] = clock_now_here();
        stamp_w = (uint8_t)(s + 1u);
    } else if (room < 2u) { /* the last place is for a delimiter */
        lost = true;
        return;
    }
    rx[w] = byte;
    rx_w = (uint8_t)(w + 1u);
}

ISR(USART0_UDRE_vect)
{
    const uint8_t r = tx_r;
    if (r == tx_w) {
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
        return;
    }
    UDR0 = tx[r];
    tx_r = (uint8_t)(r + 1u);
}

void serial_start(void)
{
    UCSR0A = _BV(U2X0);
    UBRR0 = 3; /* 500 kbaud, exact */
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}

bool serial_waits(void) { return stamp_r != stamp_w || (uint8_t)(rx_w - rx_r) > MANY; }

bool serial_take(uint8_t *byte, uint32_t *t_rx)
{
    const uint8_t r = rx_r;
    if (r == rx_w) return false;
    *byte = rx[r];
    if (*byte == 0) {
        *t_rx = stamps[stamp_r % STAMPS];
        stamp_r = (uint8_t)(stamp_r + 1u);
    }
    rx_r = (uint8_t)(r + 1u);
    return true;
}

bool serial_send(const uint8_t *frame, size_t n)
{
    uint8_t w = tx_w;
    if (n > (uint8_t)(tx_r - w - 1u)) return false;
    for (size_t k = 0; k < n; k++) tx[w++] = frame[k];
    tx_w = w;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) UCSR0B |= _BV(UDRIE0);
    return true;
}

bool serial_lost(void)
{
    const bool was = lost;
    lost = false;
    return was;
}
