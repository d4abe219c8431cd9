"""A session's tokens, with the samples at which they came, from its journal: shown by wavestim, told by markers, or by TTL words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from wavestim.controller.context.errors import AssayError
from wavestim.controller.context.sequences import OMITTED, Sequence, learned
from wavestim.controller.context.shown import MARKER, NONE, drawn
from wavestim.controller.experiment._sequence import Sequence as Asked
from wavestim.controller.experiment._sequence import ToldSequence

FEWEST = 20
MARKERS = ("marker", "marker-without-event")


class Journalled(Protocol):
    """What has to be known of a session."""

    @property
    def experiment(self) -> Mapping[str, Any]: ...
    @property
    def markers(self) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Told:
    """Tokens as they came.

    Attributes
    ----------
    sample : (n,) of the onset; the first sample that may show the token is the one after it.
    sequence : tokens with their surprisal and entropy, ``learned`` from those before where the rule is not known.
    rule_known : wavestim drew the sequence.
    """

    sample: NDArray[np.float64]
    sequence: Sequence
    rule_known: bool


def tokens_of(session: Journalled) -> Told:
    """The tokens of a session.

    Raises
    ------
    AssayError
        When there are none, or too few, or one that the experiment does not have.
    """
    e = session.experiment
    asked: Any = TypeAdapter(Asked | None).validate_python(e.get("sequence"))
    told = asked if isinstance(asked, ToldSequence) else ToldSequence()
    markers = session.markers
    if told.ttl_lines and told.strobe is not None:
        rows = markers[markers["name"] == "ttl"]
        sample, token = from_words(rows["sample"], rows["value"].astype(np.int64), told.ttl_lines, told.strobe)
    else:
        rows = markers[np.isin(markers["name"], MARKERS)]
        sample, token = from_markers(rows["sample"], rows["value"], told.marker if isinstance(asked, ToldSequence) else MARKER)
    if len(token) < FEWEST:
        how = "TTL words" if told.ttl_lines else f"markers such as {told.marker}3"
        raise AssayError(
            f"{e.get('name', 'the session')}: {len(token)} tokens in the journal, at least {FEWEST} are needed; "
            f"they come from sequence in the experiment, or as {how}"
        )
    n_tokens = max(2, int(token.max()) + 1) if asked is None else asked.n_tokens
    if token.max() >= n_tokens:
        raise AssayError(f"{e.get('name', 'the session')}: token {token.max()} was told, but sequence.n_tokens is {n_tokens}; raise it")
    if asked is None or isinstance(asked, ToldSequence):
        return Told(sample, learned(token, n_tokens, 1 if asked is None else asked.order), rule_known=False)
    rule = drawn(asked, int(e.get("seed", 1)) if asked.seed is None else asked.seed)
    at = np.arange(len(token)) % len(rule)
    if (rule.tokens[at] != token).any():  # some are missing: what they would have said is not known
        return Told(sample, learned(token, n_tokens, 1), rule_known=False)
    known = Sequence(token, n_tokens, rule.surprisal_bits[at], rule.entropy_bits[at], rule.order, rule.deviant[at])
    return Told(sample, known, rule_known=True)


def from_markers(sample: NDArray[Any], text: NDArray[Any], prefix: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Samples and tokens of the markers that begin with the prefix and go on with a whole number, or with ``none``; in order of time."""
    found = []
    for at, words in zip(sample.tolist(), text.tolist(), strict=True):
        rest = str(words)[len(prefix) :].strip() if str(words).startswith(prefix) else ""
        if rest == NONE:
            found.append((float(at), OMITTED))
        elif rest.isascii() and rest.isdigit() and len(rest) < 6:
            found.append((float(at), int(rest)))
    found.sort(key=lambda one: one[0])
    return np.array([a for a, _ in found], dtype=np.float64), np.array([t for _, t in found], dtype=np.int64)


def from_words(
    sample: NDArray[Any], word: NDArray[np.int64], lines: tuple[int, ...], strobe: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Samples and tokens where the strobe line rises; ``word`` is the digital word from each sample on, line 1 its lowest bit."""
    order = np.argsort(sample, kind="stable")
    at, bits = np.asarray(sample, dtype=np.float64)[order], word[order]
    up = (bits >> (strobe - 1)) & 1
    rises = np.flatnonzero((up == 1) & (np.concatenate([[0], up[:-1]]) == 0))
    token = sum(((bits[rises] >> (line - 1)) & 1) << i for i, line in enumerate(lines))
    return at[rises], np.asarray(token, dtype=np.int64)
