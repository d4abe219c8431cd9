"""``wavestim run``: an experiment, on the rig or on the mock rig."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output, validate
from wavestim.controller.cli._finish import finish
from wavestim.controller.cli.confirm import second_step


def run(
    experiment: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="A YAML file, the name of a packaged example, or a session.", show_default=False)
    ],
    mock: Annotated[
        bool, typer.Option("--mock", help="Simulated cortex, and simulated light or a stand-in for its board, whatever the file says.")
    ] = False,
    arm: Annotated[bool, typer.Option("--arm", help="Allow real light. Simulated light arms by itself.")] = False,
    policy: Annotated[
        options.Policy | None,
        typer.Option(
            "--policy",
            help="Another policy than the file's, as a control. replayed: EXPERIMENT is a session, whose light comes once more.",
            show_default=False,
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            metavar="S",
            help="Length, counted from the first sample, warm-up included. Default: what the file says (schedule, stop), otherwise 60.",
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = None,
    pace: Annotated[
        options.Pace | None, typer.Option(help="Default: virtual when all is simulated, otherwise real.", show_default=False)
    ] = None,
    cpu: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Core for the engine's thread, at real pace; default: any.", show_default=False)
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="What is armed waits for RUN from whoever is attached and in control; at real pace.")
    ] = False,
    out: options.Out = None,
    as_json: options.Json = False,
) -> None:
    """Run an experiment.

    The file is checked whole before anything starts: what it asks for, and
    that no light it could make breaks a limit. Real light takes two steps:
    --arm, and Enter on the terminal once the rig is ready. What is armed
    and idle for safety.disarm_after_s is disarmed. --arm is refused when the
    last preflight of this experiment was red, or the disk is too slow or full.

    \b
    Examples:
      wavestim run against-the-wave --mock --seconds 120
      wavestim run my-experiment.yaml --mock      rehearse at a desk
      wavestim run my-experiment.yaml             on the rig, dark: no light without --arm
      wavestim run my-experiment.yaml --arm --seconds 1800 --out mouse-12/day-3
      wavestim run mouse-12/day-3 --policy replayed --arm --out mouse-12/day-4
    """
    from wavestim.controller.experiment import is_mock, load_experiment, mocked, unmeasured
    from wavestim.controller.experiment.controls import as_control, length_s

    drawn = validate.seed(seed)
    asked = load_experiment(experiment)
    ready = mocked(asked) if mock else asked
    ready = ready if policy is None else as_control(ready, policy.value, experiment)
    length = validate.seconds(length_s(ready) if seconds is None else seconds)
    safe, simulated = is_mock(ready.light), ready.light.kind == "simulated"
    chosen = pace or (options.Pace.virtual if simulated and ready.source.kind in ("simulated", "file") else options.Pace.real)
    if chosen is options.Pace.virtual and not simulated:
        raise validate.ArgumentError(
            f"--pace virtual: {ready.light.kind} light runs in real time; leave --pace out{'' if mock else ', or add --mock'}"
        )
    if wait and chosen is not options.Pace.real:
        raise validate.ArgumentError("--wait: nobody can attach to a session at virtual pace; add --pace real")
    if not (safe or arm):
        output.say("[yellow]Not armed: the wave is followed and recorded, nothing is decided and all stays dark. Add --arm for light.[/]")
    elif not safe and (believed := unmeasured(ready)):
        output.say(f"[yellow]{believed}.[/]")
    folder = validate.out(out, ready.name if policy is None else f"{ready.name}-{policy.value}")
    if arm:
        from wavestim.controller.preflight.kept import may_arm

        warning = may_arm(ready, folder, length)
        if warning is not None and not safe:
            output.say(f"[yellow]{escape(warning)}[/]")
    from wavestim.controller.session import run_experiment
    from wavestim.controller.session.arming import idle_limit_s
    from wavestim.controller.session.rights import refusals

    if chosen is options.Pace.real and (refused := refusals()):
        output.say(
            f"[yellow]Best effort: {', '.join(refused)}. What comes late is missed, never fired late; docs/live.md says what to allow.[/]"
        )
    go = (lambda: False) if wait else (lambda: True) if safe else second_step(idle_limit_s(ready))
    with output.only_json(as_json), output.progress(ready.name, length) as progress:
        summary = run_experiment(
            ready, out=folder, seconds=length, pace=chosen.value, seed=drawn, arm=arm or safe, progress=progress, go=go, cpu=cpu
        )
    finish(summary, as_json=as_json)
