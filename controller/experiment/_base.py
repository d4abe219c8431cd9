"""What every part of the experiment file shares: frozen models that refuse unknown keys, and the plain types of its values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Part(BaseModel):
    """A part of the experiment file: immutable, unknown keys refused, numbers finite, field docstrings are the documentation."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        str_strip_whitespace=True,
        validate_default=True,
    )


def word_as_kind(value: Any) -> Any:
    """Read ``light: simulated`` as ``light: {kind: simulated}``."""
    return {"kind": value} if isinstance(value, str) else value


ByKind = BeforeValidator(word_as_kind)
Name = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[\w][\w .+-]*$")]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Angle = Annotated[float, Field(ge=-360, le=360)]
Index = Annotated[int, Field(ge=0)]
Port = Annotated[int, Field(ge=1, le=65535)]
Point = tuple[float, float]
