"""Where things are: a mistake here lights the wrong place, or the right place against the wave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wavestim.controller.experiment import ExperimentError, electrode_positions, led_positions, plan, site_index


def grid(rows: int, columns: int, **more: Any) -> dict[str, Any]:
    return {"kind": "grid", "rows": rows, "columns": columns, "pitch_mm": 0.5, **more}


def test_channel_is_row_times_columns_plus_column_from_the_bottom(experiment: Any) -> None:
    xy = electrode_positions(experiment(probe=grid(2, 3)))
    assert xy.tolist() == [[-0.5, -0.25], [0, -0.25], [0.5, -0.25], [-0.5, 0.25], [0, 0.25], [0.5, 0.25]]
    assert xy.dtype == np.float64
    np.testing.assert_allclose(xy.mean(axis=0), 0, atol=1e-12)


def test_a_channel_map_gives_the_channel_of_each_electrode(experiment: Any) -> None:
    xy = electrode_positions(experiment(probe=grid(1, 4, channel_map=[2, None, 0, 1])))
    assert xy[:, 0].tolist() == [0.25, 0.75, -0.75]  # electrodes 2, 3 and 0


def test_one_led_over_every_fourth_electrode(experiment: Any) -> None:
    e = experiment()
    leds = led_positions(e, electrode_positions(e))
    assert len(leds) == 25
    assert leds[0].tolist() == pytest.approx([-1.8, -1.8])
    assert leds[1].tolist() == pytest.approx([-1.0, -1.8])
    assert leds[5].tolist() == pytest.approx([-1.8, -1.0])
    strip = experiment(probe=grid(1, 16))
    assert led_positions(strip, electrode_positions(strip))[:, 0].tolist() == pytest.approx([-3.75, -1.75, 0.25, 2.25])


def test_leds_over_a_large_array_fit_into_one_pattern_of_a_board(experiment: Any) -> None:
    wide = experiment(probe=grid(32, 32))
    assert len(led_positions(wide, electrode_positions(wide))) == 64
    free = experiment(probe={"kind": "recording"})
    xy = np.random.default_rng(0).uniform(0, 4, (1000, 2))
    assert len(led_positions(free, electrode_positions(free, xy))) == 63


def test_given_leds_are_taken_as_they_are(experiment: Any) -> None:
    e = experiment(leds={"positions_mm": [[0, 1], [2, 3]]})
    assert led_positions(e, electrode_positions(e)).tolist() == [[0, 1], [2, 3]]


def test_the_centre_is_the_electrode_nearest_the_centroid(experiment: Any, board: Any) -> None:
    for site, bad, expected in (("center", [], 4), ("center", [4], 1), (7, [], 7)):
        e = experiment(probe=grid(3, 3, bad_channels=bad), trigger={"site": site})
        xy = electrode_positions(e)
        leds = led_positions(e, xy)
        assert site_index(e, xy, leds, plan(e, xy, leds, board())) == expected


def test_led_is_the_electrode_under_the_first_light(experiment: Any, board: Any) -> None:
    pattern = {"kind": "sites", "leds": [0, 3], "delays_ms": [10, 0]}
    e = experiment(pattern, probe=grid(4, 4), trigger={"site": "led"})
    xy = electrode_positions(e)
    leds = led_positions(e, xy)
    made = plan(e, xy, leds, board())
    site = site_index(e, xy, leds, made)
    assert xy[site].tolist() == leds[3].tolist()
    assert made.slots[0].lead_ms == 0


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"trigger": {"site": 100}}, "trigger.site is electrode 100, but there are electrodes 0 to 99"),
        (
            {"trigger": {"site": 3}, "probe": grid(2, 2, bad_channels=[3])},
            "trigger.site is electrode 3, which is one of probe.bad_channels",
        ),
    ],
)
def test_a_site_that_is_not_there_is_refused(experiment: Any, board: Any, keys: dict[str, Any], expected: str) -> None:
    e = experiment(**keys)
    xy = electrode_positions(e)
    with pytest.raises(ExperimentError) as caught:
        plan(e, xy, led_positions(e, xy), board())
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        (grid(2, 2, bad_channels=[4]), "probe.bad_channels names channel 4, but the channels are 0 to 3"),
        (grid(2, 2, bad_channels=[0, 1, 2, 3]), "probe.bad_channels leaves no channel"),
        (grid(1, 2, channel_map=[None, None]), "probe has no connected electrode"),
        ({"kind": "file", "path": "/nowhere/probe.json"}, "no such probe file"),
        ({"kind": "recording"}, "probe: kind 'recording' needs a recording"),
    ],
)
def test_probes_that_cannot_be_are_refused(experiment: Any, probe: dict[str, Any], expected: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        electrode_positions(experiment(probe=probe))
    assert expected in str(caught.value)


def probe_file(path: Path, positions_um: list[list[float]], channels: list[int] | None) -> dict[str, Any]:
    import probeinterface

    probe = probeinterface.Probe(ndim=2, si_units="um")
    probe.set_contacts(positions=np.array(positions_um), shapes="circle", shape_params={"radius": 5})
    if channels is not None:
        probe.set_device_channel_indices(channels)
    probeinterface.write_probeinterface(path, probe)
    return {"kind": "file", "path": str(path)}


def test_a_probe_file_gives_mm_in_the_order_of_its_wiring(experiment: Any, tmp_path: Path) -> None:
    probe = probe_file(tmp_path / "p.json", [[0, 0], [400, 0], [800, 200]], [1, 0, 2])
    xy = electrode_positions(experiment(probe=probe))
    np.testing.assert_allclose(xy, [[0.4, 0], [0, 0], [0.8, 0.2]])


def test_two_electrodes_at_one_place_are_refused(experiment: Any) -> None:
    with pytest.raises(ExperimentError, match="electrodes 0 and 2 are at the same place"):
        electrode_positions(experiment(probe="recording"), [[0, 0], [0.4, 0], [0, 0]])
    with pytest.raises(ExperimentError, match="the position of electrode 1 is not finite"):
        electrode_positions(experiment(probe="recording"), [[0, 0], [float("nan"), 0]])


def test_a_file_that_is_no_probe_is_refused(experiment: Any, tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps({"a": 1}))
    with pytest.raises(ExperimentError, match="not a probeinterface file"):
        electrode_positions(experiment(probe={"kind": "file", "path": str(tmp_path / "p.json")}))


def test_positions_come_with_a_recording(experiment: Any, tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    np.savez(path, lfp=np.zeros((3, 2)), fs=1000.0, positions_mm=[[0.0, 0], [1, 0]])
    e = experiment(probe="recording", source={"kind": "file", "path": str(path)})
    assert electrode_positions(e).tolist() == [[0, 0], [1, 0]]
    assert electrode_positions(e, [[0, 5]]).tolist() == [[0, 5]]
