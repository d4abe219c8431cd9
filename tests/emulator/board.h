/* The ATmega2560 board under simavr, in virtual time: the processor and what docs/board.md wires to it.
 *
 * Copyright (C) 2026 the wavestim authors.
 * This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License as
 * published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version. It is distributed
 * in the hope that it will be useful, but WITHOUT ANY WARRANTY. See <https://www.gnu.org/licenses/>.
 *
 * It links simavr, which is under the same licence; it is a program of its own and no part of what wavestim installs. */
#ifndef EMULATED_BOARD_H
#define EMULATED_BOARD_H

#include <stddef.h>
#include <stdint.h>

#define BYTE_CYCLES 320u /* 500 kbaud, 10 bits, 16 MHz */

typedef struct board board;
typedef struct { uint64_t cycle; int32_t led, level; } board_edge; /* led -1: the gate itself */
typedef struct { uint64_t cycle; uint32_t byte; } board_byte;      /* cycle: its last bit has left */

/* NULL when the file or the processor cannot be had. */
board *board_new(const char *elf);
void board_free(board *b);
/* Runs up to a cycle; 0, or -1 when the program crashed. */
int board_run(board *b, uint64_t cycle);
uint64_t board_cycle(const board *b);
/* The cycle at which the running program started its clock. */
uint64_t board_clock_start(const board *b);
/* n bytes that the host begins to send at a cycle, behind those still on the line. */
void board_send(board *b, const uint8_t *bytes, size_t n, uint64_t at);
/* The line held low for longer than a byte. */
void board_break(board *b, uint64_t at);
size_t board_received(board *b, board_byte *out, size_t room);
size_t board_edges(board *b, board_edge *out, size_t room);
void board_interlock(board *b, int closed);
void board_host(board *b, int present);
void board_ttl(board *b, int line, int level);
void board_chain(board *b, int whole);
/* A reset whose reasons are the bits of MCUSR. */
void board_reset(board *b, uint8_t mcusr);
/* The main loop stands still from now on; interrupts go on. A reset ends it. */
void board_hang(board *b);
/* The least cycles between the start of a byte on its way into the chain and a latch; a byte takes 16. */
unsigned board_least_settled(const board *b);
/* Bytes of RAM that the stack has never reached. */
size_t board_stack_free(const board *b);

#endif
