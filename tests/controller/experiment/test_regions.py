"""A model that takes two arrays for one tracks nothing; a session has to run on one of them, and on the right one."""

import json

import numpy as np
import pytest
from support.waves import grid
from wavestim.controller.experiment import (
    ExperimentError,
    choose_region,
    electrode_positions,
    in_region,
    led_positions,
    parse_experiment,
    region_labels,
    site_index,
)

ARRAY = grid(4, 4, 0.4)
PLACES = np.vstack([ARRAY, ARRAY[:12] + np.array([6.0, 0.0])])
LABELS = ["V1"] * 16 + ["V4"] * 12


def parsed(**keys):
    sham = {"name": "sham", "pattern": {"kind": "none"}}
    return parse_experiment(json.dumps({"name": "two", "conditions": [sham], **keys}))


def experiment(tmp_path, **keys):
    return parsed(**{"source": {"kind": "file", "path": str(tmp_path / "r.npz")}, "probe": {"kind": "recording"}, **keys})


def test_the_region_that_is_asked_for_runs_and_the_rest_is_left_out(tmp_path):
    e, region = in_region(experiment(tmp_path, probe={"kind": "recording", "bad_channels": [17]}), PLACES, LABELS, "V4")
    assert (region.name, region.sizes) == ("V4", {"V1": 16, "V4": 12})
    assert set(e.probe.bad_channels) == {*range(16), 17}
    site = site_index(e, PLACES, led_positions(e, PLACES), [])
    assert site in range(16, 28)
    assert site != 17
    assert np.hypot(*(PLACES[site] - PLACES[16:].mean(axis=0))) < 0.5
    assert (led_positions(e, PLACES)[:, 0] > 5).all()
    assert len(led_positions(e, PLACES)) == 3


def test_without_a_word_it_is_the_one_that_holds_the_trigger_site(tmp_path):
    assert in_region(experiment(tmp_path, trigger={"site": 20}), PLACES, LABELS, None)[1].name == "V4"
    assert in_region(experiment(tmp_path, trigger={"site": 3}), PLACES, LABELS, None)[1].name == "V1"
    assert in_region(experiment(tmp_path), PLACES, LABELS, None)[1].name == "V1"  # the larger one
    lit = experiment(tmp_path, trigger={"site": "led"}, leds={"positions_mm": [[6.0, 0.0], [6.4, 0.0]]})
    e, region = in_region(lit, PLACES, LABELS, None)
    assert region.name == "V4"
    assert e.trigger.site == "led"
    assert e.leds == lit.leds


def test_chosen_once_it_stays(tmp_path):
    e, region = in_region(experiment(tmp_path), PLACES, LABELS, "V4")
    assert in_region(e, PLACES, LABELS, None) == (e, region)


def test_one_region_is_as_none(tmp_path):
    e = experiment(tmp_path)
    assert in_region(e, PLACES, ["V1"] * 28, None) == (e, None)
    assert in_region(e, PLACES, None, None) == (e, None)
    assert in_region(e, PLACES, ["V1"] * 27 + [""], None)[0].probe.bad_channels == (27,)  # a reference wire is no part of the array


@pytest.mark.parametrize(
    ("site", "labels", "asked", "words"),
    [
        ("center", None, "V4", "nothing says which channels form one"),
        ("center", LABELS, "MT", "there is no region 'MT'; there are 'V1' (16 channels), 'V4' (12 channels)"),
        ("center", [""] * 28, "MT", "no channel has one"),
        (3, LABELS, "V4", "trigger.site is electrode 3, of region 'V1'; choose one of V4"),
        (27, [*LABELS[:27], ""], None, "trigger.site is electrode 27, of no region"),
        ("center", LABELS[1:], None, "27 region labels for 28 electrodes"),
    ],
)
def test_what_does_not_fit_is_one_sentence(tmp_path, site, labels, asked, words):
    with pytest.raises(ExperimentError) as caught:
        in_region(experiment(tmp_path, trigger={"site": site}), PLACES, labels, asked)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_region_of_bad_channels_is_refused(tmp_path):
    e = experiment(tmp_path, probe={"kind": "recording", "bad_channels": list(range(16, 28))})
    with pytest.raises(ExperimentError, match="leaves no channel of region 'V4'"):
        in_region(e, PLACES, LABELS, "V4")


def test_the_probes_of_a_file_are_regions_in_the_order_of_their_channels(tmp_path):
    from probeinterface import Probe, ProbeGroup, write_probeinterface

    group, wiring = ProbeGroup(), np.random.default_rng(0).permutation(28)
    for name, places, channels in (("V1", PLACES[:16], wiring[:16]), ("V4", PLACES[16:], wiring[16:])):
        probe = Probe(ndim=2, si_units="mm", name=name)
        probe.set_contacts(positions=places, shapes="circle", shape_params={"radius": 0.01})
        probe.set_device_channel_indices(channels)
        group.add_probe(probe)
    write_probeinterface(tmp_path / "two.json", group)
    file = {"kind": "file", "path": str(tmp_path / "two.json")}
    e = parsed(probe=file, trigger={"site": int(wiring[20])})
    labels, positions = region_labels(e, None), electrode_positions(e)
    for name, places, channels in (("V1", PLACES[:16], wiring[:16]), ("V4", PLACES[16:], wiring[16:])):
        assert {labels[c] for c in channels} == {name}
        np.testing.assert_allclose(positions[channels], places)
    assert in_region(e, positions, None, None)[1].name == "V4"
    mapped = parsed(probe={**file, "channel_map": [*range(26, -1, -1), None]})
    assert region_labels(mapped, None) == labels[26::-1]
    assert region_labels(e, ["a", "b"]) == ("a", "b")  # the recording's own word comes first


def test_without_an_experiment_the_region_with_most_channels():
    assert choose_region(LABELS, None, "r.npz").name == "V1"
    assert choose_region(LABELS, "V4", "r.npz").inside.sum() == 12
