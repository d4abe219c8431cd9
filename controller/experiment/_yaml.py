"""The YAML of an experiment file: safe, with every key once and text, and with what is wrong said by line and column."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._explain import show

HOLDS_ITSELF = "a part of the file holds itself; write it out, without & and *"


class YamlError(ExperimentError):
    """The text is no YAML that an experiment may be written in.

    Attributes
    ----------
    line : from 1, where it is known.
    problem : what is wrong, without file and place.
    """

    def __init__(self, name: str, problem: str, line: int | None = None, column: int | None = None) -> None:
        where = "" if line is None else f"line {line}, column {column}: "
        super().__init__(f"{name}: {where}{problem}")
        self.line, self.problem = line, problem


class TruthError(ExperimentError):
    """A word that YAML reads as true or false.

    Attributes
    ----------
    path : of the key.
    problem : what is wrong, without the file.
    """

    def __init__(self, name: str, path: tuple[str | int, ...], problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.path, self.problem = path, problem


class KeysOnce(yaml.constructor.SafeConstructor):
    """Refuses a key that is given twice, and one that is not text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is not text; put it in quotes", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is given twice (first in line {seen[key]}); keep one", key_node.start_mark
                )
            seen[key] = line
        return super().construct_mapping(node, deep)


class Loader(KeysOnce, yaml.SafeLoader):
    """Safe YAML that refuses a key given twice and reads 1e3 as the number it is."""


def reads_exponents(reader: Any) -> None:
    """1e3 and -2.5E-1 without a dot or sign are text in YAML 1.1; to this loader or dumper they are numbers."""
    reader.yaml_implicit_resolvers = {key: list(value) for key, value in yaml.SafeLoader.yaml_implicit_resolvers.items()}
    reader.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"^[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"),
        list("-+0123456789"),
    )


reads_exponents(Loader)


def read_yaml(text: str, name: str) -> Any:
    """What the text holds; ``name`` stands for the file in messages.

    Raises
    ------
    YamlError
    """
    try:
        return yaml.load(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        raise YamlError(name, ("" if mark else "somewhere: ") + _clean(error.problem or "not valid YAML"), *place) from error
    except yaml.YAMLError as error:
        raise YamlError(name, f"not valid YAML: {_clean(str(error))}") from error
    except (RecursionError, ValueError) as error:
        raise YamlError(name, f"not valid YAML: {_clean(str(error))}") from error


def _clean(problem: str) -> str:
    if "'\\t'" in problem:
        return "a tab cannot indent YAML; use spaces"
    return " ".join(problem.split())


def refuse_truth_values(data: Any, name: str, path: tuple[str | int, ...]) -> None:
    """No key takes true or false, and YAML reads yes, no, on and off as those.

    Raises
    ------
    TruthError
    """
    if isinstance(data, bool):
        raise TruthError(
            name, path, f"{show(path)} is read as {str(data).lower()}, as YAML reads yes, no, on and off; put the word in quotes"
        )
    if path[:1] == ("provenance",):
        return
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        refuse_truth_values(value, name, (*path, key))
