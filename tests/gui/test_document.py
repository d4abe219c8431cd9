"""The experiment that is written: what a form does to the text and the file, and what it never loses."""

from __future__ import annotations

import threading

import pytest
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.experiment.problems import check_text
from wavestim.gui.editor import document
from wavestim.gui.editor.document import ChangedOnDiskError, Document
from wavestim.gui.editor.fields import form, inline
from wavestim.gui.editor.latest import Latest
from wavestim.gui.editor.working import Drawn, Looked, Planned, Refused, work

FLASH = ("conditions", 0, "pattern")


@pytest.fixture
def small():
    return document.new()


def test_a_new_experiment_has_nothing_wrong_with_it(small):
    assert parse_experiment(small.text).name == "new-experiment"
    assert not small.unsaved
    with pytest.raises(ExperimentError, match="no name yet"):
        small.save()


def test_only_what_was_set_is_written(small):
    small.put(("trigger", "phase_deg"), 90)
    small.put(("source", "snr_db"), 3)
    small.put(("probe", "rows"), 8)
    small.put(("subject", "id"), "mouse-1")
    assert small.data["trigger"] == {"phase_deg": 90}
    assert small.data["source"] == {"kind": "simulated", "snr_db": 3}
    assert small.data["probe"] == {"kind": "grid", "rows": 8, "columns": 10, "pitch_mm": 0.4}, "what a kind cannot be without"
    assert list(small.data) == ["name", "subject", "source", "probe", "trigger", "conditions"], "in the order of the documentation"
    small.drop(("trigger", "phase_deg"))
    small.drop(("trigger", "phase_deg"))
    assert small.data["trigger"] == {}
    assert parse_experiment(small.text).probe.rows == 8


def test_a_word_becomes_a_part_when_a_key_of_it_is_set():
    written = Document("name: x\nlight: simulated   # mine\nconditions: []\n")
    written.put(("light", "clock_tolerance_us"), 500)
    assert written.data["light"] == {"kind": "simulated", "clock_tolerance_us": 500}
    assert "# mine" in written.text


def test_another_kind_keeps_what_both_have_and_brings_the_rest_back(small):
    small.put((*FLASH, "width_ms"), 7)
    small.choose(FLASH, "sites")
    small.put((*FLASH, "leds"), [1, 2])
    small.choose(FLASH, "travelling")
    assert small.data["conditions"][0]["pattern"] == {"kind": "travelling", "width_ms": 7, "irradiance_mw_mm2": 2}
    small.choose(FLASH, "sites")
    assert small.data["conditions"][0]["pattern"] == {"kind": "sites", "width_ms": 7, "irradiance_mw_mm2": 2, "leds": [1, 2]}
    small.choose(("trigger", "policy"), "open-loop")
    assert check_text(small.text).problems[0].path == ("trigger", "policy", "period_ms")


def test_conditions_come_double_go_and_change_places(small):
    small.add(("conditions",))
    small.duplicate(("conditions",), 0)
    assert [one["name"] for one in small.data["conditions"]] == ["light", "light-2", "sham", "condition-2"]
    small.move(("conditions",), 0, 1)
    small.move(("conditions",), 0, -1)
    small.remove(("conditions",), 2)
    assert [one["name"] for one in small.data["conditions"]] == ["light-2", "light", "condition-2"]
    assert check_text(small.text).problems == ()
    small.add(("source", "stimulus"))
    small.add(("source", "stimulus"))
    assert small.data["source"] == {"kind": "simulated", "stimulus": [{"ttl": 1}, {"ttl": 1}]}


def test_a_file_is_saved_whole_with_its_line_ends(tmp_path, small):
    path = tmp_path / "mine.yaml"
    path.write_bytes(small.text.replace("\n", "\r\n").encode())
    mine = document.opened(str(path))
    mine.put(("seed",), 5)
    assert mine.unsaved
    mine.save()
    assert not mine.unsaved
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n") == 5
    assert parse_experiment(path.read_text()).seed == 5
    assert list(tmp_path.iterdir()) == [path]


