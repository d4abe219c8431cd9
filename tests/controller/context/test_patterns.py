"""Patterns hold nothing of tokens to come, and decoders nothing of what they are tested on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.planting import scene, trials
from wavestim.controller.context import AssayError
from wavestim.controller.context.decoding import correct, folds, forgetting, train
from wavestim.controller.context.filters import Analytic, analytic, settle_ms
from wavestim.controller.context.information import FEWEST_BLOCKS, tokens_for
from wavestim.controller.context.material import Light, open_material
from wavestim.controller.context.patterns import cut
from wavestim.controller.context.planted import plant
from wavestim.controller.context.readouts import readouts


def saved(path, kind="wave", n=300, change=lambda x: x, **more):
    s = scene()
    p = plant(kind, s, n, 1)
    np.savez(
        path,
        lfp=change(p.samples_uv.astype(np.float32)),
        fs=s.fs_hz,
        positions_mm=s.positions_mm,
        token=p.token,
        token_sample=p.onset,
        **more,
    )
    return path


def test_a_pattern_uses_nothing_after_its_cut(tmp_path):
    whole = cut(open_material(saved(tmp_path / "a.npz")), (4, 48))
    assert (whole.sample[:-1, -1] < open_material(tmp_path / "a.npz").tokens.sample[1:] + 1).all()
    at = int(whole.sample[150, -1])

    def spoilt(x):
        x = x.copy()
        x[at + 1 :] = 1e4
        return x

    other = cut(open_material(saved(tmp_path / "b.npz", change=spoilt)), (4, 48))
    assert (other.trials.pattern[:151] == whole.trials.pattern[:151]).all()
    assert (other.trials.pattern[152:] != whole.trials.pattern[152:]).any()


@settings(max_examples=20)
@given(st.lists(st.integers(0, 200), max_size=5))
def test_the_filter_does_not_care_how_samples_are_cut(cuts):
    x = np.random.default_rng(1).standard_normal((200, 2))
    running = Analytic(500.0, (8, 24), 2)
    parts = [running.push(part) for part in np.split(x, sorted(cuts))]
    assert np.allclose(np.concatenate(parts), analytic(x, 500.0, (8, 24)), atol=1e-12)


def test_the_filter_gives_amplitude_and_phase():
    t = np.arange(2000) / 500
    z = analytic(np.cos(2 * np.pi * 16 * t)[:, None] * 30, 500.0, (8, 24))[1000:, 0]
    assert np.abs(z).mean() == pytest.approx(30, rel=0.1)
    assert np.abs(np.angle(z * np.exp(-2j * np.pi * 16 * t[1000:]))).max() < 0.3


@pytest.mark.parametrize("step", [8192, 421])
def test_samples_that_are_missing_leave_their_tokens_out(tmp_path, step):
    """Also where a block of samples ends between the hole and what the filter remembers of it."""

    def holed(x):
        x = x.copy()
        x[2000:2105] = np.nan
        return x

    material = open_material(saved(tmp_path / "a.npz", change=holed))
    (_, whole), *_ = material.blocks()
    pieces = [(first, whole[first : first + step]) for first in range(0, len(whole), step)]
    cuts = cut(replace(material, blocks=lambda: iter(pieces)), (4, 48))
    remembers = int(np.ceil(settle_ms((4, 48)) * 0.25))
    resting = ((cuts.sample >= 2000) & (cuts.sample < 2105 + remembers)).any(axis=1)
    assert ((cuts.sample[:, 0] >= 2105) & resting).any(), "tokens that only the filter's memory ties to the hole"
    assert cuts.gone[resting].all()
    assert not cuts.gone[~resting & (cuts.sample[:, 0] > 200)].any()


def test_a_pattern_that_holds_the_next_token_is_left_out(tmp_path):
    path = saved(tmp_path / "a.npz")
    with np.load(path) as held:
        data = dict(held)
    early = np.zeros(300, dtype=np.int64)
    early[50::20] = 4  # of 12 samples; the cut at the 11th would hold the token
    data["token_sample"] = data["token_sample"] - early
    np.savez(path, **data)
    cuts = cut(open_material(path), (4, 48))
    assert cuts.gone[49:-1:20].all()
    assert not cuts.trials.usable[49:-1:20].any()
    assert not cuts.gone[50::20].any()


def test_tokens_that_light_may_still_be_seen_in_are_left_out_and_those_after_it_come_back(tmp_path):
    """As long as the memory of a pattern and the filter's, and no longer; light that stayed dark hides nothing."""
    dark = open_material(saved(tmp_path / "a.npz"))
    first, last = np.array([1000.0]), np.array([1005.0])
    whole = cut(dark, (4, 48))
    assert whole.trials.usable.all()
    for shines in (True, False):
        light = Light(first, last, np.array(["lit"]), np.array([not shines]), first)
        usable = cut(replace(dark, light=light), (4, 48)).trials.usable
        after_ms = (whole.sample[:, -1] - first[0]) * 1e3 / dark.fs_hz
        memory_ms = whole.trials.lags * whole.trials.period_ms
        assert usable[after_ms < 0].all()
        assert usable[(after_ms >= 0) & (after_ms < memory_ms)].any() != shines
        assert usable[after_ms > memory_ms + 1000].all()


