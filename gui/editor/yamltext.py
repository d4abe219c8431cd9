"""Changes of single keys in the text of an experiment: the characters of that value change, everything else stays as it was typed.

Comments, order and layout outlive every change but these: what is removed takes the comment on its own last line with it. Every change is
read back and held against what was meant; what cannot be changed like this (anchors, merge keys) is refused and left to the hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import yaml
from wavestim.controller.experiment.problems import KeyPath
from wavestim.gui.editor import surgery
from wavestim.gui.editor.places import value_at
from wavestim.gui.editor.surgery import FastLoader, step_into


class CannotChangeError(Exception):
    """The text is written in a way that a form cannot change."""


def change(text: str, path: KeyPath, value: Any, order: Sequence[str] = ()) -> str:
    """Give a key a value.

    Parameters
    ----------
    text : str
        Of the whole file.
    path : tuple
        Keys and indices; parts on the way that are not there are made.
    value : plain value
    order : sequence of str
        In which the keys beside it stand, for a new one.

    Raises
    ------
    CannotChangeError
    """
    return _proved(text, lambda: surgery.changed(text, path, value, order), lambda data: _put(data, path, value))


def remove(text: str, path: KeyPath) -> str:
    """Take a key or an entry of a list out.

    Raises
    ------
    CannotChangeError
    """
    return _proved(text, lambda: surgery.removed(text, path), lambda data: _dropped(data, path))


def insert(text: str, path: KeyPath, index: int, value: Any) -> str:
    """One more entry of a list, at that place.

    Raises
    ------
    CannotChangeError
    """

    def meant(data: Any) -> Any:
        there = list(value_at(data, path) or ())
        return _put(data, path, [*there[:index], value, *there[index:]])

    return _proved(text, lambda: surgery.inserted(text, path, index, value), meant)


def swap(text: str, path: KeyPath, index: int) -> str:
    """An entry of a list and the next one change places.

    Raises
    ------
    CannotChangeError
    """

    def meant(data: Any) -> Any:
        there = list(value_at(data, path))
        there[index], there[index + 1] = there[index + 1], there[index]
        return _put(data, path, there)

    return _proved(text, lambda: surgery.swapped(text, path, index), meant)


def read(text: str) -> Any:
    """What the text holds.

    Raises
    ------
    CannotChangeError
        When it cannot be read.
    """
    try:
        return yaml.load(text, Loader=FastLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise CannotChangeError("the YAML cannot be read") from error


def line_of(text: str, path: KeyPath) -> int | None:
    """The line, from 1, of a key or of the nearest part around it that is written down; None when nothing can be found."""
    try:
        node = yaml.compose(text, Loader=FastLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    line = None
    for step in path:
        mark, node = step_into(node, step)
        if mark is None:
            break
        line = int(mark.line) + 1
    return line


def _proved(text: str, do: Callable[[], str], meant: Callable[[Any], Any]) -> str:
    """What was done, if it reads back as it was meant."""
    before = read(text)
    try:
        wanted, done = meant(before), do()
        same = repr(read(done)) == repr(wanted) or _same(read(done), wanted)
    except (yaml.YAMLError, RecursionError, ValueError, LookupError, TypeError, AttributeError, CannotChangeError) as error:
        raise CannotChangeError("it is written in a way that the form cannot change") from error
    if not same:
        raise CannotChangeError("it is written in a way that the form cannot change")
    return done


def _same(a: Any, b: Any) -> bool:
    """Whatever the order of keys; NaN is NaN."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return type(a) is type(b) and repr(a) == repr(b)


def _put(data: Any, path: KeyPath, value: Any) -> Any:
    if not path:
        return value
    step, *rest = path
    if isinstance(step, int):
        return [_put(one, tuple(rest), value) if i == step else one for i, one in enumerate(data)]
    there = {} if data is None else data
    return {**there, step: _put(there.get(step), tuple(rest), value)}


def _dropped(data: Any, path: KeyPath) -> Any:
    step, *rest = path
    if rest:
        return _put(data, (step,), _dropped(data[step], tuple(rest)))
    if isinstance(step, int):
        return [one for i, one in enumerate(data) if i != step]
    return {key: one for key, one in data.items() if key != step}
