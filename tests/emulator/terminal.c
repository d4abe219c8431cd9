/* The emulated board behind a pseudo-terminal, in real time: terminal ELF [EDGES]. See board.h for the licence (GPL-3 or later).
 *
 * Says where it is in one JSON line and serves until SIGINT or SIGTERM. EDGES gets every edge of light: device_us,led,level. Bytes are
 * stamped after they were read, so that an emulator which lags never takes them in the past: what comes too late is refused as late. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

#define SLICE_NS 50000
#define BATCH 4096

static volatile sig_atomic_t ended;

static void end(int sig) { (void)sig; ended = 1; }

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void hand_on(board *b, FILE *file)
{
    static board_edge edges[BATCH];
    const size_t n = board_edges(b, edges, BATCH);
    for (size_t k = 0; k < n && file; k++)
        if (edges[k].led >= 0)
            fprintf(file, "%.4f,%d,%d\n", (double)(edges[k].cycle - board_clock_start(b)) / 16.0, edges[k].led, edges[k].level);
    if (n && file) fflush(file);
}

static void answer(board *b, int fd)
{
    static board_byte bytes[BATCH];
    uint8_t out[BATCH];
    const size_t n = board_received(b, bytes, BATCH);
    for (size_t k = 0; k < n; k++) out[k] = (uint8_t)bytes[k].byte;
    if (n && write(fd, out, n) < 0) return; /* nobody reads: lost, as on a wire */
}

int main(int argc, char **argv)
{
    int fd, slave;
    char name[64];
    struct termios raw;
    if (argc < 2) return 2;
    FILE *file = argc > 2 ? fopen(argv[2], "w") : NULL;
    if (argc > 2 && !file) {
        perror(argv[2]);
        return 2;
    }
    if (file) fprintf(file, "device_us,led,level\n"), fflush(file);
    fflush(stdout);
    const int real_out = dup(1); /* simavr talks on stdout */
    if (dup2(2, 1) < 0 || real_out < 0) return 2;
    board *b = board_new(argv[1]);
    if (!b || board_run(b, 16 * 40000)) {
        fprintf(stderr, "%s: not a program for the ATmega2560\n", argv[1]);
        return 2;
    }
    if (openpty(&fd, &slave, name, NULL, NULL)) return 2;
    tcgetattr(slave, &raw);
    cfmakeraw(&raw); /* before anyone opens it */
    tcsetattr(slave, TCSANOW, &raw);
    close(slave); /* so that the host's closing is seen as a hang-up */
    fcntl(fd, F_SETFL, O_NONBLOCK);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
    board_host(b, 0);
    dprintf(real_out, "{\"pty\": \"%s\", \"board\": \"atmega2560\"}\n", name);
    const int64_t start = now_ns() - (int64_t)(board_cycle(b) * 125 / 2);
    int present = 0;
    while (!ended) {
        uint8_t bytes[512];
        const ssize_t n = read(fd, bytes, sizeof bytes);
        const uint64_t now = (uint64_t)(now_ns() - start) * 2 / 125;
        const int here = n >= 0 || errno != EIO;
        if (here != present) board_host(b, present = here);
        if (n > 0) board_send(b, bytes, (size_t)n, now);
        if (board_run(b, now)) break;
        answer(b, fd);
        hand_on(b, file);
        struct pollfd p = {fd, POLLIN, 0};
        const struct timespec slice = {0, SLICE_NS}, absent = {0, 2000000};
        if (present) ppoll(&p, 1, &slice, NULL);
        else nanosleep(&absent, NULL);
    }
    board_host(b, 0); /* unplugged: dark, and the last edges are logged */
    board_run(b, board_cycle(b) + 16 * 2000);
    hand_on(b, file);
    if (file) fclose(file);
    board_free(b);
    return ended ? 0 : 1;
}
