"""How often the assay's primary statistic is wrong, and whether its power analysis keeps its word, on planted sessions.

    python scripts/measure_assay.py false [--sessions N] [--first-seed S] [--jobs J] [--kinds none,local,…]
    python scripts/measure_assay.py power [--scenes N] [--first-seed S] [--jobs J]
    python scripts/measure_assay.py ties [--sessions N] [--first-seed S] [--jobs J] [--kinds true,tracked,sheet]

``false``: N sessions of each kind without a code of the wave (:mod:`wavestim.controller.context.planted`). Layout, number of electrodes,
direction, speeds, noise and strength are drawn anew for each; the wave's direction is taken to be known to 6 degrees (SD), as the tracker
knows it. Printed: how often p falls below 0.05, with the exact binomial interval, and each of the three questions by itself.
``power``: N scenes with a code. A pilot of 1200 tokens each; the power analysis names a number of tokens; a fresh session of that many is
asked. Printed: how often the answer is yes.
``ties``: N sessions of each kind whose wave knows nothing of the sequence. As the study sequence-waves draws them, its three arms without
a tie by turns: the wave as it was drawn, or tracked from noisy electrodes. And a minute of the simulated cortex, tracked, beside a
sequence that it is not shown. Printed: how often any of all questions gets a corrected p below 0.05, and a single question a p below 0.05.

Nothing in the assay was chosen on the seeds from 100000 on; the figures in docs/context.md are of those.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "build" / "ns"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.stats import binomtest
from wavestim.controller.context.complexity import Tie
from wavestim.controller.context.complexity import ties as ask_ties
from wavestim.controller.context.filters import analytic, settle_ms
from wavestim.controller.context.information import Trials, encode, tokens_for
from wavestim.controller.context.interaction import Interaction, interaction
from wavestim.controller.context.planted import WITHOUT, Planted, Scene, a_scene, plant
from wavestim.controller.context.power import power
from wavestim.controller.context.waves import waves_at
from wavestim.controller.studies import sequence_waves
from wavestim.controller.studies.plan import load_plan
from wavestim.hardware.simulated import CortexConfig, SimulatedRig
from wavestim.hardware.simulated.wiring import grid_mm

BAND_HZ = (4.0, 48.0)
STEP, LAGS = 3, 5
TOKENS = 1200
MOST = 20_000
DIRECTION_SD_DEG = 6.0
HELD_OUT = 100_000
SHEET_HZ, SHEET_STRETCH_S = 500.0, 2


def ask(planted: Planted, scene: Scene, seed: int) -> Interaction:
    """The primary statistic of a planted session, from its samples, with the wave's direction not quite known."""
    turned = np.deg2rad(scene.direction_deg + np.random.default_rng([seed, 3]).normal(0, DIRECTION_SD_DEG))
    travel_ms = scene.positions_mm @ [np.cos(turned), np.sin(turned)] / scene.speed_mm_s * 1e3
    return interaction(encode(cut(planted, scene)), travel_ms, scene.positions_mm, settle_ms(BAND_HZ), seed)


def cut(planted: Planted, scene: Scene) -> Trials:
    """Patterns every 12 ms after each token."""
    z = analytic(planted.samples_uv, scene.fs_hz, BAND_HZ)
    cuts = np.arange(STEP, round(scene.period_ms * scene.fs_hz / 1e3), STEP)
    n = len(planted.token)
    return Trials(
        z[planted.onset[:, None] + cuts], planted.token, np.ones(n, bool), cuts * 1e3 / scene.fs_hz, scene.period_ms, scene.n_tokens, LAGS
    )


def without(job: tuple[str, int]) -> tuple[float, float, float, float]:
    """p and its three parts of one session without a code of the wave."""
    kind, seed = job
    scene = a_scene(np.random.default_rng([seed, 1]))
    found = ask(plant(kind, scene, TOKENS, seed), scene, seed)
    return found.p, found.p_moves, found.p_along, found.p_arrives


def promised(seed: int) -> tuple[int | None, bool | None]:
    """The number that a pilot names, and whether a fresh session of that many tokens says yes."""
    scene = a_scene(np.random.default_rng([seed, 1]))
    pilot = ask(plant("wave", scene, TOKENS, seed), scene, seed)
    needed = power(pilot, TOKENS, tokens_for(scene.n_tokens, LAGS), seed=seed).needed
    if needed is None or needed > MOST:
        return needed, None
    return needed, ask(plant("wave", scene, needed, seed + 50_000_000), scene, seed).p < 0.05


