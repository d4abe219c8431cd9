/* Light: steps of the mask, each at its tick by the timer hardware.
 *
 * OC1A is the gate (output enable of all drivers), OC1B the latch of the shift chain. A step that begins from darkness is shifted and
 * latched early and the gate opens on the compare match; one that follows light is shifted early and latched on the match; one that
 * ends in darkness closes the gate. So no program runs between the tick and the edge. */
#ifndef WL_AVR_LIGHT_H
#define WL_AVR_LIGHT_H

#include <stdbool.h>
#include <stdint.h>

void light_start(void);
/* A site at a tick not before all others; false: no room. The last step goes on its way with light_publish(), when all up to WL_AHEAD_US
 * after the tick `told` were set. */
bool light_set(void *ctx, uint8_t site, uint8_t level, uint32_t tick);
void light_publish(uint32_t told);
/* Dark, nothing planned; true: light was on, until `since`. Light that was cut stays refused until this is called. */
bool light_dark(void *ctx, uint32_t *since);
/* The same from an interrupt; interrupts are off. */
void light_cut_here(void);
/* While dark: what is shifted in comes out at the end of the chain. */
bool light_selftest(void *ctx);

#endif
