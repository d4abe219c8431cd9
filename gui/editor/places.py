"""From a place in the file to its field: which kind of a part it lies in, what may stand beside it, and how a part begins."""

from __future__ import annotations

from typing import Any

from wavestim.controller.experiment.problems import KeyPath
from wavestim.gui.editor.fields import Field, form


def value_at(data: Any, path: KeyPath) -> Any:
    """What stands there; None when nothing does."""
    for step in path:
        inside = data.get(step) if isinstance(data, dict) and isinstance(step, str) else None
        data = data[step] if isinstance(data, list) and isinstance(step, int) and step < len(data) else inside
    return data


def is_there(data: Any, path: KeyPath) -> bool:
    """The key is written down."""
    above = value_at(data, path[:-1])
    return bool(path) and (path[-1] in above if isinstance(above, dict) else isinstance(above, list))


def kind_of(told: Field, value: Any) -> str:
    """The kind that a part has, by what the file says or by its default."""
    said = value.get("kind") if isinstance(value, dict) else value
    default = told.default.get("kind", "") if isinstance(told.default, dict) else ""
    return str(said) if said is not None else str(default)


def fields_in(told: Field, value: Any) -> tuple[Field, ...]:
    """The fields of a part, with this value in the file."""
    return told.kinds.get(kind_of(told, value), ()) if told.form == "kinds" else told.fields


def lineage(path: KeyPath, data: Any) -> list[Field]:
    """The fields on the way to a key, the last one its own; unknown keys are plain ones."""
    fields = form()
    found: list[Field] = []
    for at, step in enumerate(path):
        told = next((f for f in fields if f.key == step), Field(str(step), "value"))
        if isinstance(step, int):
            told = found[-1].item or Field("", "part")
        found.append(told)
        fields = fields_in(told, value_at(data, path[: at + 1]))
    return found


def key_order(path: KeyPath, data: Any) -> list[str]:
    """The keys that may stand beside the last one, in their order."""
    fields = form() if len(path) == 1 else fields_in(lineage(path[:-1], data)[-1], value_at(data, path[:-1]))
    return ["kind", *(f.key for f in fields)]


def required(told: Field, kind: str) -> dict[str, Any]:
    """What a kind cannot be without and its default has."""
    default = told.default if isinstance(told.default, dict) and told.default.get("kind") == kind else {}
    return {f.key: default[f.key] for f in told.kinds.get(kind, ()) if f.required and f.key in default}


def begun(told: Field, value: Any) -> dict[str, Any]:
    """A part that is not written down yet, or only as a word."""
    if told.form != "kinds":
        return {}
    kind = kind_of(told, value)
    return {"kind": kind, **required(told, kind)} if kind else {}


def fresh(path: KeyPath, there: list[Any]) -> dict[str, Any]:
    """A new entry that needs as little as possible to be right."""
    if path == ("conditions",):
        names = [str(one.get("name")) for one in there if isinstance(one, dict)]
        return {"name": unused("condition", names), "pattern": {"kind": "flash", "width_ms": 5, "irradiance_mw_mm2": 2}}
    return {"ttl": 1} if path[-1:] == ("stimulus",) else {}


def unused(name: str, names: list[str]) -> str:
    """The name with the first number that nobody has."""
    stem = name[:28].rstrip("0123456789").rstrip("-") or name[:28]
    return next(one for n in range(2, 10_000) if (one := f"{stem}-{n}") not in names)
