"""Intan RHX as a live source: set up by commands, then its waveform stream, and found again when it was stopped, restarted or unplugged."""

from __future__ import annotations

import contextlib
import socket
import time

import numpy as np
from wavestim.hardware.sources._base import SourceError
from wavestim.hardware.sources._live import SILENT_S, Found, LiveError, LiveInfo, LiveSource
from wavestim.hardware.sources._ports import listening
from wavestim.hardware.sources.intake import Intake

from . import parser, wire
from .commands import PATIENCE_S, Commands, RefusedError

SILENCE_MS = 1000
"""After so long RHX is asked whether somebody has stopped it."""
STUCK_S = 5.0
"""It says that it runs, and sends nothing for so long: its waveform port is connected anew."""
RETRY_S = 0.5
RECEIVE_BYTES = 1 << 20


def set_up(commands: Commands, channels: tuple[str, ...], band: str, *, anew: bool = False) -> wire.Setup:
    """Tell RHX what to send, unless it does already; stops it when it runs, and leaves a recording alone.

    ``anew``: what it sends made no sense, so that it is told in any case.

    Raises
    ------
    SourceError
        When it records something else, lacks a channel, or has a rate that is none.
    """
    controller = commands.get("Type")
    fs_hz = wire.rate_hz(commands.get("SampleRateHertz"))
    mode = commands.get("RunMode").lower()
    digital = wire.digital_name(controller)
    wanted = wire.Setup(controller, fs_hz, channels, band, digital)
    if mode != "stop":
        if not anew and _sends(commands, wanted):
            return wanted
        if mode != "run":
            raise LiveError(f"{commands.where}: RHX is recording (run mode '{mode}'); stop it there, then its TCP outputs can be set")
        commands.do(["set RunMode Stop"])
    commands.do(["execute ClearAllDataOutputs", "set TCPNumberDataBlocksPerWrite 1"])
    plain = wire.Setup(controller, fs_hz, channels, band, "")
    try:
        commands.do(f"set {switch} true" for switch in plain.switches)
    except RefusedError:
        _check_channels(commands, plain)
        raise
    if not commands.is_on(plain.switches[-1]):
        raise LiveError(f"{commands.where}: channel {channels[-1]} could not be switched on; is its headstage plugged in and scanned?")
    try:
        commands.do([f"set {wanted.switches[-1]} true"])
    except LiveError:  # a controller without digital inputs
        return plain
    return wanted


def _check_channels(commands: Commands, setup: wire.Setup) -> None:
    """Name the first channel that RHX does not know; it says only that there is one."""
    for channel, switch in zip(setup.channels, setup.switches, strict=True):
        try:
            commands.do([f"set {switch} true"])
        except RefusedError:
            raise LiveError(
                f"{commands.where}: RHX has no channel {channel}; name those that it shows, such as channels: A-000:A-015"
            ) from None


def _sends(commands: Commands, setup: wire.Setup) -> bool:
    """Everything that is needed is switched on. What is on beside it makes frames longer, of which the parser makes nothing."""
    return all(commands.is_on(switch) for switch in setup.switches)


def open_rhx(
    host: str = "127.0.0.1", command_port: int = 5000, data_port: int = 5001, channels: str = "A-000:A-063", band: str = "wide"
) -> RhxSource:
    """Reach RHX and set up what it sends.

    Parameters
    ----------
    host, command_port, data_port
    channels : str
        Native names, such as ``A-000:A-031,B-000:B-031``.
    band : ``wide`` or ``low``

    Raises
    ------
    SourceError
        When nobody is there (``LiveError``), or the setup is refused.
    """
    names = wire.channel_names(channels)
    commands = Commands(host, command_port)
    try:
        setup = set_up(commands, names, band)
        data = _connect(commands, data_port)
    except BaseException:
        commands.close()
        raise
    return RhxSource(commands, data, setup, command_port, data_port)


def find_rhx() -> list[Found]:
    """RHX on its usual port of this computer. Nobody is asked: that would take its one place for a client."""
    if not listening(5000):
        return []
    return [Found("rhx", {"host": "127.0.0.1"}, "something listens on port 5000, as Intan RHX does")]


def _connect(commands: Commands, port: int) -> socket.socket:
    """The waveform port, opened by command where nobody has pressed Connect."""
    until = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(LiveError):  # refused when it is open already; again and again, since RHX may see late that a visitor left
            commands.do(["execute ConnectTCPWaveformDataOutput"])
        try:
            data = socket.create_connection((commands.host, port), timeout=PATIENCE_S)
        except OSError as error:
            if time.monotonic() > until:
                raise LiveError(
                    f"rhx {commands.host}:{port}: RHX does not offer its waveforms ({error.strerror or error}); is the port the one in "
                    "Network > Remote TCP Control > Data Output?"
                ) from None
            time.sleep(0.05)
            continue
        data.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        data.setblocking(False)
        return data


