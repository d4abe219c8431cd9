"""The experiments of the seed paper (arXiv 2401.14267) as studies: a question, parameters and seeds fixed beforehand in a file, a verdict.

A study is a module that splits its work into cells (an arm, its parameters, a seed), does one cell, judges all rows and draws them.
"""

from __future__ import annotations

from importlib import import_module

from wavestim.controller.studies.study import Study, StudyError

MODULES = {
    "sequence-encoding": "sequence_encoding",
    "capacity": "capacity.study",
    "energy": "energy",
    "brain-states": "brain_states",
    "failure-modes": "failure_modes",
    "perturbation": "perturbation.study",
    "sequence-waves": "sequence_waves",
    "prediction": "prediction",
}
"""name -> module of this folder."""


def study_names() -> tuple[str, ...]:
    """Those that can be run."""
    return tuple(MODULES)


def study(name: str) -> Study:
    """The study of a name.

    Raises
    ------
    StudyError
        When there is none, or what it needs is not installed.
    """
    if name not in MODULES:
        raise StudyError(f"there is no study {name!r}; there are {', '.join(MODULES)}")
    try:
        found: Study = import_module(f"{__name__}.{MODULES[name]}").STUDY
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith("wavestim"):
            raise
        raise StudyError(f"the study {name!r} needs {error.name}: pip install 'wavestim[studies]'") from error
    return found
