"""Turns pydantic's errors into one sentence for the person who wrote the file: key path, what is wrong, what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

TYPES = {
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "finite_number": "a finite number",
    "string_type": "text (put it in quotes)",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of keys",
    "tuple_type": "a list",
    "none_required": "null",
}
BOUNDS = {"greater_than": ("gt", ">"), "greater_than_equal": ("ge", ">="), "less_than": ("lt", "<"), "less_than_equal": ("le", "<=")}
Path = tuple[str | int, ...]
LENGTHS = {"too_short": "at least", "too_long": "at most", "string_too_short": "at least", "string_too_long": "at most"}


def explain(error: ValidationError, data: object, model: type[BaseModel]) -> str:
    """One sentence for the first thing that is wrong (all alternatives of that key together).

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    data : object
        What was validated; it tells keys from the names of alternatives in pydantic's locations.
    model : type
        The model it was validated against; it knows the keys that exist.
    """
    (_, sentence), *others = explain_each(error, data, model)
    more = f" (and {len(others)} more)" if others else ""
    return sentence + more


def explain_each(error: ValidationError, data: object, model: type[BaseModel]) -> list[tuple[Path, str]]:
    """Where and one sentence, for everything that is wrong; the parameters are those of ``explain``."""
    return [(path, _sentence(path, details, data, model)) for path, details in _by_path(error.errors(include_url=False), data)]


def show(path: Sequence[str | int]) -> str:
    """``('conditions', 1, 'pattern')`` as ``conditions[1].pattern``."""
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
    return text.removeprefix(".") or "the file"


def closest(word: str, words: Sequence[str]) -> str:
    """``; did you mean 'x'?`` when something is close, otherwise the words there are."""
    match = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    return f"did you mean '{match[0]}'?" if match else f"one of {', '.join(words)} can stand here"


def _by_path(details: list[ErrorDetails], data: object) -> list[tuple[tuple[str | int, ...], list[ErrorDetails]]]:
    grouped: dict[tuple[str | int, ...], list[ErrorDetails]] = {}
    for detail in details:
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # pydantic counts only what is right in it, and what is wrong is said
        grouped.setdefault(_path(detail, data), []).append(detail)
    return list(grouped.items())


def _path(detail: ErrorDetails, data: object) -> tuple[str | int, ...]:
    """The location in the file: pydantic's, without the names of union members."""
    path: list[str | int] = []
    here: Any = data
    loc = detail["loc"]
    for n, key in enumerate(loc):
        inside = key in here if isinstance(here, dict) else isinstance(here, list) and isinstance(key, int) and key < len(here)
        if inside:
            here = here[key]
        elif not (n == len(loc) - 1 and detail["type"] in ("missing", "extra_forbidden")):
            continue
        path.append(key)
    return tuple(path)


def _sentence(path: tuple[str | int, ...], details: list[ErrorDetails], data: object, model: type[BaseModel]) -> str:
    detail, key = details[0], show(path)
    kind, ctx = detail["type"], detail.get("ctx", {})
    parent = _model_at(model, path[:-1], data)
    if kind == "extra_forbidden":
        return f"unknown key '{key}'; {closest(str(path[-1]), list(parent.model_fields) if parent else [])}"
    if kind == "missing":
        return f"key '{key}' is missing{_meaning(parent, path)}"
    if kind == "union_tag_not_found":
        return f"{key} needs a key 'kind', one of {', '.join(_tags(parent, path))}"
    if kind == "union_tag_invalid":
        kinds = _tags(parent, path)
        return f"{key}: unknown kind '{ctx.get('tag')}'; {closest(str(ctx.get('tag')), kinds)}"
    if kind == "value_error":
        return f"{key}: {ctx.get('error')}" if path else str(ctx.get("error"))
    wanted = " or ".join(dict.fromkeys(_wanted(d) for d in details))
    return f"{key} must be {wanted}, not {_seen(detail['input'])}{_meaning(parent, path)}"


def _wanted(detail: ErrorDetails) -> str:
    kind, ctx = detail["type"], detail.get("ctx", {})
    if kind in BOUNDS:
        name, sign = BOUNDS[kind]
        return f"{sign} {ctx[name]:g}"
    if kind in LENGTHS:
        n = ctx.get("min_length", ctx.get("max_length"))
        return f"{LENGTHS[kind]} {n} {'characters' if kind.startswith('string') else 'entries'} long"
    if kind == "literal_error":
        return str(ctx["expected"])
    if kind == "string_pattern_mismatch":
        return "a name of letters, digits, spaces and . + - _"
    if kind in ("missing", "extra_forbidden"):
        return "a list of that many values"
    return TYPES.get(kind, detail["msg"])


def _seen(value: object) -> str:
    if isinstance(value, dict):
        return "a mapping"
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _tags(parent: type[BaseModel] | None, path: tuple[str | int, ...]) -> list[str]:
    """The kinds that can stand at a key."""
    field = parent.model_fields.get(str(path[-1])) if parent and path else None
    return [m.model_fields["kind"].default for m in _models(field.annotation if field else None) if "kind" in m.model_fields]


def _meaning(parent: type[BaseModel] | None, path: tuple[str | int, ...]) -> str:
    field = parent.model_fields.get(str(path[-1])) if parent and path else None
    text = (field.description or "") if field else ""
    return f" ({text.strip().rstrip('.')})" if text else ""


def _model_at(model: type[BaseModel], path: Sequence[str | int], data: object) -> type[BaseModel] | None:
    """The model that the mapping at this place of the file is read into."""
    here: Any = data
    annotation: Any = model
    for key in path:
        owner = _pick(annotation, here)
        if isinstance(key, str):
            if owner is None or key not in owner.model_fields:
                return None
            annotation = owner.model_fields[key].annotation
        here = _step(here, key)
    return _pick(annotation, here)


def _step(here: Any, key: str | int) -> Any:
    if isinstance(here, dict):
        return here.get(key)
    return here[key] if isinstance(here, list) and isinstance(key, int) and key < len(here) else None


def _pick(annotation: Any, data: object) -> type[BaseModel] | None:
    """Of the models in an annotation, the one whose ``kind`` the data names; the only one, when there is one."""
    models = list(_models(annotation))
    kind = data.get("kind") if isinstance(data, dict) else data
    for candidate in models:
        field = candidate.model_fields.get("kind")
        if field is not None and field.default == kind:
            return candidate
    return models[0] if len(models) == 1 else None


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for inner in get_args(annotation):
        yield from _models(inner)
