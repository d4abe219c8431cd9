"""Two sessions through the whole loop at virtual pace: one whose light follows the wave, one in which it comes again on other trials.

What is compared is refused as in the assay: a decoder that is not frozen, a sham that is not this light replayed, unequal energy.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.decoding import Decoder
from wavestim.controller.context.filters import settle_ms
from wavestim.controller.context.light import Group, frozen, require_equal_energy, require_frozen, require_replayed
from wavestim.controller.context.lightsession import after, energy_of
from wavestim.controller.context.material import Material, open_material
from wavestim.controller.context.patterns import Cuts, cut, light_within
from wavestim.controller.experiment.controls import as_control
from wavestim.controller.record.hashing import decisions_sha256
from wavestim.controller.record.truth import pulse_truth
from wavestim.controller.session.run import run_experiment
from wavestim.controller.studies.perturbation.rig import CONDITIONS, PAIRS, experiment
from wavestim.realtime.records import DECISION

CLOSED, REPLAYED, DARK = "closed loop", "replayed", "dark"


@dataclass(frozen=True)
class Reading:
    """One session as it is read.

    Attributes
    ----------
    cuts : its patterns.
    asked : by condition, the first token after each pulse whose pattern is clear of the artefact.
    pulse : by condition, (pulses,) index of the pulse of each asked token into ``truth``.
    truth : rows of ``PULSE_TRUTH`` of all pulses, dark ones included.
    condition, dark : (pulses,) of these.
    """

    cuts: Cuts
    asked: Mapping[str, NDArray[np.int64]]
    pulse: Mapping[str, NDArray[np.int64]]
    truth: NDArray[np.void]
    condition: NDArray[np.str_]
    dark: NDArray[np.bool_]


@dataclass(frozen=True)
class Pair:
    """Both sessions, the decoders that were frozen before light was looked at, and the energy of a pulse by condition."""

    closed: Reading
    replayed: Reading
    decoders: tuple[Decoder, ...]
    energy_mj_mm2: Mapping[str, float]


@contextmanager
def two_sessions(p: Mapping[str, Any], seed: int) -> Iterator[tuple[Material, Material]]:
    """Run both and give them as long as their folders last."""
    with tempfile.TemporaryDirectory(prefix="wavestim-study-") as folder:
        lit, sham = Path(folder, "lit"), Path(folder, "sham")
        asked = experiment(p, seed)
        _run(asked, lit, p["seconds"])
        _run(as_control(asked, "replayed", str(lit)), sham, p["seconds"])
        yield open_material(lit), open_material(sham)


def _run(asked: Any, out: Path, seconds: float) -> None:
    def kept(folder: Path) -> dict[str, Any]:
        return {}

    run_experiment(asked, out=out, seconds=seconds, pace="virtual", seed=None, arm=True, progress=lambda done: None, finish=kept)


def read(p: Mapping[str, Any], lit: Material, sham: Material) -> Pair:
    """Cut, train and freeze, refuse what can't be compared.

    Raises
    ------
    AssayError
    """
    band, lags = (float(p["read_hz"][0]), float(p["read_hz"][1])), int(p["lags"])
    closed, replayed = (_reading(m, cut(m, band, lags), band) for m in (lit, sham))
    decoders = frozen(closed.cuts.trials, range(lags))
    assert lit.session is not None
    require_replayed(lit.experiment, sham.experiment, decisions_sha256(lit.session.decisions.astype(DECISION, copy=False)))
    groups = _groups(closed, lit, decoders, "") | _groups(replayed, sham, decoders, REPLAYED)
    trials = closed.cuts.trials
    memory = (trials.lags * trials.period_ms + settle_ms(band)) * lit.fs_hz / 1e3
    require_frozen(groups, trials, light_within(lit, closed.cuts.sample[:, -1], memory))
    require_equal_energy(groups, [(name, name + REPLAYED) for name in CONDITIONS] + list(PAIRS))
    return Pair(closed, replayed, decoders, {name: groups[name].energy_mj_mm2 for name in CONDITIONS})


def _groups(reading: Reading, material: Material, decoders: tuple[Decoder, ...], suffix: str) -> dict[str, Group]:
    assert material.session is not None
    return {
        name + suffix: Group(reading.cuts.trials, reading.asked[name], decoders, energy_of(material.session, name)) for name in CONDITIONS
    }


def _reading(material: Material, cuts: Cuts, band: tuple[float, float]) -> Reading:
    session, light = material.session, material.light
    assert session is not None
    truth = pulse_truth(session)
    of = session.decisions[truth["decision"]]
    settle = settle_ms(band) * material.fs_hz / 1e3
    asked, pulse = {}, {}
    for name in CONDITIONS:
        mine = np.flatnonzero((light.condition == name) & ~light.dark)
        token = np.array([next(iter(after(cuts, light.last[i : i + 1] + settle)), -1) for i in mine], dtype=np.int64)
        mine, token = mine[token >= 0], token[token >= 0]
        at = np.array([np.argmin(np.abs(of["fire_sample"] - light.site_sample[i])) for i in mine], dtype=np.int64)
        asked[name], pulse[name] = token, at
    return Reading(cuts, asked, pulse, truth, of["condition"].astype(str), of["dark"].astype(bool))
