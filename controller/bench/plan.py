"""How much is run: the recordings of each section, for a full run and for a quick one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TypedDict

from wavestim.controller.bench.scenes import GENERATORS, Change, Generator, Kind, Noise, Spec, Waveform

WAVES: tuple[Kind, ...] = ("planar", "rotating", "source", "switching", "synchronous")
NOISES: tuple[Noise, ...] = ("typical", "flat", "steep", "hum")


class Variation(TypedDict, total=False):
    """What may be another value in a spec."""

    shared: float
    noise: Noise
    waveform: Waveform
    speed_factor: float
    changes: Change


VARIATIONS: dict[str, Variation] = {
    "as above (30 % shared noise)": {},
    "no shared noise": {"shared": 0.0},
    "60 % shared noise": {"shared": 0.6},
    "flat noise": {"noise": "flat"},
    "steep noise": {"noise": "steep"},
    "mains hum": {"noise": "hum"},
    "sharp waveform": {"waveform": "sharp"},
    "half the speed": {"speed_factor": 0.5},
    "three times the speed": {"speed_factor": 3.0},
    "the wave changes": {"changes": "wave"},
    "the noise changes": {"changes": "noise"},
    "wave and noise change": {"changes": "both"},
}
"""Plane waves, each with one thing changed."""
BRIEFLY = (
    "as above (30 % shared noise)",
    "60 % shared noise",
    "sharp waveform",
    "three times the speed",
    "the noise changes",
    "wave and noise change",
)


@dataclass(frozen=True)
class Plan:
    """Sizes of a run.

    Attributes
    ----------
    seconds : length of a synthetic recording, 4 s to learn from included.
    seeds : what the tables are made from.
    tuning_seeds : what the peers' settings are chosen on; never the former.
    snrs_db, tuning_snrs_db, variation_snrs_db, variation_seeds : of waves, of tuning, of variations.
    changes : which of :data:`VARIATIONS`.
    noises : spectra of recordings without a wave.
    channels : sizes of array whose cost is measured.
    repeats : of a measurement of time, the best counts.
    recording_s : what is used of a real recording.
    """

    seconds: float
    seeds: tuple[int, ...]
    tuning_seeds: tuple[int, ...]
    snrs_db: tuple[float, ...]
    tuning_snrs_db: tuple[float, ...]
    variation_snrs_db: tuple[float, ...]
    variation_seeds: tuple[int, ...]
    changes: tuple[str, ...]
    noises: tuple[Noise, ...]
    channels: tuple[int, ...]
    repeats: int
    recording_s: float
    generators: tuple[Generator, ...] = GENERATORS
    kinds: tuple[Kind, ...] = WAVES

    def waves(self) -> list[Spec]:
        """Kinds of waves at every SNR."""
        return [
            Spec(generator, kind, snr_db, seed, self.seconds)
            for kind, snr_db, generator, seed in product(self.kinds, self.snrs_db, self.generators, self.seeds)
        ]

    def variations(self) -> list[tuple[str, Spec]]:
        """Plane waves with one thing changed at a time, by the name of the change."""
        plain = [
            Spec(generator, "planar", snr_db, seed, self.seconds)
            for snr_db, generator, seed in product(self.variation_snrs_db, self.generators, self.variation_seeds)
        ]
        return [(name, replace(spec, **VARIATIONS[name])) for name in self.changes for spec in plain]

    def silence(self) -> list[Spec]:
        """Noise without a wave."""
        return [
            Spec(generator, "none", 0.0, seed, self.seconds, noise=noise)
            for generator, noise, seed in product(self.generators, self.noises, self.seeds)
        ]

    def tuning(self) -> list[Spec]:
        """Plane waves: what plane fits are made for, and for what looks at single channels all kinds are alike."""
        return [
            Spec(generator, "planar", snr_db, seed, self.seconds)
            for generator, snr_db, seed in product(self.generators, self.tuning_snrs_db, self.tuning_seeds)
        ]


FULL = Plan(
    seconds=20.0, seeds=(1, 2, 3), tuning_seeds=(1001,), snrs_db=(-5.0, 0.0, 5.0, 10.0), tuning_snrs_db=(0.0, 10.0),
    variation_snrs_db=(0.0, 10.0), variation_seeds=(11, 12), changes=tuple(VARIATIONS), noises=NOISES,
    channels=(16, 64, 100, 256, 1024, 4096), repeats=7, recording_s=60.0,
)  # fmt: skip
QUICK = Plan(
    seconds=10.0, seeds=(1,), tuning_seeds=(1001,), snrs_db=(0.0, 10.0), tuning_snrs_db=(5.0,),
    variation_snrs_db=(5.0,), variation_seeds=(11,), changes=BRIEFLY, noises=("typical",),
    channels=(16, 100, 1024), repeats=3, recording_s=10.0,
)  # fmt: skip
