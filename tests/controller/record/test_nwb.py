"""A session as NWB: read back by the standard's own library, without findings of its inspector."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from wavestim.controller import open_session
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.record import create_session
from wavestim.controller.record.complete import complete
from wavestim.controller.session import replay_recording, run_experiment

POSITIONS = [[0.0, 0.0], [0.4, 0.0], [0.8, 0.0]]


@pytest.fixture
def nwb(live):
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(str(live.path / "session.nwb"), "r") as io:
        yield io.read()


def test_samples_and_electrodes_come_back(live, nwb):
    session = open_session(live.path)
    series = nwb.acquisition["lfp"]
    assert np.array_equal(series.data[:], session.samples[:])
    assert (series.rate, series.starting_time, series.conversion) == (1000.0, 0.0, 1e-6)
    table = series.electrodes.table
    assert np.allclose(np.column_stack([table["rel_x"][:], table["rel_y"][:]]), session.positions_mm)
    assert "mm" in table["rel_x"].description


def test_decisions_and_pulses_come_back(live, nwb):
    session = open_session(live.path)
    decisions = nwb.processing["wavestim"]["decisions"]
    for name in session.decisions.dtype.names:
        assert np.array_equal(np.asarray(decisions[name][:]).astype(session.decisions.dtype[name]), session.decisions[name])
    pulses, mine = nwb.intervals["pulses"], session.decisions[session.pulses["decision"]]
    assert pulses["outcome"][:].tolist() == session.pulses["verdict"].tolist()
    assert pulses["condition"][:].tolist() == mine["condition"].tolist()
    assert np.allclose(pulses["start_time"][:], mine["start_sample"] / 1000)
    assert (np.asarray(pulses["stop_time"][:]) >= pulses["start_time"][:]).all()
    assert nwb.stimulus["light_power"].data[:].max() > 0
    assert nwb.stimulus["light_power"].data[-1] == 0


def test_the_inspector_finds_nothing_that_matters(live):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nwbinspector import Importance, inspect_nwbfile

        found = [
            m for m in inspect_nwbfile(nwbfile_path=str(live.path / "session.nwb")) if m.importance != Importance.BEST_PRACTICE_SUGGESTION
        ]
    assert [f"{m.check_function_name}: {m.message}" for m in found] == []


def made(path, blocks, **about):
    rng = np.random.default_rng(0)
    whole = []
    with create_session(path, {"name": "made", "band_hz": [8, 24]}, fs_hz=1000.0, positions_mm=POSITIONS, about=about) as journal:
        for first, n in blocks:
            whole.append(rng.normal(0, 50, (n, 3)).astype(np.float32))
            journal.append_samples(first, whole[-1], 0)
        journal.set_meta("ended", True)
    return np.concatenate(whole)


def test_a_gap_makes_two_series_whose_times_are_right(tmp_path):
    from pynwb import NWBHDF5IO

    samples = made(tmp_path / "s", [(1_000_000, 300), (1_000_300, 20), (1_000_500, 400)])
    summary = complete(tmp_path / "s")
    assert (summary["samples"], summary["dropped_samples"]) == (720, 180)
    with NWBHDF5IO(str(tmp_path / "s" / "session.nwb"), "r") as io:
        series = io.read().acquisition
        assert [(s.starting_time, len(s.data)) for s in series.values()] == [(0.0, 320), (0.5, 400)]
        assert np.array_equal(np.concatenate([s.data[:] for s in series.values()]), samples)


def test_a_session_without_samples_is_a_file_as_well(tmp_path):
    with create_session(tmp_path / "s", {"name": "made", "band_hz": [8, 24]}, fs_hz=1000.0, positions_mm=POSITIONS, about={}):
        pass
    assert complete(tmp_path / "s")["samples"] == 0
    assert (tmp_path / "s" / "session.nwb").is_file()


def test_a_replay_refers_to_its_samples(live, tmp_path):
    from pynwb import NWBHDF5IO

    replay_recording(str(live.path), experiment=None, out=tmp_path / "r", speed=None, progress=lambda s: None, seconds=5)
    with NWBHDF5IO(str(tmp_path / "r" / "session.nwb"), "r") as io:
        nwb = io.read()
        assert not nwb.acquisition
        assert str(live.path) in nwb.session_description
        assert len(nwb.processing["wavestim"]["decisions"]) > 0


TWO_COLOURS = """
name: both-ways
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
trigger: {refractory_ms: 200, policy: {kind: open-loop, period_ms: 300}}
opsin: vfchrimson
leds:
  positions_mm: [[0, 0], [0.4, 0]]
  wavelength_nm: 625
  inhibition: {opsin: gtacr2, wavelength_nm: 470, power_curve: [[0, 0], [255, 4]]}
conditions: [{name: both, pattern: {kind: flash, irradiance_mw_mm2: 2, inhibition: {irradiance_mw_mm2: 1, delay_ms: 20}}}]
"""


def test_each_colour_is_a_site_of_its_own(tmp_path):
    """With its opsin, its wavelength and its power: one line for both would be neither."""
    from pynwb import NWBHDF5IO

    out = tmp_path / "both"
    run_experiment(
        parse_experiment(TWO_COLOURS), out=out, seconds=4, seed=1, pace="virtual", arm=True, progress=lambda _: None, finish=complete
    )
    with warnings.catch_warnings(), NWBHDF5IO(str(out / "session.nwb"), "r") as io:
        warnings.simplefilter("ignore")
        nwb = io.read()
        sites = {name: (site.excitation_lambda, site.description) for name, site in nwb.ogen_sites.items()}
        assert sites == {
            "leds": (625.0, "2 LEDs over the probe, opsin vfchrimson"),
            "leds_inhibition": (470.0, "2 LEDs over the probe, opsin gtacr2"),
        }
        red, blue = (nwb.stimulus[f"light_power{ending}"] for ending in ("", "_inhibition"))
        face_mm2 = np.pi * 0.1**2
        assert red.data[:].max() == pytest.approx(2 * 2 * face_mm2 * 1e-3, rel=0.01)
        assert blue.data[:].max() == pytest.approx(2 * 1 * face_mm2 * 1e-3, rel=0.02)
        np.testing.assert_allclose(blue.timestamps[:] - red.timestamps[:], 0.02, atol=1e-6)
