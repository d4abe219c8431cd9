"""Opens a recording by its path or by the name of a packaged example."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

from ._base import Recording, SourceError
from .neo_reader import NeoRecording
from .npz import NpzRecording
from .nwb import NwbRecording

EXAMPLES = {"ecog-strip": "ecog_strip.npz", "m1-beta": "m1_beta.npz"}


def open_recording(path_or_name: str | Path, series: str | None = None) -> Recording:
    """Open ``.npz`` (interchange layout), ``.nwb``, anything that neo reads, or a packaged example.

    Parameters
    ----------
    path_or_name : path or str
        A file, a folder of a format that is one, or ``ecog-strip`` (human ECoG, six contacts) or ``m1-beta`` (one).
    series : str, optional
        Which series (NWB) or stream (neo) when there are several.

    Raises
    ------
    SourceError
        What is wrong, where, and what would be right.
    """
    name = str(path_or_name)
    path = Path(path_or_name)
    if name in EXAMPLES and not path.exists():
        with as_file(files("wavestim.hardware.sources.data") / EXAMPLES[name]) as example:
            return NpzRecording(example)
    if not path.exists():
        raise SourceError(f"{name}: there is no such file; give the path of a recording or one of {', '.join(EXAMPLES)}")
    if path.suffix.lower() == ".npz":
        return NpzRecording(path)
    if path.suffix.lower() == ".nwb":
        return NwbRecording(path, series)
    return NeoRecording(path, series)
