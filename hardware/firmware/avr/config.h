/* The ATmega2560 board: sizes that fit 8 KB of RAM, times that fit 16 MHz, and its pins. Included before everything else. */
#ifndef WL_AVR_CONFIG_H
#define WL_AVR_CONFIG_H

#define F_CPU 16000000UL
#define WL_TICKS_PER_US 2u /* Timer 1 at F_CPU / 8 */
#define TICK_NS 500u

#define WL_SITES 32
#define WL_SLOTS 12
#define WL_ENTRIES 32
#define WL_QUEUE 8
#define WL_EVENTS 8

/* The longest frame keeps the main loop busy for less than WL_AHEAD_US; measured in docs/board.md. */
#define WL_AHEAD_US 8000u
#define WL_MIN_LEAD_US 4200u
#define WL_READY_US 40u
#define WL_READY_EACH_US 75u /* its two edges */

#define CHAIN_BYTES (WL_SITES / 8)
#define MAX_LIT 25 /* sites at once: 20 mA each are the 500 mA of a USB port */

/* Arduino Mega names in brackets.
 *   OC1A PB5 [11] gate        OC1B PB6 [12] latch       SCK PB1 [52], MOSI PB2 [51], MISO PB3 [50] shift chain; SS PB0 [53]
 *   PE4 [2] interlock, closed = low      PE5 [3] host present (DTR), present = low      ICP4 PL0 [49], ICP5 PL1 [48] TTL in
 *   PB7 [13] fault lamp */
#define GATE_BIT 5
#define LATCH_BIT 6

#endif
