"""A mock Intan RHX: the words and refusals of its command port, the blocks and bursts of its waveform port, a digital line that beats."""

from __future__ import annotations

import contextlib
import re
import select
import socket
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.hardware.sources._base import SourceError
from wavestim.hardware.sources.rhx import wire

from ._peer import Packet, Peer
from ._played import Played, upsampled
from .rhx_door import WAIT_S, Door, listen

PER_PORT = 128
WITH_SPACES = re.compile(r"note[1-3]|.*filename\..*")
"""Parameters whose values may have spaces."""
ORDER = ("", "Low", "High")
"""Bands of a channel in the order in which their words come."""
BLOCKS = "tcpnumberdatablocksperwrite"


class RhxPeer(Peer):
    """RHX as a server on this computer, as if Connect had been pressed for both ports; a place that falls free is offered anew.

    Parameters
    ----------
    played : Played
        Its channels become those of ports A, B, ... with 128 each.
    host, port, data_port
        Where it listens; port 0: any that is free.
    fs_hz : int, optional
        A rate that RHX has: a whole multiple of what is played, whose rate is the default.
    controller : str
        ``ControllerRecordUSB3``, ``ControllerRecordUSB2`` or ``ControllerStimRecord``.
    bursts : ``usb`` or ``none``
        Blocks come as RHX reads its USB, 25 to 41 ms at a time, or each at its own moment.
    """

    def __init__(
        self,
        played: Played,
        *,
        host: str = "127.0.0.1",
        port: int = 5000,
        data_port: int = 5001,
        fs_hz: float | None = None,
        controller: str = wire.USB3,
        bursts: str = "usb",
    ) -> None:
        rate = played.fs_hz if fs_hz is None else float(fs_hz)
        times = rate / played.fs_hz
        if round(rate) not in wire.RATES_HZ or times != round(times) or controller not in wire.CONTROLLERS or bursts not in ("usb", "none"):
            raise SourceError(
                f"sources mock rhx: fs_hz {rate:g}, controller {controller}, bursts {bursts}: fs_hz a multiple of {played.fs_hz:g} among "
                f"{', '.join(map(str, wire.RATES_HZ))}, the controller one of {', '.join(wire.CONTROLLERS)}, bursts usb or none"
            )
        self.played = upsampled(played, round(times))
        self.controller = controller
        self.names = tuple(f"{chr(ord('A') + i // PER_PORT)}-{i % PER_PORT:03d}" for i in range(played.n_channels))
        self.heard: list[str] = []
        self._usb = bursts == "usb"
        self._lock = threading.RLock()
        self._parameters: dict[str, str] = {}
        self._write_blocks(10)
        self._run, self._mode = False, "Stop"
        self._counter = 0
        self._digital = wire.digital_name(controller)
        self._switches = {f"{n}.tcpdataoutputenabled{b}".lower() for n in self.names for b in (*ORDER, "Spike")}
        self._switches.add(f"{self._digital}.TCPDataOutputEnabled".lower())
        self._closing = threading.Event()
        self._command_server = listen(host, port)
        try:
            self._door = Door(host, data_port)
        except OSError:
            self._command_server.close()
            raise
        self._address = host, self._command_server.getsockname()[1], self._door.port
        self._visitor: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve_commands, name="mock-rhx-commands", daemon=True)
        self._thread.start()

    @property
    def source(self) -> Mapping[str, Any]:
        """See ``Peer``."""
        host, port, data_port = self._address
        parts = [(p[0], p[-1]) for p in (self.names[i : i + PER_PORT] for i in range(0, len(self.names), PER_PORT))]
        channels = ",".join(f"{a}:{b}" for a, b in parts)
        return {"kind": "rhx", "host": host, "command_port": port, "data_port": data_port, "channels": channels, "band": "wide"}

    @property
    def source_listens(self) -> bool:
        """Somebody is connected to the waveform port."""
        return self._door.visited

    def running(self) -> bool:
        """See ``Peer``."""
        return self._run

    def packets(self, samples: NDArray[np.float32]) -> list[Packet]:
        """One write: whole blocks of 128 frames."""
        with self._lock:
            n = len(samples)
            bits = np.clip(np.nan_to_num(samples) / np.float32(wire.GAIN_UV) + wire.MID, 0, 65535).round().astype("<u2")
            words = [bits[:, [i]] for i, name in enumerate(self.names) for band in ORDER if self._on(f"{name}.TCPDataOutputEnabled{band}")]
            stamps = np.arange(self._counter, self._counter + n, dtype=np.int64)
            if self._on(f"{self._digital}.TCPDataOutputEnabled"):
                words.append((stamps // max(1, round(self.played.fs_hz / 2)) % 2).astype("<u2")[:, None])
            frames = np.concatenate([(stamps & 0xFFFFFFFF).astype("<u4")[:, None].view("<u2"), *words], axis=1)
            self._counter += n
            head = wire.MAGIC.to_bytes(4, "little")
            return [(b"".join(head + frames[i : i + wire.FRAMES].tobytes() for i in range(0, n, wire.FRAMES)),)]

    def send(self, packet: Packet) -> None:
        """To whoever is connected; otherwise it is gone, as with RHX."""
        self._door.send(packet[0])

    def split(self, packet: Packet, rng: np.random.Generator) -> list[Packet]:
        """A stream may be cut anywhere."""
        at = int(rng.integers(1, len(packet[0])))
        return [(packet[0][:at],), (packet[0][at:],)]

    def press(self, mode: str) -> None:
        """As if somebody pressed Run, Record or Stop in its window."""
        with self._lock:
            self._set("RunMode", mode)

    def hang_up(self) -> None:
        """As if the waveform connection broke; it runs on."""
        self._door.hang_up()

    def restart(self) -> None:
        """As if the program were closed and opened again: visitors are gone, everything it was told is forgotten."""
        with self._lock:
            self._run, self._mode = False, "Stop"
            self._parameters.clear()
            self._write_blocks(10)
            visitor = self._visitor
        if visitor is not None:
            with contextlib.suppress(OSError):
                visitor.shutdown(socket.SHUT_RDWR)
        self._door.hang_up()
        self._door.open()

    def close(self) -> None:
        self._run = False
        self._closing.set()
        self._door.close()
        self._thread.join(5.0)
        self._command_server.close()

    # ---- what it is told ---------------------------------------------------------------------------------------------------------

    def _serve_commands(self) -> None:
        while not self._closing.is_set():
            if not select.select([self._command_server], [], [], WAIT_S)[0]:
                continue
            self._visitor, _ = self._command_server.accept()
            with self._visitor, contextlib.suppress(OSError):
                self._converse(self._visitor)
            self._visitor = None

    def _converse(self, visitor: socket.socket) -> None:
        while not self._closing.is_set():
            if not select.select([visitor], [], [], WAIT_S)[0]:
                continue
            got = visitor.recv(65536)
            if not got:
                return
            for k, command in enumerate(c for c in got.decode("latin-1").split(";") if c.strip()):
                self.heard.append(command.strip())
                answer = self.obey(command, k + 1)
                if answer:
                    visitor.sendall(answer.encode("latin-1"))

    def _write_blocks(self, n: int) -> None:
        """Blocks in a write, and the writes that come together."""
        self._parameters[BLOCKS] = str(n)
        self.block = wire.FRAMES * n
        self.burst = max(1, (wire.USB_BLOCKS.get(round(self.played.fs_hz), 1) if self._usb else 1) // n)

    def _on(self, switch: str) -> bool:
        return self._parameters.get(switch.lower()) == "true"

    def obey(self, command: str, number: int = 1) -> str:
        """Do what one command says, which is the so-manyth of its message; returns what RHX would say."""
        with self._lock:
            return self._obeyed(number, command.split() or [""])

    def _obeyed(self, number: int, words: list[str]) -> str:
        verb, rest = words[0].lower(), words[1:]
        if verb == "get":
            return self._get(rest[0]) if len(rest) == 1 else f"Error - Command {number}: Get commands require a parameter"
        if verb == "set":
            if len(rest) != 2 and not (len(rest) > 2 and WITH_SPACES.fullmatch(rest[0].lower())):
                return f"Error - Command {number}: Set commands require a parameter and a value"
            return self._set(rest[0], " ".join(rest[1:]))
        if verb == "execute":
            return self._execute(rest[0].lower()) if rest else f"Error - Command {number}: Execute commands require an action"
        return f"Error - Command {number}: Unrecognized command"

    def _get(self, name: str) -> str:
        rate = "3333" if round(self.played.fs_hz) == 3333 else f"{self.played.fs_hz:.0f}"
        known = {"type": ("Type", self.controller), "sampleratehertz": ("SampleRateHertz", rate), "runmode": ("RunMode", self._mode)}
        known[BLOCKS] = ("TCPNumberDataBlocksPerWrite", self._parameters[BLOCKS])
        lower = name.lower()
        if lower in known:
            return "Return: {} {}".format(*known[lower])
        if lower == "currenttimestamp":
            return f"Return: {self._counter if self._run else -1}"
        if lower in self._switches:
            return f"Return: {name} {'True' if self._on(name) else 'False'}"
        return "Unrecognized parameter"

    def _set(self, name: str, value: str) -> str:
        lower, said = name.lower(), value.lower()
        if lower == "runmode":
            if said not in ("run", "record", "trigger", "stop"):
                return "Invalid value for SetRunMode command"
            if said == "stop" and not self._run:
                return "Board must be running in order to stop"
            if said != "stop" and self._run:
                return "Board must be stopped in order to start running"
            self._run = said != "stop"
            self._mode = value.capitalize()
            self.starts += self._run
            self._counter = 0
            return ""
        if lower in self._switches:
            if said not in ("true", "false"):
                return f"Invalid value for {name} command. Acceptable: True, False"
            self._parameters[lower] = said
            return ""
        if lower == BLOCKS:
            if self._run:
                return "TCPNumberDataBlocksPerWrite cannot be set while controller is running."
            if not said.isdigit() or not 1 <= int(said) <= 100:
                return "Invalid value for TCPNumberDataBlocksPerWrite command. Acceptable: 1 - 100"
            self._write_blocks(int(said))
            return ""
        return "Unrecognized parameter"

    def _execute(self, action: str) -> str:
        if action == "clearalldataoutputs":
            if self._run:
                return "ClearAllDataOutputs cannot be executed while the board is running"
            self._parameters = {BLOCKS: self._parameters[BLOCKS]}
            return ""
        if action == "connecttcpwaveformdataoutput":
            self._door.open()
            return ""
        return "Unrecognized action"
