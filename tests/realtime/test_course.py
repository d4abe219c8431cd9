"""The course of an experiment in the engine: controls that are what they say, and light only where trial, block and gate allow it."""

import numpy as np
import pytest
from support.light_plan import plan
from support.waves import grid, make
from wavestim.realtime import CourseConfig, Engine, EngineConfig, PulseTimes, TriggerConfig

PLAN = plan()
HORIZON = 10
SMALL = grid(5, 5)


def engine(course=None, **trigger):
    config = TriggerConfig(**{"site": 12, "horizon_ms": HORIZON, **trigger})
    order = course or CourseConfig()
    e = Engine(EngineConfig(fs_hz=1000, positions_mm=SMALL, band_hz=(8, 24), trigger=config, plan=PLAN, seed=3, course=order))
    e.post("arm")
    return e


@pytest.fixture(scope="module")
def wave():
    """Samples and the true phase."""
    lfp, phase, _ = make("planar", xy=SMALL, seed=21, seconds=26, snr_db=3)
    return lfp, phase


def scheduled(e):
    d = e.take_decisions()
    return d[d["verdict"] == "scheduled"]


@pytest.mark.parametrize("refractory_ms", [100.0, 250.0])
def test_the_random_control_gives_as_many_pulses_at_any_phase_and_keeps_the_refractory_time(wave, refractory_ms):
    lfp, phase = wave
    made = {}
    for policy in ("phase-locked", "rate-matched-random"):
        e = engine(policy=policy, refractory_ms=refractory_ms)
        e.run(lfp)
        made[policy] = scheduled(e)
    locked, random = made.values()
    assert abs(len(random) - len(locked)) <= 0.05 * len(locked)
    assert np.diff(random["fire_sample"]).min() >= refractory_ms
    turns = [np.interp(d["fire_sample"], np.arange(len(lfp)), np.unwrap(phase[:, 12])) for d in (locked, random)]
    lengths = [abs(np.exp(1j * t).mean()) for t in turns]
    assert lengths[0] > 0.9
    assert lengths[1] < 2.5 / np.sqrt(len(random)), "no phase is preferred"
    both = min(len(random), len(locked))
    assert random["condition"][:both].tolist() == locked["condition"][:both].tolist()


def test_the_random_control_follows_from_the_seed(wave):
    runs = []
    for _ in range(2):
        e = engine(policy="rate-matched-random")
        e.run(wave[0][:9000])
        runs.append(e.take_decisions().tobytes())
    assert runs[0] == runs[1]


def test_light_comes_only_while_the_gate_is_open_and_every_refusal_is_told(wave):
    e = engine(CourseConfig(gated=True), refractory_ms=0.0)
    for kind, value, sample in (("gate", 6000, 5990), ("shut", 7000, 7000), ("gate", 9500, 9000), ("shut", 11000, 9000)):
        e.post(kind, value, sample)
    e.run(wave[0][:13000])
    d = e.take_decisions()
    light = d[d["verdict"] == "scheduled"]
    begin, end = light["start_sample"], light["start_sample"] + 20
    first = (begin >= 6000) & (light["sample"] < 7000)
    second = (begin >= 9500) & (end <= 11000)
    assert (first | second).all()
    assert first.sum() > 5
    assert second.sum() > 10
    assert set(d["verdict"]) == {"scheduled", "gate"}
    shut = d[d["verdict"] == "gate"]
    assert (shut["sample"] < 6000).any()
    assert (shut["sample"] > 11000).any()
    assert [event[1:] for event in e.take_events()][1:] == [("gate", 6000.0), ("shut", 7000.0), ("gate", 9500.0), ("shut", 11000.0)]


