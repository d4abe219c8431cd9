"""How exact the phase is that is found afterwards from samples: on simulated sessions, whose truth is known, of all electrodes and of one.

``python scripts/measure_afterwards.py SESSION …``; each a session folder of a simulated cortex (``wavestim run … --mock --pace virtual``).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from wavestim.controller.record.pooling import Pool
from wavestim.controller.record.records import CAME
from wavestim.controller.record.session import open_session
from wavestim.controller.record.truth import first_light, light_in_samples, near_light, pulse_truth, wrap_deg


def measure(path: Path) -> None:
    """Print the errors in one session."""
    session = open_session(path)
    true, pulses = pulse_truth(session), session.pulses[np.isin(session.pulses["verdict"], CAME)]
    decisions, band = session.decisions[pulses["decision"]], tuple(float(f) for f in session.experiment["band_hz"])
    own, samples = pulses["dark"], np.asarray(session.samples[:])
    begin = np.where(own, pulses["fire_sample"], first_light(pulses, decisions))
    after, before = near_light(begin, light_in_samples(session), session.fs_hz)
    errors: dict[tuple[str, str], list[float]] = {}
    for electrodes in ("all electrodes", "one electrode"):
        for i in np.flatnonzero(~after & np.isfinite(true["true_phase_deg"])):
            site, at = int(decisions["site"][i]), float(pulses["fire_sample"][i])
            others = np.delete(np.arange(samples.shape[1]), site) if electrodes == "one electrode" else ()
            pool = Pool(session.positions_mm, session.fs_hz, band, others)
            first = round(at) - pool.half
            unlit = bool(own[i]) and not before[i]
            if first < session.first_sample or first + 2 * pool.half + 1 > session.first_sample + len(samples):
                continue
            around = samples[first - session.first_sample :][: 2 * pool.half + 1]
            seen = pool.look(around, at - first, site, None if unlit else float(begin[i]) - first)
            if seen is not None:
                how = "zero-phase" if unlit else "ends-at-light"
                errors.setdefault((how, electrodes), []).append(float(wrap_deg(seen.phase_deg - true["true_phase_deg"][i])))
    for (how, electrodes), found in sorted(errors.items()):
        r = abs(np.exp(1j * np.radians(found)).mean())
        sd = np.degrees(np.sqrt(-2 * np.log(r)))
        print(f"{path.name}: {how}, {electrodes}: SD {sd:.0f}°, half below {np.median(np.abs(found)):.0f}°, {len(found)} pulses")


if __name__ == "__main__":
    for session in sys.argv[1:]:
        measure(Path(session))
