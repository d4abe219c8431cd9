"""Markdown tables that read well in a terminal: aligned columns, the best figure marked."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of equal columns."""
    width = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * w for w in width], *rows]
    return "\n".join("| " + " | ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)) + " |" for line in lines)


def section(title: str, text: str, body: str) -> str:
    """A titled table with what has to be known to read it."""
    return f"## {title}\n\n{text}\n\n{body}\n"


def mark(cells: Sequence[str], values: Sequence[float], ours: int) -> list[str]:
    """The smallest value's cell in bold; with an arrow where it is not ``ours``."""
    known = [i for i, value in enumerate(values) if value == value]
    if not known:
        return list(cells)
    best = min(known, key=lambda i: values[i])
    arrow = "" if best == ours else " <"
    return [f"**{cell}**{arrow}" if i == best else cell for i, cell in enumerate(cells)]