def test_tokens_at_uneven_intervals_are_refused(tmp_path):
    path = saved(tmp_path / "a.npz")
    with np.load(path) as held:
        data = dict(held)
    data["token_sample"] = data["token_sample"] + np.random.default_rng(1).integers(0, 30, len(data["token"])).cumsum()
    np.savez(path, **data)
    with pytest.raises(AssayError, match="even pace"):
        cut(open_material(path), (4, 48))


@pytest.mark.parametrize("key", ["token", "token_sample"])
def test_a_recording_without_tokens_says_what_is_missing(tmp_path, key):
    path = saved(tmp_path / "a.npz")
    with np.load(path) as held:
        data = {k: v for k, v in held.items() if k != key}
    np.savez(path, **data)
    with pytest.raises(AssayError, match=f"has no '{key}'"):
        open_material(path)


@pytest.mark.parametrize("wrong", [{"token": -2}, {"token_sample": np.nan}])
def test_tokens_that_are_none_are_refused(tmp_path, wrong):
    path = saved(tmp_path / "a.npz")
    with np.load(path) as held:
        data = dict(held)
    for key, value in wrong.items():
        data[key] = data[key].astype(np.float64 if key == "token_sample" else np.int64)
        data[key][-1] = value
    np.savez(path, **data)
    with pytest.raises(AssayError, match="whole numbers from -1"):
        open_material(path)


def test_between_what_trains_and_what_tests_lie_gaps_as_long_as_the_memory():
    for learn, test in folds(200, 7):
        assert np.abs(learn[:, None] - test[None, :]).min() == 8
    assert np.concatenate([test for _, test in folds(200, 7)]).tolist() == list(range(200))


def test_a_decoder_cannot_be_changed_and_its_digest_tells_it_from_another():
    t = trials("wave", scene(), 300, 1)
    every = np.arange(36)
    a, b = (train(t.pattern[:, -1], t.token, 4, 0, every, rows) for rows in (np.arange(150), np.arange(10, 160)))
    assert a.digest == train(t.pattern[:, -1], t.token, 4, 0, every, np.arange(150)).digest != b.digest
    with pytest.raises(ValueError, match="read-only"):
        a.weights[0, 0] = 1.0


def test_tokens_are_read_from_a_memory_and_not_from_nothing():
    curve = forgetting(trials("wave", scene(), 500, 1))
    assert curve.low[0] > 0.5
    assert curve.single[0] < curve.accuracy[0]
    nothing = correct(trials("none", scene(), 500, 1), 0, -1, np.arange(36))
    assert abs(np.nanmean(nothing) - 0.25) < 0.08


def test_the_electrodes_that_the_wave_is_crossing_read_better_than_others():
    s = scene()
    found = readouts(trials("wave", s, 700, 1), s.travel_ms)
    late = (found.age_ms > 20) & (found.age_ms < 70)
    assert (found.gain[late, 1] > 0).all()
    assert (found.crossing > found.shuffled[:, 1])[late].all()


def test_as_few_tokens_as_the_assay_asks_for_are_enough_for_its_read_outs():
    s = scene()
    few = trials("wave", s, tokens_for(4, 4, FEWEST_BLOCKS), 1)
    assert np.isfinite(readouts(few, s.travel_ms).gain).all()
