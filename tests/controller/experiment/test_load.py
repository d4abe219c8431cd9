"""A file that is wrong costs one sentence: which file, which key, what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from support.refusing import refusal
from wavestim.controller.experiment import (
    Experiment,
    ExperimentError,
    example_names,
    experiment_hash,
    load_experiment,
    mocked,
    parse_experiment,
    resolve,
)
from wavestim.controller.experiment._probe import FileProbe

SHORT = "name: x\nconditions: [{name: a, pattern: {kind: flash}}]\n"
TWO = "name: x\nconditions: [{name: a, pattern: flash}, {name: b, pattern: none}]\n"
GRID = "probe: {kind: grid, rows: 2, columns: 2, pitch_mm: 0.4"

REFUSED = [
    ("", "the file is empty; an experiment begins with 'name:' and 'conditions:'"),
    ("- a", "does not hold keys and values"),
    ("name: x", "key 'conditions' is missing"),
    ("name: [", "line 1, column 8"),
    ("\tname: x", "a tab cannot indent YAML; use spaces"),
    (SHORT + "name: y", "line 3, column 1: the key 'name' is given twice (first in line 1); keep one"),
    (SHORT + "trigger: {phase_deg: 1, phase_deg: 2}", "the key 'phase_deg' is given twice"),
    (SHORT + "3: x", "the key 3 is not text"),
    (SHORT + "light: yes", "light is read as true, as YAML reads yes, no, on and off; put the word in quotes"),
    (SHORT + "triger: {}", "unknown key 'triger'; did you mean 'trigger'?"),
    (SHORT + "trigger: {refactory_ms: 3}", "unknown key 'trigger.refactory_ms'; did you mean 'refractory_ms'?"),
    (SHORT + "trigger: {zzz: 3}", "one of site, phase_deg,"),
    (SHORT + "trigger: {refractory_ms: -3}", "trigger.refractory_ms must be >= 0, not -3 (Shortest time from pulse to pulse"),
    (SHORT + "trigger: {horizon_ms: soon}", "trigger.horizon_ms must be 'auto' or a number, not 'soon'"),
    (SHORT + "trigger: {site: middle}", "trigger.site must be 'center' or 'led' or a whole number, not 'middle'"),
    (SHORT + "trigger: {policy: open-loop}", "key 'trigger.policy.period_ms' is missing"),
    (SHORT + "trigger: {max_phase_sd_deg: 0}", "trigger.max_phase_sd_deg must be > 0, not 0"),
    (SHORT + "light: simulatd", "light: unknown kind 'simulatd'; did you mean 'simulated'?"),
    (SHORT + "light: {port: COM3}", "light needs a key 'kind', one of simulated, wavelight, pulsepal"),
    (SHORT + "light: wavelight", "a board is found by 'port' or by 'serial_number'; give one of the two"),
    (SHORT + "light: {kind: pulsepal}", "key 'light.port' is missing"),
    (
        SHORT + "light: {kind: thorlabs-dc4100, port: COM3, currents_ma: [100]}",
        "stays lit when the computer dies; name the board that gates it",
    ),
    (SHORT + "light: {kind: thorlabs-dc4100, port: COM3, gated_by: {kind: pulsepal, port: COM4}}", "currents_ma says how bright it is"),
    (SHORT + "light: {kind: thorlabs-dc4100, port: COM3, gated_by: {kind: thorlabs-dc4100, port: COM4}}", "light.gated_by"),
    (
        SHORT + "light: {kind: thorlabs-dc4100, port: mock, currents_ma: [9], gated_by: {kind: pulsepal, port: COM4}}",
        "are both real or both stand-ins",
    ),
    (SHORT + "source: {kind: file}", "key 'source.path' is missing"),
    (SHORT + "source: lsl", "a stream is found by 'name' or by 'type'; give one of the two"),
    (SHORT + "source: {kind: rhx, data_port: 70000}", "source.data_port must be <= 65535, not 70000"),
    (SHORT + "band_hz: [30, 8]", "the band must rise, [lowest, highest], not [30, 8]"),
    (SHORT + "band_hz: [8]", "key 'band_hz[1]' is missing"),
    (SHORT + "seed: 1.5", "seed must be a whole number, not 1.5"),
    (SHORT + "opsin: {a: 1}", "opsin must be text (put it in quotes), not a mapping"),
    (SHORT + "subject: mouse", "subject must be a mapping of keys, not 'mouse'"),
    (SHORT + "safety: {max_duty: .nan}", "safety.max_duty must be a finite number, not nan"),
    (SHORT + "safety: {max_duty: 0.5}", "safety.max_duty must be <= 0.2, not 0.5"),
    (SHORT + "safety: {max_pulse_ms: 21}", "safety.max_pulse_ms must be <= 20, not 21"),
    (SHORT + "leds: {power_curve: [[0, 0], [100, 5], [90, 9]]}", "leds.power_curve: it must rise"),
    (SHORT + GRID + ", channel_map: [0, 1]}", "channel_map has 2 entries, but 2 x 2 are 4 electrodes"),
    (SHORT + GRID + ", channel_map: [0, 1, 1, 2]}", "channel_map must name every channel from 0 upwards exactly once"),
    ("name: x\nconditions: []", "conditions must be at least 1 entries long"),
    ("name: x\nconditions: {a: 1}", "conditions must be a list, not a mapping"),
    ("name: x\nconditions: [{name: a, pattern: none}, {name: a, pattern: none}]", "'a' is used twice"),
    (
        "name: x\nconditions: [{name: a, pattern: {kind: travelling, heading: up}}]",
        "conditions[0].pattern.heading must be 'with', 'against'",
    ),
    (
        "name: x\nconditions: [{name: a, pattern: {kind: travelling, speed: 3}}]",
        "'conditions[0].pattern.speed'; did you mean 'speed_mm_s'?",
    ),
    ("name: x\nconditions: [{name: a, pattern: {kind: sites, leds: [1, 2], delays_ms: [0]}}]", "delays_ms has 1 entries for 2 leds"),
    (SHORT + "schedule: {blocks: 3}", "schedule: blocks needs trials_per_block"),
    (SHORT + "schedule: {washout_s: 3}", "schedule: washout_s needs trials_per_block"),
    (SHORT + "schedule: {order: blocked}", "schedule: order: blocked needs trials_per_block"),
    (SHORT + "schedule: {catch_fraction: 0.8}", "schedule.catch_fraction must be <= 0.5, not 0.8"),
    (SHORT + "schedule: {trial: opening}", "schedule.trial: opening needs a gate"),
    (
        TWO + "schedule: {trials_per_block: 5}",
        "file.yaml: schedule.trials_per_block: 2 conditions cannot share 5 trials equally; use 4 or 6",
    ),
    (TWO + "schedule: {trials_per_block: 1}", "2 conditions cannot share 1 trials equally; use 2"),
    (TWO + "schedule: {trials_per_block: 5, order: blocked, blocks: 3}", "2 conditions cannot share 3 blocks equally; use 4"),
    ("name: x\nconditions: [{name: a, pattern: none}]\nschedule: {catch_fraction: 0.1}", "all conditions are dark"),
    (SHORT + "gate: {until: off-1}", "a gate is opened by a 'marker' or by a line, 'ttl'; give one of the two"),
    (SHORT + "gate: {marker: a, ttl: 1, until: b}", "give one of the two"),
    (SHORT + "gate: {marker: a}", "'until' (a marker) or 'for_s' (a time) says when the gate shuts"),
    (SHORT + "gate: {marker: a, until: b, for_s: 1}", "'until' (a marker) or 'for_s' (a time) says when the gate shuts"),
    (SHORT + "gate: {marker: a, until: a}", "'a' cannot open and shut the gate"),
    (SHORT + "gate: {ttl: 1, until: b}", "a gate with 'ttl' shuts with its line"),
    (SHORT + "gate: {ttl: 0}", "gate.ttl must be >= 1, not 0"),
    (SHORT + "gate: {marker: on, until: b}", "gate.marker is read as true, as YAML reads yes, no, on and off; put the word in quotes"),
    (SHORT + "gate: {ttl: 2}", "gate: nothing opens it; let the simulated source send it, with source.stimulus: [{ttl: 2, every_s: 4}]"),
    (SHORT + "gate: {marker: a, for_s: 1}\nsource: {kind: lsl, name: x}", "gate.marker: name the marker stream in source.markers"),
    (SHORT + "gate: {ttl: 1}\nsource: {kind: lsl, name: x}", "a stream over LSL has no TTL lines; use gate.marker"),
    (SHORT + "gate: {marker: a, for_s: 1}\nsource: rhx", "gate.marker: an rhx source has TTL lines and no markers; use gate.ttl"),
    (SHORT + "source: {kind: simulated, stimulus: [{at_s: 3}]}", "a stimulus is a 'marker' or a line, 'ttl'; give one of the two"),
    (SHORT + "source: {kind: simulated, stimulus: [{ttl: 1, for_s: 3, every_s: 2}]}", "raise every_s above for_s"),
    (SHORT + "stop: {after_pulses: 0}", "stop.after_pulses must be >= 1, not 0"),
    (SHORT + "stop: {max_missed_fraction: 20}", "stop.max_missed_fraction must be < 1, not 20"),
    (SHORT + "probe: &a {kind: *a}", "a part of the file holds itself; write it out, without & and *"),
    ("name: 2024-01-01\nconditions: [{name: a, pattern: none}]", "name must be text (put it in quotes)"),
]


@pytest.mark.parametrize(("text", "expected"), REFUSED, ids=[e[:40] for _, e in REFUSED])
def test_what_is_wrong_is_said_in_one_sentence(text: str, expected: str) -> None:
    with pytest.raises(ExperimentError) as caught:
        parse_experiment(text, "file.yaml")
    sentence = str(caught.value)
    assert sentence.startswith("file.yaml: ")
    assert expected in sentence
    assert "\n" not in sentence
    assert caught.value.exit_code == 2


def test_a_name_that_is_almost_an_example_is_helped() -> None:
    with pytest.raises(ExperimentError, match=r"did you mean 'against-the-wave'.*every-cycle"):
        load_experiment("against-the-wav")


def test_a_missing_file_names_the_examples(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"nothing\.yaml: no such file or example; give a YAML file or one of the examples against"):
        load_experiment(tmp_path / "nothing.yaml")
    with pytest.raises(ExperimentError, match=r"a folder without experiment\.yaml"):
        load_experiment(tmp_path)


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"name: \xff\xfe\x00")
    with pytest.raises(ExperimentError, match="is not UTF-8 text"):
        load_experiment(path)


@given(st.text(max_size=200))
def test_no_text_makes_anything_but_an_experiment_error(text: str) -> None:
    assert "\n" not in refusal(ExperimentError, lambda: parse_experiment(text))


@pytest.mark.parametrize("name", example_names())
def test_every_packaged_example_loads(name: str) -> None:
    assert load_experiment(name).name == name


def test_defaults_are_those_of_the_design() -> None:
    e = parse_experiment(SHORT)
    assert (e.seed, e.source.kind, e.band_hz, e.opsin) == (1, "simulated", (8.0, 24.0), "chr2")
    assert (e.trigger.site, e.trigger.phase_deg, e.trigger.horizon_ms, e.trigger.refractory_ms) == ("center", 0, "auto", 200)
    assert (e.trigger.max_phase_sd_deg, e.trigger.direction_deg, e.trigger.min_pgd, e.trigger.policy.kind) == (
        60,
        None,
        None,
        "phase-locked",
    )
    assert (e.conditioning.reference, e.conditioning.notch_hz, e.conditioning.mask_ms) == ("none", None, "auto")
    assert (e.leds.positions_mm, e.leds.wavelength_nm, e.leds.spot_mm, e.leds.power_curve) == (None, 470, 0.2, None)
    s = e.safety
    assert (s.max_irradiance_mw_mm2, s.max_duty, s.max_pulse_ms, s.max_temperature_rise_c) == (10, 0.1, 20, 0.5)


def models(annotation: Any) -> set[type[BaseModel]]:
    """Every model that the experiment is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}.union(*(models(f.annotation) for f in annotation.model_fields.values()))
    return set().union(*(models(a) for a in get_args(annotation)))


