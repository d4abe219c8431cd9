"""The board before light: does it do what it must, is its clock known, is the way to light closed, and what of the delay is measured?"""

from __future__ import annotations

from dataclasses import replace

from wavestim.controller.experiment import Experiment
from wavestim.controller.preflight.finding import Finding, amber, green, late_red, red, unlooked
from wavestim.controller.preflight.machine import HELD_UP_US
from wavestim.controller.session.bench import board_horizon_ms
from wavestim.controller.session.deviceclock import DeviceClock
from wavestim.controller.session.selftest import SelfTest, self_test
from wavestim.hardware.lights import Light, LightInfo
from wavestim.hardware.lights.wavelight import Wavelight

MUST = {
    "clock-known": "its clock is not known well enough",
    "starts-when-told": "it does not start when told",
    "refuses-what-is-late": "it does not refuse what is late",
    "dark-on-abort": "it does not go dark on abort",
    "dark-without-heartbeat": "it does not go dark without a heartbeat",
}


TIMED = ("clock-known", "starts-when-told")


def check_light(light: Light, tolerance_us: float) -> list[Finding]:
    """The self-test of a board with a clock of its own, in the dark; and its interlock."""
    info = light.info
    said = f"{info.board}, {info.n_sites} LEDs, {info.guarantee}"
    if not isinstance(light, Wavelight):
        return [
            amber(
                "light",
                f"{said}: it answers; it has no clock of its own and can't be asked for more",
                "try it out by eye before light",
                board=info.board,
            )
        ]
    status = light.status()
    interlock = (
        green("interlock", "closed")
        if status.interlock_closed
        else red("interlock", "the interlock is open: the board refuses light", "close the door, turn the key")
    )
    if not status.interlock_closed:
        return [
            unlooked("light", f"{said}: not tried, the interlock is open", "close the interlock and try again", board=info.board),
            interlock,
        ]
    found = self_test(light, tolerance_us)
    if not found.ok and _held_up(found):
        found = self_test(light, tolerance_us)
    failed = [MUST.get(name, name) for name, fine in found.checks.items() if not fine]
    figures = {
        "board": info.board, "firmware": info.firmware, "guarantee": info.guarantee, "checks": found.checks,
        "round_trip_us": None if found.round_trip_us is None else found.round_trip_us.p50, "dark_after_ms": found.dark_after_ms,
        "fired": found.fired, "shots": found.shots,
    }  # fmt: skip
    if failed and _held_up(found) and all(fine or name in TIMED for name, fine in found.checks.items()):
        what = f"{said}: other programs held this computer up meanwhile, so its timing can't be judged"
        return [unlooked("light", what, "close other programs and try again", **figures), interlock]
    if failed:
        what, do = f"{said}: {'; '.join(failed)}", "use another board or cable; 'wavestim lights test' shows more"
        timed = all(fine or name in TIMED for name, fine in found.checks.items())
        return [(late_red if timed else red)("light", what, do, **figures), interlock]
    dark = "" if found.dark_after_ms is None else f", dark {found.dark_after_ms:.0f} ms after the last heartbeat"
    return [green("light", f"{said}: starts when told, refuses what is late{dark}", **figures), interlock]


def _held_up(found: SelfTest) -> bool:
    """Other programs had this computer while the board was tried."""
    return found.stall_us is not None and found.stall_us.max > HELD_UP_US


def check_board_clock(clock: DeviceClock, now_ns: int, tolerance_us: float) -> Finding:
    """How well the board's clock is known, and whether it jumped."""
    line = clock.fit(now_ns)
    if clock.steps:
        return red(
            "board-clock",
            f"the clock of the board, or of this computer, jumped {clock.steps} times while it was watched",
            "the board resets (supply, cable), or something sets this computer's monotonic clock (a virtual machine that is moved)",
            steps=clock.steps,
        )
    if line is None:
        return late_red(
            "board-clock",
            "the clock of the board is not known: it gives too few answers",
            "another cable, another USB port, no hub",
            steps=0,
        )
    uncertainty_us = line.uncertainty / 1e3
    figures = {"uncertainty_us": uncertainty_us, "tolerance_us": tolerance_us, "rate_ppm": (line.rate - 1) * 1e6, "steps": 0}
    said = f"known to ±{uncertainty_us:.0f} us"
    if uncertainty_us > tolerance_us:
        do = "take another link (docs/clock.md), close other programs, or raise light.clock_tolerance_us"
        return late_red("board-clock", f"{said}, and {tolerance_us:g} are asked for: nothing would be fired", do, **figures)
    if uncertainty_us > tolerance_us / 2:
        return amber(
            "board-clock", f"{said}, of {tolerance_us:g} that are asked for", "it may not hold for long; see docs/clock.md", **figures
        )
    return green("board-clock", said, **figures)


