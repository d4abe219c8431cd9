"""The mock light as a process of its own: a board on a pseudo-terminal, and the file of what shone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol, TextIO

from numpy.typing import NDArray
from wavestim.hardware.firmware.board import PtyBoard
from wavestim.hardware.lights._base import LightError

BOARDS = ("host", "atmega2560")
CHECKOUT = Path(__file__).resolve().parents[2]
"""Where the emulator is built: it is under another licence, and no part of what is installed."""


def emulated_board(edges_path: str | Path | None = None) -> list[str]:
    """Build the firmware of the ATmega2560 and its emulator, and say how to start it.

    Parameters
    ----------
    edges_path : str or Path, optional
        Edge file, created at the start.

    Returns
    -------
    list of str
        A command that says where it is in one JSON line, like `serve_device`, and serves until SIGINT or SIGTERM.

    Raises
    ------
    LightError
        When it cannot be built here; says what is missing.
    """
    build = CHECKOUT / "scripts" / "build_avr"
    if not build.exists():
        raise LightError("lights device --board atmega2560: the emulated board is built from the sources; run it in a checkout of wavestim")
    done = subprocess.run([build], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LightError(f"lights device --board atmega2560: {done.stderr.strip()}")
    built = CHECKOUT / "build" / "avr"
    command = [str(built / "board"), str(built / "wavestim-atmega2560.elf")]
    return command if edges_path is None else [*command, str(edges_path)]


class Served(Protocol):
    """A board on a pseudo-terminal, served by its owner."""

    @property
    def pty_name(self) -> str: ...
    @property
    def connected(self) -> bool: ...
    def service(self, timeout_s: float = 0.1) -> NDArray[Any]: ...
    def device_ns(self, host_ns: int) -> int: ...
    def rest(self) -> NDArray[Any]: ...
    def close(self) -> None: ...


class HostBoard(PtyBoard):
    """Our firmware, compiled for this computer."""

    def device_ns(self, host_ns: int) -> int:
        """The board's clock at a host time."""
        return int(self.core.device_ns(host_ns))

    def rest(self) -> NDArray[Any]:
        """Edges that nobody has fetched."""
        return self.core.host_edges()


class EdgeFile:
    """``device_us,led,level``, one line an edge: written with its header at once and flushed with every edge.

    Parameters
    ----------
    path : str or Path
        The file; an older one is replaced.
    """

    def __init__(self, path: str | Path) -> None:
        with ExitStack() as undo:
            self._file = undo.enter_context(Path(path).open("w", encoding="ascii"))
            self._file.write("device_us,led,level\n")
            self._file.flush()
            undo.pop_all()  # it lives as long as the server

    def write(self, edges: NDArray[Any]) -> None:
        """Append edges (dtype ``HOST_EDGE``)."""
        if len(edges):
            self._file.writelines(f"{e['device_ns'] / 1000:.3f},{e['led']},{e['level']}\n" for e in edges)
            self._file.flush()

    def close(self) -> None:
        self._file.close()


class HasClock(Protocol):
    """Something with a clock of its own: a core, or a board around one."""

    def device_ns(self, host_ns: int) -> int: ...


def write_rig_clock(path: Path, core: HasClock, sample0_host_ns: int) -> None:
    """Write the true relation of the board's clock to the samples of a mock rig: what a photodiode on the amplifier would tell."""
    zero, later = core.device_ns(sample0_host_ns), core.device_ns(sample0_host_ns + 100_000_000_000)
    path.write_text(json.dumps({"device_us_at_sample0": zero / 1e3, "device_us_per_s": (later - zero) / 1e5}) + "\n", encoding="ascii")


def serve_device(
    edges_path: str | Path | None = None,
    on_edge: Callable[[NDArray[Any]], None] | None = None,
    *,
    board: str = "host",
    n_sites: int = 25,
    stop: Callable[[], bool] | None = None,
    out: TextIO | None = None,
    slice_s: float = 0.05,
    **core: Any,
) -> None:
    """Serve a mock light until ``stop()`` is true, Ctrl-C or SIGTERM (in the main thread); says where in one JSON line.

    Parameters
    ----------
    edges_path : str or Path, optional
        Edge file, created at once.
    on_edge : callable, optional
        Gets every batch of edges (dtype ``HOST_EDGE``).
    board : str
        ``host``, served here. ``atmega2560`` is a program of its own: `emulated_board`.
    n_sites : int
        LEDs.
    stop : callable, optional
        Asked between slices.
    out : text file, optional
        Where the JSON line goes; standard output by default.
    slice_s : float
        Longest time between two looks at ``stop``, s.
    **core
        Keys of `FirmwareCore`.
    """
    if board != "host":
        raise LightError(f"lights device: board {board!r} cannot be served here; boards: host")
    serve(HostBoard(n_sites, **core), board, edges_path, on_edge, stop=stop, out=out, slice_s=slice_s)


def serve(
    line: Served,
    board: str,
    edges_path: str | Path | None = None,
    on_edge: Callable[[NDArray[Any]], None] | None = None,
    *,
    stop: Callable[[], bool] | None = None,
    out: TextIO | None = None,
    slice_s: float = 0.05,
) -> None:
    """Serve a board, whatever it is, and close it; see `serve_device`."""
    out = out or sys.stdout
    ended = threading.Event()
    before = signal.getsignal(signal.SIGTERM)
    in_main = threading.current_thread() is threading.main_thread()
    if in_main:
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
    file = EdgeFile(edges_path) if edges_path is not None else None
    try:
        print(json.dumps({"pty": line.pty_name, "board": board}), file=out, flush=True)
        try:
            while not ended.is_set() and (stop is None or not stop()):
                _hand_on(line.service(slice_s), file, on_edge)
        except KeyboardInterrupt:
            pass
        finally:
            line.close()  # dark, and the last edges are logged
            _hand_on(line.rest(), file, on_edge)
    finally:
        line.close()
        if file is not None:
            file.close()
        if in_main:
            signal.signal(signal.SIGTERM, before)


def _hand_on(edges: NDArray[Any], file: EdgeFile | None, on_edge: Callable[[NDArray[Any]], None] | None) -> None:
    if len(edges):
        if file is not None:
            file.write(edges)
        if on_edge is not None:
            on_edge(edges)