def test_every_key_says_what_it_means_and_nothing_can_be_changed() -> None:
    found = models(Experiment)
    assert len(found) > 25
    for model in found:
        assert model.model_config["frozen"]
        assert model.model_config["extra"] == "forbid"
        for name, field in model.model_fields.items():
            assert (field.description or "").endswith("."), f"{model.__name__}.{name}"


def test_only_simulated_light_resumes_by_itself() -> None:
    assert parse_experiment(SHORT).safety.rearm_after_stall == 3
    assert parse_experiment(SHORT + "light: {kind: wavelight, port: COM3}").safety.rearm_after_stall == 0
    assert parse_experiment(SHORT + "safety: {rearm_after_stall: 0}").safety.rearm_after_stall == 0


def test_words_stand_for_kinds_and_numbers_may_have_exponents() -> None:
    e = parse_experiment(SHORT + "light: simulated\ntrigger: {policy: rate-matched-random, refractory_ms: 1e3}")
    assert (e.light.kind, e.trigger.policy.kind, e.trigger.refractory_ms) == ("simulated", "rate-matched-random", 1000)


def test_what_a_session_keeps_loads_again_and_has_the_same_hash(tmp_path: Path) -> None:
    experiment = load_experiment("against-the-wave")
    kept = resolve(experiment)
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(kept))
    again = load_experiment(tmp_path)
    assert experiment_hash(again) == experiment_hash(experiment) == kept["provenance"]["experiment_hash"]
    assert again.model_copy(update={"provenance": None}) == experiment


