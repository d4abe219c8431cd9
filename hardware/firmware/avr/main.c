/* The ATmega2560 board: start, and the loop in which the core runs. */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "../core/wl_core.h"
#include "clock.h"
#include "guard.h"
#include "light.h"
#include "serial.h"

#define FRAMES 4u /* in a round */

static wl_core core;

static uint32_t now(void *ctx) { (void)ctx; return clock_now(); }
static bool send(void *ctx, const uint8_t *frame, size_t n) { (void)ctx; return serial_send(frame, n); }
static bool room(void *ctx, size_t n) { (void)ctx; return serial_room(n); }
static bool interlock(void *ctx) { (void)ctx; return guard_interlock_closed(); }
static void pace(void *ctx) { (void)ctx; light_publish(core.told_tick); guard_alive(); }
static bool selftest(void *ctx) { return guard_host_present() && light_selftest(ctx); }

/* Differs at every reset: a count of the starts, spread over the word. */
static uint32_t count_boot(void)
{
    const uint32_t count = eeprom_read_dword((const uint32_t *)0) + 1u;
    eeprom_update_dword((uint32_t *)0, count);
    return (count ^ 0x5EEDu) * 2654435761u;
}

static uint8_t cause_of(uint8_t mcusr)
{
    if (mcusr & _BV(WDRF)) return WL_C_WDT_RESET;
    if ((mcusr & _BV(BORF)) && !(mcusr & _BV(PORF))) return WL_C_BROWNOUT; /* power-up sets both */
    return WL_C_NONE;
}

static void take_reasons(void)
{
    const uint8_t found = guard_reasons();
    if (found & GUARD_LINE) wl_line_lost(&core);
    else if (found & GUARD_INTERLOCK) wl_fault(&core, WL_C_INTERLOCK);
    else if (found & GUARD_HUNG) wl_fault(&core, WL_C_PULSE_OVERRUN);
    else if (found & GUARD_SILENCE) wl_fault(&core, WL_C_HEARTBEAT);
}

static void take_frame(void)
{
    uint8_t byte = 1;
    uint32_t t_rx = 0;
    if (serial_lost()) wl_rx_lost(&core);
    while (byte != 0 && serial_take(&byte, &t_rx)) wl_rx_byte(&core, byte, t_rx);
}

static void take_ttl(void)
{
    uint8_t line, level;
    uint32_t tick;
    while (clock_ttl_take(&line, &level, &tick)) wl_ttl_in(&core, line, level, tick);
}

int main(void)
{
    const uint8_t mcusr = MCUSR;
    MCUSR = 0;
    wdt_disable();
    light_start();
    DDRB |= _BV(PB7);
    const wl_config config = {
        .tick_ns = TICK_NS, .n_sites = WL_SITES, .board = 1, .caps = WL_CAP_TTL_IN | WL_CAP_HW_GATE, .max_sites = MAX_LIT,
        .reset_cause = cause_of(mcusr), .boot_id = count_boot(),
    };
    const wl_hal hal = {.now = now, .light = light_set, .dark = light_dark, .send = send, .interlock = interlock, .selftest = selftest,
                        .pace = pace, .room = room};
    clock_start();
    serial_start();
    guard_start();
    (void)wl_init(&core, &config, &hal);
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
    for (;;) {
        uint32_t deadline;
        take_reasons();
        for (uint8_t k = 0; k < FRAMES && serial_waits(); k++) {
            take_frame();
            guard_alive();
        }
        take_ttl();
        take_reasons(); /* again: what was cut in the middle must not be told as whole */
        wl_poll(&core);
        light_publish(core.told_tick);
        const bool armed = wl_heartbeat_deadline(&core, &deadline);
        guard_allow(armed, deadline);
        guard_alive();
        guard_round();
        if (core.state == WL_S_SAFE) PORTB |= _BV(PB7);
        else PORTB &= (uint8_t)~_BV(PB7);
        for (;;) { /* asked with interrupts off, so that none is slept through */
            cli();
            if (serial_waits() || guard_due()) break;
            sleep_enable();
            sei();
            sleep_cpu();
            sleep_disable();
        }
        sei();
    }
}
