"""Light by hand: one click is one pulse through the same walls, journalled as what it is, and never taken for the experiment's."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from wavestim.controller import open_session
from wavestim.controller.experiment import electrode_positions, led_positions, parse_experiment
from wavestim.controller.live.control import OrderError
from wavestim.controller.record.pulsetable import read_pulses
from wavestim.controller.record.truth import read_edges
from wavestim.controller.report import write_report
from wavestim.controller.session import replay_recording, verify_session
from wavestim.controller.session.arrivals import Arrivals
from wavestim.controller.session.assembly import assemble
from wavestim.controller.session.bench import make_bench
from wavestim.controller.session.feeds import Cortex
from wavestim.controller.session.finish import finish_session
from wavestim.controller.session.lightbooks import LightBooks
from wavestim.controller.session.manual import HandLight
from wavestim.controller.session.opening import open_journal
from wavestim.controller.session.virtual import VirtualSession
from wavestim.realtime.records import MANUAL

TEXT = """
name: by-hand
source: {kind: simulated}
probe: {kind: grid, rows: 4, columns: 4, pitch_mm: 0.4}
trigger: {horizon_ms: 20, refractory_ms: 100, max_phase_sd_deg: 180}
light: {kind: simulated}
safety: {max_pulse_ms: 10, max_dose_mj_mm2_per_h: 400}
conditions:
  - {name: lit, pattern: {kind: flash, width_ms: 5, irradiance_mw_mm2: 2}}
  - {name: sham, pattern: {kind: none}}
"""
FS_HZ = 1000.0


def made(text: str = TEXT) -> tuple[Any, Any]:
    experiment = parse_experiment(text)
    bench = make_bench(len(led_positions(experiment, electrode_positions(experiment))), experiment.seed)
    return bench, assemble(experiment, bench.light.info, fs_hz=FS_HZ, horizon_ms=20.0, by_hand=True)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Paused at 4 s, LED 2 at 5 s, a condition's pattern at 6 s, resumed at 7 s; at 8 s somebody asks while it runs."""
    out = tmp_path_factory.mktemp("by-hand") / "session"
    bench, a = made()
    hand, arrivals = HandLight(a, bench.light), Arrivals("none", 1)
    with open_journal(a, out, bench.light.info, pace="virtual", horizon_ms=20.0, armed=True) as journal:
        virtual = VirtualSession(
            a, Cortex(a.experiment, a.positions_mm, a.leds_mm, out / "truth.bin"), bench, journal, arrivals, arm=True, horizon_ms=20.0
        )

        def ask(order: dict[str, Any]) -> None:
            asked, _ = hand.prepare(order, "held")
            virtual.engine.post("test", asked)
            hand._asked = False  # nobody tells it here what became of the pulse

        at = {
            4: lambda: virtual.engine.post("pause", 1.0),
            5: lambda: ask({"led": 2, "width_ms": 10.0}),
            6: lambda: ask({"condition": "lit"}),
            7: lambda: virtual.engine.post("resume"),
            8: lambda: ask({"led": 0, "width_ms": 1.0}),
        }

        def progress(seconds: float) -> None:
            at.pop(round(seconds), lambda: None)()

        counts = virtual.run(seconds=9, progress=progress, edges_path=out / "edges.csv")
        journal.set_meta("counts", asdict(counts))
        journal.set_meta("ended", True)
    finish_session(out)
    return out


def by_hand(path: Any) -> Any:
    decisions = open_session(path).decisions
    return decisions[decisions["condition"] == MANUAL]


def test_each_click_is_one_decision_and_one_pulse_within_the_pause(session):
    mine = by_hand(session)
    assert mine["pattern"].tolist() == ["LED 2, 10 ms", "flash", "LED 0, 1 ms"]
    assert mine["verdict"].tolist() == ["scheduled", "scheduled", "not-held"]
    opened = open_session(session)
    rows = np.flatnonzero(opened.decisions["condition"] == MANUAL)
    pulses = opened.pulses[np.isin(opened.pulses["decision"], rows)]
    assert pulses["verdict"].tolist() == ["fired", "fired"]
    assert ((mine["start_sample"] - mine["sample"])[:2] < 30).all(), "as soon as light can be planned"
    decided = opened.decisions["sample"]
    assert not ((decided > 4001) & (decided < 7000) & (opened.decisions["condition"] != MANUAL)).any()
    assert (decided > 7001).any()


def test_the_led_that_was_asked_for_shone_as_long_as_was_asked(session):
    edges, clock = read_edges(session / "edges.csv"), json.loads((session / "rig-clock.json").read_text())
    at_s = (edges["device_us"] - clock["device_us_at_sample0"]) / clock["device_us_per_s"]
    first = edges[(at_s > 4.5) & (at_s < 5.5)]
    assert first["led"].tolist() == [2, 2]
    assert np.diff(first["device_us"])[0] == pytest.approx(10_000, abs=10)
    second = edges[(at_s > 5.5) & (at_s < 6.5)]
    assert sorted(set(second["led"].tolist())) == [0, 1, 2, 3]


