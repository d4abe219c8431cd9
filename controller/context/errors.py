"""What the assay refuses, as one sentence."""

from __future__ import annotations

from wavestim.controller.errors import USAGE


class AssayError(ValueError):
    """The question can't be asked of this session, or not in this way; the message says what, where and what would be right."""

    exit_code = USAGE
