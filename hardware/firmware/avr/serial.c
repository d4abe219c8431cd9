#include "serial.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "clock.h"

/* Rings of 256: their indices wrap by themselves. Every delimiter that is stored has its stamp. */
#define STAMPS 32u
#define SKIPPING 1u /* in GPIOR0, which is quick to ask */
#define BETWEEN 2u
#define ROOM_AGAIN 160u
#define MANY 128u
static volatile uint8_t rx[256], tx[256];
static volatile uint8_t rx_w, rx_r, tx_w, tx_r;
static volatile uint16_t stamps[STAMPS];
static volatile uint8_t stamps_high[STAMPS]; /* a full ring of long commands takes the main loop more than one round of Timer 1 */
static volatile uint8_t stamp_w, stamp_r;
static volatile bool lost;
volatile bool serial_broken;

/* Runs for every byte, so it calls nothing and touches little: a call would cost every byte all registers. When the ring is full the
 * frame is cut there, and whole frames are skipped until there is room again. */
ISR(USART0_RX_vect)
{
    const uint8_t status = UCSR0A, w = rx_w, room = (uint8_t)(rx_r - w - 1u);
    uint8_t byte = UDR0;
    if (status & (_BV(FE0) | _BV(DOR0))) {
        if ((status & _BV(FE0)) && byte == 0) serial_broken = true;
        lost = true;
        if (status & _BV(FE0)) return;
    }
    if (GPIOR0 & SKIPPING) { /* until a frame begins for which there is room */
        if (byte == 0) {
            GPIOR0 |= BETWEEN;
            return;
        }
        if (!(GPIOR0 & BETWEEN) || room < ROOM_AGAIN) {
            GPIOR0 &= (uint8_t)~BETWEEN;
            return;
        }
        GPIOR0 &= (uint8_t) ~(SKIPPING | BETWEEN);
    }
    if (byte != 0 && room < 2u) { /* the last place is for a delimiter */
        GPIOR0 |= SKIPPING;
        lost = true;
        byte = 0;
    }
    if (byte == 0) {
        const uint8_t s = stamp_w;
        if (rx[(uint8_t)(w - 1u)] == 0) return; /* a lone delimiter says nothing */
        if (room == 0 || (uint8_t)(s - stamp_r) >= STAMPS) {
            lost = true;
            return;
        }
        const uint16_t low = TCNT1;
        uint8_t high = *(volatile uint8_t *)&clock_high; /* one byte of it is enough, and all that there is time for */
        if ((TIFR1 & _BV(TOV1)) && low < 0x8000u) high++;
        stamps[s % STAMPS] = low;
        stamps_high[s % STAMPS] = high;
        stamp_w = (uint8_t)(s + 1u);
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
        const uint8_t s = stamp_r;
        const uint32_t now = clock_now(), stamp = (uint32_t)stamps_high[s % STAMPS] << 16 | stamps[s % STAMPS];
        *t_rx = now - ((now - stamp) & 0xFFFFFFu); /* it waited for less than 8 s */
        stamp_r = (uint8_t)(s + 1u);
    }
    rx_r = (uint8_t)(r + 1u);
    return true;
}

bool serial_room(size_t n) { return n <= (uint8_t)(tx_r - tx_w - 1u); }

bool serial_send(const uint8_t *frame, size_t n)
{
    uint8_t w = tx_w;
    if (!serial_room(n)) return false;
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
