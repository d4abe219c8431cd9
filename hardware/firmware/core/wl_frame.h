/* Frame codec of WL1: COBS( type | seq | payload | crc16 big-endian ) 0x00. One piece of C for the firmware and the host driver.
 *
 * CRC-16/CCITT-FALSE (poly 0x1021, init 0xFFFF; "123456789" -> 0x29B1) over type..payload. A frame is one COBS block, so the
 * delimiter 0x00 appears nowhere else and any 0x00 resynchronises the receiver. */
#ifndef WL_FRAME_H
#define WL_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define WL_MAX_PAYLOAD 244u
#define WL_MAX_RAW (WL_MAX_PAYLOAD + 4u) /* type, seq, payload, crc */
#define WL_MAX_WIRE (WL_MAX_RAW + 2u)    /* COBS code byte and delimiter */

enum wl_frame_error { WL_FRAME_LENGTH = -1, WL_FRAME_CRC = -2 };

typedef struct {
    uint8_t type;
    uint8_t seq;
    uint8_t size; /* bytes of payload */
    uint16_t crc;
    const uint8_t *payload; /* points into the buffer given to wl_frame_decode */
} wl_frame;

uint16_t wl_crc16(uint16_t crc, const uint8_t *data, size_t n);

/* n < 254; out needs n + 1 bytes; in may be out + 1. Returns n + 1. */
size_t wl_cobs_encode(const uint8_t *in, size_t n, uint8_t *out);

/* Returns the decoded size, or WL_FRAME_LENGTH when the block is malformed or longer than room. out may be in. */
int wl_cobs_decode(const uint8_t *in, size_t n, uint8_t *out, size_t room);

/* Writes a whole frame with its delimiter; out needs size + 6 bytes. Returns its size, 0 when the payload is too long. */
size_t wl_frame_encode(uint8_t type, uint8_t seq, const uint8_t *payload, size_t size, uint8_t *out);

/* wire: a frame without its delimiter; raw: WL_MAX_RAW bytes of room, or wire itself. Returns 0 or a wl_frame_error; after WL_FRAME_CRC the
 * type and seq are filled in as they were read, for the refusal. */
int wl_frame_decode(const uint8_t *wire, size_t n, uint8_t *raw, wl_frame *frame);

static inline void wl_put16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)v; p[1] = (uint8_t)(v >> 8); }
static inline void wl_put32(uint8_t *p, uint32_t v) { wl_put16(p, (uint16_t)v); wl_put16(p + 2, (uint16_t)(v >> 16)); }
static inline uint16_t wl_get16(const uint8_t *p) { return (uint16_t)(p[0] | (uint16_t)(p[1] << 8)); }
static inline uint32_t wl_get32(const uint8_t *p) { return (uint32_t)wl_get16(p) | (uint32_t)wl_get16(p + 2) << 16; }

#endif
