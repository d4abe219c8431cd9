"""How much is run: the recordings of each section, for a full run and for a quick one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from wavestim.controller.bench.scenes import GENERATORS, KINDS, Generator, Kind, Spec


@dataclass(frozen=True)
class Plan:
    """Sizes of a run.

    Attributes
    ----------
    seconds : length of a synthetic recording, 4 s to learn from included.
    seeds : what the tables are made from.
    tuning_seeds : what the peers' settings are chosen on; never the former.
    snrs_db, generators, kinds : crossed with each other.
    """

    seconds: float
    seeds: tuple[int, ...]
    tuning_seeds: tuple[int, ...]
    snrs_db: tuple[float, ...]
    tuning_snrs_db: tuple[float, ...]
    generators: tuple[Generator, ...] = GENERATORS
    kinds: tuple[Kind, ...] = KINDS

    def specs(self) -> list[Spec]:
        """Kinds of waves at every SNR."""
        return [
            Spec(generator, kind, snr_db, seed, self.seconds)
            for kind, snr_db, generator, seed in product(self.kinds, self.snrs_db, self.generators, self.seeds)
        ]

    def tuning_specs(self) -> list[Spec]:
        """Plane waves: what plane fits are made for, and for what looks at single channels all kinds are alike."""
        return [
            Spec(generator, "planar", snr_db, seed, self.seconds)
            for generator, snr_db, seed in product(self.generators, self.tuning_snrs_db, self.tuning_seeds)
        ]


FULL = Plan(seconds=20.0, seeds=(1, 2, 3), tuning_seeds=(1001,), snrs_db=(-5.0, 0.0, 5.0, 10.0), tuning_snrs_db=(0.0, 10.0))
QUICK = Plan(seconds=10.0, seeds=(1,), tuning_seeds=(1001,), snrs_db=(0.0, 10.0), tuning_snrs_db=(5.0,))
