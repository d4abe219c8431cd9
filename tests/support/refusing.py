"""What a parser says to something that may or may not be right."""

from __future__ import annotations

from collections.abc import Callable


def refusal(kind: type[Exception], call: Callable[[], object]) -> str:
    """What the call says when it refuses with this kind of error; nothing when it does not. Any other error goes on."""
    try:
        call()
    except kind as error:
        return str(error)
    return ""
