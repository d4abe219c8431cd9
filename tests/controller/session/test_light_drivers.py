"""Whole sessions at real pace, each with the driver of a board that labs own against its stand-in: what shone is what was told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.light_boards import DRIVERS, Served
from support.lightedges import dark_at_the_end
from support.realpace import has_shone, ready, run_until, skip_if_starved
from wavestim.controller import open_session
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import mocked, parse_experiment
from wavestim.controller.record.truth import read_edges
from wavestim.controller.session import run_experiment, verify_session
from wavestim.controller.session.rehearsal import rehearse
from wavestim.hardware.lights import LightError

TEXT = """
name: labs-own
source: {{kind: simulated}}
probe: {{kind: grid, rows: 5, columns: 5, pitch_mm: 0.4}}
trigger: {{horizon_ms: 40, refractory_ms: 100, max_phase_sd_deg: 180}}
light: {light}
leds: {{positions_mm: {leds}}}
safety: {{max_irradiance_mw_mm2: 2, rearm_after_stall: 100}}
conditions:
  - {{name: lit, pattern: {pattern}}}
  - {{name: sham, pattern: {{kind: none}}}}
"""
FLASH = "{{kind: flash, width_ms: {width:g}, irradiance_mw_mm2: 2}}"
TRAVELLING = "{kind: travelling, heading: with, speed_mm_s: wave, width_ms: 5, irradiance_mw_mm2: 2}"
LEDS = [[-0.6, 0], [-0.2, 0], [0.2, 0], [0.6, 0]]


ENOUGH = 200
"""Bytes of the edge file for each LED: some pulses."""


def text(light: str, n_leds: int, pattern: str) -> str:
    return TEXT.format(light=light, leds=LEDS[:n_leds], pattern=pattern)


@pytest.mark.parametrize("name", DRIVERS)
def test_a_whole_session(tmp_path: Path, name: str) -> None:
    d, out = DRIVERS[name], tmp_path / "session"
    pattern = TRAVELLING if name == "pulsepal" else FLASH.format(width=d.width_us / 1000)
    experiment = ready(text(d.file, min(4, d.n_sites), pattern), tmp_path)
    summary = run_until(experiment, out, lambda seconds: has_shone(out, ENOUGH * min(4, d.n_sites)))
    assert verify_session(out).ok
    assert dark_at_the_end(out)
    skip_if_starved(summary)
    session = open_session(out)
    assert session.about["light"]["kind"] == d.kind
    assert session.about["light"]["guarantee"] == d.guarantee
    assert session.about["light"]["timing"]
    pulses, edges = session.pulses, read_edges(out / "edges.csv")
    lit = pulses[np.isin(pulses["verdict"], ("fired", "cut"))]
    unknown = int(np.sum(pulses["verdict"] == "lost"))  # on a machine that stalls: they may have shone
    assert summary["pulses"]["fired"] == len(lit)
    assert len(lit) + unknown > 0
    # every LED shone once for every pulse that was told, and for nothing else
    for led in range(min(4, d.n_sites)):
        on = edges["device_us"][(edges["led"] == led) & (edges["level"] > 0)]
        assert len(lit) <= len(on) <= len(lit) + unknown
        assert summary["dose"]["lit_ms_per_site"][led] >= len(on) * d.width_us / 1000 - 1e-6, "light that nobody confirmed counts too"
    if len(lit) == 0:
        return
    starts = np.sort(edges["device_us"][edges["level"] > 0])
    nearest = starts[np.argmin(np.abs(starts[:, None] - lit["onset_device_us"]), axis=0)]
    assert (nearest >= lit["onset_device_us"] - 1000).all()


def test_garbage_within_a_session_ends_the_light_and_is_recorded(tmp_path: Path) -> None:
    out, served = tmp_path / "session", Served(DRIVERS["mm-arduino"])
    experiment = ready(text(f"{{kind: mm-arduino, port: {served.board.pty_name}}}", 4, FLASH.format(width=5)), tmp_path)
    spoilt: list[int] = []
    told: list[float] = []

    def long_dark(seconds: float) -> bool:
        if served.lit() and not served.peer.garbage:
            served.peer.garbage = b"\x00\xffrubbish"
            spoilt.append(len(served.lit()))
        if spoilt and not told and "not-resumed" in open_session(out).markers["name"]:
            told.append(seconds)
        return bool(told) and seconds > told[0] + 1

    try:
        summary = run_until(experiment, out, long_dark)
    finally:
        served.close()
    assert served.dark()
    if not spoilt:
        skip_if_starved(summary)
    assert set(summary["safe"]) & {"garbage", "no-answer", "abort", "heartbeat"}  # the latter of a machine that stalls
    assert len(served.lit()) <= spoilt[0] + 4  # what had been ordered before
    assert served.dark()
    marks = {str(m["name"]): str(m["value"]) for m in open_session(out).markers}  # and the recording goes on, dark
    assert "is not an Arduino with Micro-Manager's firmware: it said" in marks["not-resumed"]
    assert verify_session(out).ok


@pytest.mark.parametrize(
    ("light", "pattern", "says"),
    [
        ("{kind: mm-arduino, port: COM3}", TRAVELLING, "lights its LEDs one after the other, but the board lights all at once"),
        ("{kind: mm-arduino, port: COM3}", "{kind: flash, width_ms: 2.5, irradiance_mw_mm2: 2}", "the board counts in 1 ms"),
        ("{kind: mm-arduino, port: COM3}", "{kind: flash, width_ms: 5, irradiance_mw_mm2: 1}", "the board can only switch its LEDs"),
        ("{kind: cyclops, port: COM3}", "{kind: flash, width_ms: 1, irradiance_mw_mm2: 2}", "4 LEDs, but the board drives 1"),
        (
            "{kind: thorlabs-dc4100, port: COM3, currents_ma: [1, 1], gated_by: {kind: mm-arduino, port: COM4}}",
            TRAVELLING,
            "board drives 2",
        ),
    ],
)
def test_what_a_board_cannot_do_is_refused_at_load(tmp_path: Path, light: str, pattern: str, says: str) -> None:
    experiment = parse_experiment(text(light, 4, pattern))
    with pytest.raises(ExperimentError, match=says):
        rehearse(experiment)
    with pytest.raises(ExperimentError, match=says):  # before a board is looked for
        run_experiment(experiment, out=tmp_path / "s", seconds=5, pace="real", seed=None, arm=True, progress=lambda s: None)
    assert not (tmp_path / "s").exists()


def test_a_sketch_that_is_busy_longer_than_the_wave_is_refused() -> None:
    experiment = parse_experiment(
        text("{kind: cyclops, port: COM3}", 1, FLASH.format(width=1)).replace("refractory_ms: 100", "refractory_ms: 50")
    )
    with pytest.raises(
        ExperimentError, match=r"every 50 ms, but a cyclops is busy for 55 ms with a pulse; set trigger.refractory_ms to 55"
    ):
        rehearse(experiment)


def test_waves_that_last_longer_than_the_shortest_wait_are_refused_where_the_board_gives_one_at_a_time() -> None:
    wave = TRAVELLING.replace("speed_mm_s: wave", "speed_mm_s: 10")
    experiment = parse_experiment(text("{kind: pulsepal, port: COM3}", 4, wave))  # 1.2 mm take 120 ms
    with pytest.raises(ExperimentError, match=r"due every 100 ms, but pattern .* lasts 125 ms and a pulsepal gives one pattern after the"):
        rehearse(experiment)
    rehearse(parse_experiment(text("{kind: simulated}", 4, wave)))


def test_mock_keeps_the_driver_and_replaces_its_boards(tmp_path: Path) -> None:
    experiment = parse_experiment(text(DRIVERS["thorlabs"].file.replace("mock", "COM3"), 2, FLASH.format(width=5)))
    with pytest.raises(LightError, match="there is no port COM3"):
        run_experiment(experiment, out=tmp_path / "s", seconds=5, pace="real", seed=None, arm=True, progress=lambda s: None)
    light = mocked(experiment).light
    assert (light.kind, light.port, light.gated_by.kind, light.gated_by.port) == ("thorlabs-dc4100", "mock", "wavelight", "mock")
