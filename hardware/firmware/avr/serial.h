/* The line to the host: USART 0 at 500 kbaud, both ways through rings. */
#ifndef WL_AVR_SERIAL_H
#define WL_AVR_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The line was held low for longer than a byte; the guard looks at it and clears it. */
extern volatile bool serial_broken;

void serial_start(void);
/* A whole frame, or many bytes without an end, are to be taken. */
bool serial_waits(void);
/* The next byte; a delimiter comes with the tick at which it arrived. false: none. */
bool serial_take(uint8_t *byte, uint32_t *t_rx);
bool serial_room(size_t n);
/* All or nothing. */
bool serial_send(const uint8_t *frame, size_t n);
/* Bytes were lost since it was last asked. */
bool serial_lost(void);

#endif
