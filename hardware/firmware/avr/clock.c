#include "clock.h"

#include <avr/interrupt.h>

volatile uint16_t clock_high;

ISR(TIMER1_OVF_vect) { clock_high++; }

/* TTL edges wait here for the main loop; when they come faster than it, the newest are lost and the host sees no stamp for them. */
#define STAMPS 8u
static struct { uint8_t line, level; uint32_t tick; } stamps[STAMPS];
static volatile uint8_t stamp_w, stamp_r;
static uint16_t ahead4, ahead5; /* Timer 1 counts this much more than Timers 4 and 5 */

static inline void stamp(uint8_t line, uint8_t level, uint16_t captured)
{
    const uint32_t now = clock_now_here();
    const uint8_t w = stamp_w;
    if ((uint8_t)(w - stamp_r) >= STAMPS) return;
    stamps[w % STAMPS].line = line;
    stamps[w % STAMPS].level = level;
    stamps[w % STAMPS].tick = now - (uint16_t)((uint16_t)now - captured); /* the capture is less than a wrap old */
    stamp_w = (uint8_t)(w + 1u);
}

/* The edge that was caught decides which one is waited for next. */
ISR(TIMER4_CAPT_vect)
{
    const uint16_t at = (uint16_t)(ICR4 + ahead4);
    const uint8_t rising = TCCR4B & _BV(ICES4);
    TCCR4B ^= _BV(ICES4);
    TIFR4 = _BV(ICF4); /* changing the edge may raise the flag */
    stamp(0, rising != 0, at);
}

ISR(TIMER5_CAPT_vect)
{
    const uint16_t at = (uint16_t)(ICR5 + ahead5);
    const uint8_t rising = TCCR5B & _BV(ICES5);
    TCCR5B ^= _BV(ICES5);
    TIFR5 = _BV(ICF5);
    stamp(1, rising != 0, at);
}

/* Interrupts are off. */
void clock_start(void)
{
    TCCR1B = _BV(CS11);
    TCCR4B = _BV(ICNC4) | _BV(ICES4) | _BV(CS41);
    TCCR5B = _BV(ICNC5) | _BV(ICES5) | _BV(CS51);
    ahead4 = TCNT1;
    ahead4 = (uint16_t)(ahead4 - TCNT4);
    ahead5 = TCNT1;
    ahead5 = (uint16_t)(ahead5 - TCNT5);
    TIFR4 = _BV(ICF4);
    TIFR5 = _BV(ICF5);
    TIMSK1 |= _BV(TOIE1);
    TIMSK4 = _BV(ICIE4);
    TIMSK5 = _BV(ICIE5);
}

bool clock_ttl_take(uint8_t *line, uint8_t *level, uint32_t *tick)
{
    const uint8_t r = stamp_r;
    if (r == stamp_w) return false;
    *line = stamps[r % STAMPS].line;
    *level = stamps[r % STAMPS].level;
    *tick = stamps[r % STAMPS].tick;
    stamp_r = (uint8_t)(r + 1u);
    return true;
}
