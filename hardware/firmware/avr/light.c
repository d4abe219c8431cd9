#include "light.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "clock.h"
#include "guard.h"

#define STEPS 64u
/* Shifting the chain takes 10 us from step to step. So steps are at least that far apart, and an edge between two goes to the nearer:
 * it comes less than 5 us early or at most 5 us late. */
#define APART_TICKS 20u
#define JOIN_TICKS 10u
#define WAKE_TICKS 32u  /* an interrupt comes this long before a step, and waits: others may delay it, not the step nor the next one */
#define LATE_TICKS 10u  /* light that would come later than this does not come */
/* The last step waits until all edges that may join it were handed over, but not up to its time. */
#define WHOLE_TICKS ((int16_t)(WL_AHEAD_US * WL_TICKS_PER_US - APART_TICKS))
#define URGENT_TICKS ((int16_t)(2000u * WL_TICKS_PER_US))

/* The compare outputs keep their level: each is cleared by a forced match before it is told to rise. */
#define A_CLEAR _BV(COM1A1)
#define A_SET (_BV(COM1A1) | _BV(COM1A0))
#define B_CLEAR _BV(COM1B1)
#define B_SET (_BV(COM1B1) | _BV(COM1B0))

enum kind { NONE, OPEN, LATCH, CLOSE };
typedef struct { uint16_t tick; uint8_t kind, mask[CHAIN_BYTES], unused; } step; /* 8 bytes: quick to index */

static step steps[STEPS];
static volatile uint8_t next;      /* the step that is armed or will be */
static volatile uint8_t published; /* up to here the timer may go */
static uint8_t built;              /* up to here the main loop has got */
static volatile uint8_t armed;     /* enum kind */
static volatile bool lit, cut, was_lit;
static volatile uint32_t cut_at;

static inline step *at(uint8_t k) { return &steps[k % STEPS]; }

/* A byte takes 16 cycles, and one more until the next may be written; so counted, it costs less than asking for its end. The last one
 * ends while the match is prepared: 7 cycles at least until it may latch. Interrupts are off. */
#define SHIFT(byte, rest) do { SPDR = (byte); __builtin_avr_delay_cycles(rest); } while (0)
static inline void shift(const uint8_t *mask)
{
    SHIFT(mask[3], 14); /* the far end of the chain first */
    SHIFT(mask[2], 14);
    SHIFT(mask[1], 14);
    SHIFT(mask[0], 12);
}

static inline void stop(void)
{
    armed = NONE;
    TIMSK1 = _BV(TOIE1);
}

/* Gives a step to the timer. Interrupts are off. */
static inline void arm(const step *s)
{
    const uint16_t t = s->tick;
    if (s->kind == LATCH) {
        shift(s->mask);
        OCR1B = t;
        TIFR1 = _BV(OCF1B);
        TCCR1A = A_SET | B_SET;
    } else if (s->kind == OPEN) {
        shift(s->mask);
        __builtin_avr_delay_cycles(6); /* latched by force, now */
        TCCR1A = A_CLEAR | B_SET;
        TCCR1C = _BV(FOC1B);
        TCCR1A = A_CLEAR | B_CLEAR;
        TCCR1C = _BV(FOC1B);
        OCR1A = t;
        TIFR1 = _BV(OCF1A);
        TCCR1A = A_SET | B_CLEAR;
    } else {
        OCR1A = t; /* while the old mode stands, which would open what is open */
        TIFR1 = _BV(OCF1A);
        TCCR1A = A_CLEAR | B_CLEAR;
    }
}

