"""The last verdict on every experiment, for whoever is about to arm it: kept by the experiment's hash in the user's state folder."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from wavestim.controller.errors import FALSE, WavestimError
from wavestim.controller.experiment import Experiment, experiment_hash
from wavestim.controller.preflight.finding import Finding, Level
from wavestim.controller.preflight.machine import check_room, check_speed
from wavestim.controller.preflight.runner import Preflight
from wavestim.controller.session.opening import BYTES_PER_VALUE

OLD_S = 24 * 3600.0
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
    red : (check, what, do) of every red check
    """

    level: Level
    at: datetime
    red: tuple[tuple[str, str, str], ...]


def folder() -> Path:
    """``$XDG_STATE_HOME/wavestim/preflight``."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "wavestim" / "preflight"


def keep(preflight: Preflight) -> Path | None:
    """Write a verdict down; an earlier one of the same experiment is replaced. None where nothing can be written."""
    path = folder() / f"{preflight.sha256}.json"
    red = [{"check": f.check, "what": f.what, "do": f.do} for f in preflight.findings if f.level == "red"]
    text = {
        "experiment": preflight.experiment,
        "level": preflight.level,
        "at_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "red": red,
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
    """The verdict of the last preflight of this very experiment; None when there is none that can be read."""
    try:
        told = json.loads((folder() / f"{experiment_hash(experiment)}.json").read_text(encoding="utf-8"))
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
