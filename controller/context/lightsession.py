"""The effect of light on the context from sessions: which tokens are asked after which pulses, at what energy, against what.

Lit conditions of one session are compared with each other. Light that follows the wave is compared with the same light replayed on
other trials, a session of its own (``--sham``). A dark sham is not compared with light: it would tell what light does by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from wavestim.controller.context.decoding import Decoder, Integers
from wavestim.controller.context.errors import AssayError
from wavestim.controller.context.filters import settle_ms
from wavestim.controller.context.information import Trials
from wavestim.controller.context.light import Effect, Group, effects, frozen, require_equal_energy, require_frozen, require_replayed
from wavestim.controller.context.material import Material
from wavestim.controller.context.patterns import Cuts, light_within
from wavestim.controller.record.dose import entries_of
from wavestim.controller.record.hashing import decisions_sha256
from wavestim.controller.record.session import Session
from wavestim.controller.report._session import CATCH, join
from wavestim.realtime.records import DECISION

REPLAYED = " (replayed)"


def light_effects(
    material: Material, cuts: Cuts, band_hz: tuple[float, float], sham: tuple[Material, Cuts] | None, seed: int = 1
) -> tuple[Effect, ...]:
    """Differences between conditions; nothing when a session gave no light.

    Raises
    ------
    AssayError
        When there is nothing that light may be compared with, or one of the three refusals of :mod:`wavestim.controller.context.light`.
    """
    lit = [name for name in np.unique(material.light.condition[~material.light.dark]).tolist() if not name.endswith(CATCH)]
    if not lit or material.session is None:
        return ()
    if sham is None and len(lit) < 2:
        raise AssayError(
            f"'{lit[0]}' has nothing to be compared with: a dark sham tells what light does by itself. Run the same light replayed on "
            f"other trials (wavestim run SESSION --policy replayed) and give that session with --sham"
        )
    if sham is not None:
        if sham[0].session is None:
            raise AssayError("--sham takes a session; a recording does not say what light there was")
        its = decisions_sha256(material.session.decisions.astype(DECISION, copy=False))
        require_replayed(material.experiment, sham[0].experiment, its)
    trials = cuts.trials
    decoders = frozen(trials, range(trials.lags))
    groups = {name: _group(material, cuts, name, band_hz, decoders) for name in lit}
    pairs: list[tuple[str, str]] = list(combinations(lit, 2))
    if sham is not None:
        groups |= {name + REPLAYED: _group(sham[0], sham[1], name, band_hz, decoders) for name in lit}
        pairs = [(name, name + REPLAYED) for name in lit]
    seen_light = light_within(material, cuts.sample[:, -1], trials.lags * _period(trials, material) + _settle(material, band_hz))
    require_frozen(groups, trials, seen_light)
    require_equal_energy(groups, pairs)
    return effects(groups, pairs, seed)


def _group(material: Material, cuts: Cuts, name: str, band_hz: tuple[float, float], decoders: Sequence[Decoder]) -> Group:
    light = material.light
    mine = (light.condition == name) & ~light.dark
    asked = after(cuts, light.last[mine] + _settle(material, band_hz))
    assert material.session is not None
    return Group(cuts.trials, asked, decoders, energy_of(material.session, name))


def after(cuts: Cuts, sample: NDArray[np.float64]) -> Integers:
    """The first token, for each of these samples, whose last cut lies at or after it; those without one are left out."""
    token = np.searchsorted(cuts.sample[:, -1], sample)
    token = token[token < len(cuts.sample)]
    return np.asarray(token[~cuts.gone[token]], dtype=np.int64)


def energy_of(session: Session, condition: str) -> float:
    """Mean energy of a lit pulse of this condition that came out, mJ/mm2 summed over LEDs."""
    pulses = join(session)
    slots = session.about.get("slots", ())
    rows = session.decisions[pulses.decision[pulses.lit & (pulses.condition == condition)]]
    given = [sum(width * irradiance for _, width, irradiance in entries_of(slots, int(d["slot"]))) for d in rows]
    return float(np.mean(given)) if given else 0.0


def _period(trials: Trials, material: Material) -> float:
    return trials.period_ms * material.fs_hz / 1e3


def _settle(material: Material, band_hz: tuple[float, float]) -> float:
    return settle_ms(band_hz) * material.fs_hz / 1e3
