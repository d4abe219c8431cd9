"""The truth of a synthetic recording is true: its SNR, its phase, its direction."""

import numpy as np
import pytest
from scipy.signal import hilbert
from wavestim.controller.bench.metrics import rms_deg, wrap
from wavestim.controller.bench.plan import FULL, QUICK
from wavestim.controller.bench.scenes import GENERATORS, SIGNAL_UV, Spec, in_band_power, make_scene

SECONDS = 6.0


def wave_and_noise(spec):
    """The parts of a recording: noise that a 300 dB weaker one leaves out is none."""
    scene = make_scene(spec)
    wave = make_scene(Spec(**{**spec.__dict__, "snr_db": 300.0})).lfp.astype(float)
    return scene, wave, scene.lfp - wave


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("kind", ["planar", "rotating"])
def test_the_snr_is_the_one_asked_for(generator, kind):
    for snr_db in (-5.0, 10.0):
        scene, wave, noise = wave_and_noise(Spec(generator, kind, snr_db, 3, SECONDS))
        powers = [in_band_power(x, scene.band_hz, scene.fs_hz) for x in (wave, noise)]
        assert 10 * np.log10(powers[0] / powers[1]) == pytest.approx(snr_db, abs=0.05)


@pytest.mark.parametrize("generator", GENERATORS)
def test_phase_0_is_the_positive_peak_and_phase_grows(generator):
    scene, wave, _ = wave_and_noise(Spec(generator, "planar", 0.0, 1, SECONDS))
    middle = slice(500, -500)
    analytic = hilbert(wave, axis=0)[middle]
    assert rms_deg(np.angle(analytic) - scene.phase[middle]) < 6
    assert np.all(np.median(wrap(np.diff(scene.phase, axis=0)), axis=0) > 0)
    assert 0.7 * SIGNAL_UV < np.median(np.abs(analytic) / scene.amplitude[middle]) < 1.3 * SIGNAL_UV


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_plane_wave_travels_along_its_direction(generator):
    """phi = omega t - k r: farther along the heading the phase is behind, by omega over speed a mm."""
    scene = make_scene(Spec(generator, "planar", 0.0, 2, SECONDS))
    heading = np.radians(scene.direction_deg)
    along = np.cos(heading)[:, None] * scene.positions_mm[:, 0] + np.sin(heading)[:, None] * scene.positions_mm[:, 1]
    lag = wrap(scene.phase - np.angle(np.mean(np.exp(1j * scene.phase), axis=1, keepdims=True)))
    slope = np.sum((along - along.mean(axis=1, keepdims=True)) * lag, axis=1) / np.sum(
        (along - along.mean(axis=1, keepdims=True)) ** 2, axis=1
    )
    omega = np.median(wrap(np.diff(scene.phase[:, 0]))) * scene.fs_hz
    assert np.all(slope < 0)
    np.testing.assert_allclose(np.median(-slope), omega / np.median(scene.speed_mm_s), rtol=0.1)


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_source_sends_its_wave_outwards_and_a_rotating_wave_turns_once(generator):
    source = make_scene(Spec(generator, "source", 0.0, 1, SECONDS))
    outside = np.argsort(np.hypot(*source.positions_mm.T))
    relative = wrap(source.phase[:, outside[-8:]] - source.phase[:, outside[:1]])
    assert np.mean(relative < 0) > 0.9
    turning = make_scene(Spec(generator, "rotating", 0.0, 1, SECONDS))
    rim = np.flatnonzero(np.hypot(*turning.positions_mm.T) > 0.75 * np.abs(turning.positions_mm).max())
    rim = rim[np.argsort(np.arctan2(*turning.positions_mm[rim].T[::-1]))]
    round_once = wrap(np.diff(turning.phase[:, [*rim, rim[0]]], axis=1)).sum(axis=1)
    assert np.abs(np.median(round_once)) == pytest.approx(2 * np.pi, abs=1e-6)


@pytest.mark.parametrize("generator", GENERATORS)
def test_what_a_spec_changes(generator):
    plain = Spec(generator, "planar", 0.0, 5, SECONDS)
    scene = make_scene(plain)
    np.testing.assert_array_equal(scene.lfp, make_scene(plain).lfp)
    assert not np.array_equal(scene.lfp, make_scene(Spec(generator, "planar", 0.0, 6, SECONDS)).lfp)
    silent, wave, _ = wave_and_noise(Spec(generator, "none", 0.0, 5, SECONDS))
    assert np.isnan(silent.direction_deg).all()
    assert silent.lfp.std() > 10
    assert np.abs(wave).max() < 1e-9
    switching = make_scene(Spec(generator, "switching", 0.0, 5, 12.0))
    assert len(set(switching.kind.tolist())) >= 3
    changed = make_scene(Spec(generator, "planar", 0.0, 5, SECONDS, changes="wave"))
    before, after = changed.direction_deg[: changed.evaluate_from], changed.direction_deg[changed.evaluate_from :]
    turned = wrap(np.radians(np.median(after) - np.median(before)))
    assert abs(turned) > 0.5
    assert rms_deg(changed.phase[: changed.evaluate_from] - scene.phase[: changed.evaluate_from]) < 3


def test_the_seeds_of_tables_are_not_those_that_settings_were_chosen_on():
    for plan in (FULL, QUICK):
        assert not set(plan.tuning_seeds) & {*plan.seeds, *plan.variation_seeds}
        assert len(plan.variations()) == len(plan.changes) * len(plan.variation_snrs_db) * len(plan.variation_seeds) * len(plan.generators)
