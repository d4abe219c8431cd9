#include "wl_frame.h"

#include <string.h>

uint16_t wl_crc16(uint16_t crc, const uint8_t *data, size_t n)
{
    /* byte by byte in 8-bit steps, without a table: quick on an 8-bit board, and costs it no RAM */
    uint8_t high = (uint8_t)(crc >> 8), low = (uint8_t)crc;
    for (const uint8_t *end = data + n; data != end; data++) {
        uint8_t t = high ^ *data;
        t ^= t >> 4;
        high = (uint8_t)(low ^ (uint8_t)(t << 4) ^ (t >> 3));
        low = (uint8_t)(t ^ (uint8_t)(t << 5));
    }
    return (uint16_t)((uint16_t)(high << 8) | low);
}

size_t wl_cobs_encode(const uint8_t *in, size_t n, uint8_t *out)
{
    size_t code = 0;
    for (size_t i = 0; i < n; i++) {
        if (in[i] != 0) {
            out[i + 1] = in[i];
            continue;
        }
        out[code] = (uint8_t)(i + 1 - code);
        code = i + 1;
    }
    out[code] = (uint8_t)(n + 1 - code);
    return n + 1;
}

int wl_cobs_decode(const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
    size_t i = 0, size = 0;
    while (i < n) {
        const size_t code = in[i++];
        if (code == 0 || i + code - 1 > n || size + code - 1 > room) return WL_FRAME_LENGTH;
        for (size_t k = 1; k < code; k++) {
            if (in[i] == 0) return WL_FRAME_LENGTH;
            out[size++] = in[i++];
        }
        if (i < n) {
            if (size >= room) return WL_FRAME_LENGTH;
            out[size++] = 0;
        }
    }
    return (int)size;
}

size_t wl_frame_encode(uint8_t type, uint8_t seq, const uint8_t *payload, size_t size, uint8_t *out)
{
    uint8_t *raw = out + 1; /* encoded where it is */
    if (size > WL_MAX_PAYLOAD) return 0;
    raw[0] = type;
    raw[1] = seq;
    if (size) memcpy(raw + 2, payload, size);
    const uint16_t crc = wl_crc16(0xFFFFu, raw, size + 2);
    raw[size + 2] = (uint8_t)(crc >> 8);
    raw[size + 3] = (uint8_t)crc;
    const size_t n = wl_cobs_encode(raw, size + 4, out);
    out[n] = 0;
    return n + 1;
}

int wl_frame_decode(const uint8_t *wire, size_t n, uint8_t *raw, wl_frame *frame)
{
    const int size = wl_cobs_decode(wire, n, raw, WL_MAX_RAW);
    memset(frame, 0, sizeof *frame);
    if (size < 4) return WL_FRAME_LENGTH;
    frame->type = raw[0];
    frame->seq = raw[1];
    frame->size = (uint8_t)(size - 4);
    frame->payload = raw + 2;
    frame->crc = (uint16_t)((uint16_t)(raw[size - 2] << 8) | raw[size - 1]);
    return wl_crc16(0xFFFFu, raw, (size_t)size - 2) == frame->crc ? 0 : WL_FRAME_CRC;
}
