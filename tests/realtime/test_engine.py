"""The engine: the same decisions however the samples arrive, light fired at the phase that was asked for, every event accounted for."""

from dataclasses import replace

import numpy as np
import pytest
from support.light_plan import plan
from support.waves import grid, make
from wavestim.realtime import Calibration, Engine, EngineConfig, TriggerConfig
from wavestim.realtime.lightlimits import LightLimits

XY = grid()


def engine(light=None, **trigger):
    light = plan() if light is None else light
    config = EngineConfig(
        fs_hz=1000, positions_mm=XY, band_hz=(8, 24), trigger=TriggerConfig(site=44, horizon_ms=10, **trigger), plan=light, seed=3
    )
    e = Engine(config)
    e.post("arm")
    return e


@pytest.fixture(scope="module")
def wave():
    return make("planar", seed=21, seconds=15, snr_db=3)


def run(e, lfp, blocks=None):
    at = 0
    for size in blocks or [len(lfp)]:
        e.run(lfp[at : at + size], at)
        at += size
    return e.take_decisions(), [(sample, c.to_bytes()) for sample, c in e.take_calibrations()]


def test_light_is_planned_at_the_phase_that_was_asked_for(wave):
    lfp, phase, _ = wave
    for target in (0, 90, -120):
        d, _ = run(engine(phase_deg=target), lfp)
        d = d[d["verdict"] == "scheduled"]
        assert len(d) > 30
        at = d["fire_sample"]
        true = np.angle(np.exp(1j * np.interp(at, np.arange(len(phase)), np.unwrap(phase[:, 44]))))
        error = np.degrees(np.angle(np.exp(1j * (true - np.deg2rad(target)))))
        assert abs(error.mean()) < 10
        assert error.std() < 40


def test_a_condition_may_want_a_phase_of_its_own(wave):
    """In phase and antiphase in one session: each is lit at its own phase, and says which it wanted."""
    lfp, phase, _ = wave
    light = plan()
    light = replace(light, conditions=(light.conditions[0], replace(light.conditions[1], offset_deg=180.0), light.conditions[2]))
    d, _ = run(engine(light, phase_deg=30, refractory_ms=100), lfp)
    d = d[d["verdict"] == "scheduled"]
    true = np.degrees(np.interp(d["fire_sample"], np.arange(len(phase)), np.unwrap(phase[:, 44])))
    for condition, wanted in (("with", 30), ("against", -150), ("sham", 30)):
        mine = d["condition"] == condition
        assert mine.sum() > 20
        assert (d["target_deg"][mine] == wanted).all()
        off = np.angle(np.exp(1j * np.radians(true[mine] - wanted)))
        assert abs(np.degrees(np.angle(np.exp(1j * off).mean()))) < 12


def test_light_is_withheld_where_no_led_is_for_the_wave(wave):
    light = plan()
    nowhere = replace(light, slots=tuple(replace(slot, reaches=i < 16) for i, slot in enumerate(light.slots)))  # the slower speed alone
    d, _ = run(engine(nowhere), wave[0])
    assert set(d["verdict"]) <= {"scheduled", "no-site"}
    assert (d["verdict"] == "no-site").any()
    assert ((d["verdict"] == "no-site") == (d["slot"] >= 16)).all()


def test_plans_keep_the_horizon_and_the_refractory_time(wave):
    d, _ = run(engine(refractory_ms=150), wave[0])
    d = d[d["verdict"] == "scheduled"]
    assert (d["start_sample"] - d["sample"] >= 10 - 1e-9).all()
    assert (d["fire_sample"] - d["start_sample"] == 8).all()
    assert (np.diff(d["fire_sample"]) >= 150).all()
    assert list(d["condition"][:4]) == ["with", "against", "sham", "with"]
    assert (d["dark"] == (d["condition"] == "sham")).all()


def test_every_cycle_when_there_is_no_refractory_time(wave):
    d, _ = run(engine(refractory_ms=0, max_phase_sd_deg=180), wave[0])
    assert 13 < len(d) / 12.2 < 17


