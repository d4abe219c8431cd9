"""This computer: is there room for the session, does the disk keep up, and may the loop have what it needs to be on time?"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from wavestim.controller.preflight.finding import Finding, amber, green, red, unlooked
from wavestim.controller.session.opening import BYTES_PER_VALUE, SPARE_BYTES
from wavestim.realtime.loop import lock_memory, unlock_memory

PIECES, PIECE_BYTES = 16, 1_000_000
SPEED_RED, SPEED_AMBER = 1.5, 4.0
"""Times the rate of the samples that the disk has to write."""
COMMIT_S, SLOW_COMMIT_S = 0.25, 5.0
"""A session commits every quarter of a second; the ring bears with a disk that hangs, up to 30 s."""
PRIORITY = 50
LATE_US, HELD_UP_US, OFTEN_US = 2000.0, 20_000.0, 5000.0
"""Programs are woken so late: worth a word; so late, once or one time in a hundred, that what is timed is spoilt."""
LEAST_WOKEN = 100
GOVERNORS = Path("/sys/devices/system/cpu")

Write = Callable[[Path, bytes], float]
"""Writes bytes through to the disk; says how long it took, s."""


def written_through(path: Path, data: bytes) -> float:
    """Append, flush, wait for the disk."""
    begin = time.perf_counter()
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - begin


def check_room(folder: Path, n_values: float, seconds: float) -> Finding:
    """Room on the disk of a session that lasts so long.

    Parameters
    ----------
    folder : Path
        Where sessions go; need not exist.
    n_values : float
        Samples times channels.
    seconds : float
        For the words.
    """
    free, need = shutil.disk_usage(existing(folder)).free, n_values * BYTES_PER_VALUE + SPARE_BYTES
    figures = {"free_bytes": free, "needed_bytes": need, "seconds": seconds}
    said = f"{seconds / 60:g} min need {need / 1e9:.2g} GB, {free / 1e9:.3g} GB are free"
    if free < need:
        return red("disk-room", said, "make room, or give run another --out", **figures)
    if free < 2 * need:
        return amber("disk-room", said, "enough for this session, not for the next", **figures)
    return green("disk-room", said, **figures)


def check_speed(folder: Path, bytes_per_s: float, write: Write = written_through) -> Finding:
    """Does the disk write faster than samples come, and how long does a commit take? Leaves nothing behind.

    Parameters
    ----------
    folder : Path
    bytes_per_s : float
        That a session writes.
    write : callable
        Writes one piece and says how long it took.
    """
    path = existing(folder) / f".wavestim-preflight-{os.getpid()}"
    piece = np.random.default_rng(0).bytes(PIECE_BYTES)  # a disk that compresses has nothing to gain
    took: list[float] = []
    try:
        while len(took) < PIECES and sum(took) < 10.0:
            took.append(write(path, piece))
    except OSError as error:
        return red("disk-speed", f"{path.parent} can't be written ({error.strerror})", "give run an --out where you may write")
    finally:
        path.unlink(missing_ok=True)
    speed, slowest = len(took) * PIECE_BYTES / max(sum(took), 1e-9), max(took)
    figures = {"bytes_per_s": speed, "needed_bytes_per_s": bytes_per_s, "slowest_commit_s": slowest}
    said = f"{speed / 1e6:.0f} MB/s are written, {bytes_per_s / 1e6:.2g} come; the slowest commit took {1e3 * slowest:.0f} ms"
    do = "a local disk (no network, no USB stick, no nearly full SSD), and no other program that writes to it"
    if speed < SPEED_RED * bytes_per_s or slowest > SLOW_COMMIT_S:
        return red("disk-speed", said, do, **figures)
    if speed < SPEED_AMBER * bytes_per_s or slowest > COMMIT_S:
        return amber("disk-speed", said, do, **figures)
    return green("disk-speed", said, **figures)


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    while not folder.is_dir():
        folder = folder.parent
    return folder


def check_rights(late_us: list[float]) -> Finding:
    """SCHED_FIFO, locked memory, the CPU's governor, and how late this computer wakes a program.

    Parameters
    ----------
    late_us : list of float
        How much too late a program that waits was woken, over the time of the preflight; empty: not watched.
    """
    fifo, locked, slow = _may_have_fifo(), _may_lock(), _slow_governors()
    p99 = float(np.percentile(late_us, 99)) if late_us else None
    figures = {"sched_fifo": fifo, "mlockall": locked, "governors": slow, "late_us": p99}
    lacks, dos = [], []
    if not fifo:
        lacks.append("no SCHED_FIFO")
        dos.append("rtprio 90 for you in /etc/security/limits.d (then log in again)")
    if not locked:
        lacks.append("memory can't be locked")
        dos.append("memlock unlimited, there too")
    if slow:
        lacks.append(f"CPU governor {', '.join(slow)}")
        dos.append("cpupower frequency-set -g performance")
    if p99 is not None and p99 > LATE_US:
        lacks.append(f"programs were woken up to {p99 / 1e3:.1f} ms late (p99)")
        dos.append("close other programs")
    if lacks:
        return amber("real-time", f"best effort: {'; '.join(lacks)}", "; ".join(dos), **figures)
    return green("real-time", "SCHED_FIFO and locked memory are granted", **figures)


def held_up(late_us: Sequence[float]) -> bool:
    """Other programs had this computer for so long that what was timed meanwhile says nothing."""
    return bool(late_us) and (max(late_us) > HELD_UP_US or float(np.percentile(late_us, 99)) > OFTEN_US)


def fairly(finding: Finding, late_us: Sequence[float], since: int = 0) -> Finding:
    """A red that a computer which was held up can be the cause of is no verdict: it says so, and asks to try again.

    Parameters
    ----------
    finding : Finding
    late_us : how late a program that waits was woken, all the while
    since : from there on while this check was made; one that took no time of its own is about all that came before
    """
    late_us = late_us[since:] if len(late_us) - since >= LEAST_WOKEN else late_us
    if not (finding.timed and held_up(late_us)):
        return finding
    what = f"{finding.what}; but other programs held this computer up meanwhile, for {max(late_us) / 1e3:.0f} ms at a time"
    return replace(unlooked(finding.check, what, "close other programs and try again"), figures=finding.figures)


def _may_have_fifo() -> bool:
    """Whether a thread of this process gets the priority of the loop; the thread ends with it."""
    granted: list[bool] = []

    def ask() -> None:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
            granted.append(True)
        except OSError:
            granted.append(False)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    return granted[0]


def _may_lock() -> bool:
    refused = lock_memory()
    unlock_memory()
    return refused == 0


def _slow_governors() -> list[str]:
    """Governors that let the clock of a CPU fall."""
    found = {p.read_text(encoding="ascii").strip() for p in GOVERNORS.glob("cpu[0-9]*/cpufreq/scaling_governor")}
    return sorted(found - {"performance"})