def untied(job: tuple[str, int]) -> tuple[bool, list[bool]]:
    """Whether anything is found in a session without a tie, and by which single questions."""
    kind, seed = job
    p = dict(load_plan("sequence-waves").parameters)
    arms = [asked for asked in p.pop("arms").values() if not asked["follows"]]
    p |= arms[seed % len(arms)]
    found = ask_sheet(p, seed) if kind == "sheet" else ask_study(p, seed, tracked=kind == "tracked")
    return any(tie.p_corrected < 0.05 for tie in found), [tie.p < 0.05 for tie in found]


def ask_study(p: dict[str, Any], seed: int, *, tracked: bool) -> tuple[Tie, ...]:
    """The ties of a session of the study."""
    if not tracked:
        drawn = sequence_waves.drawn(p, seed)
        return ask_ties(sequence_waves.true_waves(p, drawn), drawn.shown, seed)
    heard = sequence_waves.session(p, seed)
    return ask_ties(waves_at(heard, sequence_waves.looked_at(p, heard.tokens.sample)), heard.tokens.sequence, seed)


def ask_sheet(p: dict[str, Any], seed: int) -> tuple[Tie, ...]:
    """The ties of the simulated cortex with a sequence of the study, told faster, that it is not shown."""
    p = {**p, "stretch_s": SHEET_STRETCH_S, "lead_s": 0}
    shown = sequence_waves.told(p, np.random.default_rng([seed, 4]))
    config, xy = CortexConfig(snr_db=10.0), grid_mm(p["side"], p["side"], p["pitch_mm"])
    step = round(p["period_ms"] * SHEET_HZ / 1e3)
    onset = step * np.arange(len(shown))
    with SimulatedRig(config, xy, [[0.0, 0.0]], fs_hz=SHEET_HZ, seed=seed) as rig:
        lfp = rig.read(step * (len(shown) + 1))
    heard = sequence_waves.material(lfp, SHEET_HZ, xy, onset, shown, config.noise_band_hz())
    return ask_ties(waves_at(heard, sequence_waves.looked_at({**p, "fs_hz": SHEET_HZ}, onset)), shown, seed)


def rate(yes: int, n: int) -> str:
    """A part with its exact 95 % binomial interval."""
    span = binomtest(yes, n).proportion_ci()
    return f"{yes / n:.3f} [{span.low:.3f}, {span.high:.3f}] of {n}"


def spread(jobs: list[Any], work: Any, workers: int) -> Iterator[Any]:
    """Results in the order of the jobs."""
    if workers == 1:
        yield from map(work, jobs)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(work, jobs, chunksize=8)


def main() -> None:
    """Measure and print."""
    ask_for = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask_for.add_argument("what", choices=["false", "power", "ties"])
    ask_for.add_argument("--sessions", type=int, default=1000)
    ask_for.add_argument("--scenes", type=int, default=200)
    ask_for.add_argument("--first-seed", type=int, default=HELD_OUT)
    ask_for.add_argument("--jobs", type=int, default=1)
    ask_for.add_argument("--kinds")
    a = ask_for.parse_args()
    began = time.monotonic()
    if a.what == "ties":
        print(f"seeds {a.first_seed} to {a.first_seed + a.sessions - 1}; part of sessions in which something is found")
        for kind in (a.kinds or "true,tracked,sheet").split(","):
            told = list(spread([(kind, a.first_seed + i) for i in range(a.sessions)], untied, a.jobs))
            each = np.mean([one for _, single in told for one in single])
            print(
                f"{kind:8s} {rate(sum(any_ for any_, _ in told), len(told))}   single {each:.3f}   ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
        return
    if a.what == "false":
        print(f"seeds {a.first_seed} to {a.first_seed + a.sessions - 1}, {TOKENS} tokens each; part of sessions with p < 0.05")
        for kind in (a.kinds or ",".join(WITHOUT)).split(","):
            p = np.array(list(spread([(kind, a.first_seed + i) for i in range(a.sessions)], without, a.jobs)))
            yes = (p < 0.05).sum(axis=0)
            alone = ", ".join(f"{name} {y / len(p):.3f}" for name, y in zip(("moves", "along", "arrives"), yes[1:], strict=True))
            print(f"{kind:10s} {rate(int(yes[0]), len(p))}   alone: {alone}   ({time.monotonic() - began:.0f} s)", flush=True)
        return
    found = list(spread([a.first_seed + i for i in range(a.scenes)], promised, a.jobs))
    named = [n for n, _ in found if n is not None]
    tried = [yes for _, yes in found if yes is not None]
    print(
        f"{len(found)} pilots of {TOKENS} tokens, seeds from {a.first_seed}: {len(named)} named a number (median {np.median(named):.0f}),"
    )
    print(f"{len(tried)} of them at most {MOST}; yes at that number: {rate(sum(tried), len(tried))}   ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