def test_decisions_do_not_depend_on_how_samples_are_cut_into_blocks(wave):
    whole, made = run(engine(), wave[0])
    rng = np.random.default_rng(0)
    cuts = [int(rng.integers(1, 60)) for _ in range(600)]
    pieces, again = run(engine(), wave[0], cuts)
    assert pieces.tobytes() == whole[whole["sample"] < sum(cuts)].tobytes()
    assert made == again


def test_heading_is_with_or_against_the_wave(wave):
    d, _ = run(engine(), wave[0])
    d = d[d["verdict"] == "scheduled"]
    for row in d[:12]:
        asked = row["direction_deg"] + (180 if row["condition"] == "against" else 0)
        assert abs((row["slot"] % 16 * 22.5 - asked + 180) % 360 - 180) <= 11.26


def test_vetoes_have_their_reason(wave):
    d, _ = run(engine(max_phase_sd_deg=1), wave[0])
    assert set(d["verdict"]) == {"unsure"}
    d, _ = run(engine(min_pgd=1.1), wave[0])
    assert "pgd" in set(d["verdict"])
    assert "scheduled" not in set(d["verdict"])
    other = float(np.median(wave[2][3000:])) + 180
    d, _ = run(engine(direction_deg=other, direction_tolerance_deg=20), wave[0])
    assert (d["verdict"] == "direction").mean() > 0.9


def test_the_governor_withholds_with_its_reason_and_nobody_loses_a_turn(wave):
    """Sites that must rest for a second: a pulse a second, the others withheld, and the order of conditions goes on where it was."""
    plain = engine(refractory_ms=0)
    n = len(plain.config.plan.slots)
    one, lit = np.ones((n, 1)), np.full((n, 1), 0.005)
    limits = LightLimits(
        max_irradiance_mw_mm2=10.0, max_pulse_s=0.02, max_duty=0.005, max_dose_mj_mm2=np.inf, max_rise_c=np.inf,
        reference_s=np.full(n, 0.008), brightest_mw_mm2=np.ones(n), met_mw_mm2=np.ones(n), longest_s=lit[:, 0],
        lit_from_s=0 * one, lit_to_s=lit, lit_s=lit, slack_s=np.zeros(1), ready_s=lit, dose_mj_mm2=one,
        tau_s=np.ones(1), heat_c=np.zeros((n, 1, 1)), keep=one, peak_c=0 * one,
    )  # fmt: skip
    e = Engine(replace(plain.config, limits=limits))
    e.post("arm")
    free, _ = run(plain, wave[0])
    d, _ = run(e, wave[0])
    passed = d[d["verdict"] == "scheduled"]
    assert set(d["verdict"]) - set(free["verdict"]) == {"duty"}
    assert 8 < len(passed) < 13
    assert (np.diff(passed["fire_sample"]) >= 1000 - 1e-6).all()
    assert list(passed["condition"][:6]) == ["with", "against", "sham"] * 2
    assert d[0].tobytes() == free[0].tobytes()


def test_noise_is_hardly_ever_lit():
    verdicts = np.concatenate([run(engine(), make("none", seed=seed, seconds=8)[0])[0]["verdict"] for seed in (2, 3, 4)])
    assert (verdicts == "no-wave").mean() > 0.8
    assert (verdicts == "scheduled").mean() < 0.03


def test_unarmed_or_paused_decides_nothing(wave):
    e = engine()
    e.post("disarm", sample=6000)
    e.post("arm", sample=9000)
    e.post("pause", sample=11000)
    d, _ = run(e, wave[0])
    assert not ((d["sample"] >= 6000) & (d["sample"] < 9000)).any()
    assert (d["sample"] < 11000).all()
    assert ((d["sample"] >= 9000) & (d["sample"] < 11000)).any()
    assert e.take_events() == [(0, "arm", 0.0), (6000, "disarm", 0.0), (9000, "arm", 0.0), (11000, "pause", 0.0)]


def test_events_and_calibration_replayed_give_the_same_bits(wave):
    lfp = wave[0]
    first = engine()
    d, made = run(first, lfp, [4000])
    first.post("horizon", 25.0)
    rest = []
    first.run(lfp[4000:], 4000)
    rest = first.take_decisions()
    events = first.take_events()
    second = Engine(first.config)
    for sample, kind, value in events:
        second.post(kind, value, sample)
    at, payload = made[0]
    second.process(lfp[:at], 0)
    second.apply_calibration(payload)
    second.process(lfp[at:], at)
    assert second.take_decisions().tobytes() == np.concatenate([d, rest]).tobytes()