class RhxSource(LiveSource):
    """RHX, set up and connected. See :class:`~wavestim.hardware.sources.LiveSource`."""

    def __init__(self, commands: Commands, data: socket.socket, setup: wire.Setup, command_port: int, data_port: int) -> None:
        about = {"controller": setup.controller, "band": setup.band, "digital": setup.digital}
        super().__init__(
            LiveInfo(
                "rhx",
                f"rhx {commands.host}:{data_port}",
                setup.fs_hz,
                setup.channels,
                gain_uv=np.full(len(setup.channels), wire.GAIN_UV, dtype=np.float32),
                burst_ms=wire.burst_ms(setup.fs_hz),
                about=about,
            )
        )
        self._commands, self._data, self._setup = commands, data, setup
        self._ports = command_port, data_port
        self._pressed, self._why_not = False, ""
        self._heard_ns = self._well_ns = time.monotonic_ns()
        self._parser: parser.BlockParser | None = None

    def receive(self, intake: Intake) -> str:
        """See :class:`~wavestim.hardware.sources.LiveSource`."""
        stream = self._parser = parser.BlockParser(self.info.n_channels, bool(self._setup.digital), intake)
        going, told = self._set_going(intake), -1
        self._heard_ns = self._well_ns = time.monotonic_ns()
        while not self.finish.is_set():
            why = stream.run(self._data.fileno(), SILENCE_MS) if going else parser.CLOSED
            if why == parser.STOPPED:
                break
            if why == parser.SILENT and self._bears_with(intake):
                continue
            if intake.blocks != told:  # once, however often it is tried
                told = intake.blocks
                self.mark(intake.next_sample, "note", f"RHX: {parser.REASONS[why]}")
            if not self._again(intake, stream, anew=why == parser.NONSENSE):
                return f"{self.info.where}: {parser.REASONS[why]}, and RHX did not come back within {SILENT_S:g} s{self._why_not}"
            going = True
        return ""

    def stop(self) -> None:
        self.finish.set()
        if self._parser is not None:
            self._parser.stop()
        super().stop()

    def close(self) -> None:
        """Stop listening, and RHX where it runs because we pressed Run."""
        self.stop()
        with contextlib.suppress(LiveError):
            if self._pressed and self._commands.get("RunMode").lower() == "run":
                self._commands.do(["set RunMode Stop"])
        self._commands.close()
        self._data.close()

    def _set_going(self, intake: Intake) -> bool:
        """Run, and count anew, unless it runs already; False when RHX went away meanwhile."""
        try:
            if self._commands.get("RunMode").lower() == "stop":
                intake.restarted()
                self._commands.do(["set RunMode Run"])
                self._pressed = True
        except LiveError:
            return False
        return True

    def _bears_with(self, intake: Intake) -> bool:
        """RHX is there; somebody has stopped it, so that its next block begins a new count, or it has not been silent for long."""
        try:
            stopped = self._commands.get("RunMode").lower() == "stop"
        except LiveError:
            return False
        if stopped:
            intake.restarted()
            self._pressed = False  # whoever presses Run now presses Stop, too
            self._heard_ns = self._well_ns = time.monotonic_ns()
        return stopped or time.monotonic_ns() - max(self._heard_ns, intake.last_host_ns) < STUCK_S * 1e9

    def _again(self, intake: Intake, stream: parser.BlockParser, *, anew: bool) -> bool:
        """Reach RHX again, set up as before; False when it did not come back in time.

        Raises
        ------
        SourceError
            When it came back as something else.
        """
        until_ns = max(self._well_ns, intake.last_host_ns) + SILENT_S * 1e9
        while not self.finish.is_set() and time.monotonic_ns() < until_ns:
            self._data.close()
            try:
                setup = self._reached(anew)
            except LiveError as error:
                self._why_not = f": {error}"
                self.finish.wait(RETRY_S)
                continue
            if setup != self._setup:
                raise SourceError(f"{self.info.where}: RHX came back with {_change(self._setup, setup)}; start a new session")
            stream.renew()
            if not self._set_going(intake):
                continue
            self._heard_ns, self._why_not = time.monotonic_ns(), ""
            return True
        return self.finish.is_set()

    def _reached(self, anew: bool) -> wire.Setup:
        try:
            self._commands.get("RunMode")
        except LiveError:
            self._commands.close()
            self._commands = Commands(self._commands.host, self._ports[0])
        setup = set_up(self._commands, self._setup.channels, self._setup.band, anew=anew)
        self._data = _connect(self._commands, self._ports[1])
        return setup


def _change(before: wire.Setup, now: wire.Setup) -> str:
    words = {"fs_hz": "{:g} Hz instead of {:g} Hz", "controller": "a {} instead of a {}", "digital": "digital input '{}' instead of '{}'"}
    return ", ".join(text.format(getattr(now, k), getattr(before, k)) for k, text in words.items() if getattr(now, k) != getattr(before, k))