def test_what_somebody_else_wrote_is_not_lost_without_a_word(tmp_path, small):
    path = small.save(tmp_path / "mine.yaml")
    path.write_text("name: theirs\n")
    small.put(("seed",), 5)
    with pytest.raises(ChangedOnDiskError, match="somebody else"):
        small.save()
    assert path.read_text() == "name: theirs\n"
    small.save(over=True)
    assert parse_experiment(path.read_text()).seed == 5


def test_examples_and_sessions_are_opened_as_copies_and_never_written(tmp_path, small):
    copy = document.opened("against-the-wave")
    assert copy.path is None
    with pytest.raises(ExperimentError, match="belongs to the package"):
        copy.save(document.EXAMPLES / "against-the-wave.yaml")
    (tmp_path / "journal.sqlite").touch()
    (tmp_path / "experiment.yaml").write_text(small.text)
    assert document.opened(str(tmp_path)).path is None
    with pytest.raises(ExperimentError, match="to a session"):
        small.save(tmp_path / "experiment.yaml")


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path, small):
    with pytest.raises(ExperimentError, match="cannot be written"):
        small.save(tmp_path / "nowhere" / "x.yaml")
    with pytest.raises(ExperimentError, match="cannot be written"):
        small.save(tmp_path)
    assert small.path is None


@pytest.mark.parametrize(("content", "says"), [(b"\xff\xfe", "UTF-8"), (b"# " + b"x" * 200_000, "too long"), (None, "no such file")])
def test_what_cannot_be_opened_is_one_sentence(tmp_path, content, says):
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ExperimentError, match=says):
        document.opened(str(path))


def test_every_key_of_the_file_has_its_help_and_what_may_stand_there():
    def check(fields, depth=0):
        for told in fields:
            assert told.help or depth, told.key
            assert told.may, told.key
            assert told.form in ("text", "choice", "words", "value", "part", "kinds", "list"), told.key
            check(told.fields, depth + 1)
            for kind in told.kinds.values():
                check(kind, depth + 1)
            check(told.item.fields if told.item else (), depth + 1)

    check(form())
    keys = {told.key: told for told in form()}
    assert {t.key: t.unit for t in keys["safety"].fields}["max_dose_mj_mm2_per_h"] == "mJ/mm²/h"
    assert keys["gate"].optional
    assert not keys["source"].optional
    assert {"travelling", "lag", "none"} <= keys["conditions"].item.fields[1].kinds.keys()
    assert inline([8.0, 24.0]) == "[8, 24]"


def results(text, tmp_path):
    return [type(one) for one in work((text, tmp_path)) if one is not None]


def test_light_is_worked_out_or_refused_in_words(tmp_path, small):
    assert results(small.text, tmp_path) == [Looked, Drawn, Planned]
    assert results("name: [", tmp_path) == [Looked]
    small.put((*FLASH, "irradiance_mw_mm2"), 50)
    *_, refused = work((small.text, tmp_path))
    assert isinstance(refused, Refused)
    assert refused.problem.path == (*FLASH, "irradiance_mw_mm2")
    small.put((*FLASH, "irradiance_mw_mm2"), 9)
    small.put(("safety", "max_duty"), 0.001)
    assert results(small.text, tmp_path) == [Looked, Drawn, Refused]
    small.put(("opsin",), "nobody-knows")
    *_, refused = work((small.text, tmp_path))
    assert isinstance(refused, Refused)


def test_only_the_newest_order_counts():
    latest = Latest(lambda order: iter([order, None, 2 * order]))
    for order in (1, 2, 3):
        latest.ask(order)
    seen = []
    while latest.busy:
        seen += latest.take()
    latest.close()
    assert seen == [3, 6]


def test_closing_waits_for_nothing():
    """The window closes it, and holds STOP."""
    begun, go_on = threading.Event(), threading.Event()

    def work(order):
        begun.set()
        go_on.wait()
        yield order

    latest = Latest(work)
    latest.ask(1)
    assert begun.wait(60)
    latest.close()
    assert latest._thread.is_alive(), "it is still at work"
    go_on.set()
    latest._thread.join()
