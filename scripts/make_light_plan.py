"""Draws docs/images/light-plan.png: the light plan of the experiment that docs/light-safety.md shows."""

from __future__ import annotations

import re
from pathlib import Path

from wavestim.controller.experiment import parse_experiment
from wavestim.controller.report.lightplan import draw
from wavestim.controller.session.rehearsal import rehearse

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Draw the first YAML block of the page."""
    page = (ROOT / "docs" / "light-safety.md").read_text(encoding="utf-8")
    block = re.search(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert block is not None, "docs/light-safety.md has no experiment"
    _, vector = draw(rehearse(parse_experiment(block[1], "docs/light-safety.md")), ROOT / "docs" / "images")
    vector.unlink()


if __name__ == "__main__":
    main()
