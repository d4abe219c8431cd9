/* Time of the board: Timer 1 at half a microsecond, extended to 32 bits; and the TTL inputs stamped by Timers 4 and 5. */
#ifndef WL_AVR_CLOCK_H
#define WL_AVR_CLOCK_H

#include <avr/io.h>
#include <stdbool.h>
#include <stdint.h>
#include <util/atomic.h>

extern volatile uint16_t clock_high;

/* Interrupts are off. */
static inline uint32_t clock_now_here(void)
{
    const uint16_t low = TCNT1;
    uint16_t high = clock_high;
    if ((TIFR1 & _BV(TOV1)) && low < 0x8000u) high++;
    return (uint32_t)high << 16 | low;
}

static inline uint32_t clock_now(void)
{
    uint32_t t;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE) t = clock_now_here();
    return t;
}

void clock_start(void);
/* The oldest edge on a TTL input that was not taken yet; false: none. */
bool clock_ttl_take(uint8_t *line, uint8_t *level, uint32_t *tick);

#endif