def test_an_opening_has_so_many_pulses_and_is_one_trial(wave):
    e = engine(CourseConfig(gated=True, trial_is_opening=True, pulses_per_opening=2), refractory_ms=0.0)
    for k in range(8):
        e.post("gate", 4000 + 1000 * k, 4000 + 1000 * k)
        e.post("shut", 4600 + 1000 * k, 4000 + 1000 * k)
    e.run(wave[0][:13000])
    light = scheduled(e)
    opening = (light["start_sample"] // 1000).astype(int) - 4
    assert np.bincount(opening).tolist() == [2] * 8
    of = [set(light["condition"][opening == k]) for k in range(8)]
    assert [len(s) for s in of] == [1] * 8
    names = [PLAN.conditions[c].name for c in PLAN.sequence[:8]]
    assert [s.pop() for s in of] == names
    assert e.course.position == 8


def test_an_opening_without_a_pulse_does_not_use_up_its_trial(wave):
    e = engine(CourseConfig(gated=True, trial_is_opening=True), refractory_ms=0.0)
    for at, length in ((4000, 30), (5000, 600), (6000, 30), (7000, 600)):  # a pattern of 20 ms hardly finds a place in 30
        e.post("gate", at, at)
        e.post("shut", at + length, at)
    e.run(wave[0][:9000])
    light = scheduled(e)
    tried = [set(light["condition"][(light["sample"] // 1000) == s]) for s in (5, 7)]
    assert tried == [{"with"}, {"against"}]


def test_blocks_catches_washout_and_the_end(wave):
    catches = np.zeros(12, bool)
    catches[[1, 6, 9]] = True
    e = engine(CourseConfig(catches=catches, trials_per_block=6, n_trials=12, washout_s=3.0), refractory_ms=100.0)
    e.run(wave[0])
    d = e.take_decisions()
    light = d[d["verdict"] == "scheduled"]
    assert len(light) == 12
    assert e.course.position == 12
    sham = light["condition"] == "sham"
    assert light["dark"].tolist() == (sham | catches).tolist()
    wait = light["start_sample"][6] - (light["start_sample"][5] + 20)
    assert 3000 <= wait < 3200
    waits = d[d["verdict"] == "washout"]
    assert len(waits) > 20
    assert (waits["sample"] < light["sample"][6]).all()
    assert d["sample"].max() == light["sample"].max(), "after the last trial nothing is decided any more"


def test_a_gate_and_blocks_are_made_again_from_the_events(wave):
    course = CourseConfig(gated=True, trials_per_block=3, washout_s=0.5)
    first = engine(course)
    at = 0
    for k, size in enumerate((4000, 1500, 2300, 1700, 3500)):
        first.run(wave[0][at : at + size], at)
        first.post(("gate", "shut")[k % 2], at + size)
        at += size
    made = first.take_decisions()
    assert set(made["verdict"]) >= {"scheduled", "gate", "washout"}
    again = Engine(first.config)
    for sample, kind, value in first.take_events():
        again.post(kind, value, sample)
    again.run(wave[0][:at])
    assert again.take_decisions().tobytes() == made.tobytes()


def test_pulses_of_another_session_come_when_they_came_there_whatever_the_wave_does(wave):
    e = engine()
    e.run(wave[0][:12000])
    source = scheduled(e)
    names = [c.name for c in PLAN.conditions]
    pulses = PulseTimes(source["fire_sample"], np.array([names.index(c) for c in source["condition"]]), source["slot"], source["dark"])
    shift = 250_000
    other = engine(policy="replayed", replayed=pulses)
    other.run(wave[0][12000:26000], shift)
    light = scheduled(other)
    assert np.abs(light["fire_sample"] - shift - source["fire_sample"]).max() < 1e-6
    for column in ("condition", "slot", "pattern", "dark"):
        assert light[column].tolist() == source[column].tolist()
    ahead = light["start_sample"] - light["sample"]
    assert ahead.min() >= HORIZON
    assert ahead.max() <= HORIZON + 1
    turns = np.interp(light["fire_sample"] - shift, np.arange(14000), np.unwrap(wave[1][12000:26000, 12]))
    assert abs(np.exp(1j * turns).mean()) < 0.5


def test_a_replayed_pulse_whose_moment_went_by_is_told_and_not_made_up_for(wave):
    pulses = PulseTimes(np.array([3500.0, 5000, 5100, 7000]), np.zeros(4), np.zeros(4), np.zeros(4, bool))
    e = engine(policy="replayed", replayed=pulses)
    e.post("pause", 0, 4500)
    e.post("resume", 0, 6000)
    e.run(wave[0][:8000])
    d = e.take_decisions()
    assert list(zip(d["fire_sample"], d["verdict"], strict=True)) == [
        (3500, "scheduled"),
        (5000, "passed"),
        (5100, "passed"),
        (7000, "scheduled"),
    ]


def test_times_of_another_session_go_with_their_policy_alone():
    with pytest.raises(ValueError, match="policy replayed goes with the pulses of another session"):
        TriggerConfig(policy="replayed")
