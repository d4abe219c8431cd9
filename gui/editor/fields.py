"""The form that the schema asks for: every key with its kind of field, unit, default, and the words that the documentation has for it."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from wavestim.controller.experiment import Experiment
from wavestim.controller.experiment.described import what_may_stand

UNITS = {
    "mj_mm2_per_h": "mJ/mm²/h",
    "mw_mm2": "mW/mm²",
    "mm_s": "mm/s",
    "uv": "µV",
    "mm": "mm",
    "ms": "ms",
    "us": "µs",
    "hz": "Hz",
    "deg": "°",
    "rad": "rad",
    "nm": "nm",
    "db": "dB",
    "ma": "mA",
    "s": "s",
    "v": "V",
    "c": "°C",
}
"""What the end of a key says of its unit; the longest that fits counts."""
HIDDEN = ("kind", "provenance")
"""``kind`` is the choice above the fields; ``provenance`` is written by a session."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One key of the file.

    Attributes
    ----------
    key : as the file has it.
    form : ``text``, ``choice`` (one of ``words``), ``words`` (one of them or a value), ``value`` (a number, or YAML on one line), ``part``,
        ``kinds`` (a part whose fields depend on its kind), ``list`` (of parts).
    help : its docstring in the schema, which is the documentation.
    may : what may stand there, in words.
    unit : empty when it has none.
    required : there is no default.
    default : as the schema has it; None also when there is none.
    nullable : null may stand there.
    is_list : a bare ``1, 2`` is meant as a list.
    words : that may stand there.
    fields : of a part.
    kinds : fields of each kind.
    item : what a list holds.
    """

    key: str
    form: str
    help: str = ""
    may: str = ""
    unit: str = ""
    required: bool = False
    default: Any = None
    nullable: bool = False
    is_list: bool = False
    words: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    kinds: dict[str, tuple[Field, ...]] = field(default_factory=dict)
    kinds_help: dict[str, str] = field(default_factory=dict)
    item: Field | None = None

    @property
    def name(self) -> str:
        """The key without its unit, for people."""
        ends = f"_{_suffix(self.key)}" if self.unit else ""
        return self.key.removesuffix(ends).replace("_", " ")

    @property
    def optional(self) -> bool:
        """It may be there or not; null is what it is otherwise."""
        return self.nullable and self.default is None and not self.required

    @property
    def default_words(self) -> str:
        """The default as it would be written."""
        return "" if self.default is None else inline(self.default)


@cache
def form() -> tuple[Field, ...]:
    """All of the file, in the order of the schema."""
    schema = Experiment.model_json_schema()
    return _fields(schema, schema["$defs"])


@cache
def beforehand() -> Future[tuple[Field, ...]]:
    """The same, worked out by a thread: it takes so long that nobody who wants to press Esc should wait for it."""
    worker = ThreadPoolExecutor(1, "form")
    told = worker.submit(form)
    worker.shutdown(wait=False)
    return told


def inline(value: Any) -> str:
    """A value on one line, as a person would write it."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(inline(one) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {inline(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)


def _fields(model: Json, defs: Json) -> tuple[Field, ...]:
    required = model.get("required", ())
    return tuple(
        _field(key, told, defs, key in required, str(model.get("title", "")))
        for key, told in model.get("properties", {}).items()
        if key not in HIDDEN
    )


def _field(key: str, told: Json, defs: Json, required: bool, owner: str) -> Field:
    options = [one for one in told.get("anyOf", [told]) if one.get("type") != "null"]
    common: Json = {
        "key": key,
        "help": " ".join(str(told.get("description", "")).split()),
        "may": what_may_stand(told).replace("`", ""),
        "unit": UNITS.get(_suffix(key), ""),
        "required": required,
        "default": told.get("default"),
        "nullable": any(one.get("type") == "null" for one in told.get("anyOf", ())),
    }
    one = options[0]
    if len(options) == 1 and "discriminator" in one:
        names = {kind: _of(ref, defs) for kind, ref in _in_order(one).items()}
        kinds = {kind: _fields(model, defs) for kind, model in names.items()}
        about = {kind: " ".join(str(model.get("description", "")).split()) for kind, model in names.items()}
        return Field(form="kinds", words=tuple(kinds), kinds=kinds, kinds_help=about, **common)
    if len(options) == 1 and "$ref" in one:
        return Field(form="part", fields=_fields(_of(one["$ref"], defs), defs), **common)
    if len(options) == 1 and "$ref" in one.get("items", {}):
        model = _of(one["items"]["$ref"], defs)
        return Field(form="list", item=Field(key, "part", fields=_fields(model, defs)), **common)
    return _plain(options, common)


def _plain(options: list[Json], common: Json) -> Field:
    words = tuple(str(word) for one in options for word in one.get("enum", [one["const"]] if "const" in one else []))
    rest = [one for one in options if "enum" not in one and "const" not in one]
    if common["nullable"] and common["default"] is not None:
        words = (*words, "null")
    if words:
        return Field(form="words" if rest else "choice", words=words, **common)
    if all(one.get("type") == "string" for one in rest):
        return Field(form="text", **common)
    return Field(form="value", is_list=all(one.get("type") == "array" for one in rest), **common)


def _in_order(told: Json) -> dict[str, str]:
    order = [one["$ref"] for one in told["oneOf"]]
    mapping: dict[str, str] = told["discriminator"]["mapping"]
    return dict(sorted(mapping.items(), key=lambda item: order.index(item[1])))


def _of(ref: str, defs: Json) -> Json:
    model: Json = defs[ref.rsplit("/", 1)[1]]
    return model


def _suffix(key: str) -> str:
    return next((end for end in UNITS if key.endswith(f"_{end}")), "")
