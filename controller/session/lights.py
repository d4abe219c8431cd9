"""The light driver that an experiment names: what is known of it at a desk, and the driver itself, at its port or at that of a stand-in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from wavestim.controller.experiment import Experiment, is_mock
from wavestim.controller.experiment import Light as LightPart
from wavestim.hardware.lights import Light, LightInfo, known_info, open_light


def info_at_desk(part: LightPart, ours: LightInfo | None = None) -> LightInfo | None:
    """What the board of an experiment can do, as far as that is known without one; None when only the board can say it.

    Parameters
    ----------
    part : Light
        Of the experiment.
    ours : LightInfo, optional
        Of our firmware.
    """
    if part.kind == "thorlabs-dc4100" and part.gated_by is not None:
        gate = info_at_desk(part.gated_by, ours)
        return gate and replace(gate, n_sites=min(gate.n_sites, len(part.currents_ma)), graded=False)
    with_ours = part.kind == "cyclops" and part.firmware == "wavelight"
    return ours if with_ours else known_info(part.kind) or ours


@contextlib.contextmanager
def opened_light(experiment: Experiment, *, pty: str = "", level_pty: str = "") -> Iterator[Light]:
    """Open the light of an experiment; it is dark and closed at the end.

    Parameters
    ----------
    experiment : Experiment
    pty, level_pty : str
        Ports that the mock rig serves, in place of ``mock``: of the board, and of the level-only light that it gates.

    Raises
    ------
    LightError
        One sentence: what, where, what would be right.
    """
    part = experiment.light
    with contextlib.ExitStack() as stack:
        if part.kind == "thorlabs-dc4100":
            assert part.gated_by is not None  # the file is refused without
            gate = _open(part.gated_by, pty)
            stack.callback(gate.close)
            port = level_pty if is_mock(part) else part.port
            light = open_light(part.kind, port=port, gate=gate, currents_ma=part.currents_ma)
        else:
            light = _open(part, pty)
        stack.callback(light.close)
        yield light


def _open(part: LightPart, pty: str) -> Light:
    """Keys of the file are keys of the driver, but for those that are not set or are the session's own."""
    if part.kind == "simulated":
        return open_light("wavelight", port=pty)
    told = part.model_dump(exclude={"kind", "clock_tolerance_us"})
    keys: dict[str, Any] = {name: value for name, value in told.items() if value is not None}
    return open_light(part.kind, **(keys | {"port": pty} if is_mock(part) else keys))
