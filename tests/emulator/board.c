/* The processor of the emulated board: start, run, reset, hang. See board.h for the licence (GPL-3 or later). */
#include "parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <simavr/avr_watchdog.h>
#include <simavr/sim_elf.h>

static board *the_reset_one; /* avr_t has no room for a pointer of ours; set around whatever may reset */

void grow(void **p, size_t n, size_t *room, size_t size)
{
    if (n < *room) return;
    *room = *room ? 2 * *room : 4096;
    *p = realloc(*p, *room * size);
    if (!*p) abort();
}

static void no_sleep(avr_t *avr, avr_cycle_count_t n) { (void)avr; (void)n; }

static void quiet(avr_t *avr, const int level, const char *format, va_list ap)
{
    (void)avr;
    if (level <= LOG_ERROR) vfprintf(stderr, format, ap);
}

static void after_reset(avr_t *avr)
{
    board *b = the_reset_one;
    if (b->chip_reset) b->chip_reset(avr);
    silicon_reset(b);
    if (b->hung) memcpy(avr->flash + b->hung_at, &b->hung_word, 2);
    b->hung = 0;
    line_reset(b);
}

board *board_new(const char *elf)
{
    elf_firmware_t f;
    memset(&f, 0, sizeof f);
    avr_global_logger_set(quiet);
    if (elf_read_firmware(elf, &f)) return NULL;
    board *b = calloc(1, sizeof *b);
    avr_t *avr = avr_make_mcu_by_name("atmega2560");
    if (!b || !avr) return NULL;
    b->avr = avr;
    b->chain_whole = b->interlock_closed = b->host_present = 1;
    b->least_settled = UINT32_MAX;
    avr_init(avr);
    avr->log = LOG_ERROR;
    f.frequency = 16000000;
    avr_load_firmware(avr, &f);
    avr->frequency = 16000000;
    avr->sleep = no_sleep;
    memset(avr->data + 0x200, 0xC5, 0x2000); /* to see how deep the stack went */
    line_attach(b);
    silicon_attach(b);
    b->chip_reset = avr->reset;
    avr->reset = after_reset;
    wiring_inputs(b);
    return b;
}

void board_free(board *b)
{
    if (!b) return;
    avr_terminate(b->avr);
    free(b->avr);
    free(b->out);
    free(b->edges);
    free(b);
}

int board_run(board *b, uint64_t cycle)
{
    the_reset_one = b;
    while (b->avr->cycle < cycle) {
        const int state = avr_run(b->avr);
        if (state == cpu_Done || state == cpu_Crashed) return -1;
    }
    return 0;
}

uint64_t board_cycle(const board *b) { return b->avr->cycle; }
uint64_t board_clock_start(const board *b) { return b->clock_start; }

void board_reset(board *b, uint8_t mcusr)
{
    the_reset_one = b;
    avr_reset(b->avr);
    b->avr->data[MCUSR_] = mcusr;
    wiring_inputs(b);
}

void board_hang(board *b)
{
    const uint16_t here = 0xCFFF; /* rjmp .-2 */
    the_reset_one = b;
    while (b->avr->interrupts.running_ptr || b->avr->state != cpu_Running || !b->avr->sreg[S_I]) avr_run(b->avr);
    b->hung_at = b->avr->pc;
    memcpy(&b->hung_word, b->avr->flash + b->hung_at, 2);
    memcpy(b->avr->flash + b->hung_at, &here, 2);
    b->hung = 1;
}

size_t board_stack_free(const board *b)
{
    size_t most = 0;
    for (uint32_t a = 0x200, run = 0; a < 0x2200; a++) {
        run = b->avr->data[a] == 0xC5 ? run + 1 : 0;
        if (run > most) most = run;
    }
    return most;
}
