"""The codes of WL1 as words, and the layouts of its payloads."""

from __future__ import annotations

import struct
from enum import IntEnum


class Command(IntEnum):
    """Host to board."""

    HELLO = 0x01
    PING = 0x02
    DEFINE = 0x03
    COMMIT = 0x04
    ARM = 0x05
    FIRE_AT = 0x06
    FIRE_NOW = 0x07
    CANCEL = 0x08
    ABORT = 0x09
    HEARTBEAT = 0x0A
    STATUS = 0x0B
    LIMITS = 0x0C
    REPLAY = 0x0D
    DISARM = 0x0E


class Reply(IntEnum):
    """Board to host."""

    HELLO = 0x81
    PONG = 0x82
    ACK = 0x83
    STATUS = 0x8B
    FIRED = 0xC0
    SAFE = 0xC1
    DROPPED = 0xC2
    TTL_IN = 0xC3
    LOG = 0xC4
    NACK = 0xFF


class Limit(IntEnum):
    """Ids of LIMITS."""

    MAX_PULSE_US = 1
    DUTY_PERMILLE = 2
    BUCKET_MS = 3
    HEARTBEAT_MS = 4
    MAX_SITES = 5
    MAX_PATTERN_US = 6
    HORIZON_US = 7
    MIN_LEAD_US = 8
    MIN_PULSE_US = 9


PROTO = 1
READ_LIMIT = 0xFFFFFFFF
DARK, REPLACE = 1, 2
NOTHING_LIT = 0xFFFF
"""mask_crc of FIRED when no light shone."""

STATES = ("boot", "idle", "armed", "pulse", "safe")
BOARDS = {0: "host", 1: "atmega2560", 2: "teensy4"}
ENTRIES = {0: 64, 1: 32}
"""Pulses that a pattern may have, by board: WL_ENTRIES of its firmware, which HELLO does not tell."""
NATIVE_USB = {2}
"""Boards without a line rate: a byte takes no known time."""
GRADED, TTL_STAMP, GATE = 1, 1 << 4, 1 << 5
"""Bits of HELLO's capabilities."""

CRC, LATE, NOT_ARMED = 1, 7, 9
"""Codes of NACK that the driver acts on."""

NACKS = {
    1: "crc",
    2: "length",
    3: "unknown-command",
    4: "bad-slot",
    5: "bad-generation",
    6: "width",
    7: "late",
    8: "too-far",
    9: "not-armed",
    10: "queue-full",
    11: "duty",
    12: "budget",
    13: "sites",
    14: "order",
    15: "interlock-open",
    16: "session-limit",
    17: "bad-key",
    18: "protocol-version",
    19: "busy",
    20: "selftest",
    21: "looser",
    22: "cancelled",
    23: "replaced",
}

CAUSES = {
    0: "",
    1: "heartbeat",
    2: "abort",
    3: "pulse-overrun",
    4: "watchdog-reset",
    5: "interlock",
    6: "overtemp",
    7: "supply",
    8: "rx-storm",
    9: "brownout",
}

EXPLAINED = {
    "length": "the frame has a wrong length or the pattern more entries than the board holds",
    "bad-slot": "the board has no such slot, or nothing is committed in it",
    "width": "a pulse or the whole pattern is shorter or longer than the board allows, or its level is not possible there",
    "duty": "a site would be lit again before it has rested for its duty",
    "budget": "a site would get more light than its bucket holds",
    "sites": "a site does not exist, or more sites would be lit at once than the supply carries",
    "order": "the board is safe and has to be cleared, or fragments came out of order",
    "interlock-open": "the interlock (key switch, door) is open",
    "bad-key": "the key of ARM is not the one of this HELLO",
    "busy": "the board is armed already, or the slot is in use by a queued pulse",
    "looser": "a limit can only be tightened until the board is reset",
}

HELLO = struct.Struct("<BHBHBBHHHIHHHHHI")
PONG = struct.Struct("<III")
ACK = struct.Struct("<BI")
NACK = struct.Struct("<BBII")
STATUS = struct.Struct("<BBBBIIBHBB")
FIRED = struct.Struct("<HBBBIIBH")
SAFE = struct.Struct("<HBIB")
DROPPED = struct.Struct("<HBBI")
TTL_IN = struct.Struct("<HBBI")
NUMBER = struct.Struct("<H")
"""Of an event: the first of its payload, and behind the ACK of REPLAY that of the first one that comes."""
ENTRY = struct.Struct("<BHHB")


def nack_word(code: int) -> str:
    """The refusal as a word."""
    return NACKS.get(code, f"code-{code}")


def cause_word(code: int) -> str:
    """The cause of going dark as a word."""
    return CAUSES.get(code, f"cause-{code}")


def dropped_word(code: int) -> str:
    """Why a queued pulse was dropped: a refusal, or the cause that emptied the queue."""
    return cause_word(code & 0x7F) if code & 0x80 else nack_word(code)


def explain(word: str) -> str:
    """The word with its sentence where there is one."""
    return f"{word} ({EXPLAINED[word]})" if word in EXPLAINED else word