def test_open_loop_fires_by_the_clock(wave):
    d, _ = run(engine(policy="open-loop", period_ms=250), wave[0])
    assert set(np.diff(d["fire_sample"])) == {250.0}


def test_gaps_coast_and_the_phase_is_found_again(wave):
    lfp = wave[0]
    e = engine()
    e.run(lfp[:6000], 0)
    e.run(lfp[6200:], 6200)
    assert (e.n_gaps, e.n_dropped, e.n_samples) == (1, 200, 14800)
    d = e.take_decisions()
    assert (d["sample"] > 7000).any()


@pytest.mark.parametrize(("policy", "period"), [("phase-locked", 250.0), ("rate-matched-random", 250.0), ("open-loop", 250.0)])
def test_light_goes_on_where_the_counter_restarts(wave, policy, period):
    """Whatever the old count had booked: a session that ran for an hour would be dark for an hour."""
    e = engine(policy=policy, period_ms=period)
    e.run(wave[0][:6000], 10_000)
    e.take_decisions()
    e.run(wave[0][6000:], 0)
    assert e.n_gaps == 1
    d = e.take_decisions()
    lit = d["fire_sample"][d["verdict"] == "scheduled"]
    assert lit[0] < 2000
    assert len(lit) > 10
    assert (np.diff(lit) > 190).all()


def test_light_that_was_on_when_the_counter_restarted_is_still_masked(wave):
    """And no moment of the new count is taken for that light."""
    e = engine()
    e.run(wave[0][:5000], 10_000)
    e.post("mask", 4000)
    e.run(wave[0][5000:5010], 15_000)
    e.take_decisions()
    e.run(wave[0][5010:], 0)
    d = e.take_decisions()
    assert d["sample"][d["verdict"] == "scheduled"].min() > 3990
    e.run(wave[0][:10_000], 9990)
    d = e.take_decisions()
    assert np.diff(d["sample"][d["verdict"] == "scheduled"]).max() < 2000


def test_our_own_light_is_masked(wave):
    """An artefact inside the masked window leaves the phase alone."""
    lfp, _, _ = wave
    d, _ = run(engine(), lfp)
    d = d[d["verdict"] == "scheduled"][:1]
    start = int(np.ceil(d["start_sample"][0]))
    spoiled = lfp.copy()
    spoiled[start : start + 25] += 2000
    a, _ = run(engine(), lfp)
    b, _ = run(engine(), spoiled)
    assert abs(b["fire_sample"][1] - a["fire_sample"][1]) < 3


def test_calibration_travels_as_bytes_and_refuses_another_probe(wave):
    e = engine()
    _, made = run(e, wave[0][:4000])
    c = Calibration.from_bytes(made[0][1])
    assert c.to_bytes() == made[0][1]
    other = Engine(EngineConfig(fs_hz=1000, positions_mm=XY[:64], band_hz=(8, 24)))
    with pytest.raises(ValueError, match="for 100 electrodes, the source has 64"):
        other.apply_calibration(c)
    other = Engine(EngineConfig(fs_hz=1250, positions_mm=XY, band_hz=(8, 24)))
    with pytest.raises(ValueError, match="for 1000 Hz"):
        other.apply_calibration(c)


def test_what_nobody_writes_down_is_not_fired():
    """A recorder has stopped, thousands of decisions wait: the next are lost and counted, and never stand for one that was fired before."""
    e = engine(policy="open-loop", period_ms=1.0, refractory_ms=0.0)
    samples = np.random.default_rng(0).standard_normal((9000, 100)).astype(np.float32)
    e.run(samples)
    assert e.n_lost_decisions > 0
    kept = e.take_decisions()
    assert len(kept) == e.n_decisions
    e.run(samples[:100], first_sample=9000)
    assert len(e.take_decisions()) == e.n_decisions - len(kept) > 0
