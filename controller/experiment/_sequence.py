"""The tokens that are shown: drawn by wavestim for the simulated cortex, or told by the lab's own stimulus program."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator
from wavestim.controller.experiment._base import ByKind, Part
from wavestim.controller.experiment._course import Line

Part01 = Annotated[float, Field(ge=0, le=0.5)]


class _Tokens(Part):
    n_tokens: Annotated[int, Field(ge=2, le=64)] = 4
    """How many different tokens."""


class _Drawn(_Tokens):
    period_ms: Annotated[float, Field(ge=2, le=60000)] = 50.0
    """Time from one token to the next."""
    omission_fraction: Part01 = 0.0
    """Part of the tokens that are left out; the sequence goes on as if they had been shown."""
    seed: Annotated[int, Field(ge=0)] | None = None
    """Seed of the sequence; null: the seed of the experiment."""


class IidSequence(_Drawn):
    """Every token equally likely, whatever came before."""

    kind: Literal["iid"] = "iid"
    """Which sequence."""


class MarkovSequence(_Drawn):
    """A Markov chain: what comes depends on the tokens before."""

    kind: Literal["markov"] = "markov"
    """Which sequence."""
    order: Annotated[int, Field(ge=1, le=16)] = 1
    """How many tokens back the rule looks; n_tokens to this power is at most 65536."""
    entropy_bits: Annotated[float, Field(ge=0)] = 1.0
    """Entropy of the next token, from 0 (certain) to log2(n_tokens)."""

    @model_validator(mode="after")
    def _can_be_drawn(self) -> MarkovSequence:
        if self.n_tokens**self.order > 65536:
            raise ValueError(f"order: {self.n_tokens} tokens have {self.n_tokens}^{self.order} contexts, more than 65536; lower the order")
        if self.entropy_bits > math.log2(self.n_tokens) + 1e-9:
            raise ValueError(f"entropy_bits: {self.n_tokens} tokens have at most {math.log2(self.n_tokens):.3g} bits")
        return self


class OddballSequence(_Drawn):
    """Token 0 over and over, now and then one of the others."""

    kind: Literal["oddball"] = "oddball"
    """Which sequence."""
    deviant_fraction: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """Part of the tokens that are not token 0."""


class RepeatsSequence(_Drawn):
    """A motif, drawn once and repeated."""

    kind: Literal["repeats"] = "repeats"
    """Which sequence."""
    length: Annotated[int, Field(ge=2, le=1000)] = 4
    """Tokens in the motif."""
    deviant_fraction: Part01 = 0.0
    """Part of the tokens in whose place another one stands."""


class ToldSequence(_Tokens):
    """Tokens of the lab's own stimulus program: markers such as token:3, or a number on TTL lines."""

    kind: Literal["told"] = "told"
    """Which sequence."""
    marker: Annotated[str, Field(min_length=1, max_length=64)] = "token:"
    """What a token's marker begins with; the token's number follows, or none where it was left out."""
    ttl_lines: Annotated[tuple[Line, ...], Field(max_length=6)] = ()
    """Instead of markers: TTL lines that hold the token's number, its lowest bit first."""
    strobe: Line | None = None
    """The TTL line whose rising edge says that a token is there; needed with ttl_lines."""
    order: Annotated[int, Field(ge=0, le=8)] = 1
    """How many tokens back probabilities are counted, where surprisal is asked for."""

    @model_validator(mode="after")
    def _lines_fit(self) -> ToldSequence:
        if bool(self.ttl_lines) != (self.strobe is not None):
            raise ValueError("ttl_lines say which token, strobe says when; give both, or neither for markers")
        if self.strobe in self.ttl_lines or len(set(self.ttl_lines)) < len(self.ttl_lines):
            raise ValueError("ttl_lines and strobe have to be different lines")
        if self.ttl_lines and 2 ** len(self.ttl_lines) < self.n_tokens:
            raise ValueError(f"{len(self.ttl_lines)} lines tell {2 ** len(self.ttl_lines)} tokens apart, not {self.n_tokens}; name more")
        return self


Drawn = IidSequence | MarkovSequence | OddballSequence | RepeatsSequence
Sequence = Annotated[Drawn | ToldSequence, Field(discriminator="kind"), ByKind]

__all__ = ["Drawn", "IidSequence", "MarkovSequence", "OddballSequence", "RepeatsSequence", "Sequence", "ToldSequence"]
