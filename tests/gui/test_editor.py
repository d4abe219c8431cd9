"""The page of the experiment by real clicks and keys: form and YAML follow each other, errors stand beside their field, nothing is lost."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.hands import Hands
from wavestim.controller.experiment import parse_experiment
from wavestim.controller.experiment.load import EXAMPLES
from wavestim.gui.editor import document
from wavestim.gui.editor.document import Document
from wavestim.gui.words import editor as words

SMALL = document.EMPTY + "probe: {kind: grid, rows: 3, columns: 3, pitch_mm: 0.4}\n"


@pytest.fixture(scope="module")
def page(application):
    from wavestim.gui.deck import Deck
    from wavestim.gui.pages.experiment import ExperimentPage

    page = ExperimentPage(Deck())
    page.resize(1350, 640)
    page.show()
    yield page
    page.close_down()
    page.close()


@pytest.fixture
def at(application, page, desk):
    """The page with a new experiment; one page for all, it takes long to make."""
    page.discard()
    page.show_document(Document(SMALL))
    hands = Hands(application, page).settle()
    application.setActiveWindow(page)
    return hands


def test_what_is_typed_in_the_form_stands_in_the_yaml_and_back(at):
    at.type(at.row("trigger", "phase_deg"), "90")
    assert at.data()["trigger"] == {"phase_deg": 90}, "nothing more than was set"
    at.type(at.row("trigger", "horizon_ms"), "40")
    at.type(at.row("band_hz"), "10, 20")
    assert at.data()["band_hz"] == [10, 20]
    at.choose(at.row("conditioning", "reference").field, "average")
    assert parse_experiment(at.page.yaml.content).trigger.phase_deg == 90
    at.yaml("name: by-hand  # mine\nconditions:\n  - {name: a, pattern: none}\ntrigger: {phase_deg: 45}\n")
    at.settle()
    assert at.row("name").field.text() == "by-hand"
    assert at.row("trigger", "phase_deg").field.text() == "45"
    at.click(at.row("trigger", "phase_deg").reset)
    assert at.data()["trigger"] == {}
    at.settle()
    assert at.row("trigger", "phase_deg").field.placeholderText() == "0"
    at.click(at.page.tools.undo)
    assert at.data()["trigger"] == {"phase_deg": 45}
    assert "# mine" in at.page.document.text


def test_the_choice_of_a_kind_changes_the_fields(at):
    pattern = ("conditions", 0, "pattern")
    at.choose(at.row(*pattern).kinds, "travelling")
    at.choose(at.row("light").kinds, "wavelight")
    at.settle()
    assert {path for path in (one.path for one in at.page.form.rows()) if path[:3] == pattern} >= {(*pattern, "heading")}
    assert "port" in at.row("light").wrong.text(), "one of two has to be given"
    at.type(at.row("light", "port"), "/dev/ttyACM0")
    at.type(at.row(*pattern, "heading"), "against")
    at.settle()
    assert at.page.problems.count.text() == words.ALL_RIGHT
    assert parse_experiment(at.page.document.text).conditions[0].pattern.heading == "against"


def test_parts_that_may_be_missing_are_set_and_taken_out(at):
    at.click(at.row("subject").set)
    at.settle()
    assert "missing" in at.row("subject", "id").wrong.text()
    at.type(at.row("subject", "id"), "mouse-12")
    at.settle()
    assert at.page.problems.count.text() == words.ALL_RIGHT
    at.click(at.row("subject").reset)
    assert "subject" not in at.data()


def test_conditions_are_added_doubled_moved_and_removed(at):
    conditions = at.row("conditions")
    at.click(conditions.add)
    at.click(conditions.cards[0].duplicate)
    at.click(conditions.cards[0].down)
    assert [one["name"] for one in at.data()["conditions"]] == ["light-2", "light", "sham", "condition-2"]
    at.click(conditions.cards[1].remove)
    at.settle()
    assert [card.title.text() for card in conditions.cards] == ["1 · light-2", "2 · sham", "3 · condition-2"]
    assert not conditions.cards[0].up.isEnabled()
    assert at.page.problems.count.text() == words.ALL_RIGHT


def test_errors_are_beside_their_field_counted_and_lead_there(at):
    at.type(at.row("trigger", "phase_deg"), "400")
    at.type(at.row("safety", "max_duty"), "much")
    at.settle()
    assert at.page.problems.count.text() == words.count(2)
    wrong = at.row("trigger", "phase_deg").wrong
    assert wrong.isVisible()
    assert "must be <= 360, not 400" in wrong.text()
    assert "must be a number, not 'much'" in at.row("safety", "max_duty").wrong.text()
    section = at.row("safety")
    section.unfold(False)
    at.settle()
    assert not section.open
    assert "max_duty" in section.wrong.text(), "what is folded away says what is wrong in it"
    line = at.page.problems.list
    at.keys.mouseClick(line.viewport(), at.qt.LeftButton, pos=line.visualItemRect(line.item(0)).center())
    assert at.application.focusWidget() is at.row("trigger", "phase_deg").field


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name: x\nconditions: [", "line "),
        ("- a\n- b\n", "does not hold keys and values"),
        ("", "is empty"),
        ("name: x\ncolour: red\nconditions:\n  - {name: a, pattern: none}\n", "unknown key 'colour'"),
        ("name: .nan\nconditions: .inf\n", "must be"),
        ("name: x\nname: y\n", "given twice"),
        ("a: &a [*a]", "holds itself"),
        ("name: yes\nconditions: []\n", "put the word in quotes"),
        ("name: x\nconditions:\n  - {name: a, pattern: {kind: lag, lag_ms: 0}}\n", "lag_ms"),
        ("\x01", "special characters"),
    ],
)
def test_whatever_is_typed_is_answered_in_words(at, text, says):
    at.yaml(text)
    at.settle()
    sentences = [at.page.problems.list.item(i).text() for i in range(at.page.problems.list.count())]
    assert any(says in sentence for sentence in sentences), sentences
    assert at.page.patterns.shown is None


def test_the_form_waits_while_the_yaml_cannot_be_read(at):
    before = at.page.yaml.content
    at.yaml("name: [")
    at.settle()
    assert not at.page.form.fields.isEnabled()
    assert at.page.form.says.text() == words.UNREADABLE
    at.click(at.page.tools.undo)
    at.settle()
    assert at.page.form.fields.isEnabled()
    assert at.page.yaml.content == before


def test_what_the_form_cannot_change_is_said_and_left(at):
    text = "name: x\nseed: &s 3\nconditions:\n  - {name: a, pattern: {kind: sites, leds: [*s]}}\n"
    at.yaml(text)
    at.settle()
    at.type(at.row("seed"), "4")
    assert at.page.bar.question.text() == words.CANNOT_CHANGE
    assert at.page.document.text == text


@pytest.mark.parametrize(
    "text",
    [
        "conditions: 3\nsource: [1, {a: b}]\ntrigger: {policy: [x], site: {}}\nleds: none\n",
        "conditions: [null, 1, {name: [1]}, {pattern: {kind: 7, leds: {}}}]\nsubject: 5\ngate: []\nsafety: x\nname: {}\n",
        "conditions: {a: 1}\nlight: {kind: thorlabs-dc4100, gated_by: {kind: none}, currents_ma: x}\nprobe: {kind: {}}\n",
    ],
)
def test_what_stands_in_the_wrong_place_is_shown_and_every_button_answers(at, text):
    at.yaml(text)
    at.settle()
    for told in list(at.page.form.fields.nodes):
        at.row(told.told.key)
    assert at.page.problems.list.count() > 2
    conditions = at.row("conditions")
    before = at.page.document.text
    at.click(conditions.add)
    assert "internal" not in at.page.bar.question.text()
    assert at.page.document.text != before or at.page.bar.question.text() == words.CANNOT_CHANGE
    for card in list(conditions.cards[:1]):
        at.click(card.duplicate)
        at.click(card.remove)
    assert "internal" not in at.page.bar.question.text()


def test_who_attaches_sees_the_experiment_of_the_session_locked(application, desk):
    from wavestim.gui.pages.experiment import ExperimentPage

    (desk / "journal.sqlite").touch()
    (desk / "experiment.yaml").write_text(SMALL.replace("new-experiment", "theirs"), encoding="utf-8")
    page = ExperimentPage(SimpleNamespace(state="running", watched=desk))
    page.show()
    hands = Hands(application, page).settle()
    assert hands.row("name").field.text() == "theirs"
    assert page.lock.isVisible()
    assert not hands.row("name").field.isEnabled()
    assert not page.tools.save.isEnabled()
    page.edits.put(("seed",), 5)
    assert "seed" not in hands.data(), "locked is locked"
    page.close_down()
    page.close()


def test_a_fault_of_ours_is_said_and_the_window_goes_on(at, monkeypatch):
    monkeypatch.setattr(Document, "put", lambda *given: 1 / 0)
    at.page.edits.put(("seed",), 5)
    assert "internal error: ZeroDivisionError" in at.page.bar.question.text()


def test_the_pattern_is_played_and_the_light_is_forecast(at):
    at.page.files.open(str(EXAMPLES / "against-the-wave.yaml"))
    at.settle()
    patterns = at.page.patterns
    assert [patterns.condition.itemText(i) for i in range(3)] == ["with-wave", "against-wave", "sham"]
    patterns.direction.setValue(90)
    assert patterns.shown.heading_deg == 90
    at.choose(patterns.condition, "against-wave")
    assert patterns.shown.heading_deg == 270
    before = patterns.at_us
    at.page.turn(1)
    assert patterns.at_us > before
    at.click(patterns.play)
    held = patterns.at_us
    at.page.turn(2)
    assert patterns.at_us == held
    patterns.moment.setValue(1000)
    assert len(patterns.shown.was_lit(patterns.at_us)) >= 20
    assert "against-wave" in at.page.forecast.text.text()
    assert "Board" in at.page.forecast.text.text()
    at.choose(patterns.condition, "sham")
    assert words.DARK in patterns.says.text()


def test_light_that_a_limit_refuses_is_drawn_and_refused_in_words(at):
    at.type(at.row("conditions", 0, "pattern", "width_ms"), "20")
    at.type(at.row("trigger", "refractory_ms"), "20")
    at.settle()
    assert at.page.patterns.shown is not None
    assert words.NOT_ALLOWED in at.page.forecast.text.text()
    assert "safety.max_duty" in at.page.forecast.text.text()
    assert at.page.problems.count.text() == words.count(1)


def test_a_new_one_is_saved_by_the_keyboard_and_told(at, desk):
    told = []
    at.page.saved.connect(told.append)
    at.type(at.row("name"), "mine")
    assert at.page.unsaved
    at.click(at.page.tools.save)
    dialog = at.page.files.dialog
    assert not dialog.isModal()
    from pyqtgraph.Qt import QtWidgets

    line = dialog.findChild(QtWidgets.QLineEdit)
    line.selectAll()
    at.keys.keyClicks(line, str(desk / "mine.yaml"))
    at.keys.keyClick(line, at.qt.Key_Return)
    at.settle()
    assert told == [str(desk / "mine.yaml")]
    assert parse_experiment((desk / "mine.yaml").read_text()).name == "mine"
    assert not at.page.unsaved
    (desk / "mine.yaml").write_text("name: theirs\nconditions: [{name: a, pattern: none}]\n")
    at.type(at.row("seed"), "7")
    at.click(at.page.tools.save)
    assert "somebody else" in at.page.bar.question.text()
    at.answer(words.RELOAD)
    at.settle()
    if at.page.bar.answers:  # what is typed here would be lost by it
        at.answer(words.DISCARD)
        at.settle()
    assert at.row("name").field.text() == "theirs"


def test_a_name_that_is_taken_is_asked_about_in_the_page(at, desk):
    taken = desk / "taken.yaml"
    taken.write_text("name: theirs\n")
    at.click(at.page.tools.save_as)
    at.page.files.dialog.fileSelected.emit(str(taken))
    at.page.files.dialog.close()
    assert "there already" in at.page.bar.question.text()
    assert taken.read_text() == "name: theirs\n"
    at.answer(words.OVER)
    assert parse_experiment(taken.read_text()).name == "new-experiment"


def test_nothing_unsaved_is_lost_without_a_question(at, desk):
    path = desk / "other.yaml"
    path.write_text(document.EMPTY)
    at.type(at.row("seed"), "9")
    at.page.files.open(str(path))
    assert "unsaved" in at.page.bar.question.text()
    assert at.data()["seed"] == 9
    at.answer(words.KEEP)
    assert at.data()["seed"] == 9
    at.page.files.open(str(path))
    at.answer(words.DISCARD)
    at.settle()
    assert "seed" not in at.data()
    assert at.page.document.path == path


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"#" * 200_000])
def test_a_file_that_cannot_be_opened_leaves_the_experiment(at, desk, content):
    before = at.page.document.text
    if content is not None:
        (desk / "bad.yaml").write_bytes(content)
    at.page.files.open(str(desk / "bad.yaml"))
    assert "bad.yaml" in at.page.bar.question.text()
    assert at.page.document.text == before


def test_every_field_has_a_tooltip_and_its_help(at):
    at.page.files.open(str(EXAMPLES / "during-stimulus.yaml"))
    at.settle()
    for one in list(at.page.form.fields.nodes):
        at.row(one.told.key)
    for one in at.page.form.rows():
        if hasattr(one, "field"):
            assert one.told.help in one.field.toolTip()
    at.application.setActiveWindow(at.page)
    at.row("trigger", "phase_deg")
    assert "0 is the positive peak" in at.page.form.help.text()
