"""``wavestim demo``: the whole experiment without hardware."""

from __future__ import annotations

from wavestim.controller.cli import _options as options
from wavestim.controller.cli import output, validate
from wavestim.controller.cli._finish import finish

EXAMPLE = "against-the-wave"


def demo(
    seconds: options.Seconds = 60.0,
    seed: options.Seed = 1,
    out: options.Out = None,
    pace: options.Pace = options.Pace.virtual,
    as_json: options.Json = False,
) -> None:
    """The whole experiment in mock mode: a cortex in silico, the loop, the firmware, the report.

    Runs the packaged experiment against-the-wave: light sweeps over the
    simulated cortex with the wave, against it, or (sham) not at all. The
    report says how exactly it came and what it did.

    \b
    Examples:
      wavestim demo                 a minute of it, faster than real time
      wavestim demo --seconds 300 --seed 7
      wavestim demo --pace real     at the pace of a rig, mock rig as a process
    """
    from wavestim.controller.experiment import load_experiment

    length, drawn = validate.seconds(seconds), validate.seed(seed)
    experiment = load_experiment(EXAMPLE)
    folder = validate.out(out, experiment.name)
    from wavestim.controller.session import run_experiment

    with output.only_json(as_json), output.progress("demo", length) as progress:
        summary = run_experiment(experiment, out=folder, seconds=length, pace=pace.value, seed=drawn, arm=True, progress=progress)
    finish(summary, as_json=as_json)
