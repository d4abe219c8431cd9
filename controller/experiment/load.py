"""Reads an experiment file, or a packaged example by its name, and writes the resolved one that a session keeps."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from wavestim.controller.errors import ExperimentError
from wavestim.controller.experiment._course import Schedule, Stop
from wavestim.controller.experiment._explain import closest, explain
from wavestim.controller.experiment._yaml import HOLDS_ITSELF, read_yaml, refuse_truth_values
from wavestim.controller.experiment.lightdelay import with_delays
from wavestim.controller.experiment.schema import Experiment
from wavestim.hardware.sources import EXAMPLES as RECORDINGS

EXAMPLES = Path(__file__).parent / "examples"
MAX_BYTES = 4_000_000
VERSIONS_OF = ("wavestim", "numpy", "scipy", "pydantic")


def example_names() -> list[str]:
    """Names of the packaged examples."""
    return sorted(p.stem for p in EXAMPLES.glob("*.yaml"))


def load_experiment(path_or_name: str | Path) -> Experiment:
    """Read an experiment.

    Parameters
    ----------
    path_or_name : str or Path
        A YAML file, a session folder (its own copy of the experiment), or the name of a packaged example.

    Returns
    -------
    Experiment
        Checked and frozen; relative paths in the file are relative to the file.

    Raises
    ------
    ExperimentError
        One sentence: file, key, what would be right.
    """
    path = find_file(path_or_name)
    return parse_experiment(read_file(path), str(path), base=path.parent)


def parse_experiment(text: str, name: str = "experiment", base: Path | None = None) -> Experiment:
    """Read an experiment from YAML text; ``name`` stands for the file in messages, ``base`` is what paths are relative to."""
    data = read_yaml(text, name)
    if not isinstance(data, dict):
        what = "is empty" if data is None else "does not hold keys and values"
        raise ExperimentError(f"{name}: the file {what}; an experiment begins with 'name:' and 'conditions:'")
    try:
        refuse_truth_values(data, name, ())
        return Experiment.model_validate(absolute(with_delays(data, base), base))
    except ValidationError as error:
        raise ExperimentError(f"{name}: {explain(error, data, Experiment)}") from error
    except RecursionError as error:
        raise ExperimentError(f"{name}: {HOLDS_ITSELF}") from error


def experiment_on(kind: str, keys: Sequence[str]) -> Experiment:
    """An experiment without light on a source given as words: its kind and ``key=value`` for each key that is not the default.

    Raises
    ------
    ExperimentError
        As for a file.
    """
    source = {"kind": kind, **words_to_keys(keys)}
    none = {"name": "dark", "pattern": {"kind": "none"}}
    return parse_experiment(yaml.safe_dump({"name": f"{kind}-source", "source": source, "conditions": [none]}), "source", base=Path.cwd())


def words_to_keys(words: Sequence[str]) -> dict[str, Any]:
    """``key=value`` words as keys and values; values are read as YAML.

    Raises
    ------
    ExperimentError
    """
    found = {}
    for word in words:
        key, is_there, value = word.partition("=")
        if not (key and is_there):
            raise ExperimentError(f"{word}: keys are written key=value, such as host=127.0.0.1")
        found[key] = read_yaml(value, word)
    return found


def experiment_hash(experiment: Experiment) -> str:
    """SHA-256 of what the experiment says: the same for the same content, wherever its files lie."""
    data = experiment.model_dump(mode="json", exclude={"provenance"})
    for part, key in (("source", "path"), ("probe", "path")):
        if key in data[part]:
            data[part][key] = _fingerprint(Path(data[part][key]))
    if data["calibration"] is None:
        del data["calibration"]
    else:
        data["calibration"] = _fingerprint(Path(data["calibration"]))
    if "session" in data["trigger"]["policy"]:
        data["trigger"]["policy"]["session"] = _light_fingerprint(data["trigger"]["policy"]["session"])
    for key, unsaid in (("schedule", Schedule()), ("gate", None), ("stop", Stop()), ("sequence", None)):  # younger than many a session
        if getattr(experiment, key) == unsaid:
            del data[key]
    if not data["source"].get("stimulus", True):
        del data["source"]["stimulus"]
    return hashlib.sha256(json.dumps(data, sort_keys=True, allow_nan=False).encode()).hexdigest()


def resolve(experiment: Experiment) -> dict[str, Any]:
    """Every key with its value, and where it came from: what a session keeps as experiment.yaml (it can be loaded again)."""
    data: dict[str, Any] = experiment.model_dump(mode="json", exclude={"provenance"})
    versions = {"python": platform.python_version()}
    for package in VERSIONS_OF:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    data["provenance"] = {"experiment_hash": experiment_hash(experiment), "versions": versions}
    return data


def find_file(path_or_name: str | Path) -> Path:
    """The file of an experiment: given as such, of a session, or of a packaged example.

    Raises
    ------
    ExperimentError
    """
    path = Path(path_or_name).expanduser()
    if path.is_dir() and (path / "experiment.yaml").is_file():
        return path / "experiment.yaml"
    if path.is_file():
        return path
    name = str(path_or_name)
    if name.removesuffix(".yaml") in example_names() and path.parent == Path():
        return EXAMPLES / f"{name.removesuffix('.yaml')}.yaml"
    if path.is_dir():
        raise ExperimentError(f"{path}: a folder without experiment.yaml; give a YAML file, a session or one of the examples {_listed()}")
    guess = closest(name, example_names())
    hint = f" ({guess})" if guess.startswith("did you mean") else ""
    raise ExperimentError(f"{name}: no such file or example{hint}; give a YAML file or one of the examples {_listed()}")


def _listed() -> str:
    return ", ".join(example_names())


def read_file(path: Path) -> str:
    """Its text, with line ends as ``\\n``.

    Raises
    ------
    ExperimentError
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ExperimentError(f"{path}: too large for an experiment file ({path.stat().st_size} bytes); give a YAML file")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExperimentError(f"{path}: byte {error.start} is not UTF-8 text; an experiment is a YAML text file") from error
    except OSError as error:
        raise ExperimentError(f"{path}: cannot be read ({error.strerror or error}); give a file you may read") from error


def absolute(data: dict[str, Any], base: Path | None) -> dict[str, Any]:
    """Paths relative to the file become absolute, so that the session still finds them."""
    if base is None:
        return data
    data = dict(data)
    for part in ("source", "probe"):
        if isinstance(data.get(part), dict) and isinstance(data[part].get("path"), str):
            data[part] = {**data[part], "path": _join(base, data[part]["path"])}
    if isinstance(data.get("calibration"), str):
        data["calibration"] = _join(base, data["calibration"])
    trigger = data.get("trigger")
    if isinstance(trigger, dict) and isinstance(trigger.get("policy"), dict) and isinstance(trigger["policy"].get("session"), str):
        data["trigger"] = {**trigger, "policy": {**trigger["policy"], "session": _join(base, trigger["policy"]["session"])}}
    return data


def _join(base: Path, path: str) -> str:
    found = (base / Path(path).expanduser()).resolve()
    return path if path in RECORDINGS and not found.exists() else str(found)


def _fingerprint(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return path.name


def _light_fingerprint(session: str) -> str:
    """Of the pulses that are replayed: the same for a session and for the copy of its pulses that another one keeps."""
    from wavestim.controller.record.pulsetable import read_pulses

    return read_pulses(session).sha256
