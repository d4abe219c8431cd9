"""Makes every decision of a session again from its samples and input events, and compares bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.record.rows import Samples
from wavestim.controller.record.samples import SampleReader
from wavestim.controller.record.session import open_session
from wavestim.controller.session.again import Again, EventError, assembly_of, events_of
from wavestim.realtime.engine import Engine

BLOCK = 4096


@dataclass(frozen=True)
class VerifyResult:
    """Whether the decisions came out the same.

    Attributes
    ----------
    ok : every decision is the same to the bit.
    n_decisions : how many were compared.
    first_difference : what differs first, in words.
    """

    ok: bool
    n_decisions: int
    first_difference: str | None


def verify_session(path: Path, progress: Callable[[float], None] = lambda seconds: None) -> VerifyResult:
    """Recompute the decisions of a session.

    Parameters
    ----------
    path : Path
        A session folder, finished or not.
    progress : callable
        Called with the seconds of samples done.
    """
    session = open_session(path)
    engine = Engine(assembly_of(session).engine)
    again = Again(engine, events_of(session))
    recorded = session.decisions
    at = 0
    samples = session.samples
    if isinstance(samples, SampleReader):
        samples.tolerant = True  # the decisions say more than a checksum; both are told
    for first, block in samples.stored_blocks(BLOCK):
        try:
            again.process(block, int(first))
        except EventError as error:
            return VerifyResult(False, at, f"decisions from {at} on can't be made again: {error}")
        made = engine.take_decisions()
        made = made[made["sample"] < session.decided_to]  # what was decided after the last commit died with the process
        difference = compare(recorded[at : at + len(made)], made, at)
        if difference:
            return VerifyResult(False, at, "; ".join([difference, *_damage(samples)]))
        at += len(made)
        progress((first + len(block)) / session.fs_hz)
    if at < len(recorded):
        missing = recorded[at]
        return VerifyResult(False, at, f"decision {at} (sample {missing['sample']}) is recorded and was not made again")
    if _damage(samples):
        return VerifyResult(False, at, f"all {at} decisions are the same, but {'; '.join(_damage(samples))}")
    return VerifyResult(True, at, None)


def _damage(samples: Samples) -> list[str]:
    """What is known of damaged samples so far; the first will do."""
    return samples.damaged[:1] if isinstance(samples, SampleReader) else []


def compare(recorded: NDArray[np.void], made: NDArray[np.void], first: int) -> str | None:
    """The first difference in words, or None."""
    for i in range(min(len(recorded), len(made))):
        if recorded[i].tobytes() == made[i].tobytes():
            continue
        for name in made.dtype.names or ():
            if recorded[i][name].tobytes() != made[i][name].tobytes():
                return f"decision {first + i} (sample {made[i]['sample']}): {name} was {recorded[i][name]}, is now {made[i][name]}"
    if len(made) > len(recorded):
        extra = made[len(recorded)]
        return f"decision {first + len(recorded)} (sample {extra['sample']}) is made now and was not recorded"
    return None
