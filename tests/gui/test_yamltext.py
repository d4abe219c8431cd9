"""A change of one key changes that key: it reads back as meant, or is refused, and no comment is lost with it."""

from __future__ import annotations

import copy

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from wavestim.controller.experiment import example_names
from wavestim.controller.experiment.load import EXAMPLES
from wavestim.gui.editor import surgery, yamltext
from wavestim.gui.editor.yamltext import CannotChangeError, change, insert, line_of, read, remove, swap

TEXT = """# head
name: x            # the name
trigger:
  # about the phase
  phase_deg: 0     # peak
  policy: phase-locked
probe: {kind: grid, rows: 4, columns: 4}   # small
conditions:        # two
  - {name: a, pattern: none}   # first
  # between
  - name: b
    pattern: {kind: flash}     # second
seed: 1
"""
KEYS = st.sampled_from(["a", "b", "c", "kind"])
SCALARS = st.one_of(
    st.integers(-5, 5), st.floats(allow_nan=True, width=32), st.none(), st.text(max_size=8), st.sampled_from(["yes", "1e3", "~", "#"])
)
VALUES = st.recursive(SCALARS, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(KEYS, inside, max_size=3), max_leaves=6)


def put(data, path, value):
    """What a change means, done by hand: the parts on the way are made where there are none."""
    made = copy.deepcopy(data)
    if not path:
        return value
    here = made = {} if made is None else made
    for step in path[:-1]:
        if isinstance(here, dict) and here.get(step) is None:
            here[step] = {}
        here = here[step]
    here[path[-1]] = value
    return made


def without(data, path):
    """The same of a removal."""
    left = here = copy.deepcopy(data)
    for step in path[:-1]:
        here = here[step]
    del here[path[-1]]
    return left


def comments(text: str) -> list[str]:
    return [line.split("#")[1].strip() for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("name",), "y"),
        (("trigger", "phase_deg"), 180.0),
        (("trigger", "min_pgd"), 0.5),
        (("trigger", "policy"), {"kind": "open-loop", "period_ms": 250}),
        (("probe", "rows"), 8),
        (("probe", "bad_channels"), [3]),
        (("conditions", 0, "name"), "with: colon"),
        (("conditions", 1, "pattern", "width_ms"), 5),
        (("conditions", 1, "name"), "c"),
        (("conditions", 0, "name"), "left, then right"),
        (("probe", "rows"), "8, 8"),
        (("probe", "path"), "day 3, probe [a].json"),
        (("subject", "id"), "mouse-1"),
        (("leds", "positions_mm"), [[0.1 * i, 0.0] for i in range(40)]),
        (("seed",), None),
    ],
)
def test_a_change_touches_one_line_and_no_comment(path, value):
    changed = change(TEXT, path, value)
    assert yaml.safe_load(changed) == put(yaml.safe_load(TEXT), path, value)
    assert comments(changed) == comments(TEXT)
    lines = TEXT.splitlines()
    assert sum(line not in changed.splitlines() for line in lines) <= 1


def test_a_new_key_stands_where_the_schema_has_it():
    changed = change(TEXT, ("trigger", "site"), 3, ["kind", "site", "phase_deg", "policy"])
    assert changed.index("site") < changed.index("phase_deg")
    assert yaml.safe_load(changed)["trigger"] == {"site": 3, "phase_deg": 0, "policy": "phase-locked"}


@pytest.mark.parametrize(
    "path", [("seed",), ("trigger", "phase_deg"), ("probe", "columns"), ("probe", "kind"), ("conditions", 0), ("name",)]
)
def test_what_is_removed_is_gone_and_the_rest_is_not(path):
    left = remove(TEXT, path)
    assert yaml.safe_load(left) == without(yaml.safe_load(TEXT), path)
    assert len(comments(left)) >= len(comments(TEXT)) - 1


def test_entries_come_go_and_change_places_with_their_comments():
    swapped = swap(TEXT, ("conditions",), 0)
    assert [one["name"] for one in yaml.safe_load(swapped)["conditions"]] == ["b", "a"]
    assert sorted(comments(swapped)) == sorted(comments(TEXT))
    assert swap(swapped, ("conditions",), 0) == TEXT
    more = insert(TEXT, ("conditions",), 1, {"name": "c", "pattern": "none"})
    assert [one["name"] for one in yaml.safe_load(more)["conditions"]] == ["a", "c", "b"]
    one = remove(remove(more, ("conditions", 0)), ("conditions", 0))
    assert [each["name"] for each in yaml.safe_load(one)["conditions"]] == ["b"]
    assert yaml.safe_load(remove(one, ("conditions", 0)))["conditions"] == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a: &x 1\nb: *x\n", ("a",)),
        ("a: &x {c: 1}\nb: {<<: *x}\n", ("a",)),
        ("a: &x {c: 1}\nb: {<<: *x}\n", ("a", "c")),
        ("b: !!str 1\na: &y 2\nc: *y\n", ("a",)),
        ("a: 1\n", ("a", "b")),
        ("a: 0\n", ("a", "b")),
        ("a: [1]\n", ("a", 3)),
    ],
)
def test_what_a_form_cannot_change_is_refused(text, path):
    with pytest.raises(CannotChangeError):
        change(text, path, 5)


@settings(max_examples=50)
@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), st.booleans(), st.data())
def test_whatever_is_written_reads_back(data, inline, draw):
    text = surgery.written(data, inline=inline) + "\n"
    key, value = draw.draw(KEYS), draw.draw(VALUES)
    inner = draw.draw(st.booleans())
    path = (key, draw.draw(KEYS)) if inner and isinstance(data.get(key), dict | None) else (key,)
    assert yamltext._same(read(change(text, path, value)), put(data, path, value))
    gone = draw.draw(st.sampled_from(sorted(data)))
    assert yamltext._same(read(remove(text, (gone,))), {k: v for k, v in data.items() if k != gone})


@settings(max_examples=50)
@given(st.text(alphabet="ab:-[]{}&*|#, \n0'", max_size=50), st.tuples(KEYS, KEYS), VALUES)
def test_any_text_is_changed_as_meant_or_refused(text, path, value):
    try:
        changed = change(text, path, value)
    except CannotChangeError:
        return
    assert yamltext._same(read(changed), put(read(text), path, value))


@pytest.mark.parametrize("name", example_names())
def test_every_key_of_the_examples_can_be_changed_and_removed(name):
    text = (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    for path in _paths(read(text), ()):
        assert comments(change(text, path, 7)) == comments(text) or isinstance(_at(read(text), path), dict | list)
        assert yamltext._same(read(remove(text, path)), without(read(text), path))


def test_places_are_found_both_ways():
    assert line_of(TEXT, ("conditions", 1, "pattern", "kind")) == 12
    assert line_of(TEXT, ("conditions", 1, "pattern", "not-there")) == 12
    assert line_of(TEXT, ("not-there",)) is None
    assert line_of("a: [", ("a",)) is None


def _paths(data, path):
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from _paths(value, (*path, key))


def _at(data, path):
    for step in path:
        data = data[step]
    return data
