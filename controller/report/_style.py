"""One look for all figures: quiet, readable at a glance, and in the colour of the page's own text by day and by night."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

INK = "#123456"
"""Stands for the text colour of the page; replaced by currentColor in the SVG."""
BLUE, ORANGE, GREY, RED, GREEN, VIOLET, TEAL = "#3b82d6", "#e08a1e", "#8a93a0", "#d64545", "#2f9e6e", "#8b62c9", "#1b9aaa"
CYCLE = (BLUE, ORANGE, GREEN, VIOLET, TEAL, "#c2588c", "#a3893a", "#5b7fa6")


@contextmanager
def look() -> Iterator[Any]:
    """Matplotlib with our settings, drawing to memory; yields the Figure class."""
    import matplotlib
    import matplotlib.backends.backend_svg
    from matplotlib.figure import Figure

    settings = {
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10,
        "axes.titlesize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.titlecolor": INK,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GREY,
        "grid.alpha": 0.25,
        "grid.linewidth": 0.7,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.frameon": False,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "figure.constrained_layout.use": True,
    }
    with matplotlib.rc_context(settings):
        yield Figure


def colours(names: list[str], kinds: dict[str, str]) -> dict[str, str]:
    """A colour per condition; what is dark is grey in every figure."""
    lit = iter(CYCLE * (1 + len(names) // len(CYCLE)))
    return {name: GREY if kinds.get(name) in ("sham", "catch") else next(lit) for name in names}


def svg(figure: Any, name: str, alt: str) -> str:
    """A figure as SVG to be put into the page; ids are made unique by ``name``."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(xlink:href="#|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r'(xlink:)?href="#' + re.escape(name) + "-" + re.escape(name) + "-", rf'xlink:href="#{name}-', text)
    text = text.replace(INK, "currentColor").replace("'DejaVu Sans', ", "").replace("DejaVu Sans", "inherit")
    head, rest = text.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{alt}">{rest}'
