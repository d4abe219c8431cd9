"""What the journal keeps of the wave is what the model knew then: ten times a second, and at the very moment of light."""

import numpy as np
import pytest
from support.waves import grid, make
from wavestim.controller.record.records import PULSE
from wavestim.controller.session.wavelog import TICKS, WAITING, WaveLog
from wavestim.realtime import Engine, EngineConfig
from wavestim.realtime.records import DECISION

FS_HZ, SITE = 1000.0, 37
EVERY = 17
SHONE = [229.5 * EVERY, 232.5 * EVERY, 235.5 * EVERY]
"""As far from what was shown of the model as can be, 46 degrees of the wave; the last one is told before the next of it."""


def decision(at, condition="lit", site=SITE):
    rows = np.zeros(1, DECISION)
    rows["fire_sample"], rows["site"], rows["condition"], rows["verdict"] = at, site, condition, "scheduled"
    return rows


def pulse(index, at, verdict="fired"):
    rows = np.zeros(1, PULSE)
    rows["decision"], rows["fire_sample"], rows["verdict"] = index, at, verdict
    return rows


def told(log, index, at, **more):
    log.decided(index, decision(at, **more), None, 0)
    log.pulsed(pulse(index, at), None, 0)


@pytest.fixture(scope="module")
def run():
    """(rows, true phases) of five seconds with light at known moments, one of them told before its tick."""
    lfp, phase, _ = make("planar", seed=3, seconds=5, snr_db=10)
    engine = Engine(EngineConfig(fs_hz=FS_HZ, positions_mm=grid(), band_hz=(8, 24)))
    telemetry, log, rows = engine.show_every(EVERY), WaveLog(FS_HZ, SITE), []
    for first in range(0, len(lfp), 10):
        engine.run(lfp[first : first + 10].astype(np.float32), first)
        if first == 4000:
            for index, at in enumerate(SHONE):
                told(log, index, at)
            log.pulsed(pulse(99, 3952.0), None, 0)  # nobody knows what it was meant to be
            told(log, 3, 2.0)  # so long ago that nobody knows what the wave was like
        rows.append(log.take(*telemetry.take(), engine.calibration))
    return np.concatenate(rows), phase


def test_ten_rows_a_second_while_there_is_a_model(run):
    rows, _ = run
    steady = rows[rows["decision"] < 0]
    apart = np.diff(steady["sample"])
    assert apart.min() >= 100
    assert apart.max() <= 100 + EVERY
    assert (steady["site"] == SITE).all()
    assert "planar" in steady["wave_kind"]


def test_each_light_has_the_phase_of_its_moment(run):
    rows, phase = run
    shone = rows[rows["decision"] >= 0]
    assert shone["decision"].tolist() == [0, 1, 2]
    assert shone["sample"].tolist() == SHONE
    assert set(shone["condition"]) == {"lit"}
    true_deg = [np.degrees(np.interp(at, np.arange(len(phase)), np.unwrap(phase[:, SITE]))) for at in shone["sample"]]
    off = (shone["phase_deg"] - true_deg + 180) % 360 - 180
    assert np.abs(off).max() < 20
    steady = rows[rows["decision"] < 0]
    assert ((steady["phase_deg"] > -180) & (steady["phase_deg"] <= 180)).all()


def test_without_a_model_there_is_nothing_to_keep():
    assert len(WaveLog(FS_HZ, SITE).take(np.arange(3), np.zeros((3, 1)), np.zeros((3, 8)), None)) == 0


def test_memory_does_not_grow():
    log = WaveLog(FS_HZ, SITE)
    for index in range(3 * WAITING):
        told(log, index, 1e9)
        log.decided(index, decision(1e9), None, 0)
    assert (len(log._shone), len(log._decided)) == (WAITING, WAITING)
    assert log._ticks.maxlen == TICKS
