#include "light.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "guard.h"

#define STEPS 64u
#define SAME_TICKS 9u  /* edges less than 5 us after a step belong to it */
#define LATE_TICKS 10u
#define NEAR_TICKS 60u /* a step closer than this is waited for inside the interrupt */

/* The compare outputs keep their level: each is cleared by a forced match before it is told to rise. */
#define A_CLEAR _BV(COM1A1)
#define A_SET (_BV(COM1A1) | _BV(COM1A0))
#define B_CLEAR _BV(COM1B1)
#define B_SET (_BV(COM1B1) | _BV(COM1B0))

typedef struct { uint16_t tick; uint8_t mask[CHAIN_BYTES]; } step;
enum kind { NONE, OPEN, LATCH, CLOSE };

static step steps[STEPS];
static volatile uint8_t next;      /* the step that is armed or will be */
static volatile uint8_t published; /* up to here the timer may go */
static uint8_t built;              /* up to here the main loop has got; equal to published between its rounds */
static volatile uint8_t armed;     /* enum kind */
static volatile bool lit, cut, was_lit;

static inline step *at(uint8_t k) { return &steps[k % STEPS]; }

static inline void shift(const uint8_t *mask)
{
    SPDR = mask[CHAIN_BYTES - 1]; /* the far end of the chain first */
    for (uint8_t k = CHAIN_BYTES - 1; k-- > 0;) {
        const uint8_t byte = mask[k];
        while (!(SPSR & _BV(SPIF))) {}
        SPDR = byte;
    }
    while (!(SPSR & _BV(SPIF))) {}
    (void)SPDR;
}

static inline bool any(const uint8_t *mask)
{
    uint8_t all = 0;
    for (uint8_t k = 0; k < CHAIN_BYTES; k++) all |= mask[k];
    return all != 0;
}

static inline void stop(void)
{
    armed = NONE;
    TIMSK1 &= (uint8_t) ~(_BV(OCIE1A) | _BV(OCIE1B));
}

/* Gives the step to the timer. Returns how many ticks are left, 0 when it was forced because it is due. Light that would come late
 * does not come: everything goes dark. Interrupts are off. */
static inline int16_t arm(const step *s)
{
    const uint16_t t = s->tick;
    uint8_t flag = _BV(OCF1A), force = _BV(FOC1A);
    if (!any(s->mask)) {
        OCR1A = t; /* while the old mode stands, which would open what is open */
        TIFR1 = _BV(OCF1A);
        TCCR1A = A_CLEAR | B_CLEAR;
        armed = CLOSE;
    } else if (!lit) {
        shift(s->mask);
        TCCR1A = A_CLEAR | B_SET;
        TCCR1C = _BV(FOC1B);
        TCCR1A = A_CLEAR | B_CLEAR;
        TCCR1C = _BV(FOC1B);
        OCR1A = t;
        TIFR1 = _BV(OCF1A);
        TCCR1A = A_SET | B_CLEAR;
        armed = OPEN;
    } else {
        shift(s->mask);
        OCR1B = t;
        TIFR1 = _BV(OCF1B);
        TCCR1A = A_SET | B_SET;
        armed = LATCH;
        flag = _BV(OCF1B);
        force = _BV(FOC1B);
    }
    const int16_t left = (int16_t)(t - TCNT1);
    if (left > 0) return left;
    if (left < -(int16_t)LATE_TICKS && armed != CLOSE) {
        guard_trip_here(GUARD_HUNG);
        return 0;
    }
    TCCR1C = force; /* once more does no harm */
    TIFR1 = flag;
    return 0;
}

