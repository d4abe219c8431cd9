"""The ATmega2560 board under simavr in virtual time, with the manners of `FirmwareCore`: one bench speaks to both."""

from __future__ import annotations

import ctypes
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.firmware.emulator import EDGE

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "avr"
ELF = BUILT / "wavestim-atmega2560.elf"
CYCLE_NS = 62.5
BOOT_CYCLES = 16 * 40_000
"""The start writes its count to the EEPROM, which takes a while."""
RESETS = {0: 1, 4: 8, 9: 4}
"""MCUSR after power-up, watchdog and brown-out, by the code of the cause."""


class _Edge(ctypes.Structure):
    _fields_ = [("cycle", ctypes.c_uint64), ("led", ctypes.c_int32), ("level", ctypes.c_int32)]


class _Byte(ctypes.Structure):
    _fields_ = [("cycle", ctypes.c_uint64), ("byte", ctypes.c_uint32)]


@cache
def missing() -> str:
    """Why the board cannot be emulated here; empty when it can. Builds it at the first call."""
    done = subprocess.run([ROOT / "scripts" / "build_avr"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        return done.stderr.strip()
    assert done.returncode == 0, done.stderr
    return ""


@cache
def _library() -> ctypes.CDLL:
    lib = ctypes.CDLL(str(BUILT / "libboard.so"))
    at, u64, i32, size = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int, ctypes.c_size_t
    for name, answer, arguments in (
        ("new", at, (ctypes.c_char_p,)),
        ("free", None, (at,)),
        ("run", i32, (at, u64)),
        ("cycle", u64, (at,)),
        ("clock_start", u64, (at,)),
        ("send", None, (at, ctypes.c_char_p, size, u64)),
        ("break", None, (at, u64)),
        ("received", size, (at, ctypes.POINTER(_Byte), size)),
        ("edges", size, (at, ctypes.POINTER(_Edge), size)),
        ("interlock", None, (at, i32)),
        ("host", None, (at, i32)),
        ("ttl", None, (at, i32, i32)),
        ("chain", None, (at, i32)),
        ("reset", None, (at, ctypes.c_uint8)),
        ("hang", None, (at,)),
        ("stack_free", size, (at,)),
        ("least_settled", ctypes.c_uint, (at,)),
    ):
        function = getattr(lib, f"board_{name}")
        function.restype, function.argtypes = answer, arguments
    return lib


class AvrBoard:
    """One emulated board; host time is its cycles since it was ready."""

    def __init__(self) -> None:
        self._lib = _library()
        self._board = self._lib.board_new(str(ELF).encode())
        assert self._board, "the board does not start"
        self._frame = bytearray()
        self._new: list[tuple[int, int, int]] = []
        self.gate: list[tuple[int, int]] = []
        self.lit: list[int] = []
        self._zero = BOOT_CYCLES
        self.advance(0)

    def __del__(self) -> None:
        if self._board:
            self._lib.board_free(self._board)

    def _cycle(self, ns: float) -> int:
        return self._zero + round(ns / CYCLE_NS)

    @property
    def now_ns(self) -> int:
        return round((self._lib.board_cycle(self._board) - self._zero) * CYCLE_NS)

    def device_ns(self, host_ns: int) -> int:
        """What the board's clock reads."""
        return round((self._cycle(host_ns) - self._lib.board_clock_start(self._board)) * CYCLE_NS)

    def receive(self, data: bytes, at_ns: int) -> None:
        self._lib.board_send(self._board, bytes(data), len(data), self._cycle(at_ns))

    def advance(self, until_ns: int) -> None:
        assert self._lib.board_run(self._board, self._cycle(until_ns)) == 0, "the program crashed"
        self._collect()

    def _collect(self) -> None:
        buffer = (_Edge * 4096)()
        start = self._lib.board_clock_start(self._board)
        while n := self._lib.board_edges(self._board, buffer, len(buffer)):
            for e in buffer[:n]:
                if e.led < 0:
                    self.gate.append((e.cycle - start, e.level))
                    continue
                self._new.append((e.cycle - start, e.led, e.level))
                self.lit = sorted({*self.lit, e.led} if e.level else {*self.lit} - {e.led})

    def transmitted(self) -> list[tuple[int, bytes]]:
        out: list[tuple[int, bytes]] = []
        buffer = (_Byte * 4096)()
        while n := self._lib.board_received(self._board, buffer, len(buffer)):
            for b in buffer[:n]:
                self._frame.append(b.byte)
                if b.byte == 0:
                    out.append((round((b.cycle - self._zero) * CYCLE_NS), bytes(self._frame)))
                    self._frame.clear()
        return out

    def edges(self) -> NDArray[Any]:
        """Edges of light since the last call, in device time."""
        out = np.array([(cycle * CYCLE_NS / 1000, led, level) for cycle, led, level in self._new], EDGE)
        self._new.clear()
        return out

    def set_interlock(self, closed: bool) -> None:
        self._lib.board_interlock(self._board, closed)
        self._collect()

    def unplug(self) -> None:
        """The host's DTR falls, and the board has a moment to see it."""
        self._lib.board_host(self._board, 0)
        self.advance(self.now_ns + 100_000)

    def plug(self) -> None:
        self._lib.board_host(self._board, 1)

    def send_break(self, at_ns: int) -> None:
        self._lib.board_break(self._board, self._cycle(at_ns))

    def ttl(self, line: int, level: bool) -> None:
        self._lib.board_ttl(self._board, line, level)

    def break_chain(self, broken: bool = True) -> None:
        self._lib.board_chain(self._board, not broken)

    def hang(self) -> None:
        """The main loop stands still until a reset."""
        self._lib.board_hang(self._board)

    def reset(self, cause: int = 0, boot_id: int = 0) -> None:
        """Reset with the MCUSR of a cause, and run until it is ready; the board counts its boot id itself."""
        self._lib.board_reset(self._board, RESETS[cause])
        self._collect()
        self._frame.clear()
        self.advance(self.now_ns + round(BOOT_CYCLES * CYCLE_NS))

    @property
    def stack_free(self) -> int:
        """Bytes of RAM that the stack never reached."""
        return int(self._lib.board_stack_free(self._board))

    @property
    def least_settled_cycles(self) -> int:
        """The least time from the start of the last byte into the chain to a latch; a byte takes 16 cycles."""
        return int(self._lib.board_least_settled(self._board))
