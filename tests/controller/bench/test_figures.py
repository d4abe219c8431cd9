"""Figures of errors on cases worked out by hand, and tables that mark who is best."""

import numpy as np
import pytest
from support.clean_wave import FREQUENCY_HZ, clean
from wavestim.controller.bench import certainty, kinds, metrics
from wavestim.controller.bench.accuracy import true_phase
from wavestim.controller.bench.peers import PEERS
from wavestim.controller.bench.plain_tick import PlainTick
from wavestim.controller.bench.pool import run_jobs
from wavestim.controller.bench.scenes import Spec, make_scene
from wavestim.controller.bench.tables import mark, table
from wavestim.controller.bench.tuning import choose
from wavestim.realtime import track


def test_errors_of_phase_are_those_of_angles():
    assert metrics.rms_deg([np.pi - 0.1 + np.pi + 0.1]) == pytest.approx(0, abs=1e-9)
    assert metrics.rms_deg(np.radians([3.0, -4.0])) == pytest.approx(np.sqrt(12.5))
    assert metrics.rms_deg(np.random.default_rng(0).uniform(-np.pi, np.pi, 100_000)) == pytest.approx(104, abs=0.5)  # chance


def test_errors_of_direction_go_round_and_speeds_are_ratios():
    truth = np.array([179.0, np.nan, -90.0])
    assert metrics.direction_error_deg([-179.0, 0.0, -86.0], truth) == pytest.approx(3)
    assert metrics.speed_ratio([100.0, 1.0, 300.0], [100.0, np.nan, 200.0]) == pytest.approx(1.25)
    assert np.isnan(metrics.direction_error_deg([1.0], [np.nan]))


def test_a_calibrated_prediction_is_found_calibrated_and_an_overconfident_one_is_not():
    rng = np.random.default_rng(1)
    predicted = rng.uniform(5, 60, 200_000)
    error = np.radians(predicted) * rng.standard_normal(len(predicted))
    half = len(error) // 2
    pooled = [certainty.sketch(predicted[:half], error[:half]), certainty.sketch(predicted[half:], error[half:])]
    for promised, achieved in certainty.deciles(pooled):
        assert achieved == pytest.approx(promised, rel=0.03)
    for promised, achieved in certainty.deciles([certainty.sketch(predicted, 2 * error)]):
        assert achieved == pytest.approx(2 * promised, rel=0.06)


def test_deciles_share_out_a_prediction_that_never_changes():
    pairs = certainty.deciles([certainty.sketch(np.full(1000, 180.0), np.zeros(1000))])
    assert len(pairs) == certainty.DECILES
    assert {round(p) for p, _ in pairs} == {180}


def test_ticks_are_counted_by_true_and_reported_kind():
    truth, said = np.array(["planar", "planar", "source"]), np.array(["planar", "none", "source"])
    spec = {"kind": "switching", "snr_db": 0.0}
    (row,) = kinds.figures([{"spec": spec, "kinds": metrics.confusion(truth, said)}])
    assert row["right"] == pytest.approx(2 / 3)
    assert row["said"]["none"] == pytest.approx(1 / 3)
    silent = {"spec": {"generator": "bouts", "noise": "flat"}, "sure": 0.25, "kinds": {"none": {"none": 6, "undetermined": 1, "planar": 3}}}
    (claim,) = kinds.false_claims([silent])
    assert (claim["claimed"], claim["sure"]) == pytest.approx((0.3, 0.25))


def test_the_true_phase_between_two_samples():
    scene = clean(seconds=5.0)
    found = true_phase(scene, np.array([100.5]))
    np.testing.assert_allclose(metrics.wrap(found - scene.phase[100] - np.pi * FREQUENCY_HZ / scene.fs_hz), 0, atol=1e-9)


def test_the_best_is_marked_and_an_arrow_says_when_it_is_a_peer():
    assert mark(["7", "9"], [7, 9], ours=0) == ["**7**", "9"]
    assert mark(["7", "6", ""], [7, 6, float("nan")], ours=0) == ["7", "**6** <", ""]
    assert table(["a", "bb"], [["1", "2"]]).splitlines() == ["| a | bb |", "| - | -- |", "| 1 | 2  |"]


def test_settings_are_chosen_by_the_mean_over_recordings():
    method = PEERS[0]
    losses = [[[3.0] * len(method.grid)], [[5.0] * len(method.grid)]]
    losses[0][0][2], losses[1][0][1] = 1.0, 4.5
    assert choose([method], losses) == {method.name: method.grid[2]}


def test_work_comes_back_in_order_from_one_process_and_from_two():
    jobs = [(divmod, (n, 3)) for n in range(5)]
    seen = []
    assert run_jobs(jobs, 1, seen.append) == run_jobs(jobs, 2, lambda n: None) == [divmod(n, 3) for n in range(5)]
    assert seen == [1, 2, 3, 4, 5]


def test_the_plain_tick_does_the_trackers_job():
    """A yardstick for speed that computed something else would be none."""
    scene = make_scene(Spec("bouts", "planar", 5.0, 1, seconds=6.0))
    w = track(scene.lfp, scene.fs_hz, scene.positions_mm, scene.band_hz)
    plain, first = PlainTick(w.calibration), round(2.5 * scene.fs_hz)
    phase = np.array([plain.tick(x) for x in scene.lfp[first:].astype(float)])
    assert metrics.rms_deg((phase - w.phase[first:])[500:]) < 8