/* The armed step has happened: books it, and arms those that follow. */
static inline void advance(void)
{
    for (;;) {
        if (armed == LATCH) {
            TCCR1A = A_SET | B_CLEAR;
            TCCR1C = _BV(FOC1B);
        }
        lit = armed != CLOSE;
        const uint8_t k = (uint8_t)(next + 1u);
        next = k;
        if (k == published) {
            stop();
            return;
        }
        const int16_t left = arm(at(k));
        if (armed == NONE) return;
        const uint8_t flag = armed == LATCH ? _BV(OCF1B) : _BV(OCF1A);
        if (left > (int16_t)NEAR_TICKS) {
            TIMSK1 = (uint8_t)((TIMSK1 & ~(_BV(OCIE1A) | _BV(OCIE1B))) | flag); /* the bits of both registers agree */
            return;
        }
        if (left > 0) {
            while (!(TIFR1 & flag)) {}
            TIFR1 = flag;
        }
    }
}

ISR(TIMER1_COMPA_vect) { advance(); }
ISR(TIMER1_COMPB_vect) { advance(); }

/* Nothing armed and something published: the first step. Interrupts are off. */
static void begin(void)
{
    const int16_t left = arm(at(next));
    if (armed == NONE) return;
    if (left > 0) TIMSK1 |= armed == LATCH ? _BV(OCIE1B) : _BV(OCIE1A);
    else advance();
}

bool light_set(void *ctx, uint8_t site, uint8_t level, uint32_t tick)
{
    (void)ctx;
    if (cut) return true; /* dark already; the core is told in this round */
    const step *before = at((uint8_t)(built - 1u));
    if (built == published || (uint16_t)(tick - 1u - before->tick) > SAME_TICKS) {
        if ((uint8_t)(built - next) >= STEPS - 1u) return false;
        step *s = at(built);
        *s = *before;
        s->tick = (uint16_t)(tick - 1u); /* a match takes effect with the next count */
        built++;
    }
    uint8_t *byte = &at((uint8_t)(built - 1u))->mask[site >> 3];
    const uint8_t bit = (uint8_t)(1u << (site & 7u));
    *byte = (uint8_t)(level ? *byte | bit : *byte & ~bit);
    return true;
}

void light_publish(void)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        if (cut) built = published;
        if (built != published) {
            published = built;
            if (armed == NONE) begin();
        }
    }
}

void light_cut_here(void)
{
    was_lit |= lit || (armed == OPEN && (TIFR1 & _BV(OCF1A)));
    TCCR1A = A_CLEAR | B_CLEAR;
    TCCR1C = _BV(FOC1A) | _BV(FOC1B);
    stop();
    TIFR1 = _BV(OCF1A) | _BV(OCF1B);
    lit = false;
    cut = true;
    next = published;
    step *last = at((uint8_t)(published - 1u));
    for (uint8_t k = 0; k < CHAIN_BYTES; k++) last->mask[k] = 0;
}

bool light_dark(void *ctx)
{
    (void)ctx;
    bool was;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        light_cut_here();
        built = published;
        was = was_lit;
        was_lit = cut = false;
    }
    return was;
}

bool light_selftest(void *ctx)
{
    (void)ctx;
    for (uint8_t k = 0; k < 2u * CHAIN_BYTES; k++) {
        const uint8_t sent = (uint8_t)(0xA5u + 0x3Bu * (k % CHAIN_BYTES));
        SPDR = sent;
        while (!(SPSR & _BV(SPIF))) {}
        if (SPDR != sent && k >= CHAIN_BYTES) return false;
    }
    return true;
}

void light_start(void)
{
    /* low before they are outputs; the gate has a pull-down besides */
    PORTB &= (uint8_t) ~(_BV(GATE_BIT) | _BV(LATCH_BIT));
    DDRB |= _BV(GATE_BIT) | _BV(LATCH_BIT) | _BV(PB0) | _BV(PB1) | _BV(PB2);
    SPCR = _BV(SPE) | _BV(MSTR);
    SPSR = _BV(SPI2X); /* 8 MHz */
    TCCR1A = A_CLEAR | B_CLEAR;
    TCCR1C = _BV(FOC1A) | _BV(FOC1B);
}