def check_horizon(experiment: Experiment, board: LightInfo, age_ms: float, frequency_hz: float) -> Finding:
    """Is light planned far enough ahead, and not too far to be known?"""
    asked = experiment.trigger.horizon_ms
    needed = age_ms + board_horizon_ms(board)
    horizon = needed if asked == "auto" else float(asked)
    angle = 360 * frequency_hz * horizon / 1e3
    figures = {"needed_ms": needed, "horizon_ms": horizon, "of_a_cycle_deg": angle, "age_ms": age_ms}
    said = f"samples and board need {needed:.1f} ms; light is planned {horizon:.1f} ms ahead, {angle:.0f}° of the wave"
    if horizon < needed:
        return late_red("horizon", f"{said}: it would come too late and stay dark", "trigger.horizon_ms: auto, or more", **figures)
    refractory = experiment.trigger.refractory_ms
    if 0 < refractory < horizon:
        return amber(
            "horizon",
            f"{said}, longer than the refractory time of {refractory:g} ms",
            "pulses overlap their own forecast: raise trigger.refractory_ms",
            **figures,
        )
    if angle > 180:
        return amber(
            "horizon",
            f"{said}: more than half a cycle has to be forecast",
            "a source with less delay (docs/sources.md), or a lower band",
            **figures,
        )
    return green("horizon", said, **figures)


def check_delay(
    experiment: Experiment, frequency_hz: float, measured_ms: float | None, known_ms: float | None, off_ms: float = 3.0
) -> Finding:
    """What of the constant delay of the acquisition is known: arrivals can't show it, and it turns every phase.

    Parameters
    ----------
    experiment : Experiment
    frequency_hz : float
        Of the rhythm.
    measured_ms : float, optional
        From light on to its artefact in the samples, beyond what was taken as known: the loop-back.
    known_ms : float, optional
        The delay of a simulated source or a recording.
    off_ms : float
        By so much may they differ: artefacts are seen to a few samples, a gate to a fraction of one.
    """
    per_ms = 0.36 * frequency_hz
    source = experiment.source
    figures: dict[str, object] = {"deg_per_ms": per_ms, "measured_off_ms": measured_ms}
    if source.fixed_delay_ms is None and known_ms is None:
        if measured_ms is None:
            return amber(
                "delay",
                f"phase offset unmeasured: ±{per_ms:.1f}° for each ms of delay between electrode and source",
                "measure it with a loop-back and write source.fixed_delay_ms; the preflight does with --arm",
                **figures,
            )
        return amber(
            "delay",
            f"phase offset {per_ms * measured_ms:.0f}°: light reaches the samples {measured_ms:.1f} ms after it came on",
            f"source.fixed_delay_ms: {max(0.0, measured_ms):.1f}",
            **figures,
        )
    delay = known_ms if source.fixed_delay_ms is None else source.fixed_delay_ms
    uncertain = source.fixed_delay_uncertainty_ms
    said = f"{delay:g} ms" + (f" ± {uncertain:g} ms: phases are known to ±{per_ms * uncertain:.0f}°" if uncertain else "")
    if measured_ms is not None and abs(measured_ms) > max(off_ms, 3 * uncertain):
        return red(
            "delay",
            f"{said}, but light reaches the samples {measured_ms:+.1f} ms off: {per_ms * measured_ms:+.0f}° of the wave",
            "correct source.fixed_delay_ms",
            **figures,
        )
    if per_ms * uncertain > 30:
        return amber("delay", said, "measure it better: a loop-back", **figures)
    return replace(green("delay", said, **figures), looked=measured_ms is not None)
