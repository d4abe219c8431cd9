/* What goes dark without the main loop: BREAK, host gone, interlock, silence, a main loop that hangs. The watchdog comes after that. */
#ifndef WL_AVR_GUARD_H
#define WL_AVR_GUARD_H

#include <stdbool.h>
#include <stdint.h>

enum guard_reason { GUARD_LINE = 1, GUARD_INTERLOCK = 2, GUARD_SILENCE = 4, GUARD_HUNG = 8 };

void guard_start(void);
/* Dark now, and the reason kept for the main loop; interrupts are off. */
void guard_trip_here(uint8_t reason);
/* The reasons since the last call. */
uint8_t guard_reasons(void);
/* A millisecond has passed since the last round of the main loop, or there is a reason. */
bool guard_due(void);
/* The main program lives. */
void guard_alive(void);
/* Light is allowed until the deadline. */
void guard_allow(bool armed, uint32_t deadline);
/* Once a round of the main loop: kicks the watchdog when the guard lives, too. */
void guard_round(void);
bool guard_interlock_closed(void);
bool guard_host_present(void);

#endif
