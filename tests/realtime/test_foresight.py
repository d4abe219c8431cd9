"""The wave's own uncertainty follows the errors that its forecasts make, whatever the filter was told of how fast waves change."""

import numpy as np
import pytest
from support.waves import grid, make, rms_deg
from wavestim.realtime import track
from wavestim.realtime.calibration import ModelOptions
from wavestim.realtime.forecast import COVARIANCE_COLUMNS, forecast_records

WARM = 5000
AHEAD = 50


@pytest.fixture(scope="module")
def steady():
    """A wave that keeps its frequency far better than the model allows for."""
    lfp, phase, _ = make("planar", seed=12, seconds=20.0, snr_db=10.0)
    return lfp, phase


def predicted_over_achieved(lfp, phase, sd_freq):
    w = track(lfp, fs=1000, positions_mm=grid(), band_hz=(8, 24), options=ModelOptions(sd_freq=sd_freq))
    error = w.forecast(AHEAD / 1000)[WARM:-AHEAD] - phase[WARM + AHEAD :]
    return np.sqrt(np.mean(w.forecast_sd_deg(AHEAD / 1000)[WARM:-AHEAD] ** 2)) / rms_deg(error)


@pytest.mark.parametrize("sd_freq", [0.04, 0.08, 0.16])
def test_a_wrong_idea_of_how_frequency_wanders_does_not_make_the_forecast_look_better_or_worse_than_it_is(steady, sd_freq):
    assert 0.8 < predicted_over_achieved(*steady, sd_freq) < 1.35


@pytest.mark.parametrize("better", [0.5, 4.0])
def test_a_site_that_is_known_better_than_the_centroid_is_told_so_and_no_variance_is_negative(steady, better):
    w = track(steady[0][:5000], fs=1000, positions_mm=grid(), band_hz=(8, 24))
    records = np.ascontiguousarray(w._records[4500:4600])
    var, cov, var_k = COVARIANCE_COLUMNS
    records[:, [cov, var_k]] = 0

    def told(records):
        return forecast_records(records, w.calibration, np.zeros(len(records)), np.zeros((0, 0), np.complex64))[1]

    before = told(records)
    records[:, cov] = better * records[:, var] / (2 * 1.8)  # the right edge lies 1.8 mm from the centroid
    after = told(records)
    right = np.isclose(grid()[:, 0], 1.8)
    assert np.isfinite(after).all()
    assert (after[:, right] < 0.9 * before[:, right]).all()
    assert (after[:, grid()[:, 0] < 0] > before[:, grid()[:, 0] < 0]).all()
