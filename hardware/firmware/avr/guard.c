#include "guard.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/wdt.h>
#include <util/atomic.h>

#include "clock.h"
#include "light.h"
#include "serial.h"

#define PERIOD_TICKS (1000u * WL_TICKS_PER_US)
#define HANGS_MS 4u

static volatile uint8_t reasons, silent_ms;
static volatile bool armed, ticked;
static volatile uint32_t deadline;

void guard_trip_here(uint8_t reason)
{
    light_cut_here();
    reasons |= reason;
}

bool guard_interlock_closed(void) { return !(PINE & _BV(PE4)); }
bool guard_host_present(void) { return !(PINE & _BV(PE5)); }

ISR(INT4_vect) { guard_trip_here(GUARD_INTERLOCK); }
ISR(INT5_vect) { guard_trip_here(GUARD_LINE); }

/* Every millisecond, by a timer of its own. It may be interrupted: edges of light come first. */
ISR(TIMER0_COMPA_vect, ISR_NOBLOCK)
{
    uint8_t found = serial_broken ? GUARD_LINE : 0;
    serial_broken = false;
    ticked = true;
    if (silent_ms < 0xFFu) silent_ms++;
    if (silent_ms > HANGS_MS) found |= GUARD_HUNG;
    if (armed) {
        if (!guard_interlock_closed()) found |= GUARD_INTERLOCK;
        if (!guard_host_present()) found |= GUARD_LINE;
        cli();
        const int32_t left = (int32_t)(deadline - clock_now_here());
        sei();
        if (left < (int32_t)PERIOD_TICKS) found |= GUARD_SILENCE; /* the next look would come too late */
    }
    if (found) {
        cli();
        guard_trip_here(found);
        sei();
    }
}

void guard_start(void)
{
    EICRB = _BV(ISC41) | _BV(ISC40) | _BV(ISC51) | _BV(ISC50); /* rising: opened, gone */
    PORTE |= _BV(PE4) | _BV(PE5); /* a broken wire reads open, and no host */
    EIFR = _BV(INTF4) | _BV(INTF5);
    EIMSK = _BV(INT4) | _BV(INT5);
    OCR0A = 249;
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS01) | _BV(CS00);
    TIMSK0 = _BV(OCIE0A);
    wdt_enable(WDTO_60MS);
}

uint8_t guard_reasons(void)
{
    uint8_t found;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        found = reasons;
        reasons = 0;
    }
    return found;
}

bool guard_due(void) { return ticked || reasons != 0; }

void guard_alive(void) { silent_ms = 0; }

void guard_allow(bool is_armed, uint32_t until)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        deadline = until;
        armed = is_armed;
    }
}

void guard_round(void)
{
    if (ticked) wdt_reset();
    ticked = false;
}
