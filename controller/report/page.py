"""The page: HTML and CSS around figures and tables, in one string that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from wavestim.controller.report._css import CSS
from wavestim.controller.report.verdicts import Card


def document(title: str, subtitle: str, notes: Iterable[str], head: Sequence[Card], body: Iterable[str]) -> str:
    """The whole page."""
    remarks = "".join(f'<p class="note">{escape(note)}</p>' for note in notes)
    cards = "".join(
        f'<div class="card {c.state}"><h2>{escape(c.title)}</h2><b>{escape(c.value)}</b><p>{escape(c.sentence)}</p></div>' for c in head
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{CSS}</style></head><body><main>"
        f"<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p>{remarks}</header>"
        f'<div class="cards">{cards}</div>{"".join(body)}</main></body></html>\n'
    )


def section(title: str, sentence: str, content: str) -> str:
    """A figure or table with its title and what it says."""
    return f"<section><h2>{escape(title)}</h2><p>{escape(sentence)}</p>{content}</section>"


def side_by_side(*sections: str) -> str:
    """Two sections in one row."""
    return f'<div class="grid">{"".join(sections)}</div>'


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; numbers are right-aligned."""
    numeric: set[int] = set()
    body = ""
    for row in rows:
        body += "<tr>"
        for column, value in enumerate(row):
            number = isinstance(value, int | float)
            numeric |= {column} if number else set()
            text = f"{value:,}".replace(",", " ") if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)
            body += f'<td class="n">{escape(text)}</td>' if number else f"<td>{escape(text)}</td>"
        body += "</tr>"
    top = "".join(f'<th class="n">{escape(h)}</th>' if i in numeric else f"<th>{escape(h)}</th>" for i, h in enumerate(headings))
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def folded(title: str, text: str) -> str:
    """Something for those who look for it."""
    return f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def range_words(value: Any, unit: str) -> str:
    """A figure, or the range of several, with its unit."""
    numbers = list(value) if isinstance(value, list | tuple) else [value]
    if not numbers:
        return "none"
    low, high = (f"{v:.3g}" for v in (min(numbers), max(numbers)))
    return f"{low if low == high else f'{low} to {high}'} {unit}".rstrip()
