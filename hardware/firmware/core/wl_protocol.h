/* The words of WL1: frame types, refusal codes, causes of going dark, limits. Shared by the firmware and the host driver. */
#ifndef WL_PROTOCOL_H
#define WL_PROTOCOL_H

#define WL_PROTO 1u
#define WL_FIRMWARE_VERSION 0x0100u
#define WL_UNIT_NS 4000u /* delays and widths of pattern entries travel in units of 4 us */

enum wl_command {
    WL_HELLO = 0x01, WL_PING = 0x02, WL_DEFINE = 0x03, WL_COMMIT = 0x04, WL_ARM = 0x05, WL_FIRE_AT = 0x06, WL_FIRE_NOW = 0x07,
    WL_CANCEL = 0x08, WL_ABORT = 0x09, WL_HEARTBEAT = 0x0A, WL_STATUS = 0x0B, WL_LIMITS = 0x0C, WL_REPLAY = 0x0D, WL_DISARM = 0x0E
};

enum wl_reply {
    WL_R_HELLO = 0x81, WL_R_PONG = 0x82, WL_R_ACK = 0x83, WL_R_STATUS = 0x8B, WL_R_NACK = 0xFF,
    WL_E_FIRED = 0xC0, WL_E_SAFE = 0xC1, WL_E_DROPPED = 0xC2, WL_E_TTL_IN = 0xC3, WL_E_LOG = 0xC4
};

enum wl_nack {
    WL_N_CRC = 1, WL_N_LENGTH = 2, WL_N_UNKNOWN_CMD = 3, WL_N_BAD_SLOT = 4, WL_N_BAD_GEN = 5, WL_N_WIDTH = 6, WL_N_LATE = 7,
    WL_N_TOO_FAR = 8, WL_N_NOT_ARMED = 9, WL_N_QUEUE_FULL = 10, WL_N_DUTY = 11, WL_N_BUDGET = 12, WL_N_SITES = 13, WL_N_ORDER = 14,
    WL_N_INTERLOCK_OPEN = 15, WL_N_SESSION_LIMIT = 16, WL_N_BAD_KEY = 17, WL_N_PROTO_VERSION = 18, WL_N_BUSY = 19, WL_N_SELFTEST = 20,
    WL_N_LOOSER = 21,    /* a limit may only be tightened */
    WL_N_CANCELLED = 22, /* only in DROPPED */
    WL_N_REPLACED = 23,  /* only in DROPPED */
    WL_N_CAUSE = 0x80    /* only in DROPPED: this bit plus the SAFE cause that emptied the queue */
};

enum wl_cause {
    WL_C_NONE = 0, WL_C_HEARTBEAT = 1, WL_C_ABORT = 2, WL_C_PULSE_OVERRUN = 3, WL_C_WDT_RESET = 4, WL_C_INTERLOCK = 5,
    WL_C_OVERTEMP = 6, WL_C_SUPPLY = 7, WL_C_RX_STORM = 8, WL_C_BROWNOUT = 9
};

enum wl_state { WL_S_BOOT = 0, WL_S_IDLE = 1, WL_S_ARMED = 2, WL_S_PULSE = 3, WL_S_SAFE = 4 };

enum wl_fire_flag { WL_F_DARK = 1, WL_F_REPLACE = 2 };

/* Ids of LIMITS. The last two are tightened by raising them, the others by lowering. */
enum wl_limit {
    WL_L_MAX_PULSE_US = 1, WL_L_DUTY_PERMILLE = 2, WL_L_BUCKET_MS = 3, WL_L_HEARTBEAT_MS = 4, WL_L_MAX_SITES = 5,
    WL_L_MAX_PATTERN_US = 6, WL_L_HORIZON_US = 7, WL_L_MIN_LEAD_US = 8, WL_L_MIN_PULSE_US = 9, WL_L_COUNT = 10
};

enum wl_cap { WL_CAP_GRAY = 1, WL_CAP_SWEEP = 2, WL_CAP_TRAIN = 4, WL_CAP_RAMP = 8, WL_CAP_TTL_IN = 16, WL_CAP_HW_GATE = 32 };

#define WL_LIMIT_READ 0xFFFFFFFFu
#define WL_CANCEL_ALL 0xFFu
#define WL_ENTRY_BYTES 6u

#endif
