"""``wavestim attach``: looks at a session that runs in another process, and gives it orders."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output, validate
from wavestim.controller.errors import FALSE

UNDETERMINED = ("undetermined", "none")
WORDS = 8
"""Lines of the log that are kept in view."""
WAIT_MS = 100


def attach(
    session: Annotated[
        Path | None,
        typer.Argument(metavar="[SESSION]", help="Folder of a running session; not needed when only one runs.", show_default=False),
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Dark at once, then end the session.")] = False,
    pause: Annotated[bool, typer.Option("--pause", help="No more light; the recording goes on.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Light again after a pause.")] = False,
    mark: Annotated[str | None, typer.Option("--mark", metavar="TEXT", help="Write a note into the journal.", show_default=False)] = None,
    test: Annotated[
        str | None,
        typer.Option(
            "--test", metavar="WHAT", help="Light by hand, once, while armed or held: an LED's number, or a condition.", show_default=False
        ),
    ] = None,
    width_ms: Annotated[float, typer.Option("--width-ms", help="Of the test pulse of an LED.")] = 5.0,
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="S", help="Look for so long; default: until the session ends.", show_default=False)
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Look at a running session from another terminal, or give it an order.

    Watching never disturbs the session: leave with Ctrl-C, come back, look twice.
    With --json: its state, once.

    \b
    Examples:
      wavestim attach                       the only one that runs
      wavestim attach mouse-12/day-3 --mark "isoflurane to 1 %"
      wavestim attach --test 7              one pulse of LED 7
      wavestim attach --stop
    """
    length = None if seconds is None else validate.seconds(seconds)
    from wavestim.controller.live.client import Attached
    from wavestim.controller.live.rendezvous import find

    orders: list[tuple[str, dict[str, Any]]] = [(name, {}) for name, wanted in (("pause", pause), ("resume", resume)) if wanted]
    orders += [("mark", {"text": mark})] if mark is not None else []
    orders += [("test", by_hand(test, width_ms))] if test is not None else []
    with Attached(find(session), ("status", "tick", "decisions", "marker", "end")) as there:
        if stop:
            answer = there.order("stop")
        elif orders:
            answer = _in_control(there, orders)
        elif as_json:
            answer = {**there.hello}
        else:
            _look(there, length)
            return
    if as_json:
        output.emit(answer)


def by_hand(what: str, width_ms: float) -> dict[str, Any]:
    """The order of light by hand: what is a number names an LED."""
    return {"led": int(what), "width_ms": width_ms} if what.isdecimal() else {"condition": what}


def _in_control(there: Any, orders: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    there.order("take", name=f"wavestim attach (process {os.getpid()})")
    try:
        answer: dict[str, Any] = {}
        for order, more in orders:
            answer |= there.order(order, **more)
    finally:
        there.order("give")
    return answer


def _look(there: Any, seconds: float | None) -> None:
    """A live view until the session ends, or so long."""
    until = None if seconds is None else time.monotonic() + seconds
    status: dict[str, Any] = there.hello.get("status", {})
    tick: dict[str, Any] = {}
    words: list[str] = []
    with Live(console=output.console(), refresh_per_second=8, transient=False) as live:
        while until is None or time.monotonic() < until:
            for topic, header, _ in there.hear(WAIT_MS):
                if topic == "status":
                    status = header
                elif topic == "tick":
                    tick = header
                elif topic == "marker":
                    words = [*words, f"{header['sample']:>10}  {header['kind']}: {header['text']}"][-WORDS:]
                elif topic == "end":
                    live.update(view(there.meeting.about.name, status, tick, [*words, f"ended: {header['reason']}"]))
                    return
            live.update(view(there.meeting.about.name, status, tick, words))
            if not there.alive:  # nobody said good-bye
                output.say("[bold red]The rig process is gone.[/] The light is dark; wavestim recover finishes the session.")
                raise typer.Exit(FALSE)


def view(name: str, status: dict[str, Any], tick: dict[str, Any], words: list[str]) -> Group:
    """What the terminal shows."""
    table = Table.grid(padding=(0, 3))
    known = tick.get("kind", "undetermined") not in UNDETERMINED

    def number(key: str, unit: str, digits: int = 0) -> str:
        value = tick.get(key)
        return f"{value:.{digits}f} {unit}" if known and value is not None else "undetermined"

    pulses = status.get("pulses", {})
    table.add_row("session", name, "state", Text(str(status.get("state", "?")), style="bold"))
    table.add_row("recorded", f"{status.get('seconds') or 0:.1f} s", "lost", f"{status.get('dropped', 0)} samples")
    table.add_row("wave", tick.get("kind", "undetermined"), "direction", number("direction_deg", "deg"))
    table.add_row("speed", number("speed_mm_s", "mm/s"), "frequency", number("frequency_hz", "Hz", 1))
    table.add_row("fired", str(pulses.get("fired", 0)), "missed", str(pulses.get("missed", 0)))
    course = status.get("course") or {}
    if course.get("trials_per_block") or "gate" in course:
        table.add_row("trials", _trials(course), "gate", str(course.get("gate", "none")))
    return Group(table, *(Text(line, style="dim") for line in words))


def _trials(course: dict[str, Any]) -> str:
    """How far the session is: ``trial 5 of 9, block 2 of 8``."""
    done, per_block = int(course.get("trials", 0)), course.get("trials_per_block")
    if not per_block:
        return f"{done} done"
    of = course.get("of_blocks")
    if of is not None and done >= per_block * of:
        return f"all {of} blocks are done"
    words = f"{done % per_block} of {per_block} done, block {done // per_block + 1}" + (f" of {of}" if of else "")
    return f"{words}, washout" if course.get("washout") else words