def test_the_hash_is_about_content_and_not_about_folders(tmp_path: Path) -> None:
    hashes = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "p.json").write_text("{}")
        (tmp_path / folder / "e.yaml").write_text(SHORT + "probe: {kind: file, path: p.json}")
        experiment = load_experiment(tmp_path / folder / "e.yaml")
        assert isinstance(experiment.probe, FileProbe)
        assert Path(experiment.probe.path) == tmp_path / folder / "p.json"
        hashes.append(experiment_hash(experiment))
    assert hashes[0] == hashes[1]
    assert experiment_hash(parse_experiment(SHORT + "seed: 2")) != experiment_hash(parse_experiment(SHORT))


def test_sessions_from_before_there_were_blocks_and_gates_keep_their_hash() -> None:
    """What is not said does not count: a replay knows the experiment of an older session for the same."""
    said = parse_experiment(SHORT + "schedule: {catch_fraction: 0}\ngate: null\nstop: {}\nsource: {kind: simulated, stimulus: []}")
    assert experiment_hash(said) == experiment_hash(parse_experiment(SHORT))
    assert experiment_hash(parse_experiment(SHORT + "stop: {after_pulses: 9}")) != experiment_hash(said)


def test_the_mock_rig_opens_the_gate() -> None:
    real = parse_experiment(SHORT + "source: {kind: lsl, name: x, markers: task}\ngate: {marker: go, until: end}")
    source = mocked(real).source
    assert source.kind == "simulated"
    assert [(s.marker, s.until, s.every_s) for s in source.stimulus] == [("go", "end", 4)]


def test_the_mock_rig_takes_the_place_of_hardware() -> None:
    real = parse_experiment(SHORT + "light: {kind: wavelight, port: COM3}\nsource: {kind: rhx}")
    mock = mocked(real)
    assert (mock.light.kind, mock.source.kind, mock.conditions) == ("simulated", "simulated", real.conditions)
    assert isinstance(mock, Experiment)


def test_a_packaged_recording_goes_by_its_name_unless_a_file_has_it(tmp_path):
    def path_of(recording="ecog-strip"):
        source = f"source: {{kind: file, path: {recording}}}\nprobe: {{kind: recording}}\n"
        return parse_experiment(
            f"name: x\n{source}conditions: [{{name: sham, pattern: {{kind: none}}}}]", "x.yaml", base=tmp_path
        ).source.path

    assert path_of() == "ecog-strip"
    assert path_of("mine.npz") == str(tmp_path.resolve() / "mine.npz")
    (tmp_path / "ecog-strip").mkdir()
    assert path_of() == str(tmp_path.resolve() / "ecog-strip")
