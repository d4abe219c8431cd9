"""The phase as known afterwards, against a wave of which it is known: phi = 0 at the positive peak."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from wavestim.controller.record.pooling import ended, turned, zero_phase
from wavestim.controller.record.records import PULSE
from wavestim.controller.record.summary import circular
from wavestim.controller.record.truth import near_light, pulse_truth, read_edges, wrap_deg
from wavestim.realtime.records import DECISION

FS, HZ = 1000.0, 12.0
N = 20_000


class Recorded:
    """Samples in memory, as a session has them."""

    def __init__(self, samples: np.ndarray, gap_at: int = 0, gap: int = 0) -> None:
        self.samples, self.gap_at, self.gap = samples, gap_at, gap

    def blocks(self, size):
        for first in range(0, len(self.samples), size):
            for a, b in ((first, min(first + size, self.gap_at)), (max(first, self.gap_at + self.gap), first + size)):
                if a < b:
                    yield a, self.samples[a:b]


def session(tmp_path, fires, *, dark=True, about=None, samples=None, gap=(0, 0), late=0.0):
    t = np.arange(N) / FS
    wave = 50 * np.cos(2 * np.pi * HZ * t)[:, None] * np.ones(2) if samples is None else samples
    decisions, pulses = np.zeros(len(fires), DECISION), np.zeros(len(fires), PULSE)
    decisions["fire_sample"], pulses["fire_sample"] = fires, np.asarray(fires) + late
    decisions["start_sample"] = np.asarray(fires) - 8
    pulses["decision"] = np.arange(len(fires))
    pulses["dark"] = decisions["dark"] = dark
    pulses["verdict"] = np.where(pulses["dark"], "dark", "fired")
    return SimpleNamespace(
        path=tmp_path, fs_hz=FS, samples=Recorded(wave.astype(np.float32), *gap), first_sample=0, decisions=decisions, pulses=pulses,
        about=about or {}, experiment={"band_hz": [8, 24]}, positions_mm=np.zeros((2, 2)),
    )  # fmt: skip


def test_the_peak_is_zero_and_the_trough_180(tmp_path):
    period = FS / HZ
    for phase in (0, 90, 180, -90):
        found = pulse_truth(session(tmp_path, (np.arange(20, 60) + phase / 360) * period))
        assert set(found["truth"]) == {"zero-phase"}
        assert np.abs(wrap_deg(found["true_phase_deg"] - phase)).max() < 1.0
        assert np.abs(wrap_deg(found["phase_error_deg"] - phase)).max() < 1.0
        assert not found["onset_error_us"].any()


def test_at_light_the_estimate_ends_there(tmp_path):
    """Whatever light does afterwards does not change it."""
    fires = np.arange(3000.0, 17000, 1000) + 3.3
    t = np.arange(N) / FS
    wave = 50 * np.cos(2 * np.pi * HZ * t)[:, None] * np.ones(2)
    after = wave.copy()
    for fire in fires:
        after[int(fire) - 4 : int(fire) + 120] += 4000  # the pattern begins 8 samples before it comes to the site
    true = np.degrees(2 * np.pi * HZ * fires / FS)
    with_light = pulse_truth(session(tmp_path, fires, dark=False, samples=wave))
    assert set(with_light["truth"]) == {"ends-at-light"}
    assert np.abs(wrap_deg(with_light["true_phase_deg"] - true)).max() < 20
    one = pulse_truth(session(tmp_path, fires[:1], dark=False, samples=wave))
    other = pulse_truth(session(tmp_path, fires[:1], dark=False, samples=after))
    assert one["true_phase_deg"][0] == pytest.approx(other["true_phase_deg"][0])


def test_what_if_phases_near_recorded_light_do_not_count(tmp_path):
    about = {"recording": {"path": "x"}, "recorded_light": [[5000.0, 5025.0], [9000.0, 9025.0]]}
    fires = [4700.0, 4950.0, 5000.5, 5010.0, 5100.0, 5224.0, 5226.0, 8000.0, 9025.0, 9300.0]
    found = pulse_truth(session(tmp_path, fires, dark=False, about=about))
    words = ["zero-phase", "ends-at-light", *["contaminated"] * 4, "zero-phase", "zero-phase", "contaminated", "zero-phase"]
    assert found["truth"].tolist() == words
    assert np.isfinite(found["phase_error_deg"]).all()


def test_sham_soon_after_light_of_the_session_does_not_count(tmp_path):
    fires = np.array([3000.0, 3100.0, 3300.0, 6000.0])
    found = pulse_truth(session(tmp_path, fires, dark=np.array([False, True, True, True])))
    assert found["truth"].tolist() == ["ends-at-light", "contaminated", "zero-phase", "zero-phase"]


@pytest.mark.parametrize("late", [-0.4, 0.3])
def test_light_a_little_beside_what_was_meant_is_not_before_itself(tmp_path, late):
    fires = np.arange(3000.0, 8000, 1000)
    assert set(pulse_truth(session(tmp_path, fires, dark=False, late=late))["truth"]) == {"ends-at-light"}


def test_light_nearby_is_found_on_both_sides():
    lit = (np.array([100.0, 1000.0]), np.array([900.0, 1010.0]))
    after, before = near_light(np.array([0.0, 50.0, 100.0, 500.0, 1099.0, 1210.0, 1211.0, 950.0]), lit, 1000.0)
    assert after.tolist() == [False, False, False, True, True, True, False, True]
    assert before.tolist() == [True, True, True, False, False, False, False, True]
    assert not any(a.any() for a in near_light(np.array([1.0]), (np.zeros(0), np.zeros(0)), 1000.0))


def test_a_dead_channel_and_a_gap_only_cost_what_they_touch(tmp_path):
    t = np.arange(N) / FS
    samples = 50 * np.cos(2 * np.pi * HZ * t)[:, None] * np.array([1.0, np.nan])
    fires = np.array([700.0, 3000.0, 8100.0, 9000.0, 19_800.0, np.nan, -5.0])
    found = pulse_truth(session(tmp_path, fires, samples=samples, gap=(8000, 50)))
    assert found["truth"].tolist() == ["zero-phase", "zero-phase", "", "zero-phase", "", "", ""]
    assert np.abs(found["true_phase_deg"][[1, 3]] - wrap_deg(360 * HZ * fires[[1, 3]] / FS)).max() < 1


def test_filters_know_a_cosine():
    x = np.cos(2 * np.pi * HZ * np.arange(1201) / FS)
    assert np.degrees(np.angle(zero_phase(x, FS, (8.0, 24.0))[600])) == pytest.approx(360 * HZ * 0.6 % 360, abs=1)
    signal = ended(x, FS, (8.0, 24.0))
    turn_rad_s, back = turned(signal, FS, (8.0, 24.0))
    assert abs(wrap_deg(np.degrees(np.angle(signal[-1] * back)) - 360 * HZ * 1.2)) < 20
    assert turn_rad_s / (2 * np.pi) == pytest.approx(HZ, abs=0.5)


def test_edges_of_a_process_that_died_within_a_line(tmp_path):
    path = tmp_path / "edges.csv"
    for text, expected in (
        (b"", 0), (b"device_us,le", 0), (b"device_us,led,level\n", 0), (b"device_us,led,level\n1.5,2,255\n", 1),
        (b"device_us,led,level\n1.5,2,255\n2.5,2,0\n3.5,2,2", 2), (b"device_us,led,level\n1.5,2,255\njunk\n2.5,2\n3.5,1,0\n", 2),
    ):  # fmt: skip
        path.write_bytes(text)
        found = read_edges(path)
        assert len(found) == expected
        if expected:
            assert found[0].item() == (1.5, 2, 255)


def test_circular_numbers():
    assert circular(np.array([np.nan])) is None
    assert circular(np.array([170.0, -170.0]))["bias"] == pytest.approx(180)
    spread = circular(np.degrees(np.random.default_rng(1).normal(0.2, 0.4, 100_000)))
    assert spread["bias"] == pytest.approx(np.degrees(0.2), abs=0.5)
    assert spread["sd"] == pytest.approx(np.degrees(0.4), abs=0.5)
