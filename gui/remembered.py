"""What the window remembers from one time to the next: theme, size, page, where things lie.

``window.json`` in the user's folder of settings, checked when it is read; a file that cannot be read is one that is not there. Nothing of a
session is in it. No Qt.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from wavestim.gui.palettes import Name

MOST_BYTES = 100_000


class Remembered(BaseModel):
    """See the module.

    Attributes
    ----------
    theme : name of the theme.
    text : scale of all text; None: as the screen needs.
    geometry : place and size of the window, as Qt wrote it, base64.
    page : which page was shown, by its name.
    pages : what each page keeps, by its name.
    """

    model_config = ConfigDict(extra="ignore")

    version: Literal[1] = 1
    theme: Name = "dark"
    text: float | None = Field(default=None, ge=0.5, le=4)
    geometry: str = ""
    page: str = ""
    pages: dict[str, dict[str, Any]] = Field(default_factory=dict)


def usual_path() -> Path:
    """``$XDG_CONFIG_HOME/wavestim/window.json``, or the same in ``~/.config``."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home, "wavestim", "window.json")


def read(path: Path) -> Remembered:
    """What was kept; the defaults when there is nothing, or nothing that can be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return Remembered()
        return Remembered.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return Remembered()


def write(path: Path, kept: Remembered) -> None:
    """Keep it, in one piece; where that is impossible it is forgotten."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(kept.model_dump_json(indent=1), encoding="utf-8")
        new.replace(path)
