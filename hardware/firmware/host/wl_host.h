/* The host board: the firmware core with a simulated clock, serial line and LEDs, all in memory. Any number may live at once.
 *
 * Host time is int64 nanoseconds and given from outside; the board's clock starts at boot_ns and runs drift_ppb fast. Bytes take
 * byte_ns each, both ways. Edges are carried out at their exact tick, whatever the steps of wl_host_advance(). */
#ifndef WL_HOST_H
#define WL_HOST_H

#include "../core/wl_core.h"

#define WL_HOST_RX 65536u /* bytes on their way in; power of two */
#define WL_HOST_TX 1024u  /* frames on their way out; power of two */
#define WL_HOST_NEVER INT64_MAX

typedef struct { int64_t host_ns, device_ns; int32_t site, level; } wl_host_edge;
typedef struct { int64_t ns; uint16_t n; uint8_t bytes[WL_MAX_WIRE]; } wl_host_sent; /* ns: its last byte has left the wire */

typedef struct {
    wl_core core;
    wl_config config;
    int64_t boot_ns, drift_ppb, byte_ns;
    int64_t host_ns, tick; /* where the board has got to */
    int64_t next_ns, polled_ns, frozen_ns;
    bool interlock_open, chain_broken;
    int64_t rx_free_ns, tx_free_ns;
    uint32_t rx_head, rx_tail, tx_head, tx_tail;
    uint32_t rx_lost;
    uint8_t level[WL_SITES];
    wl_host_edge *edges;
    size_t n_edges, edges_room;
    int64_t rx_ns[WL_HOST_RX];
    uint8_t rx[WL_HOST_RX];
    wl_host_sent tx[WL_HOST_TX];
} wl_host;

wl_host *wl_host_new(const wl_config *config, int64_t boot_ns, int64_t drift_ppb, int64_t byte_ns);
void wl_host_free(wl_host *h);
/* The host begins to send n bytes at at_ns. Returns how many found room. */
int wl_host_receive(wl_host *h, const uint8_t *data, int n, int64_t at_ns);
void wl_host_advance(wl_host *h, int64_t until_ns);
/* The earliest host time at which the board has something to do or to hand over. */
int64_t wl_host_next(const wl_host *h);
/* The oldest frame whose last byte has left by now, or NULL; wl_host_take_sent() then drops it. */
const wl_host_sent *wl_host_sent_peek(const wl_host *h);
void wl_host_take_sent(wl_host *h);
/* The key switch or the door, at host_ns. */
void wl_host_interlock(wl_host *h, bool closed);
/* The cable is gone: dark; what is on the wire is lost. */
void wl_host_unplug(wl_host *h);
/* Reset with a cause (WL_C_WDT_RESET, WL_C_BROWNOUT or none) and a new boot id; the clock starts again. */
int wl_host_reset(wl_host *h, uint8_t cause, uint32_t boot_id);
/* Device time of a host time, and the first host time at which the device shows at least that time. */
int64_t wl_host_device_ns(const wl_host *h, int64_t host_ns);
int64_t wl_host_when(const wl_host *h, int64_t device_ns);

#endif
