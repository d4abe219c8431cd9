"""The light of a finished session as a table that another session can replay: when, which pattern, or dark. One JSON file, kept with it.

A pulse is in it when it was scheduled, at the time it was scheduled for, unless it never came out (missed, refused, lost on the way).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from wavestim.controller.errors import ExperimentError
from wavestim.controller.plain import plain
from wavestim.controller.record.hashing import decisions_sha256
from wavestim.controller.record.session import Session, open_session
from wavestim.realtime.records import DECISION, MANUAL

FILE = "replayed-light.json"
"""The session's copy of the pulses that it replayed."""
FORMAT = "wavestim replayed light 1"
NEVER_CAME = ("missed", "refused", "lost")
Row = tuple[float, str, int, bool]


@dataclass(frozen=True)
class PulseTable:
    """Pulses of a session.

    Attributes
    ----------
    fs_hz, positions_mm, slots : of that session; slots as its journal has them.
    conditions : names, in the order of its experiment.
    pulses : (samples after the first one, condition, slot, dark), in the order of time.
    seconds : how long it was, what was lost counted.
    origin : its folder and the hash of its decisions.
    """

    fs_hz: float
    positions_mm: list[list[float]]
    slots: list[dict[str, Any]]
    conditions: list[str]
    pulses: list[Row]
    seconds: float
    origin: dict[str, str]

    def text(self) -> str:
        """As it is kept in a file."""
        return json.dumps({"format": FORMAT, **plain(vars(self))}, allow_nan=False)

    @property
    def sha256(self) -> str:
        """Of the pulses and what they fit, wherever they lie."""
        content = {key: value for key, value in vars(self).items() if key != "origin"}
        return hashlib.sha256(json.dumps(plain(content), sort_keys=True, allow_nan=False).encode()).hexdigest()


def read_pulses(place: str | Path) -> PulseTable:
    """The pulses of a finished session, or those that a session keeps as ``replayed-light.json``.

    Raises
    ------
    ExperimentError
        When there is no finished session, it has no pulses, or the file is damaged.
    RecordError
        When its journal can't be read.
    """
    path = Path(place)
    return _of_file(path) if path.is_file() else _of_session(path)


def _of_file(path: Path) -> PulseTable:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format") != FORMAT:
            raise ValueError("of another format")
        table = PulseTable(**data)
        rows = [(float(at), str(condition), int(slot), bool(dark)) for at, condition, slot, dark in table.pulses]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExperimentError(
            f"trigger.policy.session: {path} holds no pulses to replay ({' '.join(str(error).split())}); give a session folder"
        ) from error
    return PulseTable(**{**vars(table), "pulses": rows})


def _of_session(path: Path) -> PulseTable:
    if not path.is_dir():
        raise ExperimentError(f"trigger.policy.session: {path} is not there; give the folder of a finished session")
    session = open_session(path)
    if not (session.meta.get("ended") or session.recovered):
        raise ExperimentError(f"trigger.policy.session: {path} has not come to its end; wait for it, or run wavestim recover {path}")
    rows = _rows(session)
    if not rows:
        raise ExperimentError(f"trigger.policy.session: {path} has no pulses to replay; give a session that gave light")
    return PulseTable(
        fs_hz=session.fs_hz,
        positions_mm=session.positions_mm.tolist(),
        slots=list(session.about.get("slots", ())),
        conditions=[str(c["name"]) for c in session.experiment.get("conditions", ())],
        pulses=rows,
        seconds=(session.samples.shape[0] + sum(max(0, n) for _, n in session.samples.gaps)) / session.fs_hz,
        origin={
            "session": str(path.resolve()),
            "decisions_sha256": decisions_sha256(session.decisions.astype(DECISION, copy=False)),
        },
    )


def _rows(session: Session) -> list[Row]:
    pulses, decisions = session.pulses, session.decisions
    gone = np.isin(pulses["verdict"], NEVER_CAME) & (pulses["reason"] != "session-ended")
    left_out = set(pulses["decision"][gone].tolist())
    first = session.first_sample
    drawn = (decisions["verdict"] == "scheduled") & (decisions["condition"] != MANUAL)
    wanted = [i for i in np.flatnonzero(drawn).tolist() if i not in left_out]
    wanted.sort(key=lambda i: float(decisions["fire_sample"][i]))
    return [(float(d["fire_sample"]) - first, str(d["condition"]), int(d["slot"]), bool(d["dark"])) for d in (decisions[i] for i in wanted)]
