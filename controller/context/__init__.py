"""Context: sequences of tokens, and the assay that asks whether the wave carries them."""

from wavestim.controller.context.errors import AssayError

__all__ = ["AssayError"]
