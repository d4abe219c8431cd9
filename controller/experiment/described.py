"""What may stand at a key, in a few words made from the schema: for the documentation and for the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]


def what_may_stand(field: Json, named: Callable[[str], str] = str) -> str:
    """A JSON schema in a few words.

    Parameters
    ----------
    field : dict
        Of one key.
    named : callable
        Says what a part that has a name of its own is called.
    """
    if "$ref" in field:
        return named(field["$ref"].rsplit("/", 1)[1])
    options = field.get("anyOf") or field.get("oneOf")
    if options:
        if "discriminator" in field:
            return "one of the kinds below"
        return " or ".join(dict.fromkeys(what_may_stand(option, named) for option in options))
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{word}`" for word in field["enum"])
    kind = field.get("type")
    if kind == "array":
        return _array(field, named)
    if kind == "null":
        return "null"
    if kind in ("number", "integer"):
        return _number(field, "whole number" if kind == "integer" else "number")
    if kind == "string":
        return "text" + (f", at most {field['maxLength']} characters" if "maxLength" in field else "")
    return "keys and values"


def _array(field: Json, named: Callable[[str], str]) -> str:
    if "prefixItems" in field:
        each = [what_may_stand(item, named) for item in field["prefixItems"]]
        return f"[{', '.join(each)}]" if len(set(each)) > 1 else f"pair of {each[0]}"
    least, most = field.get("minItems"), field.get("maxItems")
    size = f" ({least or 0} to {most})" if most is not None else f" ({least} or more)" if least else ""
    return f"list{size} of {what_may_stand(field['items'], named).removeprefix('see ')}"


def _number(field: Json, word: str) -> str:
    signs = (("exclusiveMinimum", ">"), ("minimum", "≥"), ("exclusiveMaximum", "<"), ("maximum", "≤"))
    limits = [f"{sign} {field[name]:g}" for name, sign in signs if name in field and abs(field[name]) < 2**53]
    return " ".join([word, *([", ".join(limits)] if limits else [])])
