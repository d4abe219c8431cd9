"""``wavestim lights test``: is the board there, does it do what it must, and how exactly?"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output
from wavestim.controller.cli.validate import ArgumentError
from wavestim.controller.errors import FALSE

if TYPE_CHECKING:
    from wavestim.controller.session.selftest import SelfTest, Spread
    from wavestim.hardware.lights import Light

TOLERANCE_US = 250.0


def try_light(
    kind: Annotated[
        str | None, typer.Argument(help="Driver: wavelight, simulated …; left out: wavelight when a port is given, else simulated.")
    ] = None,
    port: Annotated[str | None, typer.Option(help="Serial port, such as /dev/ttyACM0 or COM3.")] = None,
    serial_number: Annotated[str | None, typer.Option(help="USB serial number, as 'wavestim lights list' shows it.")] = None,
    link: Annotated[
        str | None, typer.Option(help="For the simulated board: the link to pretend, such as pty, usb-high-speed or ftdi-16ms.")
    ] = None,
    photodiode: Annotated[
        int | None, typer.Option(metavar="INPUT", help="Measure when light really comes: a photodiode is on this TTL input. Needs --arm.")
    ] = None,
    arm: Annotated[bool, typer.Option("--arm", help="Allow real light: every LED shines 2 ms, ten times.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where the measured delays go, for leds.on_delay_us.")] = None,
    as_json: options.Json = False,
) -> None:
    """Try a board out: who it is, its clock, when it starts what it is told, whether it goes dark by itself. Stays dark without --arm.

    Ends with 1 when the board does not do what it must.

    \b
    Examples:
      wavestim lights test
      wavestim lights test --serial-number 9A6F3C21
      wavestim lights test --port /dev/ttyACM0 --json
      wavestim lights test --port /dev/ttyACM0 --photodiode 0 --arm --out delays.json
    """
    kind = kind or ("simulated" if (port, serial_number) == (None, None) else "wavelight")
    _check(kind, port, serial_number, link)
    _check_photodiode(kind, photodiode, arm, out)
    keys = {name: value for name, value in (("port", port), ("serial_number", serial_number)) if value is not None}
    with output.only_json(as_json):
        told, found = _simulated(link) if kind == "simulated" else _connected(kind, keys, photodiode)
        if out is not None:
            _keep(told, photodiode, out)
    if as_json:
        output.emit({"ok": found is None or found.ok, **told, **({} if found is None else asdict(found))})
    else:
        _show(told, found)
    if found is not None and not found.ok:
        raise typer.Exit(FALSE)


def _check(kind: str, port: str | None, serial_number: str | None, link: str | None) -> None:
    from wavestim.hardware.lights import KINDS

    if kind not in KINDS:
        raise ArgumentError(f"lights test {kind}: no such driver in this version; use one of {', '.join(sorted(KINDS))}")
    if kind == "simulated" and (port, serial_number) != (None, None):
        raise ArgumentError("lights test simulated: it has no port; leave --port and --serial-number out")
    if kind != "simulated" and (port is None) == (serial_number is None):
        raise ArgumentError(f"lights test {kind}: which board? give --port or --serial-number; 'wavestim lights list' shows them")
    if link is not None:
        from wavestim.hardware.simulated.links import LINKS

        if kind != "simulated":
            raise ArgumentError(f"--link {link}: only the simulated board can pretend a link; leave it out")
        if link not in LINKS:
            raise ArgumentError(f"--link {link}: no such link; use one of {', '.join(LINKS)}")


def _check_photodiode(kind: str, photodiode: int | None, arm: bool, out: Path | None) -> None:
    if photodiode is None and (arm or out is not None):
        raise ArgumentError("lights test: --arm and --out belong to --photodiode INPUT; the test itself needs no light")
    if photodiode is None:
        return
    if kind != "wavelight":
        raise ArgumentError(f"--photodiode {photodiode}: a {kind} light stamps no TTL input; a board behind --port does")
    if not 0 <= photodiode <= 255:
        raise ArgumentError(f"--photodiode {photodiode}: TTL inputs are 0 to 255")
    if not arm:
        raise ArgumentError("--photodiode: every LED will shine; add --arm when nobody is under them")
    if out is not None and not out.parent.is_dir():
        raise ArgumentError(f"--out {out}: there is no folder {out.parent}")


def _simulated(link: str | None) -> tuple[dict[str, Any], SelfTest]:
    from wavestim.controller.session.selftest import self_test
    from wavestim.hardware.simulated.links import LINKS, simulated_light

    light, lit = simulated_light(LINKS[link or "pty"])
    with light:
        return _told(light), self_test(light, TOLERANCE_US, edges=lit)


def _connected(kind: str, keys: dict[str, str], photodiode: int | None) -> tuple[dict[str, Any], SelfTest | None]:
    from wavestim.hardware.lights import open_light

    light = open_light(kind, **keys)
    try:
        if kind != "wavelight":  # it has no clock of its own: nothing of this can be asked
            return _told(light), None
        from wavestim.controller.session.selftest import self_test
        from wavestim.hardware.lights.wavelight import Wavelight

        assert isinstance(light, Wavelight)
        told, found = _told(light), self_test(light, TOLERANCE_US)
        if photodiode is not None:
            from wavestim.controller.session.photodiode import measure_delays

            with output.progress("photodiode", light.info.n_sites) as advance:
                told["on_delays"] = [one.model_dump() for one in measure_delays(light, light.info.n_sites, photodiode, advance)]
        return told, found
    finally:
        light.close()


def _keep(told: dict[str, Any], photodiode: int | None, out: Path) -> None:
    from wavestim.controller.experiment.lightdelay import LightDelays

    made = LightDelays.model_validate(
        {
            "board": told["light"]["board"],
            "photodiode": photodiode,
            "measured_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "leds": told["on_delays"],
        }
    )
    out.write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")
    output.say(f"delays of {len(made.leds)} LEDs: {out}; an experiment takes them with leds: {{on_delay_us: {out}}}")


def _told(light: Light) -> dict[str, Any]:
    from wavestim.hardware.lights.wavelight.usbserial import LineReport

    line = getattr(light, "line", None)
    return {"light": asdict(light.info), "line": asdict(line) if isinstance(line, LineReport) else None}


def _show(told: dict[str, Any], found: SelfTest | None) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in told["light"].items():
        table.add_row(name, str(value))
    line = told["line"]
    if line is not None and line["latency_timer_ms"] is not None:
        table.add_row("latency timer", f"{line['latency_timer_ms']} ms, event character {'set' if line['event_character'] else 'not set'}")
        if line["note"]:
            table.add_row("", line["note"])
    if found is not None:
        _show_test(table, found)
    for one in told.get("on_delays", ()):
        table.add_row(f"light of LED {one['led']}", f"{one['delay_us']:.1f} us after its start (SD {one['sd_us']:.1f}, {one['n']} times)")
    Console().print(table)


def _show_test(table: Table, found: SelfTest) -> None:
    table.add_row("round trip", _spread(found.round_trip_us))
    if found.clock_uncertainty_us is None or found.clock_rate_ppm is None:
        table.add_row("clock", "not known")
    else:
        table.add_row("clock", f"known to ±{found.clock_uncertainty_us:.1f} us, runs {found.clock_rate_ppm:+.1f} ppm")
    table.add_row("onset error", f"{_spread(found.onset_error_us)}, against {found.onset_against}")
    if found.jitter_us is not None:
        table.add_row("jitter", f"{found.jitter_us:.2f} us (standard deviation), {found.fired} of {found.shots} orders")
    if found.stall_us is not None:
        table.add_row("this computer", f"was late by {_spread(found.stall_us)} meanwhile")
    if found.dark_after_ms is not None:
        table.add_row("heartbeat gone", f"dark after {found.dark_after_ms:.1f} ms")
    for name, fine in found.checks.items():
        table.add_row(name, "yes" if fine else "[bold red]NO[/]")


def _spread(s: Spread | None) -> str:
    return "-" if s is None else f"{s.p50:.1f} us (p99 {s.p99:.1f}, longest {s.max:.1f})"