/* Waits for the step `next` when it is near, arms those that follow, and leaves when one is far. Interrupts are off. */
static void run(void)
{
    const uint8_t end = published;
    uint8_t k = next, kind = armed;
    for (; k != end; k++, kind = NONE) {
        const step *s = at(k);
        const uint16_t t = s->tick;
        if (kind == NONE) arm(s);
        kind = s->kind;
        const int16_t left = (int16_t)(t - TCNT1);
        if (left > (int16_t)(WAKE_TICKS + 8u)) {
            OCR1C = t - WAKE_TICKS;
            TIFR1 = _BV(OCF1C);
            TIMSK1 = _BV(TOIE1) | _BV(OCIE1C);
            armed = kind;
            next = k;
            return;
        }
        const uint8_t flag = kind == LATCH ? _BV(OCF1B) : _BV(OCF1A);
        if (left < -(int16_t)LATE_TICKS && !(TIFR1 & flag)) {
            armed = kind;
            guard_trip_here(GUARD_HUNG);
            return;
        }
        if (left > 0)
            for (uint8_t patience = 255; patience && !(TIFR1 & flag); patience--) {}
        TCCR1C = kind == LATCH ? _BV(FOC1B) : _BV(FOC1A); /* when it was due before its mode stood; else once more does no harm */
        if (kind == LATCH) {
            TCCR1A = A_SET | B_CLEAR;
            TCCR1C = _BV(FOC1B);
        }
        lit = kind != CLOSE;
    }
    next = k;
    stop();
}

ISR(TIMER1_COMPC_vect) { run(); }

/* The steps up to `end` may go. */
static void publish(uint8_t end)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        if (cut) {
            built = published;
        } else if (end != published) {
            published = end;
            if (armed == NONE) run();
        }
    }
}

/* What the last step is, now that it is whole. */
static void finish(void)
{
    step *s = at((uint8_t)(built - 1u));
    const step *before = at((uint8_t)(built - 2u));
    uint8_t now = 0, then = 0;
    for (uint8_t k = 0; k < CHAIN_BYTES; k++) {
        now |= s->mask[k];
        then |= before->mask[k];
    }
    s->kind = now == 0 ? CLOSE : then == 0 ? OPEN : LATCH;
}

bool light_set(void *ctx, uint8_t site, uint8_t level, uint32_t tick)
{
    static const uint8_t bits[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    uint16_t t = (uint16_t)tick - 1u; /* a match takes effect with the next count */
    (void)ctx;
    if (cut) return true; /* dark already; the core is told in this round */
    step *s = at((uint8_t)(built - 1u));
    const int16_t after = (int16_t)(t - s->tick);
    if (built == published || after >= (int16_t)JOIN_TICKS) {
        if ((uint8_t)(built - next) >= STEPS - 2u) return false;
        if (built != next && after < (int16_t)APART_TICKS) t = s->tick + APART_TICKS;
        if (built != published) {
            finish();
            publish(built);
            if (cut) return true;
        }
        guard_alive(); /* a pattern with many steps takes its time */
        const step *before = s;
        s = at(built++);
        *s = *before;
        s->tick = t;
    }
    if (level) s->mask[site >> 3] |= bits[site & 7u];
    else s->mask[site >> 3] &= (uint8_t)~bits[site & 7u];
    return true;
}

void light_publish(uint32_t told)
{
    if (built == published) return;
    const uint16_t t = at((uint8_t)(built - 1u))->tick;
    if (!cut && (int16_t)(t - (uint16_t)told) > WHOLE_TICKS && (int16_t)(t - (uint16_t)clock_now()) > URGENT_TICKS) return;
    finish();
    publish(built);
}

void light_cut_here(void)
{
    was_lit |= lit || (armed == OPEN && (TIFR1 & _BV(OCF1A)));
    TCCR1A = A_CLEAR | B_CLEAR;
    TCCR1C = _BV(FOC1A) | _BV(FOC1B);
    if (!cut) cut_at = clock_now_here();
    stop();
    lit = false;
    cut = true;
    next = published;
    step *last = at((uint8_t)(published - 1u));
    for (uint8_t k = 0; k < CHAIN_BYTES; k++) last->mask[k] = 0;
}

bool light_dark(void *ctx, uint32_t *since)
{
    (void)ctx;
    bool was;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        light_cut_here();
        built = published;
        *since = cut_at;
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
