"""The last verdict on every rig, for whoever is about to arm it, in the user's state folder.

It is kept by what of an experiment touches the rig: another seed, name, subject, course or policy has the same verdict. What was red stays
so until a preflight has looked at it again.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wavestim.controller.errors import FALSE, WavestimError
from wavestim.controller.experiment import Experiment, experiment_hash
from wavestim.controller.experiment._course import Schedule, Stop
from wavestim.controller.experiment._trigger import PhaseLocked
from wavestim.controller.preflight.finding import Finding, Level
from wavestim.controller.preflight.machine import check_room, check_speed
from wavestim.controller.preflight.runner import Preflight
from wavestim.controller.session.opening import BYTES_PER_VALUE

OLD_S = 24 * 3600.0
Red = tuple[str, str, str]
"""(check, what, do)."""
USUAL_HZ, USUAL_CHANNELS = 1000.0, 256


class RedError(WavestimError):
    """Something stands against light; says what, and what to do."""

    exit_code = FALSE


@dataclass(frozen=True)
class Verdict:
    """Of an earlier preflight.

    Attributes
    ----------
    level : Level
    at : datetime
    red : of every red check
    """

    level: Level
    at: datetime
    red: tuple[Red, ...]


def folder() -> Path:
    """``$XDG_STATE_HOME/wavestim/preflight``."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "wavestim" / "preflight"


def file_of(experiment: Experiment) -> Path:
    """Where the verdict on an experiment is kept: by all that it says but its name, seed, subject, course and policy."""
    trigger, source = experiment.trigger.model_copy(update={"policy": PhaseLocked()}), experiment.source
    if source.kind == "simulated":
        source = source.model_copy(update={"seed": None})
    same = {"name": "rig", "seed": 1, "subject": None, "schedule": Schedule(), "gate": None, "stop": Stop()}
    return folder() / f"{experiment_hash(experiment.model_copy(update={**same, 'trigger': trigger, 'source': source}))}.json"


def standing(preflight: Preflight, experiment: Experiment) -> list[Red]:
    """What an earlier preflight found red and this one has not looked at."""
    known, looked = last(experiment), {f.check for f in preflight.findings if f.looked}
    return [] if known is None else [red for red in known.red if red[0] not in looked]


def keep(preflight: Preflight, experiment: Experiment) -> Path | None:
    """Write a verdict down; an earlier one is replaced, but for what stands of it. None where nothing can be written."""
    path = file_of(experiment)
    red = [(f.check, f.what, f.do) for f in preflight.findings if f.level == "red"] + standing(preflight, experiment)
    text = {
        "experiment": preflight.experiment,
        "level": "red" if red else preflight.level,
        "at_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "red": [{"check": check, "what": what, "do": do} for check, what, do in red],
    }
    draft = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError:
        return None
    return path


def last(experiment: Experiment) -> Verdict | None:
    """The verdict of the last preflight of this rig; None when there is none that can be read."""
    try:
        told = json.loads(file_of(experiment).read_text(encoding="utf-8"))
        level = told["level"]
        if level not in ("green", "amber", "red"):
            return None
        red = tuple((str(r["check"]), str(r["what"]), str(r["do"])) for r in told["red"])
        at = datetime.fromisoformat(told["at_utc"])
        return Verdict(level, at, red) if at.tzinfo is not None else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def may_arm(experiment: Experiment, sessions: Path, seconds: float) -> str | None:
    """Whether nothing is known to stand against light: the last preflight was not red, and the disk takes the session now.

    Parameters
    ----------
    experiment : Experiment
        As it will run.
    sessions : Path
        Where the session will be.
    seconds : float
        How long it will be.

    Returns
    -------
    str or None
        What is worth saying nevertheless, in a sentence.

    Raises
    ------
    RedError
    """
    known = last(experiment)
    if known is not None and known.level == "red":
        check, what, do = known.red[0] if known.red else ("preflight", "it was red", "look at it again")
        more = f" (and {len(known.red) - 1} more)" if len(known.red) > 1 else ""
        raise RedError(
            f"{experiment.name}: not armed: its preflight of {known.at:%Y-%m-%d %H:%M} UTC was red: {check}: {what}{more}; {do}, "
            "then 'wavestim preflight' again, or run it without --arm"
        )
    values_per_s = _values_per_s(experiment)
    for finding in (check_room(sessions, values_per_s * seconds, seconds), check_speed(sessions, values_per_s * BYTES_PER_VALUE)):
        if finding.level == "red":
            raise RedError(_refused(experiment, finding))
    if known is None:
        return f"no preflight was made of {experiment.name} as it is now; 'wavestim preflight' tries everything before tissue"
    age_s = (datetime.now(UTC) - known.at).total_seconds()
    return f"the preflight of {experiment.name} is {age_s / 3600:.0f} hours old" if age_s > OLD_S else None


def _values_per_s(experiment: Experiment) -> float:
    """Samples times channels a second, as far as the file tells: a source or probe of its own says it only when it is reached."""
    source, probe = experiment.source, experiment.probe
    rate_hz = source.fs_hz if source.kind == "simulated" else USUAL_HZ
    return rate_hz * (probe.rows * probe.columns if probe.kind == "grid" else USUAL_CHANNELS)


def _refused(experiment: Experiment, finding: Finding) -> str:
    return f"{experiment.name}: not armed: {finding.check}: {finding.what}; {finding.do}, or run it without --arm"