def test_it_is_no_part_of_the_experiment(session):
    opened = open_session(session)
    summary, drawn = opened.summary, opened.decisions[opened.decisions["condition"] != MANUAL]
    assert summary["manual_light"] == {"asked": 3, "fired": 2, "withheld": 1, "failed": 0}
    assert summary["pulses"]["scheduled"] == (drawn["verdict"] == "scheduled").sum() == summary["trials"]["n"]
    assert summary["pulses"]["fired"] + summary["pulses"]["dark"] == sum(c["pulses"] for c in summary["conditions"].values())
    assert MANUAL not in summary["conditions"]
    assert len(read_pulses(session).pulses) == (drawn["verdict"] == "scheduled").sum()
    mine = np.isin(opened.pulses["decision"], np.flatnonzero(opened.decisions["condition"] == MANUAL))
    assert np.isnan(opened.pulses["phase_error_deg"][mine]).all()
    page = write_report(session).read_text(encoding="utf-8")
    assert "Light by hand, outside of the experiment: 2 pulses fired." in page
    assert MANUAL not in page.split("Provenance and all figures")[0]


def test_its_light_is_in_the_dose(session):
    """LED 2 had a pulse more than its neighbour."""
    dose = open_session(session).summary["dose"]
    assert dose["lit_ms_per_site"][2] - dose["lit_ms_per_site"][1] == pytest.approx(10.0)


def test_its_decisions_are_made_again_bit_for_bit(session, tmp_path):
    assert verify_session(session).ok
    summary = replay_recording(str(session), experiment=None, out=tmp_path / "r", speed=None, progress=lambda s: None)
    assert summary["decisions_sha256"] == open_session(session).summary["decisions_sha256"]
    assert summary["manual_light"]["fired"] == 2
    assert verify_session(tmp_path / "r").ok


def test_nwb_says_what_it_was(session):
    from pynwb import NWBHDF5IO

    with NWBHDF5IO(str(session / "session.nwb"), "r") as io:
        pulses = io.read().intervals["pulses"].to_dataframe()
    mine = pulses[pulses["condition"] == MANUAL]
    assert mine["pattern"].tolist() == ["LED 2, 10 ms", "flash"]
    assert (mine["trial"] == -1).all()
    assert not mine["catch"].any()


@pytest.mark.parametrize(
    ("order", "state", "why"),
    [
        ({"led": 2, "width_ms": 5.0}, "running", "pause it first"),
        ({"led": 2, "width_ms": 5.0}, "recording", "has to be armed"),
        ({"led": 99, "width_ms": 5.0}, "armed", "0 to 3"),
        ({"led": True, "width_ms": 5.0}, "armed", "0 to 3"),
        ({"led": 2, "width_ms": 20.0}, "armed", "one of 1, 2, 5, 10, by the limits"),
        ({"led": 2, "width_ms": "wide"}, "armed", "one of 1, 2, 5, 10"),
        ({"condition": "sham"}, "held", "conditions: lit"),
        ({"condition": ["lit"]}, "held", "conditions: lit"),
        ({}, "held", "a test names its led"),
    ],
)
def test_what_may_not_be_asked_for_is_refused_in_a_sentence(order, state, why):
    bench, a = made()
    with pytest.raises(OrderError, match=why):
        HandLight(a, bench.light).prepare(order, state)


def test_one_at_a_time_until_it_is_known_what_became_of_it():
    bench, a = made()
    hand = HandLight(a, bench.light)
    hand.prepare({"condition": "lit"}, "armed")
    with pytest.raises(OrderError, match="still on its way"):
        hand.prepare({"condition": "lit"}, "armed")
    told = np.zeros(1, [("condition", "U32"), ("verdict", "U16")])
    told["condition"], told["verdict"] = MANUAL, "scheduled"
    hand.decided(7, told, None, 0)
    assert hand.busy
    hand.pulsed(np.array([(6,)], [("decision", "i8")]), None, 0)
    assert hand.busy
    hand.pulsed(np.array([(7,)], [("decision", "i8")]), None, 0)
    assert not hand.busy
    hand.prepare({"condition": "lit"}, "armed")
    told["verdict"] = "dose"
    hand.decided(8, told, None, 0)
    assert not hand.busy, "what was withheld is over"


def test_without_room_or_light_only_conditions_can_be_fired():
    bench, a = made(TEXT.replace("{kind: flash, width_ms: 5, irradiance_mw_mm2: 2}", "{kind: none}"))
    hand = HandLight(a, bench.light)
    with pytest.raises(OrderError, match="nobody said how bright"):
        hand.prepare({"led": 0, "width_ms": 5.0}, "armed")
    assert hand.status()["conditions"] == []


def test_the_books_tell_dose_and_warming_as_the_governor_has_them(session):
    _, a = made()
    books, opened = LightBooks(a), open_session(session)
    dark = books.status(0)
    assert (dark["dose_mj_mm2"], dark["rise_c"], dark["dose_led"]) == (0.0, 0.0, None)
    mine = by_hand(session)[:1]
    books.decided(0, mine, None, 0)
    now = books.status(int(mine["fire_sample"][0]) + 1)
    assert now["dose_per_led_mj_mm2"][2] == pytest.approx(2.0 * 0.010, rel=0.01)
    assert (now["dose_led"], now["dose_limit_mj_mm2"], now["rise_limit_c"]) == (2, 400.0, 0.5)
    cooler = books.status(int(mine["fire_sample"][0]) + 2000)
    assert 0 < cooler["rise_c"] < now["rise_c"]
    books.decided(1, opened.decisions[opened.decisions["sample"] > mine["sample"][0]], None, 0)
    assert books.status(9000)["dose_mj_mm2"] > now["dose_mj_mm2"]
