"""Changes in the text of a YAML document by the places of its nodes, unproved: who calls reads back what came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import yaml
from wavestim.controller.experiment._yaml import KeysOnce, reads_exponents
from wavestim.controller.experiment.problems import KeyPath

if TYPE_CHECKING:
    from yaml import SafeLoader as Fastest
else:
    Fastest = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

WIDE = 100
"""A value that is longer on one line is written over several where that is possible."""


class FastLoader(KeysOnce, Fastest):
    """As the file is read, by the library in C where there is one: many times faster."""


class _Dumper(yaml.SafeDumper):
    """Writes what the loader reads back as the same."""

    def ignore_aliases(self, data: Any) -> bool:
        """No & and * for what stands twice."""
        return True


reads_exponents(FastLoader)
reads_exponents(_Dumper)


def written(value: Any, *, inline: bool = True) -> str:
    """A value as YAML, without a line end."""
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=inline, sort_keys=False, allow_unicode=True, width=2**20 if inline else WIDE)
    return text.removesuffix("\n").removesuffix("\n...")


def in_brackets(value: Any) -> str:
    """The same where it stands in brackets: there a comma ends a plain word."""
    return written([value])[1:-1]


def step_into(node: Any, step: str | int) -> tuple[Any, Any]:
    """Where a key or an entry begins, and its value."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark, node.value[step]
    return None, None


class _Place:
    """The node at a path: where its text begins and ends, whether it stands in brackets."""

    def __init__(self, text: str, path: KeyPath) -> None:
        self.node: Any = yaml.compose(text, Loader=FastLoader)
        self.flow = False
        """Inside brackets, where indentation says nothing."""
        self.key: Any = None
        for step in path:
            self.flow = self.flow or bool(getattr(self.node, "flow_style", False))
            inside = self.node
            _, self.node = step_into(inside, step)
            if self.node is None:
                raise LookupError(path)
            self.key = next((k for k, v in inside.value if k.value == step), None) if isinstance(inside, yaml.MappingNode) else None

    @property
    def bracketed(self) -> bool:
        """What it holds stands in brackets."""
        return self.flow or bool(getattr(self.node, "flow_style", False))


def _end(text: str, node: Any) -> int:
    """Where the last character of a node is behind; of a block, that of its last child."""
    if isinstance(node, yaml.MappingNode | yaml.SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(text, last[1] if isinstance(last, tuple) else last)
    begin, end = int(node.start_mark.index), int(node.end_mark.index)
    return begin + len(text[begin:end].rstrip()) if isinstance(node, yaml.ScalarNode) else end


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    """Behind the line end; the end of the text when there is none."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def changed(text: str, path: KeyPath, value: Any, order: Sequence[str]) -> str:
    """With a value at a key; ``order`` of the keys beside a new one."""
    if yaml.compose(text, Loader=FastLoader) is None:
        made = value
        for step in reversed(path):
            made = {step: made}
        return text + ("" if not text or text.endswith("\n") else "\n") + written(made, inline=False) + "\n"
    try:
        place = _Place(text, path)
    except LookupError:
        return _added(text, path, value, order)
    end, write = _end(text, place.node), in_brackets if place.flow else written
    if place.key is None:
        return text[: place.node.start_mark.index] + write(value) + text[end:]
    begin = text.index(":", place.key.end_mark.index) + 1
    if place.flow or len(written(value)) <= WIDE or not isinstance(value, dict | list):
        return text[:begin] + " " + write(value) + text[max(end, begin) :]
    indent = int(place.key.start_mark.column) + 2
    block = "".join(f"\n{' ' * indent}{line}" for line in written(value, inline=False).split("\n"))
    return text[:begin] + block + text[max(end, begin) :]


def _added(text: str, path: KeyPath, value: Any, order: Sequence[str]) -> str:
    """A key that is not there yet."""
    *above, key = path
    try:
        parent = _Place(text, tuple(above))
    except LookupError:
        return changed(text, tuple(above), {key: value}, ())
    if not isinstance(parent.node, yaml.MappingNode):
        return changed(text, tuple(above), {key: value}, ())
    inside = parent.bracketed or not parent.node.value
    entry = f"{written(key)}: {in_brackets(value) if inside else written(value)}"
    if not parent.node.value:
        begin = int(parent.node.start_mark.index)
        return text[:begin] + "{" + entry + "}" + text[int(parent.node.end_mark.index) :]
    before = set(order[: order.index(key)]) if key in order else set()
    after = [v for k, v in parent.node.value if k.value in before] if key in order else [parent.node.value[-1][1]]
    first = parent.node.value[0][0]
    if parent.bracketed:
        if not after:
            at = int(first.start_mark.index)
            return text[:at] + entry + ", " + text[at:]
        at = _end(text, after[-1])
        return text[:at] + ", " + entry + text[at:]
    indent = int(first.start_mark.column)
    if isinstance(value, dict | list) and value and len(entry) > WIDE:
        lines = written(value, inline=False).split("\n")
        entry = f"{written(key)}:" + "".join(f"\n{' ' * (indent + 2)}{line}" for line in lines)
    if not after:
        at = int(first.start_mark.index)
        return text[:at] + entry + "\n" + " " * indent + text[at:]
    at = _line_end(text, _end(text, max(after, key=lambda node: int(node.start_mark.index))))
    gap = "" if text[:at].endswith("\n") else "\n"
    return text[:at] + gap + " " * indent + entry + "\n" + text[at:]


def removed(text: str, path: KeyPath) -> str:
    """Without a key or an entry."""
    *above, step = path
    parent = _Place(text, tuple(above))
    if isinstance(step, int):
        return _entryremoved(text, parent, step)
    at = next(i for i, (k, _) in enumerate(parent.node.value) if k.value == step)
    key, value = parent.node.value[at]
    begin, end = int(key.start_mark.index), max(_end(text, value), int(key.end_mark.index))
    if len(parent.node.value) == 1:
        nothing = "" if parent.bracketed else "{}"
        return changed(text, tuple(above), {}, ()) if above else text[:begin] + nothing + text[end:]
    following = parent.node.value[at + 1][0] if at + 1 < len(parent.node.value) else None
    if parent.bracketed:
        return _out_of_brackets(text, begin, end, following)
    start = _line_start(text, begin)
    if text[start:begin].strip() and following is not None:  # behind the dash of a list
        return text[:begin] + text[int(following.start_mark.index) :]
    return text[:start] + text[_line_end(text, end) :]


def _out_of_brackets(text: str, begin: int, end: int, following: Any) -> str:
    if following is not None:
        return text[:begin] + text[int(following.start_mark.index) :]
    before = text.rindex(",", 0, begin)
    return text[:before] + text[end:]


def _entries(text: str, parent: _Place) -> list[tuple[int, int]]:
    """Of a list in lines: from its dash to the end of its last line."""
    spans = []
    for node in parent.node.value:
        dash = text.rindex("-", 0, int(node.start_mark.index))
        spans.append((dash, _line_end(text, _end(text, node))))
    return spans


def _entryremoved(text: str, parent: _Place, index: int) -> str:
    nodes = parent.node.value
    if parent.bracketed:
        following = nodes[index + 1] if index + 1 < len(nodes) else None
        begin, end = int(nodes[index].start_mark.index), _end(text, nodes[index])
        return text[:begin] + text[end:] if len(nodes) == 1 else _out_of_brackets(text, begin, end, following)
    spans = _entries(text, parent)
    begin, end = spans[index]
    if len(spans) == 1:
        return text[:begin] + "[]\n" + text[end:]
    start = _line_start(text, begin)
    if text[start:begin].strip():  # a list that begins behind another dash
        return text[:begin] + text[spans[index + 1][0] :]
    return text[:start] + text[end:]


def inserted(text: str, path: KeyPath, index: int, value: Any) -> str:
    """With one more entry."""
    try:
        parent = _Place(text, path)
    except LookupError:
        return changed(text, path, [value], ())
    nodes = getattr(parent.node, "value", None)
    if not isinstance(parent.node, yaml.SequenceNode) or not nodes:
        return changed(text, path, [value], ())
    if parent.bracketed:
        if index < len(nodes):
            at = int(nodes[index].start_mark.index)
            return text[:at] + in_brackets(value) + ", " + text[at:]
        at = _end(text, nodes[-1])
        return text[:at] + ", " + in_brackets(value) + text[at:]
    spans = _entries(text, parent)
    indent = " " * (spans[0][0] - _line_start(text, spans[0][0]))
    if index < len(spans):
        at = spans[index][0]
        return text[:at] + f"- {written(value)}\n{indent}" + text[at:]
    at = spans[-1][1]
    gap = "" if text[:at].endswith("\n") else "\n"
    return text[:at] + gap + f"{indent}- {written(value)}\n" + text[at:]


def swapped(text: str, path: KeyPath, index: int) -> str:
    """With an entry and the next one in each other's place."""
    parent = _Place(text, path)
    if parent.bracketed:
        (a, b), (c, d) = ((int(n.start_mark.index), _end(text, n)) for n in parent.node.value[index : index + 2])
    else:
        text = text if text.endswith("\n") else text + "\n"
        (a, b), (c, d) = _entries(text, _Place(text, path))[index : index + 2]
    return text[:a] + text[c:d] + text[b:c] + text[a:b] + text[d:]
